"""Cleanup of items that refer to a deleted draft or archived request, and of what it left.

The cleanup follows the table's stream. :class:`DynamoDBLeftovers` finds the records whose cleanup was
lost.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.duplicates import remove_fingerprint
from precert.adapters.dynamodb.flags import uncount
from precert.adapters.dynamodb.keys import DRAFT_PARTY_SK, PARTY_SK_PREFIX, request_pk
from precert.adapters.dynamodb.request_items import put_event, request_of
from precert.adapters.dynamodb.requests import file_of
from precert.adapters.dynamodb.table import (
    ConditionFailedError,
    Item,
    Writes,
    from_wire,
    query_all,
    readable,
    request_id_of,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.events import Event
from precert.domain.request import Request
from precert.names import (
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    FLAG,
    PK,
    REQUEST_PK_PREFIX,
    REQUEST_SK,
    SK,
)
from precert.usecases.cleanup import Leftovers
from precert.usecases.ports.requests import RequestFile
from precert.usecases.ports.writes import require_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBCleanup:
    """What remains of removed drafts and requests (ports ``DraftCleanup`` and ``HistoryCleanup``)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def remove(self, request_id: str) -> None:
        for item in self._items(request_id):
            if item[SK].startswith((DOCUMENT_SK_PREFIX, PARTY_SK_PREFIX)):
                self._delete(request_id, item)

    def record(self, event: Event) -> None:
        try:
            self._writes.put(**put_event(self._table, event)["Put"])
        except ConditionFailedError:
            return

    @staticmethod
    def removed(image: Mapping[str, Any]) -> Request:
        """The request of a stream record."""
        return request_of(from_wire(image))

    def file_of(self, request: Request) -> RequestFile:
        return file_of(request, self._items(request.request_id))

    def remove_request(self, request: Request) -> None:
        request_id = request.request_id
        remove_fingerprint(self._client, self._table, submitted_fingerprint(request))
        items = self._items(request_id)
        for item in sorted(items, key=lambda item: item[SK].startswith(EVENT_SK_PREFIX)):
            self._delete(request_id, item)

    def _items(self, request_id: str) -> list[Item]:
        return query_all(self._client, self._table, request_pk(request_id))

    def _delete(self, request_id: str, item: Item) -> None:
        """Delete an item; a flagged entry first decrements the count of flags."""
        sk = item[SK]
        with transient_errors():
            if FLAG in item and sk != DRAFT_PARTY_SK:
                tin = sk.removeprefix(PARTY_SK_PREFIX)
                self._client.update_item(**uncount(self._table, tin, request_id))
            key = to_wire({PK: request_pk(request_id), SK: sk})
            self._client.delete_item(TableName=self._table, Key=key)


class DynamoDBLeftovers:
    """Records that belong to no request (port ``LeftoverRecords``)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def orphaned(self) -> Iterator[Leftovers]:
        # A scan returns the items of a partition together.
        for request_id, items in groupby(self._keys(), request_id_of):
            if not any(sort_key_of(item) == REQUEST_SK for item in items):
                found = self._leftovers(request_id)
                if found is not None:
                    yield found

    def _keys(self) -> Iterator[Item]:
        with transient_errors():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(#pk, :request)",
                ProjectionExpression="#pk, #sk",
                ExpressionAttributeNames={"#pk": PK, "#sk": SK},
                ExpressionAttributeValues=to_wire({":request": REQUEST_PK_PREFIX}),
                ConsistentRead=True,
            )
            for page in pages:
                yield from map(from_wire, page["Items"])

    def _leftovers(self, request_id: str) -> Leftovers | None:
        """What is there now; ``None`` for a request that exists, or the events of a draft."""
        items = query_all(self._client, self._table, request_pk(request_id))
        keys = [sort_key_of(item) for item in items]
        kinds = {key.partition("#")[0] for key in keys if not key.startswith(EVENT_SK_PREFIX)}
        # What cannot be read is reported, and counts as neither.
        events, _ = readable(
            RecordKind.EVENT,
            (item for item in items if item[SK].startswith(EVENT_SK_PREFIX)),
            _event_of,
            sort_key_of,
        )
        submitted = any(event.number is not None for event in events)
        if REQUEST_SK in keys or not (kinds or submitted):
            return None
        return Leftovers(
            request_id=request_id,
            kinds=tuple(sorted(kinds)),
            last_event_at=max((event.at for event in events), default=None),
            submitted=submitted,
        )

    def remove_all(self, leftovers: Leftovers) -> None:
        require_writes()
        items = query_all(self._client, self._table, request_pk(leftovers.request_id))
        if any(item[SK] == REQUEST_SK for item in items):
            return
        for item in _last_events(items):
            if leftovers.submitted or not item[SK].startswith(EVENT_SK_PREFIX):
                self._delete(item)

    def _delete(self, item: Item) -> None:
        with transient_errors():
            key: dict[str, Any] = to_wire({PK: item[PK], SK: item[SK]})
            self._client.delete_item(TableName=self._table, Key=key)


def _event_of(item: Item) -> Event:
    return Event.model_validate_json(item["event"])


def _last_events(items: Iterable[Item]) -> list[Item]:
    """Events last: a removal that ends before is found again."""
    return sorted(items, key=lambda item: item[SK].startswith(EVENT_SK_PREFIX))
