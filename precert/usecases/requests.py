"""Provider actions on submitted requests: list, flag, read, respond to an RFI, void and appeal."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple, TypedDict, Unpack

from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.copying import CopiedContent, Keep, copied
from precert.domain.disputes import DisputeKind
from precert.domain.errors import FieldError, FlagLimitError, InvalidInputError, NotFoundError
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.retry import retry
from precert.domain.rows import DashboardRow
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import Sort
from precert.names import Entitlement
from precert.usecases.access import expired, has_expired, is_live, not_found, visible
from precert.usecases.changes import change_as_provider
from precert.usecases.ports.listings import ListFilters, Listings, Page
from precert.usecases.ports.requests import (
    MAX_FLAGGED,
    ConcurrentChangeError,
    Flags,
    FlagsFullError,
    Registrations,
    RequestFile,
    RequestStore,
)


class Filters(TypedDict, total=False):
    """Filters of a page, as in :class:`ListFilters`."""

    member_id: str
    status: Status | None
    changed_from: datetime | None
    changed_to: datetime | None
    service_from: date | None
    service_to: date | None
    waiting_on: WaitingOn | None
    sort: Sort


def list_requests(
    caller: Caller,
    *,
    tin: str | None,
    limit: int,
    cursor: str | None,
    listings: Listings,
    payer: Payer,
    now: datetime,
    **filters: Unpack[Filters],
) -> Page[DashboardRow]:
    """Requests of one of the caller's TINs. One AWS call.

    Expired drafts, requests past retention, and rows that the filters exclude are left out of the
    page, so that it may be shorter than the limit (D5, T4).

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, a time range ends before it begins, or the
            cursor is not of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if errors := [*caller.errors_of_tin(tin), *_errors(ListFilters("", **filters))]:
        raise InvalidInputError(errors)
    selected = ListFilters(caller.acting_tin(tin), **filters)
    page = listings.rows(selected, limit=limit, cursor=cursor, now=now)
    rows = tuple(row for row in page.rows if is_live(row, payer, now) and selected.matches(row))
    return replace(page, rows=rows)


def _errors(selected: ListFilters) -> list[FieldError]:
    return [
        FieldError(f"/{name}_to", "before_its_beginning", f"must not be before {name}_from")
        for name, first, last in (
            ("changed", selected.changed_from, selected.changed_to),
            ("service", selected.service_from, selected.service_to),
        )
        if first is not None and last is not None and last < first
    ]


def flag_request(
    request_id: str,
    caller: Caller,
    *,
    tin: str | None,
    requests: RequestStore,
    flags: Flags,
    listings: Listings,
    payer: Payer,
    now: datetime,
) -> None:
    """Flag a request, or a draft, for one of the caller's TINs. Two AWS calls.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        InvalidInputError: the TIN is not the caller's.
        FlagLimitError: the limit is reached; the error lists the flagged requests.
    """

    def flag(request: Request, acting_tin: str) -> None:
        try:
            flags.flag(request, acting_tin, now=now)
        except FlagsFullError as full:
            if flags.drop_deleted(acting_tin):
                raise ConcurrentChangeError from full
            raise _limit(listings.flagged(acting_tin).rows, payer, now) from full

    _change_entry(request_id, caller, tin, flag, requests=requests, now=now)


def unflag_request(
    request_id: str,
    caller: Caller,
    *,
    tin: str | None,
    requests: RequestStore,
    flags: Flags,
    now: datetime,
) -> None:
    """Remove the flag of a request; no change if it has none. Two AWS calls.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        InvalidInputError: the TIN is not the caller's.
    """
    _change_entry(request_id, caller, tin, flags.unflag, requests=requests, now=now)


def list_flagged(
    caller: Caller, *, tin: str | None, listings: Listings, payer: Payer, now: datetime
) -> Page[DashboardRow]:
    """The flagged requests of one of the caller's TINs, last flagged first. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    page = listings.flagged(caller.acting_tin(tin))
    return replace(page, rows=tuple(row for row in page.rows if is_live(row, payer, now)))


def _change_entry(
    request_id: str,
    caller: Caller,
    tin: str | None,
    change: Callable[[Request, str], None],
    *,
    requests: RequestStore,
    now: datetime,
) -> None:
    """Change the list entry of a request of the TIN; retry if the request was changed meanwhile."""
    caller.require(Entitlement.PATIENT_SEARCH)
    acting_tin = caller.acting_tin(tin)

    def attempt() -> None:
        request = visible(requests.read(request_id), {acting_tin})
        if request.status is Status.INCOMPLETE and has_expired(request, now):
            raise expired()
        if not request.is_listed:
            raise not_found()
        change(request, acting_tin)

    retry(attempt, on=ConcurrentChangeError)


def _limit(rows: tuple[DashboardRow, ...], payer: Payer, now: datetime) -> FlagLimitError:
    return FlagLimitError(
        f"At most {MAX_FLAGGED} requests can be flagged. Remove the flag of one of these first.",
        flagged=[
            {"request_id": row.request_id, "number": row.number, "status": row.status.value}
            for row in rows
            if is_live(row, payer, now)
        ],
    )


def read_request(
    request_id: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> RequestFile:
    """The details of a request of the caller's TINs. One AWS call.

    Raises:
        NotEntitledError, NotFoundError.
        DraftExpiredError: it is an expired draft (D5).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    file = requests.read_file(request_id)
    if file is None:
        raise not_found()
    request = visible(file.request, caller.tins)
    if request.status is Status.INCOMPLETE and has_expired(request, now):
        raise expired()
    return file


def find_request(
    number: str,
    caller: Caller,
    *,
    requests: RequestStore,
    registrations: Registrations,
) -> Request:
    """The caller's request with a precertification number. Two AWS calls.

    Raises:
        NotEntitledError.
        NotFoundError: no request of the caller's TINs has the number.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    request_id = registrations.request_id_of(number)
    request = requests.read(request_id) if request_id else None
    if request is None or not request.tins.intersection(caller.tins) or not request.is_listed:
        raise NotFoundError(
            "None of your TINs has a request with this number. Compare it with the confirmation of "
            "the submission. Requests of other providers are not shown."
        )
    return request


def copy_request(
    request_id: str, keep: Keep, caller: Caller, *, requests: RequestStore, now: datetime
) -> tuple[Request, CopiedContent]:
    """A request or draft of the caller's TINs, and its content for a new draft. One AWS call.

    Raises:
        NotEntitledError, NotFoundError.
        DraftExpiredError: it is an expired draft (D5).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    request = visible(requests.read(request_id), caller.tins)
    if request.status is Status.INCOMPLETE and has_expired(request, now):
        raise expired()
    return request, copied(request.content, keep)


def respond_to_information_request(
    request_id: str,
    answer: str,
    caller: Caller,
    *,
    requested_at: datetime,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Record the text response to an RFI; a paused clock resumes. A repetition changes nothing.

    ``requested_at`` identifies the RFI, so that a late repetition does not answer a later one.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: that RFI is not open; the error lists the allowed actions.
    """

    def receive(request: Request) -> Change | Request:
        rfis = request.review.information_requests if request.review else ()
        answered = next((one for one in rfis if one.requested_at == requested_at), None)
        if answered is not None and answered.answer == answer:
            return request
        current = request.review.open_information_request if request.review else None
        if current is not None and current != answered:
            raise request.refusal(
                "Another request for information is open. Read the request again, and respond to it."
            )
        change = request.receive_information(now, payer, by=caller.subject, answer=answer)
        if change is not None:
            return change
        raise request.refusal(
            "No request for information is open. You can attach documents if MODIFY is allowed."
        )

    return change_as_provider(request_id, receive, caller, requests=requests, now=now)


def void_request(
    request_id: str, reason: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> Request:
    """Withdraw the request; it remains visible as VOID (T4). A repetition returns the same result.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: it is a draft, determined, or void for another reason; the error lists
            the allowed actions.
    """

    def withdraw(request: Request) -> Change | Request:
        if request.review is not None and request.review.void_reason == reason:
            return request
        return request.void(reason, caller.subject, now)

    return change_as_provider(request_id, withdraw, caller, requests=requests, now=now)


class NewDispute(NamedTuple):
    """What a provider files after a determination."""

    kind: DisputeKind
    cycle: int
    """The cycle of the determination that the provider read."""
    line_ids: Sequence[str]
    reason: str
    expedited: bool = False
    phone: str | None = None


def file_dispute(
    request_id: str,
    new: NewDispute,
    caller: Caller,
    *,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Open a cycle for an appeal, a reconsideration or a peer-to-peer discussion (W7, W12).

    Only an appeal uses a level of appeal. While the dispute is open, a repetition changes nothing. A
    repetition after the dispute was decided is refused, so that it does not use a level of appeal.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: no line was denied or modified, the request was decided again, another
            dispute is open, the time limit has passed, all levels of appeal are used, or a delegated
            vendor decided.
        InvalidInputError: a line is not adverse, or was disputed in this way or appealed before.
    """

    def dispute(request: Request) -> Change | Request:
        pending = request.review.open_appeal if request.review else None
        lines = tuple(dict.fromkeys(new.line_ids))
        same = (new.kind, new.cycle + 1, lines, new.reason, new.expedited, new.phone)
        if pending and same == (
            pending.kind,
            pending.cycle,
            pending.line_ids,
            pending.reason,
            pending.expedited,
            pending.phone,
        ):
            return request
        if pending is None and request.review and request.review.cycle != new.cycle:
            raise request.refusal(
                "The request was decided again since you read it. Read it again, and dispute that "
                "decision."
            )
        document_slots = payer.documents.max_while_pending
        if new.kind.rule.before_appeal:
            return disputing.file_dispute(
                request,
                new.kind,
                new.line_ids,
                reason=new.reason,
                expedited=new.expedited,
                phone=new.phone,
                document_slots=document_slots,
                by=caller.subject,
                now=now,
            )
        return disputing.file_appeal(
            request,
            new.line_ids,
            reason=new.reason,
            expedited=new.expedited,
            payer=payer,
            document_slots=document_slots,
            by=caller.subject,
            now=now,
        )

    return change_as_provider(request_id, dispute, caller, requests=requests, now=now)
