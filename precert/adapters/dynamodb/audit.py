"""The audit table (port ``AuditLog``): records of the last 90 days. Its stream fills the archive.

Functions are permitted only to put items. The key of a record is its time and id, and a put requires
that the key does not exist, so that a repetition changes nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from botocore.exceptions import ClientError

from precert.adapters.dynamodb.keys import audit_pk, audit_sk
from precert.adapters.dynamodb.table import (
    Item,
    from_wire,
    json_of,
    readable,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.audit import AuditRecord
from precert.domain.damage import RecordKind
from precert.names import AUDIT_RECORD, PK, SK, TTL_ATTRIBUTE
from precert.usecases.ports.writes import require_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SHARDS: Final = 4
"""Number of partitions per day. Each accepts 1,000 records per second."""
IN_TABLE: Final = timedelta(days=90)
"""How long a record remains in the table; the archive retains it for years."""


def audit_item(record: AuditRecord) -> Item:
    moment = record.at.astimezone(UTC)
    return {
        PK: audit_pk(moment.date(), crc32(record.access_id.encode()) % SHARDS),
        SK: audit_sk(moment, record.access_id),
        AUDIT_RECORD: json_of(record),
        TTL_ATTRIBUTE: int((moment + IN_TABLE).timestamp()),
    }


def record_of(item: Item) -> AuditRecord:
    return AuditRecord.model_validate_json(item[AUDIT_RECORD])


def _keyed(item: Item) -> tuple[str, AuditRecord]:
    return sort_key_of(item), record_of(item)


class DynamoDBAuditLog:
    """Appends records, and reads those of a period."""

    def __init__(self, client: "DynamoDBClient", *, audit_table: str) -> None:
        self._client = client
        self._table = audit_table

    def append(self, record: AuditRecord) -> None:
        require_writes()
        try:
            with transient_errors():
                self._put(to_wire(audit_item(record)))
        except _AlreadyStoredError:
            return

    def _put(self, item: Item) -> None:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(#pk)",
                ExpressionAttributeNames={"#pk": PK},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise _AlreadyStoredError from error
            raise

    def between(self, since: datetime, until: datetime) -> Iterator[AuditRecord]:
        day, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
        while day <= last:
            shards = [self._shard(day, shard, since, until) for shard in range(SHARDS)]
            for _, record in merge(*shards, key=lambda found: found[0]):
                yield record
            day += timedelta(days=1)

    def _shard(
        self, day: date, shard: int, since: datetime, until: datetime
    ) -> Iterator[tuple[str, AuditRecord]]:
        start = max(since.astimezone(UTC), datetime.combine(day, time(), tzinfo=UTC))
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :since AND :until",
            "ExpressionAttributeNames": {"#pk": PK, "#sk": SK},
            "ExpressionAttributeValues": to_wire(
                {
                    ":pk": audit_pk(day, shard),
                    ":since": audit_sk(start),
                    # Without an id, the key is before all records at this time: the end is exclusive.
                    ":until": audit_sk(until),
                }
            ),
        }
        with transient_errors():
            for page in self._client.get_paginator("query").paginate(**query):
                items = [from_wire(item) for item in page["Items"]]
                found, _ = readable(RecordKind.AUDIT_RECORD, items, _keyed, sort_key_of)
                yield from found


class _AlreadyStoredError(Exception):
    """A record with this key was stored before."""
