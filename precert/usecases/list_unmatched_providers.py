"""The operators' list of providers that wait to be reconciled (S3)."""

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.usecases.list_requests import bad_cursor
from precert.usecases.ports.listings import CursorError, Listings, Page, UnmatchedRow


def list_unmatched_providers(
    caller: Caller, *, limit: int, cursor: str | None, listings: Listings
) -> Page[UnmatchedRow]:
    """Providers of all plans that have a temporary id, first submitted first. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is none of this list.
    """
    caller.require(Entitlement.OPERATOR)
    try:
        return listings.unmatched(limit=limit, cursor=cursor)
    except CursorError as error:
        raise bad_cursor() from error
