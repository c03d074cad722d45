"""The replaced parts of moto answer as moto's own."""

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from precert.names import INDEXES, WORKLIST_INDEX
from tests.adapters.tables import create_requests_table, names
from tests.adapters.wire import Clients
from tests.fakes.quick_moto import REPLACED, original

TABLE: Final = names("compared")


def key(sk: str, pk: str = "A") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def item(sk: str, **more: Any) -> dict[str, Any]:
    nested = {"M": {"list": {"L": [{"N": "1"}, {"SS": ["x", "y"]}]}, "map": {"M": {}}}}
    return {**key(sk), "nested": nested, "count": {"N": "7"}, "raw": {"B": b"\x00\xff"}, **more}


def update(sk: str, expression: str, **members: Any) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": key(sk), "UpdateExpression": expression, **members}


def put(sk: str, condition: str) -> dict[str, Any]:
    named = {"#c": "count"} if "#c" in condition else {}
    return {
        "TableName": TABLE,
        "Item": item(sk),
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **({"ExpressionAttributeNames": named} if named else {}),
    }


INDEXED: Final = (("a", "B"), ("b", "B"), ("c", "A"), ("d", "A"))


def indexed(sk: str, pk: str) -> dict[str, Any]:
    """In reverse order in the index; the first one of them is of another partition."""
    index = INDEXES[WORKLIST_INDEX]
    partition = "Y" if sk == "a" else "X"
    by_index = {index.partition_key: {"S": partition}, index.sort_key: {"S": f"{9 - ord(sk) % 9}"}}
    return {**key(sk, pk), **by_index}


def of_index(partition: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "IndexName": WORKLIST_INDEX,
        "KeyConditionExpression": f"{INDEXES[WORKLIST_INDEX].partition_key} = :partition",
        "ExpressionAttributeValues": {":partition": {"S": partition}},
    }


ONE: Final = {":one": {"N": "1"}}
CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("put_item", {"TableName": TABLE, "Item": item("1")}),
    ("put_item", {"TableName": TABLE, "Item": key("2"), "ReturnConsumedCapacity": "TOTAL"}),
    ("put_item", put("1", "attribute_not_exists(pk)")),
    ("put_item", put("1", "attribute_not_exists(pk) OR attribute_exists(#c)")),
    ("put_item", put("1", "attribute_exists(count)")),
    (
        "update_item",
        update(
            "1",
            "SET nested.#m = :one, #c = #c + :one, other = if_not_exists(other, :one) REMOVE raw",
            ExpressionAttributeNames={"#m": "map", "#c": "count"},
            ExpressionAttributeValues=ONE,
            ReturnValues="ALL_NEW",
        ),
    ),
    ("update_item", update("1", "SET pk = :one", ExpressionAttributeValues=ONE)),
    (
        "update_item",
        update(
            "1",
            "SET a = :one",
            ExpressionAttributeValues={**ONE, ":unused": {"S": "x"}},
        ),
    ),
    ("update_item", update("1", "SET a = :one SET b = :one", ExpressionAttributeValues=ONE)),
    ("update_item", update("1", "SET a = :one, a = :one", ExpressionAttributeValues=ONE)),
    ("update_item", update("1", "SET absent.part = :one", ExpressionAttributeValues=ONE)),
    (
        "update_item",
        update("3", "ADD tags :tags", ExpressionAttributeValues={":tags": {"SS": ["a", "b"]}}),
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {"Update": update("1", "SET a = :one", ExpressionAttributeValues=ONE)},
                {"Delete": {"TableName": TABLE, "Key": key("3")}},
                {"Put": put("4", "attribute_not_exists(pk)")},
                {
                    "ConditionCheck": {
                        "TableName": TABLE,
                        "Key": key("2"),
                        "ConditionExpression": "attribute_not_exists(pk)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        },
    ),
    ("scan", {"TableName": TABLE}),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {"Update": update("1", "SET a = :one", ExpressionAttributeValues=ONE)},
                {"Delete": {"TableName": TABLE, "Key": key("3")}},
                {"Put": put("4", "attribute_not_exists(pk)")},
            ]
        },
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {"Delete": {"TableName": TABLE, "Key": key("1")}},
                {"Update": update("1", "SET a = :one", ExpressionAttributeValues=ONE)},
            ]
        },
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {"Put": put("4", "attribute_exists(pk)")},
                {"Put": put("5", "attribute_not_exists(pk)")},
                {"Update": update("2", "SET absent.part = :one", ExpressionAttributeValues=ONE)},
            ]
        },
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {
                    "Update": update(
                        "4",
                        "SET nested.#m = :map, raw = :raw",
                        ConditionExpression="#c = :seven AND size(raw) < :seven",
                        ExpressionAttributeNames={"#c": "count", "#m": "map"},
                        ExpressionAttributeValues={
                            ":seven": {"N": "7.0"},
                            ":map": {"M": {"B": {"S": "x"}, "raw": {"B": b"\x01"}}},
                            ":raw": {"B": b"\x02"},
                        },
                    )
                },
                {"Put": {"TableName": TABLE, "Item": {**key("6"), "big": {"S": "x" * 300_000}}}},
            ]
        },
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {"Delete": {"TableName": TABLE, "Key": key("2")}},
                {
                    "Update": update(
                        "6",
                        "SET more = :more",
                        ExpressionAttributeValues={":more": {"S": "x" * 200_000}},
                    )
                },
            ]
        },
    ),
    ("transact_write_items", {"TransactItems": [{"Put": {"TableName": TABLE, "Item": key("")}}]}),
    ("scan", {"TableName": TABLE}),
    ("get_item", {"TableName": TABLE, "Key": key("1"), "ProjectionExpression": "pk, nested.#l"}),
    (
        "get_item",
        {
            "TableName": TABLE,
            "Key": key("1"),
            "ProjectionExpression": "pk, nested.#l",
            "ExpressionAttributeNames": {"#l": "list"},
        },
    ),
    ("get_item", {"TableName": TABLE, "Key": key("absent")}),
    ("get_item", {"TableName": "absent", "Key": key("1")}),
    (
        "batch_get_item",
        {"RequestItems": {TABLE: {"Keys": [key("1"), key("2"), key("absent")]}}},
    ),
    ("transact_get_items", {"TransactItems": [{"Get": {"TableName": TABLE, "Key": key("4")}}]}),
    (
        "query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": {"S": "A"}, ":sk": {"S": ""}},
            "Limit": 2,
            "ScanIndexForward": False,
        },
    ),
    *(("put_item", {"TableName": TABLE, "Item": indexed(sk, pk)}) for sk, pk in INDEXED),
    ("query", of_index("X")),
    ("query", {**of_index("X"), "Limit": 1, "ScanIndexForward": False}),
    ("query", {**of_index("X"), "ExclusiveStartKey": indexed("b", "B")}),
    ("query", of_index("absent")),
    ("query", {**of_index("X"), "IndexName": "absent"}),
    ("delete_item", {"TableName": TABLE, "Key": key("1"), "ReturnValues": "ALL_OLD"}),
    ("delete_item", {"TableName": TABLE, "Key": {"pk": {"S": "A"}}}),
    ("scan", {"TableName": TABLE, "FilterExpression": "attribute_exists(raw)"}),
)


def answers(clients: Clients) -> Iterator[Any]:
    """The answers to all calls, on a table of their own."""
    client = clients.by_name["dynamodb"]
    create_requests_table(client, TABLE)
    for operation, parameters in CALLS:
        try:
            answer = getattr(client, operation)(**parameters)
        except ClientError as error:
            answer = error.response
        answer["ResponseMetadata"] = answer["ResponseMetadata"]["HTTPStatusCode"]
        yield operation, parameters, answer
    client.delete_table(TableName=TABLE)


def test_answers_are_those_of_moto_when_its_parts_are_replaced(clients: Clients) -> None:
    with original():
        assert not any(vars(where).get(name) is new for where, name, new in REPLACED)
        expected = list(answers(clients))
    list(answers(clients))
    replaced = list(answers(clients))  # with what the first ones have cached
    for theirs, ours in zip(expected, replaced, strict=True):
        assert ours == theirs
    codes = {answer["Error"]["Code"] for _, _, answer in replaced if "Error" in answer}
    assert codes == {
        "ConditionalCheckFailedException",
        "ResourceNotFoundException",
        "TransactionCanceledException",
        "ValidationException",
    }
