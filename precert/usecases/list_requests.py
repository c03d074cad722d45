"""A page of the dashboard (T2)."""

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import Fault, InvalidInputError
from precert.usecases.ports.listings import CursorError, DashboardRow, Listings, Page


def list_requests(
    caller: Caller, *, tin: str | None, limit: int, cursor: str | None, listings: Listings
) -> Page[DashboardRow]:
    """Requests of one of the caller's TINs, last changed first. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's, or the cursor is none of this list.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    try:
        return listings.dashboard(caller.acting_tin(tin), limit=limit, cursor=cursor)
    except CursorError as error:
        raise bad_cursor() from error


def bad_cursor() -> InvalidInputError:
    return InvalidInputError(
        [Fault("/cursor", "malformed", "send the cursor of the last page, or leave it out")]
    )
