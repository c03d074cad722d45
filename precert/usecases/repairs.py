"""What operators do about requests that are stuck and deliveries that failed (X2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from precert.domain.caller import Caller
from precert.domain.errors import NotFoundError
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.names import Delivery, Entitlement
from precert.usecases.ports.deliveries import Deliveries, FailedDeliveries, Redelivery
from precert.usecases.ports.listings import Listings, Page
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import Workflow

STUCK_AFTER: Final = timedelta(minutes=5)
"""An assessment takes seconds; the relay and the workflow retry for some minutes."""


@dataclass(frozen=True)
class StuckRequest:
    """A request whose open cycle is not assessed, and whether an execution still works on it."""

    request: Request
    execution_running: bool


def list_stuck_requests(
    caller: Caller,
    *,
    limit: int,
    cursor: str | None,
    listings: Listings,
    requests: RequestStore,
    workflow: Workflow,
    now: datetime,
) -> Page[StuckRequest]:
    """Requests that are PROCESSING for too long, longest first.

    Two calls, and one for each request of the page, which has at most 25.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.OPERATOR)
    page = listings.processing(limit=min(limit, _MOST), cursor=cursor)
    found = requests.read_all(page.rows) if page.rows else None
    processing = [
        one for one in (found.requests if found else ()) if one.status is Status.PROCESSING
    ]
    stuck = [one for one in processing if one.updated_at <= now - STUCK_AFTER]
    return Page(
        tuple(
            StuckRequest(one, workflow.runs(one.request_id, one.submitted.cycle)) for one in stuck
        ),
        # The list is in the order of the cycles' beginnings: what follows is younger.
        page.cursor if len(stuck) == len(processing) else None,
        found.damaged if found else (),
    )


_MOST: Final = 25


@dataclass(frozen=True)
class RepairedRequest:
    """An open cycle, and whether an execution was started for it."""

    request_id: str
    number: str
    cycle: int
    started: bool


def repair_request(
    request_id: str, caller: Caller, *, requests: RequestStore, workflow: Workflow
) -> RepairedRequest:
    """Start an execution of the request's open cycle, if none is running. Three calls.

    The request is not changed: the execution continues from its stored state.

    Raises:
        NotEntitledError.
        NotFoundError: it does not exist, or is a draft.
        ActionNotAllowedError: no cycle is open.
        TransientError: the workflow did not respond.
    """
    caller.require(Entitlement.OPERATOR)
    request = requests.read(request_id)
    if request is None or request.status is Status.INCOMPLETE:
        raise NotFoundError("There is no such request.")
    if not request.cycle_is_open:
        error = request.refusal("No determination cycle of this request is open.")
        error.extensions["allowed_actions"] = [one.value for one in request.operator_actions]
        raise error
    review = request.submitted
    started = workflow.start_again(request_id, review.cycle)
    return RepairedRequest(request_id, review.number, review.cycle, started)


def list_failed_deliveries(caller: Caller, *, deliveries: Deliveries) -> Sequence[FailedDeliveries]:
    """Failed deliveries by receiver; see :meth:`Deliveries.failed` for the calls.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.OPERATOR)
    return deliveries.failed()


def redeliver(
    delivery: Delivery, caller: Caller, *, limit: int, deliveries: Deliveries
) -> Redelivery:
    """Send failed deliveries of one receiver again; see :meth:`Deliveries.send_again`.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.OPERATOR)
    return deliveries.send_again(delivery, most=limit)
