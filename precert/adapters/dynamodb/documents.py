"""Records of documents and of determination notices."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.keys import (
    NOTICE_SK_PREFIX,
    NOTICES_SK,
    UPLOADS_QUEUE,
    document_sk,
    instant,
    notice_sk,
    request_pk,
)
from precert.adapters.dynamodb.request_items import (
    callers_condition,
    deciding_tins,
    put_event,
    request_of,
)
from precert.adapters.dynamodb.table import (
    ABSENT,
    ConditionFailedError,
    Item,
    Writes,
    get,
    json_of,
    pages_of,
    query_all,
    read_one,
    readable,
    request_id_of,
    sort_key_of,
    to_wire,
)
from precert.domain.damage import RecordKind
from precert.domain.documents import Document, DocumentStatus
from precert.domain.events import Event
from precert.domain.notices import Notice
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.names import (
    DOCUMENT_SK_PREFIX,
    NEW_DOCUMENTS,
    PK,
    REQUEST_SK,
    SK,
    WORKLIST_INDEX,
    WORKLIST_PK,
    WORKLIST_SK,
)
from precert.usecases.ports.documents import (
    DocumentChangedError,
    OfferRefusedError,
    WaitingUpload,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


TAKES_DOCUMENTS = (
    "((#status = :incomplete AND expires_at > :now) OR takes_documents = :true)"
    " AND document_slots > :none"
    " AND (attribute_not_exists(slots_taken) OR size(slots_taken) < document_slots)"
)
"""Condition of a reserved slot. ``slots_taken`` has the ids of documents that use a slot, so that a
slot cannot be freed twice.
"""

_TAKES_ARRIVALS = "#status IN (:incomplete, :processing) OR takes_documents = :true"
"""Condition of a verified upload. One that was created for a draft may arrive shortly after the
submission, and belongs to the request then (U5).
"""


class DynamoDBDocuments:
    """Documents in their request's item collection. Recording a document reserves its slot."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def offer(
        self,
        request_id: str,
        document: Document,
        *,
        callers_tins: Collection[str],
        now: datetime,
    ) -> None:
        if not callers_tins:
            raise OfferRefusedError(None)
        deciding = deciding_tins(self._client, self._table, request_id, callers_tins)
        condition, tins = callers_condition(deciding)
        values = {
            **tins,
            ":none": 0,
            ":document": {document.document_id},
            ":incomplete": Status.INCOMPLETE.value,
            ":true": True,
            ":now": instant(now),
        }
        take_slot = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "UpdateExpression": "ADD slots_taken :document",
            "ConditionExpression": f"{TAKES_DOCUMENTS} AND {condition}",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_wire(values),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        put = {
            "TableName": self._table,
            "Item": to_wire(document_item(request_id, document)),
            "ConditionExpression": ABSENT,
        }
        try:
            self._writes.transact([{"Update": take_slot}, {"Put": put}])
        except ConditionFailedError as failed:
            current = request_of(failed.item) if failed.item else None
            raise OfferRefusedError(current) from failed

    def document(self, request_id: str, document_id: str) -> Document | None:
        item = get(self._client, self._table, request_pk(request_id), document_sk(document_id))
        if item is None:
            return None
        return read_one(RecordKind.DOCUMENT, item, document_of, document_id_of_key)

    def of_request(self, request_id: str) -> tuple[Document, ...]:
        items = query_all(
            self._client, self._table, request_pk(request_id), beginning=DOCUMENT_SK_PREFIX
        )
        found, _ = readable(RecordKind.DOCUMENT, items, document_of, document_id_of_key)
        return tuple(sorted(found, key=lambda document: document.offered_at))

    def waiting(self, offered_before: datetime) -> Iterator[WaitingUpload]:
        values = {":uploads": UPLOADS_QUEUE, ":before": instant(offered_before)}
        for page in pages_of(
            self._client.query,
            TableName=self._table,
            IndexName=WORKLIST_INDEX,
            KeyConditionExpression=f"{WORKLIST_PK} = :uploads AND {WORKLIST_SK} < :before",
            ExpressionAttributeValues=to_wire(values),
        ):
            for item in page:
                yield WaitingUpload(request_id_of(item), document_id_of_key(item))

    def stop_waiting(self, request_id: str, document: Document) -> None:
        update = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: document_sk(document.document_id)}),
            "UpdateExpression": f"REMOVE {WORKLIST_PK}, {WORKLIST_SK}",
            "ConditionExpression": "revision = :based_on",
            "ExpressionAttributeValues": to_wire({":based_on": document.revision}),
        }
        with suppress(ConditionFailedError):
            self._writes.update(**update)

    def settle(
        self, request_id: str, document: Document, event: Event | None, *, arrived: bool = False
    ) -> None:
        operations: list[dict[str, Any]] = [
            {"Put": self._replacement(request_id, document)},
            self._freed_slot(request_id, document)
            if document.status is DocumentStatus.REFUSED
            else self._attached(request_id, document, event, arrived=arrived),
        ]
        if event is not None:
            operations.append(put_event(self._table, event))
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            raise DocumentChangedError from failed

    def delete(
        self,
        request_id: str,
        document: Document,
        event: Event,
        *,
        callers_tins: Collection[str],
        now: datetime,
    ) -> None:
        deciding = deciding_tins(self._client, self._table, request_id, callers_tins)
        condition, tins = callers_condition(deciding)
        values = {
            **tins,
            ":document": {document.document_id},
            ":incomplete": Status.INCOMPLETE.value,
            ":now": instant(now),
        }
        free_slot = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "UpdateExpression": "DELETE slots_taken :document",
            "ConditionExpression": f"#status = :incomplete AND expires_at > :now AND {condition}",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_wire(values),
        }
        delete = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: document_sk(document.document_id)}),
            "ConditionExpression": "revision = :based_on",
            "ExpressionAttributeValues": to_wire({":based_on": document.revision}),
        }
        operations = [{"Update": free_slot}, {"Delete": delete}, put_event(self._table, event)]
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            raise DocumentChangedError from failed

    def _replacement(self, request_id: str, document: Document) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Item": to_wire(document_item(request_id, document)),
            "ConditionExpression": "revision = :based_on",
            "ExpressionAttributeValues": to_wire({":based_on": document.revision - 1}),
        }

    def _freed_slot(self, request_id: str, document: Document) -> dict[str, Any]:
        """The update that frees the slot of a document; no effect for a slot of an earlier stage."""
        update = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "UpdateExpression": "DELETE slots_taken :document",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": to_wire({":document": {document.document_id}}),
        }
        return {"Update": update}

    def _attached(
        self, request_id: str, document: Document, event: Event | None, *, arrived: bool
    ) -> dict[str, Any]:
        """The condition on the request, which also marks a document attached to a case as new."""
        operation: dict[str, Any] = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "ConditionExpression": "attribute_exists(pk)",
        }
        values: Item = {}
        if arrived:
            values = {
                ":true": True,
                ":incomplete": Status.INCOMPLETE.value,
                ":processing": Status.PROCESSING.value,
            }
            operation |= {
                "ConditionExpression": _TAKES_ARRIVALS,
                "ExpressionAttributeNames": {"#status": "status"},
            }
        is_new = event is not None and event.status is not Status.INCOMPLETE
        if is_new:
            values |= {":document": {document.document_id}}
            operation["UpdateExpression"] = f"ADD {NEW_DOCUMENTS} :document"
        if values:
            operation["ExpressionAttributeValues"] = to_wire(values)
        return {"Update" if is_new else "ConditionCheck": operation}


_WAITING: Final = frozenset({DocumentStatus.AWAITING_UPLOAD, DocumentStatus.CHECKING})


def document_item(request_id: str, document: Document) -> Item:
    """The record of a document."""
    waiting = document.status in _WAITING
    return {
        PK: request_pk(request_id),
        SK: document_sk(document.document_id),
        # The stream record of a deleted document needs both ids, so that its file is deleted too.
        "request_id": request_id,
        "document_id": document.document_id,
        "revision": document.revision,
        "document": json_of(document),
        WORKLIST_PK: UPLOADS_QUEUE if waiting else None,
        WORKLIST_SK: instant(document.offered_at) if waiting else None,
    }


def document_of(item: Item) -> Document:
    """A document from its item."""
    return Document.model_validate_json(item["document"])


def document_id_of_key(item: Item) -> str:
    return sort_key_of(item).removeprefix(DOCUMENT_SK_PREFIX)


def notice_id_of_key(item: Item) -> str:
    return sort_key_of(item).removeprefix(NOTICE_SK_PREFIX)


class DynamoDBNotices:
    """Notices in their request's item collection, recorded in one transaction with their event."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._writes = Writes(client)
        self._table = requests_table

    def record(self, request_id: str, notices: Sequence[Notice], event: Event) -> None:
        request_exists = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "ConditionExpression": "attribute_exists(pk)",
        }
        operations: list[dict[str, Any]] = [
            *({"Put": self._put(request_id, notice)} for notice in notices),
            put_event(self._table, event),
            {"ConditionCheck": request_exists},
        ]
        try:
            self._writes.transact(operations)
        except ConditionFailedError:
            return

    def issued(self, request: Request) -> None:
        try:
            self._writes.delete(
                TableName=self._table,
                Key=to_wire({PK: request_pk(request.request_id), SK: NOTICES_SK}),
                ConditionExpression="version <= :version",
                ExpressionAttributeValues=to_wire({":version": request.version}),
            )
        except ConditionFailedError:
            return

    def _put(self, request_id: str, notice: Notice) -> dict[str, Any]:
        item = {
            PK: request_pk(request_id),
            SK: notice_sk(notice.notice_id),
            "notice": json_of(notice),
        }
        return {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
        }


def notice_of(item: Item) -> Notice:
    """A notice from its item."""
    return Notice.model_validate_json(item["notice"])
