"""Records of requests that no longer exist (port ``LeftoverRecords``)."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

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
from precert.domain.errors import TransientError
from precert.domain.events import Event
from precert.names import (
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    PK,
    REQUEST_PK_PREFIX,
    REQUEST_SK,
    SK,
)
from precert.usecases.orphans import Leftovers, StoredFile
from precert.usecases.ports.listings import Page
from precert.usecases.ports.writes import require_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

READ_BATCH: Final = 100
"""Maximum number of items of a BatchGetItem call."""
_KEY_NAMES: Final = {"#pk": PK, "#sk": SK}


class DynamoDBLeftovers:
    """Items of the requests table by the request that they belong to."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def page(self, after: str | None) -> Page[str]:
        start: dict[str, Any] = {"ExclusiveStartKey": to_wire(json.loads(after))} if after else {}
        with transient_errors():
            response = self._client.scan(
                TableName=self._table,
                FilterExpression="begins_with(#pk, :request)",
                ProjectionExpression="#pk, #sk",
                ExpressionAttributeNames=_KEY_NAMES,
                ExpressionAttributeValues=to_wire({":request": REQUEST_PK_PREFIX}),
                **start,
            )
        last = response.get("LastEvaluatedKey")
        # A scan returns the items of a partition together.
        groups = groupby(map(from_wire, response["Items"]), request_id_of)
        return Page(
            rows=tuple(
                request_id
                for request_id, items in groups
                if all(sort_key_of(item) != REQUEST_SK for item in items)
            ),
            cursor=json.dumps(from_wire(last)) if last else None,
        )

    def of(self, request_id: str) -> Leftovers | None:
        items = query_all(self._client, self._table, request_pk(request_id))
        keys = [sort_key_of(item) for item in items]
        if REQUEST_SK in keys:
            return None
        kinds = {key.partition("#")[0] for key in keys if not key.startswith(EVENT_SK_PREFIX)}
        # A damaged event is reported. It may be of a submitted request.
        events, damaged = readable(
            RecordKind.EVENT,
            (item for item in items if item[SK].startswith(EVENT_SK_PREFIX)),
            _event_of,
            sort_key_of,
        )
        return Leftovers(
            request_id=request_id,
            kinds=tuple(sorted(kinds)),
            last_event_at=max((event.at for event in events), default=None),
            submitted=bool(damaged) or any(event.number is not None for event in events),
        )

    def lacking(self, files: Sequence[StoredFile]) -> Sequence[StoredFile]:
        keys = list(dict.fromkeys(map(_record_of, files)))
        stored: set[tuple[str, str]] = set()
        for start in range(0, len(keys), READ_BATCH):
            stored |= self._stored(keys[start : start + READ_BATCH])
        return [file for file in files if _record_of(file) not in stored]

    def _stored(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """The keys of the items that exist."""
        requested: Any = {
            "Keys": [to_wire({PK: pk, SK: sk}) for pk, sk in keys],
            "ProjectionExpression": "#pk, #sk",
            "ExpressionAttributeNames": _KEY_NAMES,
            "ConsistentRead": True,
        }
        with transient_errors():
            response = self._client.batch_get_item(RequestItems={self._table: requested})
        if response.get("UnprocessedKeys"):
            raise TransientError("The table is busy. Try again.")
        return {(item[PK], item[SK]) for item in map(from_wire, response["Responses"][self._table])}

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


def _record_of(file: StoredFile) -> tuple[str, str]:
    """Keys of the item that a file belongs to."""
    if file.document_id is None:
        return request_pk(file.request_id), REQUEST_SK
    return request_pk(file.request_id), f"{DOCUMENT_SK_PREFIX}{file.document_id}"


def _event_of(item: Item) -> Event:
    return Event.model_validate_json(item["event"])


def _last_events(items: Iterable[Item]) -> list[Item]:
    """The items, events last, so that a removal that was interrupted is found again."""
    return sorted(items, key=lambda item: item[SK].startswith(EVENT_SK_PREFIX))
