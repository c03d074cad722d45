"""A table whose items have the date of the file from which they were loaded, with bulk writes.

The condition of each write refuses data of an older file. An item without a date is older than any
file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from precert.adapters.dynamodb.bulk import Bulk, Pacer
from precert.adapters.dynamodb.keys import instant
from precert.adapters.dynamodb.table import (
    REPEATABLE,
    Item,
    from_wire,
    get,
    to_wire,
    transient_errors,
)
from precert.domain.errors import TransientError
from precert.names import PK, SK
from precert.usecases.ports.writes import require_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestOutputTypeDef, WriteRequestTypeDef

AS_OF: Final = "as_of"
NOT_NEWER: Final = "attribute_not_exists(as_of) OR as_of <= :as_of"
"""The condition of every write; an item that does not exist has no attribute either."""
AS_READ: Final = "as_of = :seen"
UNDATED: Final = "attribute_not_exists(as_of)"
"""Conditions that the item was not changed since it was read, with a date or without one."""
CONFLICTS: Final = 5
"""Number of attempts to write an item that other loads change concurrently."""
READ_BATCH: Final = 100
"""Maximum number of keys of a BatchGetItem call."""
_WRITE_BATCH: Final = 25
_UNIT_BYTES: Final = 1024


class DatedTable:
    """Reads and writes with bounded parallelism and retries, at a rate that adapts to throttling."""

    def __init__(self, client: "DynamoDBClient", *, table: str, bulk: Bulk, writes: Pacer) -> None:
        self._client = client
        self._table = table
        self._bulk = bulk
        self._writes = writes

    def scanned(self, sk: str) -> Iterator[Item]:
        """The keys, the date and the ``member`` attribute of all items with a sort key."""
        start: dict[str, Any] = {}
        with transient_errors():
            while True:
                response = self._bulk.attempt(
                    partial(
                        self._client.scan,
                        TableName=self._table,
                        FilterExpression="sk = :sk",
                        # The loading role may read these attributes only.
                        ProjectionExpression="pk, sk, as_of, #member",
                        ExpressionAttributeNames={"#member": "member"},
                        ExpressionAttributeValues=to_wire({":sk": sk}),
                        **start,
                    ),
                    0,
                    self._writes,
                )
                yield from map(from_wire, response["Items"])
                if "LastEvaluatedKey" not in response:
                    return
                start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def delete(self, key: Item, seen: str | None) -> bool:
        """Delete an item unless it was changed since it was read; returns whether it did."""
        wire, condition = to_wire(key), _as_read(seen)
        return self._conditional(
            lambda: self._client.delete_item(TableName=self._table, Key=wire, **condition), wire
        )

    def delete_with(self, key: Item, seen: str | None, others: Sequence[Mapping[str, Any]]) -> bool:
        """Delete an item unless it was changed since it was read, in one transaction with others.

        Returns whether all operations were made. Without others it is a single write.
        """
        if not others:
            return self.delete(key, seen)
        own = {"Delete": {"TableName": self._table, "Key": to_wire(key), **_as_read(seen)}}
        return self.transact([own, *others])

    def replace(self, item: Item, seen: str | None) -> bool:
        """Replace an item unless it was changed since it was read; returns whether it did.

        ``item`` has its date; ``seen`` is the date of the item that was read, or ``None``.
        """
        wire, condition = to_wire(item), _as_read(seen)
        return self._conditional(
            lambda: self._client.put_item(TableName=self._table, Item=wire, **condition), wire
        )

    def store(self, item: Item) -> None:
        """Store an item without a condition."""
        wire = to_wire(item)
        self._attempt(lambda: self._client.put_item(TableName=self._table, Item=wire), [wire])

    def _conditional(self, call: Callable[[], Mapping[str, Any]], item: Item) -> bool:
        try:
            self._attempt(call, [item])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            with transient_errors():
                raise
        return True

    def transact(self, operations: Sequence[Mapping[str, Any]]) -> bool:
        """Write all operations, or none if a condition is not true; returns whether it did."""
        items = [one.get("Item") or one["Key"] for each in operations for one in each.values()]

        def write() -> Mapping[str, Any]:
            try:
                return self._client.transact_write_items(TransactItems=cast("Any", operations))
            except ClientError as error:
                if _reasons(error).isdisjoint(REPEATABLE):
                    raise
                raise TransientError(", ".join(sorted(_reasons(error) & REPEATABLE))) from error

        try:
            # Each write of a transaction uses twice its units.
            self._attempt(write, [*items, *items])
        except ClientError as error:
            if "ConditionalCheckFailed" in _reasons(error):
                return False
            with transient_errors():
                raise
        return True

    def put_each(self, items: Sequence[Item], as_of: datetime) -> list[bool]:
        """Store items unless newer ones are stored; returns which were stored."""
        require_writes()
        return self._bulk.each(lambda item: self.put(item, as_of), items)

    def put(self, item: Item, as_of: datetime) -> bool:
        """Store an item unless a newer one is stored; returns whether it did."""
        return self.put_if(NOT_NEWER, {":as_of": instant(as_of)}, {**item, AS_OF: instant(as_of)})

    def put_if(self, condition: str, values: Mapping[str, Any], item: Item) -> bool:
        """Store an item if the condition is true for the stored one; returns whether it did."""
        wire = to_wire(item)
        return self._conditional(
            lambda: self._client.put_item(
                TableName=self._table,
                Item=wire,
                ConditionExpression=condition,
                ExpressionAttributeValues=to_wire(values),
            ),
            wire,
        )

    def operation(self, kind: str, **arguments: Any) -> dict[str, Any]:
        """An operation for :meth:`transact`, such as ``operation("Delete", Key=key)``; plain values."""
        wire = {
            name: to_wire(one) if isinstance(one, dict) else one for name, one in arguments.items()
        }
        return {kind: {"TableName": self._table, **wire}}

    def _attempt(
        self, call: Callable[[], Mapping[str, Any]], items: Iterable[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        return self._bulk.attempt(call, sum(map(write_units, items)), self._writes)

    def one(self, key: Mapping[str, str]) -> Item:
        """One item by a consistent read; empty if it does not exist."""
        return get(self._client, self._table, key[PK], key[SK]) or {}

    def read(self, keys: Sequence[Mapping[str, str]]) -> list[Item]:
        """The items with these keys, without those that do not exist, in no order."""
        batches = (keys[start : start + READ_BATCH] for start in range(0, len(keys), READ_BATCH))
        return [item for batch in batches for item in self._read_batch([*map(to_wire, batch)])]

    def _read_batch(self, keys: list[Item]) -> list[Item]:
        found: list[Item] = []
        attempt = 0
        with transient_errors():
            while keys:
                requested: dict[str, Any] = {self._table: {"Keys": keys}}
                response = self._bulk.attempt(
                    partial(self._client.batch_get_item, RequestItems=requested),
                    0,
                    self._writes,
                )
                found += [from_wire(item) for item in response["Responses"].get(self._table, [])]
                keys = list(
                    response.get("UnprocessedKeys", {}).get(self._table, {"Keys": []})["Keys"]
                )
                if keys:
                    self._bulk.wait(attempt)
                attempt += 1
        return found

    def write(self, requests: "Iterable[WriteRequestTypeDef]") -> None:
        """Put and delete items without conditions; unprocessed requests are retried."""
        waiting: list[WriteRequestTypeDef | WriteRequestOutputTypeDef] = list(requests)
        attempt = 0
        with transient_errors():
            while waiting:
                batch, waiting = waiting[:_WRITE_BATCH], waiting[_WRITE_BATCH:]
                response = self._attempt(
                    partial(self._client.batch_write_item, RequestItems={self._table: batch}),
                    [
                        one["PutRequest"]["Item"]
                        if "PutRequest" in one
                        else one["DeleteRequest"]["Key"]
                        for one in batch
                    ],
                )
                unprocessed = response.get("UnprocessedItems", {}).get(self._table, [])
                waiting.extend(unprocessed)
                attempt = attempt + 1 if unprocessed else 0
                if unprocessed:
                    self._writes.throttled()
                    self._bulk.wait(attempt)


def _reasons(error: ClientError) -> set[str]:
    """The codes of the reasons for which a transaction was canceled."""
    reasons = dict[str, Any](error.response).get("CancellationReasons", [])
    return {str(one.get("Code")) for one in reasons}


def _as_read(seen: str | None) -> dict[str, Any]:
    """The condition that an item has the same date as when it was read, or none."""
    if seen is None:
        return {"ConditionExpression": UNDATED}
    return {
        "ConditionExpression": AS_READ,
        "ExpressionAttributeValues": to_wire({":seen": seen}),
    }


def write_units(wire: Mapping[str, Any]) -> int:
    """The write units of an item: its size in KB, rounded up."""
    size = sum(
        len(name) + len(str(value).encode())
        for name, typed in wire.items()
        for value in typed.values()
    )
    return max(1, ceil(size / _UNIT_BYTES))
