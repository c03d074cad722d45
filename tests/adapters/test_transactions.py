"""Mapping of DynamoDB's errors to the product's: conditions, conflicts, other errors."""

from collections.abc import Callable
from typing import Any

import pytest

from precert.adapters.dynamodb.table import (
    CONFLICT_PAUSES,
    MIN_PAUSE,
    ConditionFailedError,
    Writes,
)
from precert.domain.errors import TransientError
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud

CONFLICT = [{"Code": "None"}, {"Code": "TransactionConflict"}]


def put(cloud: Cloud, pk: str, condition: str | None = None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "TableName": cloud.requests_table,
        "Item": {"pk": {"S": pk}, "sk": {"S": "X"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {"Put": operation | ({"ConditionExpression": condition} if condition else {})}


def writes(cloud: Cloud) -> tuple[Writes, list[float]]:
    pauses: list[float] = []
    return Writes(cloud.deps.dynamodb, pause=pauses.append), pauses


def assert_varied(pauses: list[float], longest: tuple[float, ...]) -> None:
    assert len(pauses) == len(longest)
    pairs = list(zip(pauses, longest, strict=True))
    assert all(most * MIN_PAUSE <= pause <= most for pause, most in pairs)
    assert len({pause / most for pause, most in pairs}) > 1


def test_transaction_is_written_when_conflicts_cease(cloud: Cloud) -> None:
    table, pauses = writes(cloud)
    for _ in range(2):
        cloud.wire.fail(
            "TransactWriteItems", "TransactionCanceledException", CancellationReasons=CONFLICT
        )
    table.transact([put(cloud, "A"), put(cloud, "B")])
    assert len(cloud.items()) == 2
    assert_varied(pauses, CONFLICT_PAUSES[:2])


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transaction_is_written_when_throttling_of_one_item_ceases(cloud: Cloud, code: str) -> None:
    """A transaction that is canceled so is not repeated by botocore."""
    table, pauses = writes(cloud)
    cloud.wire.fail(
        "TransactWriteItems",
        "TransactionCanceledException",
        CancellationReasons=[{"Code": "None"}, {"Code": code}],
    )
    table.transact([put(cloud, "A"), put(cloud, "B")])
    assert len(cloud.items()) == 2
    assert len(pauses) == 1


def single_writes(cloud: Cloud, table: Writes) -> dict[str, Callable[[], None]]:
    """A write of one item of each kind."""
    item = put(cloud, "A")["Put"]
    key = {"TableName": item["TableName"], "Key": item["Item"]}
    values = {"ExpressionAttributeValues": {":value": {"S": "new"}}}
    return {
        "PutItem": lambda: table.put(TableName=item["TableName"], Item=item["Item"]),
        "UpdateItem": lambda: table.update(**key, UpdateExpression="SET x = :value", **values),
        "DeleteItem": lambda: table.delete(**key),
    }


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
def test_item_is_written_when_a_transaction_on_it_ends(cloud: Cloud, operation: str) -> None:
    """Botocore does not repeat this error of a write that is not itself a transaction."""
    table, pauses = writes(cloud)
    for _ in range(2):
        cloud.wire.fail(operation, "TransactionConflictException")
    with cloud.wire.counting() as calls:
        single_writes(cloud, table)[operation]()
    assert calls == [operation] * 3
    assert_varied(pauses, CONFLICT_PAUSES[:2])


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
def test_caller_may_retry_when_transactions_on_an_item_continue(
    cloud: Cloud, operation: str
) -> None:
    table, pauses = writes(cloud)
    for _ in range(len(CONFLICT_PAUSES) + 1):
        cloud.wire.fail(operation, "TransactionConflictException")
    with pytest.raises(TransientError):
        single_writes(cloud, table)[operation]()
    assert_varied(pauses, CONFLICT_PAUSES)


def test_caller_may_retry_when_conflicts_continue(cloud: Cloud) -> None:
    table, pauses = writes(cloud)
    for _ in range(len(CONFLICT_PAUSES) + 1):
        cloud.wire.fail(
            "TransactWriteItems", "TransactionCanceledException", CancellationReasons=CONFLICT
        )
    with pytest.raises(TransientError):
        table.transact([put(cloud, "A")])
    assert_varied(pauses, CONFLICT_PAUSES)
    assert cloud.items() == []


def test_failed_condition_is_named_and_not_retried_when_one_is_false(cloud: Cloud) -> None:
    table, pauses = writes(cloud)
    table.transact([put(cloud, "B")])
    with cloud.wire.counting() as calls, pytest.raises(ConditionFailedError) as raised:
        table.transact([put(cloud, "A"), put(cloud, "B", "attribute_not_exists(pk)")])
    assert (raised.value.index, raised.value.item) == (1, {"pk": "B", "sk": "X"})
    assert (len(calls), pauses) == (1, [])
    assert len(cloud.items()) == 1


def test_condition_takes_precedence_over_conflict_when_both_are_reported(cloud: Cloud) -> None:
    table, pauses = writes(cloud)
    cloud.wire.fail(
        "TransactWriteItems",
        "TransactionCanceledException",
        CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "ConditionalCheckFailed"}],
    )
    with pytest.raises(ConditionFailedError) as raised:
        table.transact([put(cloud, "A"), put(cloud, "B")])
    assert (raised.value.index, raised.value.item, pauses) == (1, None, [])


def test_token_is_the_same_when_an_unanswered_transaction_is_repeated(cloud: Cloud) -> None:
    table, _ = writes(cloud)
    bodies: list[bytes] = []
    events: Any = cloud.deps.dynamodb.meta.events
    events.register_first(
        "before-send.dynamodb.TransactWriteItems",
        lambda request, **_: bodies.append(request.body),
        unique_id="token",
    )
    try:
        cloud.wire.lose_answer("TransactWriteItems")
        table.transact([put(cloud, "A")])
    finally:
        events.unregister("before-send.dynamodb.TransactWriteItems", unique_id="token")
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert b"ClientRequestToken" in bodies[0]


@pytest.mark.parametrize("error", ["ValidationException", "AccessDeniedException"])
def test_error_is_transient_when_the_table_refuses_for_other_reasons(
    cloud: Cloud, error: str
) -> None:
    table, _ = writes(cloud)
    cloud.wire.fail("TransactWriteItems", error)
    with pytest.raises(TransientError):
        table.transact([put(cloud, "A")])


def test_call_is_repeated_when_the_table_throttles(cloud: Cloud) -> None:
    draft_id = cloud.start()
    for operation in ("UpdateItem", "Query", "TransactWriteItems"):
        cloud.wire.fail(operation, "ProvisionedThroughputExceededException")
    assert cloud.save(draft_id, 1).status == 200
    assert cloud.resume(draft_id).status == 200
    assert cloud.submit(draft_id, 2).status == 202


def test_caller_may_retry_when_a_read_is_not_answered(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    reads: tuple[tuple[str, Callable[[], Reply]], ...] = (
        ("Query", lambda: cloud.read(request_id)),
        ("Query", cloud.dashboard),
        ("BatchGetItem", cloud.check),
        ("GetItem", lambda: cloud.void(request_id)),
    )
    for operation, read in reads:
        cloud.wire.cut(operation)
        reply = read()
        assert (reply.status, reply.code) == (503, "try_again")
