"""Reads: the three calls that are used, with boto3's errors made ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.dynamodb.codec import Item, from_wire, to_wire
from precert.contract import PK, SK
from precert.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@contextmanager
def transient_faults() -> Iterator[None]:
    """Whatever the table does not answer may be asked again.

    Raises:
        TransientError: instead of boto3's errors.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TransientError(
            f"The table did not answer ({type(error).__name__}). Try again."
        ) from error


def get(client: "DynamoDBClient", table: str, pk: str, sk: str) -> Item | None:
    """One item, consistent, or ``None``."""
    with transient_faults():
        answer = client.get_item(
            TableName=table, Key=to_wire({PK: pk, SK: sk}), ConsistentRead=True
        )
    item = answer.get("Item")
    return from_wire(item) if item else None


def query_all(client: "DynamoDBClient", table: str, pk: str, **arguments: Any) -> list[Item]:
    """A whole item collection, consistent; one call for each megabyte."""
    return query_some(client, table, pk, ConsistentRead=True, **arguments)[0]


def query_some(
    client: "DynamoDBClient",
    table: str,
    pk: str,
    *,
    beginning: str = "",
    pages: int | None = None,
    **arguments: Any,
) -> tuple[list[Item], bool]:
    """Items whose sort key begins so, and whether that is all: at most ``pages`` calls are made."""
    condition, values = "pk = :pk", {":pk": pk}
    if beginning:
        condition, values = f"{condition} AND begins_with(sk, :sk)", {**values, ":sk": beginning}
    items: list[Item] = []
    start: dict[str, Any] = {}
    read = 0
    while pages is None or read < pages:
        with transient_faults():
            answer = client.query(
                TableName=table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=to_wire(values),
                **arguments,
                **start,
            )
        items.extend(from_wire(item) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return items, True
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        read += 1
    return items, False
