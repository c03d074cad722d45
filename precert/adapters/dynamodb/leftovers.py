"""Records of requests that no longer exist (port ``LeftoverRecords``)."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.keys import request_pk
from precert.adapters.dynamodb.table import (
    Item,
    from_wire,
    query_all,
    readable,
    request_id_of,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.events import Event
from precert.names import EVENT_SK_PREFIX, PK, REQUEST_PK_PREFIX, REQUEST_SK, SK
from precert.usecases.orphans import Leftovers
from precert.usecases.ports.writes import require_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


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
