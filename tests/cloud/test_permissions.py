"""A function can do what its role says, and nothing else."""

from typing import Any

import pytest

from tests.cloud.stand import Stand

KEY = {"pk": {"S": "x"}, "sk": {"S": "y"}}


def code(stand: Stand, service: str, call: str, **arguments: Any) -> str:
    answer, error = stand.invoke(
        "Probe", {"service": service, "call": call, "arguments": arguments}
    )
    assert error is None, answer
    return str(answer["code"])


def test_what_is_granted_works_when_filled(stand: Stand) -> None:
    assert code(stand, "dynamodb", "get_item", TableName=stand.out["Results"], Key=KEY) == "OK"


@pytest.mark.parametrize("call", ["delete_item", "get_item"])
def test_another_action_or_table_is_denied_when_filled(stand: Stand, call: str) -> None:
    table = "Results" if call == "delete_item" else "Requests"
    assert (
        code(stand, "dynamodb", call, TableName=stand.out[table], Key=KEY)
        == "AccessDeniedException"
    )


def test_a_transaction_is_checked_by_its_items_when_filled(stand: Stand) -> None:
    put = [{"Put": {"TableName": stand.out["Results"], "Item": KEY}}]
    assert code(stand, "dynamodb", "transact_write_items", TransactItems=put) == "OK"
    other = [{"Put": {"TableName": stand.out["Requests"], "Item": KEY}}]
    assert (
        code(stand, "dynamodb", "transact_write_items", TransactItems=other)
        == "AccessDeniedException"
    )


def test_other_services_are_denied_when_filled(stand: Stand) -> None:
    assert (
        code(stand, "stepfunctions", "start_execution", stateMachineArn=stand.out["Machine"])
        == "AccessDeniedException"
    )
    assert code(stand, "s3", "get_object", Bucket=stand.out["Documents"], Key="k") == "AccessDenied"
    assert (
        code(
            stand,
            "events",
            "put_events",
            Entries=[
                {"Source": "a", "DetailType": "b", "Detail": "{}", "EventBusName": stand.out["Bus"]}
            ],
        )
        == "AccessDeniedException"
    )
