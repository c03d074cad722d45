"""A page of the dashboard, of all patients or of one (T2, T3)."""

from dataclasses import replace
from datetime import date, datetime
from typing import TypedDict, Unpack

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import history_end
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import Sort
from precert.usecases.ports.listings import CursorError, DashboardRow, Lines, Listings, Page


class Filters(TypedDict, total=False):
    """What a page is narrowed to, as :class:`Lines` names it."""

    member_id: str
    status: Status | None
    changed_from: datetime | None
    changed_to: datetime | None
    service_from: date | None
    service_to: date | None
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
    """Requests of one of the caller's TINs. One call.

    Drafts and history whose time is over, and what no index narrows, are left out of the page, so
    that it may be shorter than asked (D5, T4).

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, a time ends before it begins, or the cursor
            is none of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    wanted = Lines(caller.acting_tin(tin), **filters)
    if faults := _faults(wanted):
        raise InvalidInputError(faults)
    try:
        page = listings.lines(wanted, limit=limit, cursor=cursor, now=now)
    except CursorError as error:
        raise bad_cursor() from error
    rows = tuple(row for row in page.rows if is_live(row, payer, now) and wanted.fit(row))
    return replace(page, rows=rows)


def _faults(wanted: Lines) -> list[Fault]:
    return [
        Fault(f"/{name}_to", "before_its_beginning", f"send an end that is not before {name}_from")
        for name, first, last in (
            ("changed", wanted.changed_from, wanted.changed_to),
            ("service", wanted.service_from, wanted.service_to),
        )
        if first is not None and last is not None and last < first
    ]


def is_live(row: DashboardRow, payer: Payer, now: datetime) -> bool:
    """Whether a line is still to be shown, whatever the store has removed yet (D5, T4)."""
    if row.expires_at is not None:
        return now < row.expires_at
    if row.waiting_on is not WaitingOn.NOBODY:
        return True
    return now < history_end(row.updated_at, payer.history_years, payer.zone)


def bad_cursor() -> InvalidInputError:
    return InvalidInputError(
        [Fault("/cursor", "malformed", "send the cursor of the last page, or leave it out")]
    )
