"""Requests that are submitted without a draft, and the items of precertification numbers."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.documents import document_item
from precert.adapters.dynamodb.duplicates import (
    LockChangedError,
    approval_writes,
    put_fingerprint,
    set_lock,
    write_with_lock,
)
from precert.adapters.dynamodb.keys import (
    LAST_APPROVAL_SK,
    ORIGINAL_SK,
    REGISTERED_BY_SK,
    REGISTERED_LIST,
    REGISTERED_SK,
    instant,
    number_pk,
    registered_list_pk,
    request_pk,
)
from precert.adapters.dynamodb.queue_entries import (
    delegation_writes,
    intake_writes,
    notices_writes,
    unmatched_writes,
    worklist_attributes,
)
from precert.adapters.dynamodb.reference import covered_condition
from precert.adapters.dynamodb.request_items import put_event, request_item, request_of, row_writes
from precert.adapters.dynamodb.table import ABSENT, ConditionFailedError, Writes, get, to_wire
from precert.domain.documents import Document
from precert.domain.duplicates import Fingerprint
from precert.domain.events import Event
from precert.domain.request import Change, Comparison, Request
from precert.domain.review import CLERKS_CHANNELS
from precert.domain.rows import row_of_request
from precert.names import CREATED, MEMBER, PK, REQUEST_SK, SK, TTL_ATTRIBUTE
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    CoverageChangedError,
    NumberTakenError,
    RegisteredAlreadyError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

NUMBER_SK: Final = "NUMBER"


def registered_writes(table: str, request: Request) -> list[dict[str, Any]]:
    """Writes of a new request's entries in the lists of staff, which have only keys."""
    review = request.submitted
    if review.channel not in CLERKS_CHANNELS or review.submitted_by is None:
        return []
    lists = {
        REGISTERED_SK: REGISTERED_LIST,
        REGISTERED_BY_SK: registered_list_pk(review.submitted_by),
    }
    entry = {PK: request_pk(request.request_id), CREATED: instant(request.created_at)}
    return [
        {"Put": {"TableName": table, "Item": to_wire({**entry, SK: sk, MEMBER: partition})}}
        for sk, partition in lists.items()
    ]


def sk_of(operation: dict[str, Any]) -> str | None:
    """The sort key of the item that an operation puts; ``None`` for other operations."""
    item = operation.get("Put", {}).get("Item")
    return item[SK]["S"] if item else None


def put_number(table: str, request: Request) -> dict[str, Any]:
    """The put that reserves the precertification number of a request, unless it is in use."""
    item = {
        PK: number_pk(request.submitted.number),
        SK: NUMBER_SK,
        "request_id": request.request_id,
    }
    return {"TableName": table, "Item": to_wire(item), "ConditionExpression": ABSENT}


class DynamoDBRegistrations:
    """Stores requests that are submitted without a draft, each in one transaction."""

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        requests_table: str,
        reference_table: str,
        retained_until: Callable[[datetime], datetime],
    ) -> None:
        """``retained_until`` returns the end of retention for the instant of the last change (T4)."""
        self._client = client
        self._retained_until = retained_until
        self._writes = Writes(client)
        self._table = requests_table
        self._reference_table = reference_table

    def register(
        self,
        request: Request,
        event: Event,
        *,
        covered_on: date | None,
        fingerprint: Fingerprint,
        unique: bool = True,
        original: bytes | None = None,
        documents: Sequence[Document] = (),
        document_events: Sequence[Event] = (),
        changes: Sequence[Change] = (),
        compared: Comparison | None = None,
    ) -> None:
        submitted, request = request, changes[-1].request if changes else request
        patient = request.content.patient
        events = [(submitted, event), *((one.request, one.event) for one in changes)]
        approvals = [(submitted, compared), *((one.request, one.compared) for one in changes)]
        operations: list[dict[str, Any]] = [
            {"Put": self._put(request)},
            {"Put": put_number(self._table, request)},
            *(put_event(self._table, one) for _, one in events),
            *row_writes(
                self._table,
                row_of_request(request),
                request.tins,
                request.content.member_id,
                listed=request.is_listed,
            ),
            *unmatched_writes(self._table, request.request_id, request.content, request.submitted),
            *intake_writes(self._table, request),
            *registered_writes(self._table, request),
            *delegation_writes(self._table, request),
            # One entry is enough: it has the version of the last change that issues notices.
            *[line for one in events for line in notices_writes(self._table, *one)][-1:],
            *approval_writes(self._table, approvals, self._retained_until),
        ]
        if original is not None:
            item = {PK: request_pk(request.request_id), SK: ORIGINAL_SK, "original": original}
            operations.append({"Put": {"TableName": self._table, "Item": to_wire(item)}})
        for document in documents:
            item = document_item(request.request_id, document)
            operations.append({"Put": {"TableName": self._table, "Item": to_wire(item)}})
        operations += (put_event(self._table, one) for one in document_events)
        if covered_on and patient:
            operations.append(covered_condition(self._reference_table, patient, covered_on))
        operations.append(put_fingerprint(self._table, fingerprint))
        if not unique:
            if not request.is_adverse:
                at = request.updated_at
                operations.append(set_lock(self._table, fingerprint, fingerprint, at))
            self._transact(operations)
            return
        write_with_lock(
            self._table, fingerprint, lambda adding: self._transact([*operations, adding])
        )

    def _transact(self, operations: list[dict[str, Any]]) -> None:
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            if failed.index == 0:
                current = request_of(failed.item) if failed.item else None
                raise RegisteredAlreadyError(current) from failed
            if "ConditionCheck" in operations[failed.index]:
                raise CoverageChangedError from failed
            if failed.index == 1:
                raise NumberTakenError from failed
            if sk_of(operations[failed.index]) == LAST_APPROVAL_SK:
                raise ConcurrentChangeError from failed
            raise LockChangedError(failed.item) from failed

    def request_id_of(self, number: str) -> str | None:
        item = get(self._client, self._table, number_pk(number), NUMBER_SK)
        return item["request_id"] if item else None

    def _put(self, request: Request) -> dict[str, Any]:
        item = {
            PK: request_pk(request.request_id),
            SK: REQUEST_SK,
            **request_item(request),
            "unchanged_since": request.unchanged_since,
            **worklist_attributes(request),
            "takes_documents": request.takes_documents,
        }
        if request.retention_has_begun:
            item[TTL_ATTRIBUTE] = ceil(self._retained_until(request.shown_at).timestamp())
        return {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
