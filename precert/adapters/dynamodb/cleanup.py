"""Cleanup of the other items of a deleted draft or archived request, started by the table's stream."""

from collections.abc import Mapping
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
    to_wire,
    transient_errors,
)
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.events import Event
from precert.domain.request import Request
from precert.names import (
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    FLAG,
    PK,
    SK,
)
from precert.usecases.ports.requests import RequestFile

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBCleanup:
    """Other items of removed drafts and requests (ports ``DraftCleanup`` and ``HistoryCleanup``)."""

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
        """Delete an item; if it is a flagged row, first remove its flag from the TIN's set."""
        sk = item[SK]
        with transient_errors():
            if FLAG in item and sk != DRAFT_PARTY_SK:
                tin = sk.removeprefix(PARTY_SK_PREFIX)
                self._client.update_item(**uncount(self._table, tin, request_id))
            key = to_wire({PK: request_pk(request_id), SK: sk})
            self._client.delete_item(TableName=self._table, Key=key)
