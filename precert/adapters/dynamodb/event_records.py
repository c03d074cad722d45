"""The event records of the table (port :class:`precert.usecases.relay.EventRecords`)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from precert.adapters.dynamodb.keys import event_sk, request_pk
from precert.adapters.dynamodb.table import (
    Item,
    from_wire,
    get,
    query_all,
    readable,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.events import Event
from precert.names import EVENT_SK_PREFIX, PK, SK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBEventRecords:
    """Events are written once, in the transaction of their change, and deleted with their request."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def by_id(self, event_id: str) -> Event | None:
        request_id = event_id.partition(".")[0]
        key = request_pk(request_id), event_sk(request_id, event_id)
        item = get(self._client, self._table, *key)
        return next(iter(_events([item])), None) if item else None

    def of_request(self, request_id: str) -> Iterator[Event]:
        return _events(
            query_all(self._client, self._table, request_pk(request_id), beginning=EVENT_SK_PREFIX)
        )

    def all(self) -> Iterator[Event]:
        with transient_errors():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(#sk, :event)",
                ProjectionExpression="#pk, #sk, #event",
                ExpressionAttributeNames={"#pk": PK, "#sk": SK, "#event": "event"},
                ExpressionAttributeValues=to_wire({":event": EVENT_SK_PREFIX}),
            )
            for page in pages:
                yield from _events([from_wire(item) for item in page["Items"]])


def _events(items: list[Item]) -> Iterator[Event]:
    """The events of items; damaged ones are reported and left out."""
    found, _ = readable(
        RecordKind.EVENT, items, lambda item: Event.model_validate_json(item["event"]), sort_key_of
    )
    yield from found
