"""Document records (port :class:`precert.usecases.ports.documents.DocumentRecords`)."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import Item, json_of, request_of, to_wire
from precert.adapters.dynamodb.keys import document_sk, instant, request_pk
from precert.adapters.dynamodb.operations import ABSENT, callers_condition, put_event
from precert.adapters.dynamodb.reads import get
from precert.adapters.dynamodb.transactions import ConditionFailedError, Writes
from precert.contract import PK, REQUEST_SK, SK
from precert.domain.documents import Document, DocumentStatus
from precert.domain.events import Event
from precert.domain.statuses import Status
from precert.usecases.ports.documents import OfferRefusedError, SettledAlreadyError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_TAKES_DOCUMENTS = (
    "document_slots > :none AND "
    "((#status = :incomplete AND expires_at > :now) OR #status = :pending)"
)


class DynamoDBDocuments:
    """Documents beside their request; a slot is taken in the write that records the document."""

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
        condition, tins = callers_condition(callers_tins)
        values = {
            **tins,
            ":none": 0,
            ":one": 1,
            ":incomplete": Status.INCOMPLETE.value,
            ":pending": Status.PENDING.value,
            ":now": instant(now),
        }
        take_slot = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "UpdateExpression": "SET document_slots = document_slots - :one",
            "ConditionExpression": f"{_TAKES_DOCUMENTS} AND {condition}",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_wire(values),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        put = {
            "TableName": self._table,
            "Item": to_wire(_item(request_id, document)),
            "ConditionExpression": ABSENT,
        }
        try:
            self._writes.transact([{"Update": take_slot}, {"Put": put}])
        except ConditionFailedError as failed:
            current = request_of(failed.item) if failed.item else None
            raise OfferRefusedError(current) from failed

    def document(self, request_id: str, document_id: str) -> Document | None:
        item = get(self._client, self._table, request_pk(request_id), document_sk(document_id))
        return document_of(item) if item else None

    def settle(self, request_id: str, document: Document, event: Event) -> None:
        put = {
            "TableName": self._table,
            "Item": to_wire(_item(request_id, document)),
            "ConditionExpression": "#status = :awaiting",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_wire(
                {":awaiting": DocumentStatus.AWAITING_UPLOAD.value}
            ),
        }
        request_stands = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "ConditionExpression": "attribute_exists(pk)",
        }
        operations: list[dict[str, Any]] = [
            {"Put": put},
            put_event(self._table, event),
            {"ConditionCheck": request_stands},
        ]
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            raise SettledAlreadyError from failed


def _item(request_id: str, document: Document) -> Item:
    return {
        PK: request_pk(request_id),
        SK: document_sk(document.document_id),
        "status": document.status.value,
        "document": json_of(document),
    }


def document_of(item: Item) -> Document:
    """A document of its item."""
    return Document.model_validate_json(item["document"])
