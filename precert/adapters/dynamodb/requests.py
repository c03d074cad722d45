"""Submitted requests and their workflow cycles; each change is one transaction with its event."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any, assert_never

from precert.adapters.dynamodb.documents import (
    document_id_of_key,
    document_item,
    document_of,
    notice_id_of_key,
    notice_of,
)
from precert.adapters.dynamodb.duplicates import (
    approval_writes,
    delete_fingerprint,
    put_fingerprint,
    release_lock,
    set_lock,
)
from precert.adapters.dynamodb.flags import uncount
from precert.adapters.dynamodb.keys import (
    NOTICE_SK_PREFIX,
    ORIGINAL_SK,
    cycle_sk,
    instant,
    number_pk,
    party_sk,
    request_pk,
)
from precert.adapters.dynamodb.listings import new_documents_of
from precert.adapters.dynamodb.queue_entries import (
    delegation_writes,
    intake_writes,
    notices_writes,
    queue_writes,
    unmatched_writes,
    worklist_attributes,
)
from precert.adapters.dynamodb.registrations import NUMBER_SK
from precert.adapters.dynamodb.request_items import (
    packed,
    packed_parts,
    put_event,
    request_of,
    row_writes,
    unchecked_request_of,
)
from precert.adapters.dynamodb.table import (
    ConditionFailedError,
    Item,
    Writes,
    from_wire,
    get,
    query_all,
    readable,
    request_id_of,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.duplicates import current_fingerprint, submitted_fingerprint
from precert.domain.errors import TransientError
from precert.domain.event_types import DuplicateLock
from precert.domain.events import Event
from precert.domain.request import Change, Request
from precert.domain.rows import row_of_request
from precert.domain.statuses import Status
from precert.names import (
    CHECKS_PK,
    CHECKS_SK,
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    NEW_DOCUMENTS,
    PK,
    REQUEST_SK,
    ROW_ATTRIBUTE,
    SK,
    TTL_ATTRIBUTE,
    WORKLIST_PK,
    WORKLIST_SK,
)
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Cycle,
    FoundRequests,
    RequestClosedError,
    RequestFile,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def rows_to_remove(table: str, change: Change) -> list[dict[str, Any]]:
    """Writes that delete the rows and flags of TINs that no longer have access to the request."""
    request_id = change.request.request_id
    return [
        operation
        for tin in sorted(change.unseen_by)
        for operation in (
            {
                "Delete": {
                    "TableName": table,
                    "Key": to_wire({PK: request_pk(request_id), SK: party_sk(tin)}),
                }
            },
            {"Update": uncount(table, tin, request_id)},
        )
    ]


class DynamoDBRequests:
    """Requests; each change is one transaction with its event."""

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        requests_table: str,
        retained_until: Callable[[datetime], datetime],
    ) -> None:
        """``retained_until`` returns the end of retention for the instant of the last change (T4)."""
        self._client = client
        self._retained_until = retained_until
        self._writes = Writes(client)
        self._table = requests_table

    def read_file(self, request_id: str) -> RequestFile | None:
        items = query_all(self._client, self._table, request_pk(request_id))
        header = next((item for item in items if item[SK] == REQUEST_SK), None)
        return file_of(request_of(header), items) if header else None

    def read(self, request_id: str) -> Request | None:
        item = get(self._client, self._table, request_pk(request_id), REQUEST_SK)
        return request_of(item) if item else None

    def read_all(self, request_ids: Sequence[str]) -> FoundRequests:
        keys = [to_wire({PK: request_pk(one), SK: REQUEST_SK}) for one in request_ids]
        if not keys:
            return FoundRequests(())
        with transient_errors():
            response = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys}})
        if response.get("UnprocessedKeys"):
            raise TransientError("The table is busy. Try again.")
        by_key = {item[PK]: item for item in map(from_wire, response["Responses"][self._table])}
        in_order = (by_key.get(request_pk(one)) for one in request_ids)
        items = (item for item in in_order if item is not None)
        found, damaged = readable(RecordKind.REQUEST, items, unchecked_request_of, request_id_of)
        return FoundRequests(tuple(found), damaged)

    def record(self, change: Change, cycle: Cycle | None = None) -> None:
        request = change.request
        operations = [
            {"Update": self._update(change)},
            put_event(self._table, change.event),
            *row_writes(
                self._table,
                row_of_request(request),
                request.tins,
                request.content.member_id,
                listed=request.is_listed,
            ),
        ]
        operations += self._duplicates(change)
        operations += unmatched_writes(
            self._table, request.request_id, request.content, request.submitted
        )
        operations += intake_writes(self._table, request)
        operations += rows_to_remove(self._table, change)
        operations += delegation_writes(self._table, request)
        operations += queue_writes(self._table, request)
        operations += notices_writes(self._table, request, change.event)
        if cycle is not None:
            operations.append(self._put_cycle(cycle))
        operations += self._update_of_claim(change)
        operations += approval_writes(
            self._table, [(change.request, change.compared)], self._retained_until
        )
        if change.other is not None:
            operations.append(self._unchanged(*change.other))
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            raise ConcurrentChangeError from failed

    def renew_cycle(self, cycle: Cycle) -> None:
        check = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(cycle.request_id), SK: REQUEST_SK}),
            # An open cycle has one of these attributes, or both if an earlier release stored it.
            "ConditionExpression": (
                f"(attribute_exists({WORKLIST_PK}) OR attribute_exists({CHECKS_PK})) "
                "AND #cycle = :cycle"
            ),
            "ExpressionAttributeNames": {"#cycle": "cycle"},
            "ExpressionAttributeValues": to_wire({":cycle": cycle.number}),
        }
        try:
            self._writes.transact([{"ConditionCheck": check}, self._put_cycle(cycle)])
        except ConditionFailedError as failed:
            raise RequestClosedError from failed

    def cycle(self, request_id: str, number: int) -> Cycle | None:
        item = get(self._client, self._table, request_pk(request_id), cycle_sk(number))
        return Cycle(request_id, number, item["task_token"]) if item else None

    def _put_cycle(self, cycle: Cycle) -> dict[str, Any]:
        item = {
            PK: request_pk(cycle.request_id),
            SK: cycle_sk(cycle.number),
            "task_token": cycle.task_token,
        }
        return {"Put": {"TableName": self._table, "Item": to_wire(item)}}

    def _update_of_claim(self, change: Change) -> list[dict[str, Any]]:
        """Writes of an update's claim as it was sent, of its id, and of its documents."""
        request, items = change.request, []
        if change.original is not None:
            sk = f"{ORIGINAL_SK}#{request.version:06d}"
            items.append({PK: request_pk(request.request_id), SK: sk, "original": change.original})
        if change.reference is not None:
            items.append(
                {PK: number_pk(change.reference), SK: NUMBER_SK, "request_id": request.request_id}
            )
        items += (document_item(request.request_id, document) for document, _ in change.documents)
        writes = [{"Put": {"TableName": self._table, "Item": to_wire(item)}} for item in items]
        return [*writes, *(put_event(self._table, event) for _, event in change.documents if event)]

    def _unchanged(self, request_id: str, version: int) -> dict[str, Any]:
        """The condition that another request, on which the change depends, is still in a version."""
        check = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": to_wire({":version": version}),
        }
        return {"ConditionCheck": check}

    def _duplicates(self, change: Change) -> list[dict[str, Any]]:
        """Writes of the lock against duplicates and of the fingerprint (S2).

        A request is in its lock unless a service line is denied or modified. Its fingerprint remains
        until it is void, so that later requests are compared with it.
        """
        request, effect = change.request, change.effects.duplicate_lock
        if effect is DuplicateLock.KEEP:
            return []
        submitted, at = submitted_fingerprint(request), request.updated_at
        release = release_lock(self._table, submitted, at)
        match effect:
            case DuplicateLock.RELEASE:
                return [release, delete_fingerprint(self._table, submitted)]
            case DuplicateLock.REPLACE | DuplicateLock.DETERMINE:
                if request.status is Status.VOID:
                    return []
                replaced = effect is DuplicateLock.REPLACE
                if not replaced and not request.is_adverse and _is_first_decision(request):
                    return []
                now = current_fingerprint(request)
                hold = set_lock(self._table, submitted, now, at)
                return [
                    release if request.is_adverse else hold,
                    *([put_fingerprint(self._table, now)] if replaced else []),
                ]
            case DuplicateLock.MOVE:
                return self._moved_lock(change)
            case other:
                assert_never(other)

    def _moved_lock(self, change: Change) -> list[dict[str, Any]]:
        """Writes of the lock and the fingerprint after an update, which can change the signature."""
        request, at = change.request, change.request.updated_at
        after, current = submitted_fingerprint(request), current_fingerprint(request)
        before = submitted_fingerprint(change.before or request)
        writes = [set_lock(self._table, after, current, at), put_fingerprint(self._table, current)]
        if before.signature != after.signature:
            writes.append(release_lock(self._table, before, at))
        return writes

    def _update(self, change: Change) -> dict[str, Any]:
        request = change.request
        review = request.submitted
        sets: Item = {
            "version": request.version,
            "status": request.status.value,
            "review": packed(review),
            "cycle": review.cycle,
            "updated_at": instant(request.updated_at),
            "takes_documents": request.takes_documents,
            **worklist_attributes(request),
        }
        optional = {
            "internal_since": instant(request.internal_since) if request.internal_since else None,
            "unchanged_since": request.unchanged_since,
        }
        sets |= {name: value for name, value in optional.items() if value is not None}
        if request.retention_has_begun:
            sets[TTL_ATTRIBUTE] = ceil(self._retained_until(request.shown_at).timestamp())
        if change.effects.grants_upload_slots:
            sets["document_slots"] = request.document_slots
        if change.effects.changes_content:
            sets |= {"content": packed_parts(request.content), "tins": set(request.tins)}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
        names = {f"#{name}": name for name in (*sets, "version")}
        removed = ["slots_taken"] if "document_slots" in sets else []
        if not request.retention_has_begun:
            removed.append(TTL_ATTRIBUTE)
        removed += [name for name, value in optional.items() if value is None]
        if not request.cycle_is_open:
            removed += [WORKLIST_PK, WORKLIST_SK, ROW_ATTRIBUTE, CHECKS_PK, CHECKS_SK]
        if removed:
            names |= {f"#{name}": name for name in removed}
            expression += " REMOVE " + ", ".join(f"#{name}" for name in removed)
        values = {f":{name}": value for name, value in sets.items()}
        update = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request.request_id), SK: REQUEST_SK}),
            "UpdateExpression": expression,
            "ConditionExpression": "#version = :based_on",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_wire({**values, ":based_on": change.based_on}),
        }
        return _with_seen_documents(update, change)


def _with_seen_documents(update: dict[str, Any], change: Change) -> dict[str, Any]:
    """The update, which also removes the documents that the reviewer read from the new ones."""
    if change.seen_documents:
        update["ExpressionAttributeNames"]["#new"] = NEW_DOCUMENTS
        update["ExpressionAttributeValues"] |= to_wire({":seen": set(change.seen_documents)})
        update["UpdateExpression"] += " DELETE #new :seen"
    if change.all_seen:
        update["ExpressionAttributeNames"]["#new"] = NEW_DOCUMENTS
        # Within a version, new documents are only added, so comparing their number is enough.
        update["ExpressionAttributeValues"] |= to_wire({":all": len(change.seen_documents)})
        update["ConditionExpression"] += " AND (attribute_not_exists(#new) OR size(#new) = :all)"
    return update


def file_of(request: Request, items: Sequence[Item]) -> RequestFile:
    """The request with its documents, events and notices, from the items of its partition."""

    def of(prefix: str) -> Iterator[Item]:
        return (item for item in items if item[SK].startswith(prefix))

    events, damaged_events = readable(
        RecordKind.EVENT, of(EVENT_SK_PREFIX), _event_of, event_id_of_key
    )
    documents, damaged_documents = readable(
        RecordKind.DOCUMENT, of(DOCUMENT_SK_PREFIX), document_of, document_id_of_key
    )
    notices, damaged_notices = readable(
        RecordKind.NOTICE, of(NOTICE_SK_PREFIX), notice_of, notice_id_of_key
    )
    return RequestFile(
        request=request,
        documents=tuple(sorted(documents, key=lambda document: document.offered_at)),
        events=tuple(sorted(events, key=lambda event: event.at)),
        notices=tuple(notices),
        new_documents=next(
            (new_documents_of(item) for item in items if item[SK] == REQUEST_SK), ()
        ),
        damaged=(*damaged_documents, *damaged_notices, *damaged_events),
        original=next((item["original"] for item in items if item[SK] == ORIGINAL_SK), None),
        updates=tuple(item["original"] for item in of(f"{ORIGINAL_SK}#")),
        damaged_documents=damaged_documents,
    )


def event_id_of_key(item: Item) -> str:
    return f"{request_id_of(item)}.{sort_key_of(item).removeprefix(EVENT_SK_PREFIX)}"


def _event_of(item: Item) -> Event:
    return Event.model_validate_json(item["event"])


def _is_first_decision(request: Request) -> bool:
    return all(len(line.decisions) == 1 for line in request.submitted.lines)
