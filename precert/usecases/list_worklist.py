"""A page of the reviewers' worklist: urgent first, then by due date."""

from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import Fault, InvalidInputError
from precert.usecases.list_requests import bad_cursor
from precert.usecases.ports.listings import CursorError, Listings, Page, WorklistRow


def list_worklist(
    caller: Caller,
    *,
    plan_id: str | None,
    mine: bool,
    limit: int,
    cursor: str | None,
    listings: Listings,
    now: datetime,
) -> Page[WorklistRow]:
    """Open rounds of one of the reviewer's plans, or those that the reviewer holds. One call.

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
        if not mine:
            return listings.worklist(plan_id, limit=limit, cursor=cursor)
        page = listings.worklist(plan_id, limit=limit, cursor=cursor, held_by=caller.subject)
    except CursorError as error:
        raise bad_cursor() from error
    running = (row for row in page.rows if row.held_until is not None and now < row.held_until)
    return Page(tuple(running), page.cursor)
