"""The capacity calculation, compared with sizes computed by hand from AWS's published rules."""

from typing import Any, Final

import pytest

from tests.adapters.capacity import index_units, item_size, value_size, write_units

KEY: Final = {"pk": {"S": "REQUEST#1"}, "sk": {"S": "REQUEST"}}


def line(**changes: Any) -> dict[str, Any]:
    listed = {"tin": {"S": "1"}, "changed": {"N": "1"}, "row": {"S": "{}"}}
    return {**KEY, **listed, **changes}


def filled(size: int) -> dict[str, Any]:
    """An item of this many bytes."""
    return {**KEY, "x": {"B": bytes(size - item_size(KEY) - 1)}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "Zoë"}, 4),
        ({"N": "0"}, 2),
        ({"N": "1783954800"}, 5),
        ({"N": "-12"}, 3),
        ({"B": b"12345"}, 5),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["123456789", "987654321"]}, 18),
        ({"M": {}}, 3),
        ({"M": {"a": {"S": "12"}}}, 7),
        ({"L": [{"S": "12"}, {"N": "1"}]}, 3 + 3 + 3),
    ],
)
def test_size_matches_the_documentation_when_a_value_is_of_a_type(
    value: dict[str, Any], size: int
) -> None:
    assert value_size(value) == size


def test_write_costs_one_unit_per_started_kilobyte_when_it_is_the_larger_image() -> None:
    assert item_size(filled(1024)) == 1024
    assert write_units(None, filled(1024)) == 1
    assert write_units(None, filled(1025)) == 2
    assert write_units(filled(3000), filled(10 + item_size(KEY))) == 3
    assert write_units(filled(3000), None) == 3
    assert write_units(None, None) == 1
    assert write_units(None, filled(1025), in_transaction=True) == 4


def test_index_is_written_when_a_projected_attribute_changes() -> None:
    assert index_units(None, line()) == 1
    assert index_units(line(), line(other={"S": "not projected"})) == 0
    assert index_units(line(), line(row={"S": "{1}"})) == 1
    assert index_units(line(), line(changed={"N": "2"})) == 2
    assert index_units(line(), None) == 1
    assert index_units(line(), line(due={"N": "2"})) == 2
    both = {"worklist_pk": {"S": "DRAFTS"}, "worklist_sk": {"S": "1"}}
    assert index_units(None, line(**both)) == 2
    assert index_units(line(**both), line()) == 1
