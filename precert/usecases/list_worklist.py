"""A page of the reviewers' worklist: urgent first, then by due date."""

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import Fault, InvalidInputError
from precert.usecases.list_requests import bad_cursor
from precert.usecases.ports.listings import CursorError, Listings, Page, WorklistRow


def list_worklist(
    caller: Caller, *, plan_id: str | None, limit: int, cursor: str | None, listings: Listings
) -> Page[WorklistRow]:
    """Open rounds of one of the reviewer's plans. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the plan is not the reviewer's, or the cursor is none of this list.
    """
    caller.require(Entitlement.REVIEWER)
    if plan_id is None and len(caller.plan_ids) == 1:
        plan_id = next(iter(caller.plan_ids))
    if plan_id not in caller.plan_ids:
        raise InvalidInputError(
            [Fault("/plan_id", "not_yours", "name one of the plans you review")]
        )
    try:
        return listings.worklist(plan_id, limit=limit, cursor=cursor)
    except CursorError as error:
        raise bad_cursor() from error
