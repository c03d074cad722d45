"""The committed diagrams match the state machine and the tables' keys."""

from precert.adapters.dynamodb import keys
from tools import diagram, table_diagram


def test_drawings_are_current_when_state_machine_and_keys_are_read() -> None:
    assert diagram.main(["--check"]) == 0


def test_every_transition_is_drawn_when_a_state_chooses_and_catches() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $route = 'a' %}", "Next": "Go On"}],
        "Default": "Stop",
        "Catch": [{"ErrorEquals": ["X", "Y"], "Next": "Stop"}],
    }
    assert list(diagram.edges("Route It", choice)) == [
        ("RouteIt", "GoOn", "$route = 'a'"),
        ("RouteIt", "Stop", "otherwise"),
        ("RouteIt", "Stop", "X, Y"),
    ]


def test_every_item_is_drawn_when_the_keys_are_listed() -> None:
    listed = [line for line in (keys.__doc__ or "").splitlines() if " sk " in line]
    drawn = list(table_diagram.items())
    assert len(drawn) == len(listed)
    assert all(table and pk and sk for table, pk, sk, _ in drawn)
    assert {table for table, *_ in drawn} == {"Requests", "Reference", "Audit"}
