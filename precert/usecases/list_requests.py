"""A page of the dashboard (T2)."""

from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import Fault, InvalidInputError
from precert.usecases.ports.listings import CursorError, DashboardRow, Listings, Page


def list_requests(
    caller: Caller,
    *,
    tin: str | None,
    limit: int,
    cursor: str | None,
    listings: Listings,
    now: datetime,
) -> Page[DashboardRow]:
    """Requests of one of the caller's TINs, last changed first. One call.

    Drafts whose time is over are left out of the page, so that it may be shorter than asked (D5).

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, or the cursor is none of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    try:
        page = listings.dashboard(caller.acting_tin(tin), limit=limit, cursor=cursor)
    except CursorError as error:
        raise bad_cursor() from error
    live = tuple(row for row in page.rows if row.expires_at is None or now < row.expires_at)
    return Page(live, page.cursor)


def bad_cursor() -> InvalidInputError:
    return InvalidInputError(
        [Fault("/cursor", "malformed", "send the cursor of the last page, or leave it out")]
    )
