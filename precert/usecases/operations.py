"""Operators: their queues and how many entries these have, unmatched providers, approved dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from precert.domain import operator_actions
from precert.domain.caller import Caller
from precert.domain.dates import ApprovedDate
from precert.domain.decisions import Decision
from precert.domain.errors import FieldError, InvalidInputError, NotFoundError
from precert.domain.matching import ProviderRole
from precert.domain.request import Change, Request
from precert.domain.rows import IntakeExceptionRow, UnmatchedRow, WorklistRow
from precert.domain.statuses import Action, Transition
from precert.domain.values import WHOLE, MemberId, Text, Value
from precert.names import Entitlement
from precert.usecases.access import has_expired
from precert.usecases.changes import Reading, change_as_operator
from precert.usecases.ports.listings import CheckQueue, Listings, Page
from precert.usecases.ports.reference import ReferenceReader
from precert.usecases.ports.requests import Registrations, RequestFile, RequestStore
from precert.usecases.repairs import STUCK_AFTER, Deliveries

MAX_COUNTED: Final = 100


def list_overdue(
    caller: Caller, *, limit: int, cursor: str | None, listings: Listings
) -> Page[WorklistRow]:
    """List open cycles of all plans that were escalated, the longest overdue first. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.OPERATOR)
    return listings.overdue(limit=limit, cursor=cursor)


def list_deemed_denials(
    caller: Caller, *, limit: int, cursor: str | None, listings: Listings
) -> Page[WorklistRow]:
    """List open cycles whose passed deadline counts as a denial, longest overdue first (W11).

    A cycle is listed until a person decides it. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.OPERATOR)
    return listings.deemed_denials(limit=limit, cursor=cursor)


def list_unmatched_providers(
    caller: Caller, *, limit: int, cursor: str | None, listings: Listings
) -> Page[UnmatchedRow]:
    """List providers with a temporary id, oldest submission first. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.OPERATOR)
    return listings.unmatched(limit=limit, cursor=cursor)


def list_intake_exceptions(
    caller: Caller, *, limit: int, cursor: str | None, listings: Listings
) -> Page[IntakeExceptionRow]:
    """List registered requests that wait for an operator's confirmation, oldest first. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.OPERATOR)
    return listings.intake_exceptions(limit=limit, cursor=cursor)


def confirm_intake(
    request_id: str,
    note: str,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Confirm a registered request's intake exceptions. A repetition changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: the request has no exceptions, or is decided or void.
        VersionMismatchError: the request is in another version than the caller read.
    """

    def move(request: Request) -> Change | None:
        return operator_actions.confirm_intake(request, note, by=caller.subject, now=now)

    return change_as_operator(request_id, move, caller, read=read, requests=requests)


class RequestSearch(Value):
    """One of: the id of a request, its precertification number, or a member id."""

    request_id: Text | None = None
    number: Text | None = None
    member_id: MemberId | None = None
    limit: Annotated[int, Field(ge=1, le=25), WHOLE] = 25
    cursor: Annotated[str, Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        entered = [one for one in (self.request_id, self.number, self.member_id) if one is not None]
        if len(entered) != 1:
            raise ValueError("must have exactly one of request_id, number and member_id")
        return self


def search_requests(
    search: RequestSearch,
    caller: Caller,
    *,
    requests: RequestStore,
    registrations: Registrations,
    listings: Listings,
    now: datetime,
) -> Page[Request]:
    """Find drafts and requests of all plans, last created first.

    A search that finds nothing returns an empty page. Expired drafts are left out (D5).

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.OPERATOR)
    if search.member_id is not None:
        ids = listings.of_member(search.member_id, limit=search.limit, cursor=search.cursor)
        read = requests.read_all(ids.rows)
        page = Page(read.requests, ids.cursor, read.damaged)
    else:
        request_id = search.request_id or registrations.request_id_of((search.number or "").upper())
        request = requests.read(request_id) if request_id else None
        page = Page((request,) if request else (), None)
    return replace(page, rows=tuple(one for one in page.rows if not has_expired(one, now)))


def read_request_as_operator(
    request_id: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> RequestFile:
    """Read a draft or request of any plan. One AWS call.

    Raises:
        NotEntitledError.
        NotFoundError: it does not exist, or is an expired draft.
    """
    caller.require(Entitlement.OPERATOR)
    file = requests.read_file(request_id)
    if file is None or has_expired(file.request, now):
        raise NotFoundError("There is no request with this ID.")
    return file


def reconcile_provider(
    request_id: str,
    role: ProviderRole,
    provider_id: str,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    reference: ReferenceReader,
    now: datetime,
) -> Request:
    """Match a provider with a directory entry; callers with the entry's TIN then see the request (A2).

    An entry is one address under one TIN. A repetition changes nothing; another entry replaces the
    first.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: the entry does not exist, the provider already matched, or the submitting
            provider would no longer see the request.
        VersionMismatchError: the request is in another version than the caller read.
    """

    def move(request: Request) -> Change | None:
        entry = reference.entry(provider_id)
        if entry is None:
            message = "the directory has no entry with this id: load the entry first"
            raise InvalidInputError([FieldError("/provider_id", "not_listed", message)])
        return operator_actions.reconcile_provider(request, role, entry, by=caller.subject, now=now)

    return change_as_operator(request_id, move, caller, read=read, requests=requests)


class DateChange(Value):
    """The new period of an approved service line (W5)."""

    line_id: Text
    from_date: Annotated[ApprovedDate, Field(description="The first approved day.")]
    to_date: Annotated[ApprovedDate, Field(description="The last approved day.")]


def change_dates(
    request_id: str,
    changes: Sequence[DateChange],
    caller: Caller,
    *,
    reason: str,
    read: Reading,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Change the period of approved lines; their decisions are unchanged.

    A repetition changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: a line is unknown, listed twice or not approved, or its dates are out of
            order.
        ActionNotAllowedError: the request is not determined.
        VersionMismatchError: the request is in another version than the caller read.
    """

    def move(request: Request) -> Change | None:
        request.require(Transition.CHANGE_DATES)
        if Action.CHANGE_DATES not in operator_actions.operator_actions(request):
            # A pended request has approved lines only if a delegated vendor approved some.
            raise request.refusal("No service line of this request is approved yet.")
        if errors := [*_errors(changes), *_errors_of_lines(request, changes)]:
            raise InvalidInputError(errors)
        moved = {one.line_id: _moved(request, one, caller.subject, reason, now) for one in changes}
        if all(decision is None for decision in moved.values()) and moved:
            return None
        changed = {line_id: decision for line_id, decision in moved.items() if decision is not None}
        return operator_actions.change_dates(request, changed, by=caller.subject, now=now)

    return change_as_operator(request_id, move, caller, read=read, requests=requests)


def _errors(changes: Sequence[DateChange]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, change in enumerate(changes):
        path = f"/lines/{index}"
        if change.line_id in seen:
            errors.append(FieldError(f"{path}/line_id", "duplicate", "list each line only once"))
        seen.add(change.line_id)
        if change.to_date < change.from_date:
            message = f"must be {change.from_date} or a later date"
            errors.append(FieldError(f"{path}/to_date", "out_of_order", message))
    return errors


def _errors_of_lines(request: Request, changes: Sequence[DateChange]) -> Iterator[FieldError]:
    for index, change in enumerate(changes):
        line = request.submitted.line(change.line_id)
        current = line.decisions[-1] if line and line.decisions else None
        if current is None or current.approved is None:
            message = "must be an approved line: only approved lines have dates"
            yield FieldError(f"/lines/{index}/line_id", "not_approved", message)


def _moved(
    request: Request, change: DateChange, by: str, reason: str, now: datetime
) -> Decision | None:
    """The current decision with the new period; ``None`` if nothing changes."""
    line = request.submitted.line(change.line_id)
    current = line.decisions[-1] if line and line.decisions else None
    period = {"from_date": change.from_date, "to_date": change.to_date}
    if current is None or current.approved is None:
        raise AssertionError("only approved lines have dates")
    approved = current.approved.model_copy(update=period)
    if approved == current.approved and current.date_change_reason == reason:
        return None
    return current.model_copy(
        update={
            "approved": approved,
            "decided_at": now,
            "dates_changed_by": by,
            "date_change_reason": reason,
        }
    )


@dataclass(frozen=True)
class QueueCount:
    """The number of entries; if not ``complete``, there can be more."""

    count: int
    complete: bool = True


@dataclass(frozen=True)
class OperatorCounts:
    """The queues of operators, and what repairs are for."""

    overdue: QueueCount
    stuck_requests: QueueCount
    failed_deliveries: QueueCount
    intake_exceptions: QueueCount
    unmatched_providers: QueueCount
    vendor_backlog: QueueCount
    deemed_denials: QueueCount


def count_operator_queues(
    caller: Caller, *, listings: Listings, deliveries: Deliveries, now: datetime
) -> OperatorCounts:
    """Count the first 100 entries of each queue, and all failed deliveries.

    Six calls, and one for each receiver of deliveries.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.OPERATOR)
    first: Any = {"limit": MAX_COUNTED, "cursor": None}
    return OperatorCounts(
        overdue=_counted(listings.overdue(**first)),
        stuck_requests=_stuck(listings, now),
        failed_deliveries=QueueCount(deliveries.count_failed()),
        intake_exceptions=_counted(listings.intake_exceptions(**first)),
        unmatched_providers=_counted(listings.unmatched(**first)),
        vendor_backlog=_counted(listings.vendor_backlog(**first)),
        deemed_denials=_counted(listings.deemed_denials(**first)),
    )


def _counted(page: Page[Any]) -> QueueCount:
    """Damaged entries count: they wait as well, and the list names them."""
    return QueueCount(len(page.rows) + len(page.damaged), page.cursor is None)


def _stuck(listings: Listings, now: datetime) -> QueueCount:
    page = listings.checks(CheckQueue.UNASSESSED, after=None, limit=MAX_COUNTED)
    stuck = [one for one in page.rows if one.at <= now - STUCK_AFTER]
    # The queue is in the order of the cycles' beginnings: what follows is younger.
    return QueueCount(len(stuck), page.cursor is None or len(stuck) < len(page.rows))
