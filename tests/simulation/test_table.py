"""The simulated table compared with moto on the simulation's own traces; its stream with the
filters.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.deliveries import DOCUMENTS_REMOVED, DRAFTS_SAVED, EVENTS_WRITTEN, REQUESTS_REMOVED
from tests.adapters.tables import create_reference_table, create_tables
from tests.depth import depth
from tests.fakes.quick_moto import quicken
from tests.simulation.broken import InvariantError
from tests.simulation.reference import REFERENCE
from tests.simulation.run import Run
from tests.simulation.streams import relayed, removed
from tests.simulation.table import Tables, Written
from tests.simulation.world import REQUESTS, World

SEEDS: Final = range(depth(12, 240))

quicken()


@contextmanager
def empty_moto() -> Iterator[Any]:
    """A client of moto's DynamoDB, whose new tables are deleted at the end.

    Moto itself deletes them only where it was not active before: tests of adapters in the same process
    leave it active.
    """
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        before = set(client.list_tables()["TableNames"])
        try:
            yield client
        finally:
            for name in set(client.list_tables()["TableNames"]) - before:
                client.delete_table(TableName=name)


def result(answer: Any) -> Any:
    """A response or an error, as far as adapters read them."""
    if isinstance(answer, ClientError):
        response: Mapping[str, Any] = answer.response
        reasons = [
            {"Code": reason.get("Code"), "Item": normal(reason.get("Item"))}
            for reason in response.get("CancellationReasons", [])
        ]
        return response["Error"]["Code"], reasons, normal(response.get("Item"))
    return {
        "Item": normal(answer.get("Item")),
        "Items": [normal(item) for item in answer.get("Items", [])],
        "Responses": {
            table: sorted((normal(item) for item in items), key=str)
            for table, items in answer.get("Responses", {}).items()
        },
        "LastEvaluatedKey": answer.get("LastEvaluatedKey"),
    }


def normal(item: Any) -> Any:
    """An item with its sets in order."""
    if item is None:
        return None
    return {
        name: {"SS": sorted(value["SS"])} if "SS" in value else value
        for name, value in sorted(item.items())
    }


def trace_of(seed: int, put: Callable[[World], None]) -> tuple[Run, list[tuple[str, Any, Any]]]:
    """Every call to the tables, with its response."""
    run = Run(seed)
    put(run.world)
    calls: list[tuple[str, Any, Any]] = []
    perform = run.world.tables.perform

    def performed(operation: str, parameters: Mapping[str, Any]) -> Any:
        try:
            answer = perform(operation, parameters)
        except ClientError as error:
            calls.append((operation, parameters, error))
            raise
        calls.append((operation, parameters, answer))
        return answer

    run.world.deps.dynamodb.perform = performed  # type: ignore[attr-defined]
    remove = run.world.tables.remove_by_ttl

    def expired(table: str, key: tuple[str, str]) -> None:
        pk, sk = ({"S": part} for part in key)
        calls.append(("delete_item", {"TableName": table, "Key": {"pk": pk, "sk": sk}}, {}))
        remove(table, key)

    run.world.tables.remove_by_ttl = expired  # type: ignore[method-assign]
    run.whole()
    return run, calls


@pytest.mark.parametrize("seed", SEEDS)
def test_responses_match_moto_when_a_trace_is_replayed(
    put: Callable[[World], None], seed: int
) -> None:
    run, calls = trace_of(seed, put)
    with empty_moto() as client:
        create_tables(client, REQUESTS, REFERENCE)
        for item in World(seed).tables.items(REFERENCE):
            client.put_item(TableName=REFERENCE, Item=item)
        for number, (operation, parameters, answer) in enumerate(calls):
            requested = {k: v for k, v in parameters.items() if k != "ClientRequestToken"}
            if operation == "scan":
                continue
            try:
                real: Any = getattr(client, operation)(**requested)
            except ClientError as error:
                real = error
            assert result(real) == result(answer), (number, operation, requested)
        items = client.scan(TableName=REQUESTS)["Items"]
    ours = sorted((normal(item) for item in run.world.tables.items(REQUESTS)), key=str)
    assert sorted((normal(item) for item in items), key=str) == ours


KEY: Final = {"pk": {"S": "1"}, "sk": {"S": "1"}}
ONE: Final = {":one": {"S": "1"}}


@pytest.mark.parametrize(
    "parameters",
    [
        {"UpdateExpression": "SET a = :one"},
        {
            "UpdateExpression": "SET a = :one",
            "ExpressionAttributeValues": {**ONE, ":two": {"S": "2"}},
        },
        {"UpdateExpression": "SET a.b = :one", "ExpressionAttributeValues": ONE},
        {"UpdateExpression": "SET a = #b"},
        {"UpdateExpression": "SET a = :one SET b = :one", "ExpressionAttributeValues": ONE},
        {"UpdateExpression": "SET pk = :one", "ExpressionAttributeValues": {":one": {"S": "2"}}},
    ],
)
def test_update_is_rejected_when_dynamodb_would_reject_it(parameters: dict[str, Any]) -> None:
    whole = {"TableName": "t", "Key": KEY, **parameters}
    with pytest.raises(InvariantError, match="would refuse"):
        Tables({"t": {}}).perform("update_item", whole)
    with empty_moto() as client:
        create_reference_table(client, "t")
        with pytest.raises(ClientError, match="ValidationException"):
            client.update_item(**whole)


@pytest.mark.parametrize(
    "text", ["attribute_gone(pk)", "pk =", "pk = pk pk", "(pk = pk", "pk ~ pk"]
)
def test_condition_is_rejected_when_it_cannot_be_parsed(text: str) -> None:
    parameters = {"TableName": "t", "Key": KEY, "ConditionExpression": text}
    with pytest.raises(InvariantError, match="would refuse"):
        Tables({"t": {}}).perform("delete_item", parameters)


def test_transaction_writes_nothing_when_one_condition_fails() -> None:
    tables = Tables({"t": {}})
    put = {"TableName": "t", "Item": {"pk": {"S": "1"}, "sk": {"S": "1"}}}
    check = {
        "TableName": "t",
        "Key": {"pk": {"S": "2"}, "sk": {"S": "2"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        tables.perform(
            "transact_write_items", {"TransactItems": [{"Put": put}, {"ConditionCheck": check}]}
        )
    assert list(tables.items("t")) == []


def test_mapping_passes_a_record_when_the_stacks_filters_do(
    put: Callable[[World], None],
) -> None:
    mappings = (
        (relayed, (EVENTS_WRITTEN, DRAFTS_SAVED)),
        (removed, (REQUESTS_REMOVED, DOCUMENTS_REMOVED)),
    )
    seen: set[tuple[str, bool]] = set()

    def compare(written: list[Written]) -> None:
        for one in written:
            record = {
                "eventName": one.kind,
                "dynamodb": {
                    "Keys": {"pk": {"S": one.key[0]}, "sk": {"S": one.key[1]}},
                    "NewImage": one.new or {},
                },
            }
            for passes, patterns in mappings:
                let_through = any(fits(pattern, record) for pattern in patterns)
                assert passes(one) == let_through, record
                seen.add((passes.__name__, let_through))

    for seed in range(8):
        run = Run(seed)
        put(run.world)
        run.world.checks.append(compare)
        run.whole()
    assert seen == {(name, either) for name in ("relayed", "removed") for either in (True, False)}


def fits(pattern: Any, value: Any) -> bool:
    """Whether an event pattern matches the value."""
    if isinstance(pattern, list):
        return any(
            str(value).startswith(one["prefix"]) if isinstance(one, dict) else value == one
            for one in pattern
        )
    return isinstance(value, dict) and all(
        name in value and fits(inner, value[name]) for name, inner in pattern.items()
    )
