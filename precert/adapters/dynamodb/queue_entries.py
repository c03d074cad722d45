"""Entries of requests in the worklist, the operators' queues and the vendors' lists.

They are written in the transaction of the change of the request.
"""

from datetime import datetime
from typing import Any

from precert.adapters.dynamodb.keys import (
    DEEMED_DENIAL_QUEUE,
    DEEMED_DENIAL_SK,
    INTAKE_QUEUE,
    INTAKE_SK,
    NOTICES_SK,
    OVERDUE_QUEUE,
    OVERDUE_SK,
    UNMATCHED_QUEUE,
    VENDOR_BACKLOG,
    backlog_sk,
    backlog_worklist_sk,
    checks_sk,
    instant,
    overdue_sk,
    request_pk,
    unmatched_sk,
    unmatched_worklist_sk,
    vendor_list_pk,
    vendor_list_sk,
    vendor_sk,
    worklist_pk,
    worklist_sk,
)
from precert.adapters.dynamodb.table import Item, json_of, to_wire
from precert.domain.content import RequestContent
from precert.domain.dates import LAST_INSTANT
from precert.domain.delegation import Delegation, DelegationStatus
from precert.domain.event_types import EVENTS
from precert.domain.events import Event
from precert.domain.matching import ProviderRole, unmatched
from precert.domain.request import Request
from precert.domain.review import Review
from precert.domain.rows import delegation_row, intake_exception_row, unmatched_row, worklist_row
from precert.domain.statuses import Status
from precert.names import CHECKS_PK, CHECKS_SK, PK, ROW_ATTRIBUTE, SK, WORKLIST_PK, WORKLIST_SK
from precert.usecases.ports.listings import CheckQueue, WaitQueue


def unmatched_writes(
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


def intake_writes(table: str, request: Request) -> list[dict[str, Any]]:
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


def notices_writes(table: str, request: Request, event: Event) -> list[dict[str, Any]]:
    """The write of a request's entry in the queue of notices, until they are issued (W4)."""
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


def delegation_writes(table: str, request: Request) -> list[dict[str, Any]]:
    """Writes that update the delegations of a request in the vendors' lists and the backlog (W8)."""
    shown = [one for one in request.submitted.delegations if one.delegated_at or one.reports]
    return [operation for one in shown for operation in _delegation_writes(table, request, one)]


def _delegation_writes(table: str, request: Request, one: Delegation) -> list[dict[str, Any]]:
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


def queue_writes(table: str, request: Request) -> list[dict[str, Any]]:
    """Writes of the rows in the operators' queues, from the escalation to the end of the cycle."""
    review = request.submitted
    queues = (
        (OVERDUE_SK, OVERDUE_QUEUE, review.escalated_cycle),
        (DEEMED_DENIAL_SK, DEEMED_DENIAL_QUEUE, review.deemed_cycle),
    )
    return [
        _queue_write(table, request, sk, queue)
        for sk, queue, cycle in queues
        # An update opens another cycle: the entry of the previous one must be deleted.
        if cycle == review.cycle or (cycle and request.status is Status.PROCESSING)
    ]


def _queue_write(table: str, request: Request, sk: str, queue: str) -> dict[str, Any]:
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


def worklist_attributes(request: Request) -> Item:
    """Index attributes of an open cycle: for the worklist, and for the next check of its clock."""
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
    return {CHECKS_PK: CheckQueue.UNASSESSED.value, CHECKS_SK: checks_sk(since, request_id)}
