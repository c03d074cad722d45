"""The operators' queue: open rounds whose deadline has passed (W2)."""

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.usecases.list_requests import bad_cursor
from precert.usecases.ports.listings import CursorError, Listings, Page, WorklistRow


def list_overdue(
    caller: Caller, *, limit: int, cursor: str | None, listings: Listings
) -> Page[WorklistRow]:
    """Rounds of all plans that were escalated and are still open, the longest overdue first. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is none of this list.
    """
    caller.require(Entitlement.OPERATOR)
    try:
        return listings.overdue(limit=limit, cursor=cursor)
    except CursorError as error:
        raise bad_cursor() from error
