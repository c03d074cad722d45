"""Submitted requests, their workflow cycles, and requests registered without a draft.

The row of an unmatched provider is in the worklist index under its own partition, and in the request's
item collection: from the write that marks the provider to the one that reconciles it.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
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
    LockChangedError,
    delete_fingerprint,
    put_fingerprint,
    release_lock,
    set_lock,
    write_with_lock,
)
from precert.adapters.dynamodb.flags import uncount
from precert.adapters.dynamodb.keys import (
    DEEMED_DENIAL_QUEUE,
    DEEMED_DENIAL_SK,
    INTAKE_QUEUE,
    INTAKE_SK,
    NOTICE_SK_PREFIX,
    NOTICES_SK,
    ORIGINAL_SK,
    OVERDUE_QUEUE,
    OVERDUE_SK,
    PROCESSING_QUEUE,
    REGISTERED_BY_SK,
    REGISTERED_LIST,
    REGISTERED_SK,
    UNMATCHED_QUEUE,
    VENDOR_BACKLOG,
    backlog_sk,
    backlog_worklist_sk,
    checks_sk,
    cycle_sk,
    instant,
    number_pk,
    overdue_sk,
    party_sk,
    registered_list_pk,
    request_pk,
    unmatched_sk,
    unmatched_worklist_sk,
    vendor_list_pk,
    vendor_list_sk,
    vendor_sk,
    worklist_pk,
    worklist_sk,
)
from precert.adapters.dynamodb.listings import new_documents_of
from precert.adapters.dynamodb.reference import covered_condition
from precert.adapters.dynamodb.request_items import (
    packed,
    packed_parts,
    put_event,
    request_item,
    request_of,
    set_lines,
    unchecked_request_of,
)
from precert.adapters.dynamodb.table import (
    ABSENT,
    ConditionFailedError,
    Item,
    Writes,
    from_wire,
    get,
    json_of,
    query_all,
    readable,
    request_id_of,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.content import RequestContent
from precert.domain.damage import RecordKind
from precert.domain.dates import LAST_INSTANT
from precert.domain.delegation import Delegation, DelegationStatus
from precert.domain.documents import Document
from precert.domain.duplicates import (
    Fingerprint,
    current_fingerprint,
    submitted_fingerprint,
)
from precert.domain.errors import TransientError
from precert.domain.event_types import EVENTS, DuplicateLock
from precert.domain.events import Event
from precert.domain.matching import ProviderRole, unmatched
from precert.domain.request import Change, Request
from precert.domain.review import CLERKS_CHANNELS, Review
from precert.domain.rows import (
    delegation_row,
    intake_exception_row,
    row_of_request,
    unmatched_row,
    worklist_row,
)
from precert.domain.statuses import Status
from precert.names import (
    CHECKS_PK,
    CHECKS_SK,
    CREATED,
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    MEMBER,
    NEW_DOCUMENTS,
    PK,
    REQUEST_SK,
    ROW_ATTRIBUTE,
    SK,
    TTL_ATTRIBUTE,
    WORKLIST_PK,
    WORKLIST_SK,
)
from precert.usecases.ports.listings import CheckQueue, WaitQueue
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    CoverageChangedError,
    Cycle,
    FoundRequests,
    NumberTakenError,
    RegisteredAlreadyError,
    RequestClosedError,
    RequestFile,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def unmatched_lines(
    table: str, request_id: str, content: RequestContent, review: Review
) -> list[dict[str, Any]]:
    """Writes that update the list of unmatched providers: one row per unmatched role."""
    waiting = unmatched(review.temporary_providers)
    return [
        _put(table, request_id, role, content, review)
        if role in waiting
        else {"Delete": {"TableName": table, "Key": to_wire(_key(request_id, role))}}
        for role in ProviderRole
        if role in review.temporary_providers
    ]


def intake_lines(table: str, request: Request) -> list[dict[str, Any]]:
    """Writes that update the list of intake exceptions; none for requests without one."""
    if not request.submitted.intake_exceptions:
        return []
    key = {PK: request_pk(request.request_id), SK: INTAKE_SK}
    if not request.awaits_intake_confirmation:
        return [{"Delete": {"TableName": table, "Key": to_wire(key)}}]
    item = {
        **key,
        WORKLIST_PK: INTAKE_QUEUE,
        WORKLIST_SK: f"{instant(request.submitted.submitted_at)}#{request.request_id}",
        ROW_ATTRIBUTE: json_of(intake_exception_row(request)),
    }
    return [{"Put": {"TableName": table, "Item": to_wire(item)}}]


def registered_lines(table: str, request: Request) -> list[dict[str, Any]]:
    """Entries of a new request in the lists of staff; they have keys only, and never change."""
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


def notices_lines(table: str, request: Request, event: Event) -> list[dict[str, Any]]:
    """The entry of a request until the notices of a change are issued (W4)."""
    if not EVENTS[event.type].notices:
        return []
    item = {
        PK: request_pk(request.request_id),
        SK: NOTICES_SK,
        WORKLIST_PK: WaitQueue.NOTICES.value,
        WORKLIST_SK: f"{instant(event.at)}#{request.request_id}",
        "version": request.version,
    }
    return [{"Put": {"TableName": table, "Item": to_wire(item)}}]


def delegation_lines(table: str, request: Request) -> list[dict[str, Any]]:
    """Writes that update the vendors' lists and the backlog with what each vendor decides (W8)."""
    shown = [one for one in request.submitted.delegations if one.delegated_at or one.reports]
    return [operation for one in shown for operation in _delegation_lines(table, request, one)]


def _delegation_lines(table: str, request: Request, one: Delegation) -> list[dict[str, Any]]:
    request_id, row = request.request_id, delegation_row(request, one)
    is_open = row.status is DelegationStatus.OPEN
    at = one.due_at if is_open and one.due_at else request.shown_at
    entry = {
        PK: request_pk(request_id),
        SK: vendor_sk(one.vendor_id),
        WORKLIST_PK: vendor_list_pk(one.vendor_id, is_open=is_open),
        WORKLIST_SK: vendor_list_sk(at, request_id),
        ROW_ATTRIBUTE: json_of(row),
    }
    key = {PK: request_pk(request_id), SK: backlog_sk(one.vendor_id)}
    writes: list[dict[str, Any]] = [{"Put": {"TableName": table, "Item": to_wire(entry)}}]
    if one.delegated_at is None:
        return writes
    if not is_open:
        return [*writes, {"Delete": {"TableName": table, "Key": to_wire(key)}}]
    check_at = one.next_check_at or at
    waiting = {
        **key,
        WORKLIST_PK: VENDOR_BACKLOG,
        WORKLIST_SK: backlog_worklist_sk(check_at, request_id, overdue=one.escalated),
        ROW_ATTRIBUTE: json_of(
            row.model_copy(update={"patient": None, "date_of_birth": None, "member_id": None})
        ),
    }
    return [*writes, {"Put": {"TableName": table, "Item": to_wire(waiting)}}]


def queue_lines(table: str, request: Request) -> list[dict[str, Any]]:
    """Writes of the rows of the operators' queues, from the escalation to the end of the cycle."""
    review = request.submitted
    queues = (
        (OVERDUE_SK, OVERDUE_QUEUE, review.escalated_cycle),
        (DEEMED_DENIAL_SK, DEEMED_DENIAL_QUEUE, review.deemed_cycle),
    )
    return [
        _queue_line(table, request, sk, queue)
        for sk, queue, cycle in queues
        # An update opens another cycle, whose deadline is in no queue yet.
        if cycle == review.cycle or (cycle and request.status is Status.PROCESSING)
    ]


def _queue_line(table: str, request: Request, sk: str, queue: str) -> dict[str, Any]:
    key, due_at = {PK: request_pk(request.request_id), SK: sk}, request.due_at
    if not request.cycle_is_open or due_at is None:
        return {"Delete": {"TableName": table, "Key": to_wire(key)}}
    item = {
        **key,
        WORKLIST_PK: queue,
        WORKLIST_SK: overdue_sk(due_at, request.request_id),
        ROW_ATTRIBUTE: json_of(worklist_row(request, due_at)),
    }
    return {"Put": {"TableName": table, "Item": to_wire(item)}}


def rows_to_remove(table: str, change: Change) -> list[dict[str, Any]]:
    """Writes that delete the rows and flags of TINs that no longer see the request."""
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


def _key(request_id: str, role: ProviderRole) -> dict[str, str]:
    return {PK: request_pk(request_id), SK: unmatched_sk(role)}


def _put(
    table: str, request_id: str, role: ProviderRole, content: RequestContent, review: Review
) -> dict[str, Any]:
    item = {
        **_key(request_id, role),
        WORKLIST_PK: UNMATCHED_QUEUE,
        WORKLIST_SK: unmatched_worklist_sk(review.submitted_at, request_id, role),
        ROW_ATTRIBUTE: json_of(unmatched_row(request_id, role, content, review)),
    }
    return {"Put": {"TableName": table, "Item": to_wire(item)}}


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
            *set_lines(
                self._table,
                row_of_request(request),
                request.tins,
                request.content.member_id,
                listed=request.is_listed,
            ),
        ]
        operations += self._duplicates(change)
        operations += unmatched_lines(
            self._table, request.request_id, request.content, request.submitted
        )
        operations += intake_lines(self._table, request)
        operations += rows_to_remove(self._table, change)
        operations += delegation_lines(self._table, request)
        operations += queue_lines(self._table, request)
        operations += notices_lines(self._table, request, change.event)
        if cycle is not None:
            operations.append(self._put_cycle(cycle))
        operations += self._update_of_claim(change)
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
            "ConditionExpression": f"attribute_exists({WORKLIST_PK}) AND #cycle = :cycle",
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
        """Writes of the claim that an update was, and of the id under which it is found."""
        request, items = change.request, []
        if change.original is not None:
            sk = f"{ORIGINAL_SK}#{request.version:06d}"
            items.append({PK: request_pk(request.request_id), SK: sk, "original": change.original})
        if change.reference is not None:
            items.append(
                {PK: number_pk(change.reference), SK: NUMBER_SK, "request_id": request.request_id}
            )
        return [{"Put": {"TableName": self._table, "Item": to_wire(item)}} for item in items]

    def _unchanged(self, request_id: str, version: int) -> dict[str, Any]:
        """The condition that another request is still in the version that the change is based on."""
        check = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": to_wire({":version": version}),
        }
        return {"ConditionCheck": check}

    def _duplicates(self, change: Change) -> list[dict[str, Any]]:
        """Writes of the lock against duplicates and of the fingerprint (S2).

        A lock holds a request unless a service line is denied or modified. The fingerprint remains
        until the request is void, so that a later request is compared with it.
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
        """Writes of the lock and the fingerprint after an update, which changes their signature."""
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
        if request.is_history:
            sets[TTL_ATTRIBUTE] = ceil(self._retained_until(request.shown_at).timestamp())
        if change.effects.grants_upload_slots:
            sets["document_slots"] = request.document_slots
        if change.effects.changes_content:
            sets |= {"content": packed_parts(request.content), "tins": set(request.tins)}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
        names = {f"#{name}": name for name in (*sets, "version")}
        removed = ["slots_taken"] if "document_slots" in sets else []
        if not request.is_history:
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
    """The update, in which the documents that the reviewer saw are no longer new."""
    if change.seen_documents:
        update["ExpressionAttributeNames"]["#new"] = NEW_DOCUMENTS
        update["ExpressionAttributeValues"] |= to_wire({":seen": set(change.seen_documents)})
        update["UpdateExpression"] += " DELETE #new :seen"
    if change.all_seen:
        update["ExpressionAttributeNames"]["#new"] = NEW_DOCUMENTS
        # Between two versions documents are only added, so that their number identifies them.
        update["ExpressionAttributeValues"] |= to_wire({":all": len(change.seen_documents)})
        update["ConditionExpression"] += " AND (attribute_not_exists(#new) OR size(#new) = :all)"
    return update


def file_of(request: Request, items: Sequence[Item]) -> RequestFile:
    """A request file from the items of its partition."""

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


def worklist_attributes(request: Request) -> Item:
    """Index attributes of an open cycle: its place in the reviewers' queue, and its next check."""
    if not request.cycle_is_open:
        return {}
    due_at = request.due_at
    if due_at is None:
        return processing_attributes(request.request_id, request.updated_at)
    check_at = request.next_event_at or LAST_INSTANT
    return {
        CHECKS_PK: CheckQueue.PENDED.value,
        CHECKS_SK: checks_sk(check_at, request.request_id),
        WORKLIST_PK: worklist_pk(request.plan.plan_id),
        WORKLIST_SK: worklist_sk(request.cycle_urgency, due_at, request.request_id),
        ROW_ATTRIBUTE: json_of(worklist_row(request, due_at)),
    }


def processing_attributes(request_id: str, since: datetime) -> Item:
    """Index attributes of a cycle that waits for its assessment."""
    queued = checks_sk(since, request_id)
    return {
        CHECKS_PK: CheckQueue.UNASSESSED.value,
        CHECKS_SK: queued,
        WORKLIST_PK: PROCESSING_QUEUE,
        WORKLIST_SK: queued,
    }


def _is_first_decision(request: Request) -> bool:
    return all(len(line.decisions) == 1 for line in request.submitted.lines)


NUMBER_SK = "NUMBER"


def put_number(table: str, request: Request) -> dict[str, Any]:
    """The put that reserves the precertification number of a request, once."""
    item = {
        PK: number_pk(request.submitted.number),
        SK: NUMBER_SK,
        "request_id": request.request_id,
    }
    return {"TableName": table, "Item": to_wire(item), "ConditionExpression": ABSENT}


class DynamoDBRegistrations:
    """Registers requests without a draft; one transaction each."""

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
    ) -> None:
        patient = request.content.patient
        operations: list[dict[str, Any]] = [
            {"Put": self._put(request)},
            {"Put": put_number(self._table, request)},
            put_event(self._table, event),
            *set_lines(
                self._table,
                row_of_request(request),
                request.tins,
                request.content.member_id,
                listed=request.is_listed,
            ),
            *unmatched_lines(self._table, request.request_id, request.content, request.submitted),
            *intake_lines(self._table, request),
            *registered_lines(self._table, request),
            *delegation_lines(self._table, request),
            *notices_lines(self._table, request, event),
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
            raise LockChangedError(failed.item) from failed

    def request_id_of(self, number: str) -> str | None:
        item = get(self._client, self._table, number_pk(number), NUMBER_SK)
        return item["request_id"] if item else None

    def _put(self, request: Request) -> dict[str, Any]:
        item = {
            PK: request_pk(request.request_id),
            SK: REQUEST_SK,
            **request_item(request),
            **worklist_attributes(request),
            "takes_documents": request.takes_documents,
        }
        if request.is_history:
            item[TTL_ATTRIBUTE] = ceil(self._retained_until(request.shown_at).timestamp())
        return {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
