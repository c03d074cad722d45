"""The committed drawing of the state machine is that of the committed state machine."""

from tools import diagram


def test_drawing_is_current_when_the_state_machine_is_read() -> None:
    assert diagram.main(["--check"]) == 0


def test_every_way_out_is_drawn_when_a_state_chooses_and_catches() -> None:
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
