"""The drafts of a TIN, with the time that each has left (D3, D4)."""

from dataclasses import replace
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.payer import Payer
from precert.domain.statuses import Status
from precert.usecases.list_requests import bad_cursor, is_live
from precert.usecases.ports.listings import CursorError, DashboardRow, Lines, Listings, Page


def list_drafts(
    caller: Caller,
    *,
    tin: str | None,
    limit: int,
    cursor: str | None,
    listings: Listings,
    payer: Payer,
    now: datetime,
) -> Page[DashboardRow]:
    """Drafts of one of the caller's TINs, last saved first. One call.

    Those whose time is over are left out of the page, so that it may be shorter than asked (D5).

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, or the cursor is none of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    wanted = Lines(caller.acting_tin(tin), status=Status.INCOMPLETE)
    try:
        page = listings.lines(wanted, limit=limit, cursor=cursor, now=now)
    except CursorError as error:
        raise bad_cursor() from error
    rows = (row for row in page.rows if is_live(row, payer, now) and wanted.fit(row))
    return replace(page, rows=tuple(rows))
