"""Reviewer actions before a decision: worklist, case, assignment, RFI, extension, peer-to-peer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from precert.domain import case_assignment, reviewing
from precert.domain.caller import Caller
from precert.domain.decision_clocks import ExtensionRequester
from precert.domain.errors import FieldError, InvalidInputError, NotEntitledError
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.rows import WorklistRow
from precert.domain.statuses import Status
from precert.domain.worklist import QueueCounts, QueueView, counts_of
from precert.names import Entitlement
from precert.usecases.changes import (
    Reading,
    change_case,
    change_request,
    reviewable,
    with_callers_actions,
)
from precert.usecases.ports.listings import Cycles, Listings, Page
from precert.usecases.ports.requests import RequestFile, RequestStore

MAX_COUNTING_CALLS: Final = 12
"""Maximum number of Query calls for counts: 12 MB, about 36,000 rows. Further rows are not counted."""


def list_worklist(
    caller: Caller,
    *,
    plan_id: str | None,
    mine: bool,
    view: QueueView | None = None,
    limit: int,
    cursor: str | None,
    listings: Listings,
    now: datetime,
) -> Page[WorklistRow]:
    """List open cycles of all the reviewer's plans, or of one, in one order. One AWS call per plan.

    Raises:
        NotEntitledError: also if the caller has no plans to review.
        InvalidInputError: the plan is not the reviewer's, or the cursor is not of this list.
    """
    cycles = Cycles(
        _plans_of(caller, plan_id), assigned_to=caller.subject if mine else None, view=view
    )
    return listings.worklist(cycles, limit=limit, cursor=cursor, now=now)


def count_worklist(
    caller: Caller, *, plan_id: str | None, listings: Listings, now: datetime
) -> QueueCounts:
    """Count the open cycles of the reviewer's plans. One AWS call per plan and per further MB.

    Raises:
        NotEntitledError: also if the caller has no plans to review.
        InvalidInputError: the plan is not the reviewer's.
    """
    plan_ids = _plans_of(caller, plan_id)
    open_cycles = listings.open_cycles_of(plan_ids, most_calls=MAX_COUNTING_CALLS + len(plan_ids))
    counts = counts_of(open_cycles.rows, caller, plan_ids, now)
    return replace(counts, complete=open_cycles.complete, damaged=open_cycles.damaged)


def _plans_of(caller: Caller, plan_id: str | None) -> tuple[str, ...]:
    """The plans of the reviewer's queue: all of theirs, or the one that is named."""
    caller.require(Entitlement.REVIEWER)
    if not caller.plan_ids:
        raise NotEntitledError(
            "No plans are assigned to you. Ask your website access manager to assign the plans that "
            "you review.",
            entitlement=Entitlement.REVIEWER.value,
        )
    if plan_id is None:
        return tuple(sorted(caller.plan_ids))
    if plan_id not in caller.plan_ids:
        raise InvalidInputError(
            [FieldError("/plan_id", "not_yours", "must be one of the plans that you review")]
        )
    return (plan_id,)


def read_case(request_id: str, caller: Caller, *, requests: RequestStore) -> RequestFile:
    """Read a submitted request of one of the reviewer's plans. One AWS call.

    Raises:
        NotEntitledError.
        NotFoundError: it is not in the reviewer's queues, or is a draft.
    """
    caller.require(Entitlement.REVIEWER)
    file = requests.read_file(request_id)
    reviewable(file.request if file else None, caller)
    if file is None:
        raise AssertionError("a reviewable request has a file")
    return file


def list_member_history(
    request_id: str,
    caller: Caller,
    *,
    limit: int,
    cursor: str | None,
    requests: RequestStore,
    listings: Listings,
) -> Page[Request]:
    """List the member's other submitted requests under the reviewer's plans. Three AWS calls.

    Raises:
        NotEntitledError.
        NotFoundError: the case is not in the reviewer's queues.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.REVIEWER)
    case = reviewable(requests.read(request_id), caller)
    member_id = case.content.member_id
    if member_id is None:
        raise AssertionError("a submitted request has a patient")
    page = listings.of_member(member_id, limit=limit, cursor=cursor)
    others = requests.read_all([one for one in page.rows if one != request_id])
    return Page(
        tuple(
            one
            for one in others.requests
            if one.status is not Status.INCOMPLETE and one.plan.plan_id in caller.plan_ids
        ),
        page.cursor,
        others.damaged,
    )


def assign_case(
    request_id: str,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Assign the open cycle to the caller, or renew the assignment.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: it is assigned to another reviewer, or no cycle is open.
        SameReviewerError: the appeal is against the caller's decision.
        VersionMismatchError: the request is in another version than the caller read.
    """
    until = now + timedelta(minutes=payer.utilization_management.assignment_minutes)

    def move(request: Request) -> Change | None:
        return case_assignment.assign(
            request, caller.subject, until, now, renews=request.version in read.versions
        )

    return change_case(request_id, move, caller, read=read, requests=requests, now=now)


def reassign_case(
    request_id: str,
    reviewer: str | None,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Assign the open cycle to ``reviewer``, even if it is assigned to another one.

    ``None`` ends the assignment.

    Raises:
        NotEntitledError: the caller is not a review lead.
        NotFoundError: the case is not in the queues of the lead's plans.
        OwnRequestError: the lead acts for the providers of the request.
        InvalidInputError: the colleague may not decide the case.
        ActionNotAllowedError: no cycle is open.
        VersionMismatchError: the request is in another version than the caller read.
    """
    caller.require(Entitlement.REVIEW_LEAD)
    until = now + timedelta(minutes=payer.utilization_management.lead_assignment_minutes)

    def change(stored: Request | None) -> Change | Request:
        request = reviewable(stored, caller)
        caller.require_no_conflict(request)
        return with_callers_actions(
            request,
            lambda: case_assignment.reassign(request, reviewer, until, caller.subject, now),
            lambda: request.reviewer_actions(caller, now),
            read=read,
        )

    return change_request(request_id, change, requests=requests)


def release_case(
    request_id: str,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """End the caller's assignment; no change if the case is not assigned.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: it is assigned to another reviewer, or no cycle is open.
        VersionMismatchError: the request is in another version than the caller read.
    """

    def move(request: Request) -> Change | None:
        return case_assignment.release(request, caller.subject, now)

    return change_case(request_id, move, caller, read=read, requests=requests, now=now)


def add_note(
    request_id: str,
    text: str,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Add a note for other reviewers, even to a case that is closed or assigned to one of them.

    Repeating the caller's last note changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        OwnRequestError: the caller acts for the providers of the request.
        ActionNotAllowedError: the case has the maximum number of notes.
        VersionMismatchError: the request is in another version than the caller read.
    """
    caller.require(Entitlement.REVIEWER)

    def change(stored: Request | None) -> Change | Request:
        request = reviewable(stored, caller)
        caller.require_no_conflict(request)
        return with_callers_actions(
            request,
            lambda: reviewing.add_note(
                request, text, caller.subject, now, read=min(read.versions, default=None)
            ),
            lambda: request.reviewer_actions(caller, now),
            read=read,
        )

    return change_request(request_id, change, requests=requests)


def request_information(
    request_id: str,
    documents: Sequence[str],
    text: str | None,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Send an RFI; where the line of business allows it, the clock pauses until the response or its
    deadline.

    ``documents`` are codes of the payer's required documentation. A repetition changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: a code is not the payer's, or nothing is requested.
        ActionNotAllowedError: another RFI is open, a deadline that does not pause has passed, the case
            is assigned to another reviewer, or no cycle is open.
        VersionMismatchError: the request is in another version than the caller read.
    """
    codes = tuple(dict.fromkeys(documents))

    def move(request: Request) -> Change | None:
        if errors := _unknown(documents, payer):
            raise InvalidInputError(errors)
        current = request.submitted.open_information_request
        if current and (current.requested_by, current.documents, current.text) == (
            caller.subject,
            codes,
            text,
        ):
            return None
        return reviewing.request_information(
            request,
            codes,
            text,
            payer=payer,
            by=caller.subject,
            now=now,
        )

    return change_case(request_id, move, caller, read=read, requests=requests, now=now)


def _unknown(documents: Sequence[str], payer: Payer) -> list[FieldError]:
    choices = tuple(sorted(payer.required_documentation))
    names = ", ".join(payer.required_documentation[code] for code in choices)
    return [
        FieldError(f"/documents/{index}", "not_a_choice", f"must be one of: {names}", choices)
        for index, code in enumerate(documents)
        if code not in payer.required_documentation
    ]


def extend_deadline(
    request_id: str,
    reason: str,
    caller: Caller,
    *,
    days: int | None = None,
    requested_by: ExtensionRequester = ExtensionRequester.PAYER,
    read: Reading,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Extend the deadline of the open cycle, as the line of business allows; see
    :func:`precert.domain.reviewing.extend`. Member and providers receive a notice with the reason.

    A repetition changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: too many days, or requested by a party that may not request it.
        ActionNotAllowedError: no extension is allowed, the deadline was extended or has passed, the
            case is assigned to another reviewer, or no cycle is open.
        VersionMismatchError: the request is in another version than the caller read.
    """

    def move(request: Request) -> Change | None:
        known = request.extension if request.waits_for_review else None
        if (
            known
            and (known.reason, known.requested_by) == (reason, requested_by)
            and (days in (None, known.days))
        ):
            return None
        return reviewing.extend(
            request,
            reason,
            days=days,
            requested_by=requested_by,
            payer=payer,
            by=caller.subject,
            now=now,
        )

    return change_case(request_id, move, caller, read=read, requests=requests, now=now)


def offer_peer_to_peer(
    request_id: str,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Offer a peer-to-peer discussion, with a phone number and a time. It changes no deadline.

    Repeating a current offer changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: it is assigned to another reviewer, or no cycle is open.
        VersionMismatchError: the request is in another version than the caller read.
    """
    settings = payer.utilization_management
    respond_by = now + timedelta(hours=settings.peer_to_peer_hours)

    def move(request: Request) -> Change | None:
        return reviewing.offer_peer_to_peer(
            request, settings.peer_to_peer_phone, respond_by, by=caller.subject, now=now
        )

    return change_case(request_id, move, caller, read=read, requests=requests, now=now)
