"""What operators do about stuck requests, and executions and deliveries that failed (X2).

The table determines which cycles are open; a new execution continues from the stored state. Starting
one twice changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from precert.domain.caller import Caller
from precert.domain.errors import DamagedRecordError, NotFoundError
from precert.domain.operator_actions import operator_actions
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.names import Delivery, Entitlement
from precert.usecases.ports.listings import Listings, Page
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import Workflow
from precert.usecases.workflow import is_open

MOST_AT_ONCE: Final = 5
"""Deliveries that one call sends again: each waits for its receiver, and an API call has 29 seconds."""


@dataclass(frozen=True)
class FailedDeliveries:
    """About how many deliveries failed for a receiver, and about when the oldest one did."""

    delivery: Delivery
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Redelivery:
    """Failed deliveries that were sent again. What was not redelivered stays in its queue."""

    delivery: Delivery
    redelivered: int
    failed: int
    not_redeliverable: int
    """Positions of the stream: the queue does not contain the records."""
    between: tuple[datetime, datetime] | None = None
    """When the first and the last record of these positions were written."""


class Deliveries(Protocol):
    """Events that could not be processed, by receiver."""

    def failed(self) -> Sequence[FailedDeliveries]:
        """All receivers. One call for each, and a second one for those with failed deliveries."""

    def send_again(self, delivery: Delivery, *, most: int) -> Redelivery:
        """Invoke the receiver with failed deliveries, and remove those that it accepted.

        One call, and two for each delivery.
        """


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
        error.extensions["allowed_actions"] = [one.value for one in operator_actions(request)]
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


@dataclass(frozen=True)
class OrphanedExecution:
    """An open cycle without a running execution."""

    request_id: str
    cycle: int
    number: str
    status: Status
    due_at: datetime | None


def orphaned_executions(
    *, listings: Listings, requests: RequestStore, workflow: Workflow
) -> Iterator[OrphanedExecution]:
    """List open cycles without a running execution; read-only.

    A cycle that was just opened can be included before its execution starts.
    """
    for request in _open(listings, requests):
        review = request.submitted
        if not workflow.runs(request.request_id, review.cycle):
            yield OrphanedExecution(
                request.request_id, review.cycle, review.number, request.status, request.due_at
            )


def repair_executions(
    *,
    listings: Listings,
    requests: RequestStore,
    workflow: Workflow,
    before: Callable[[str], None] = lambda _request_id: None,
) -> tuple[str, ...]:
    """Start an execution of each open cycle without one, as an operator does.

    ``before`` is called with the request id before each start, to record it. Returns the request ids
    whose execution was started.
    """
    started = []
    for request in _open(listings, requests):
        request_id, cycle = request.request_id, request.submitted.cycle
        if workflow.runs(request_id, cycle):
            continue
        before(request_id)
        if workflow.start_again(request_id, cycle):
            started.append(request_id)
    return tuple(started)


def _open(listings: Listings, requests: RequestStore) -> Iterator[Request]:
    """Requests with an open cycle; the index can include recently closed ones."""
    for request_id in listings.open_cycles():
        try:
            request = requests.read(request_id)
        except DamagedRecordError:
            # It is reported. The other cycles are repaired all the same.
            continue
        if request is not None and request.review is not None and request.cycle_is_open:
            yield request


def restart_execution(
    request_id: str, cycle: int, *, requests: RequestStore, workflow: Workflow, now: datetime
) -> bool:
    """Start another execution of a cycle whose execution ended, if the cycle is still open.

    Returns whether it did: one that failed repeatedly is started later, by the sweep.

    Raises:
        DamagedRecordError, TransientError.
    """
    request = requests.read(request_id)
    if request is None or not is_open(request, cycle):
        return False
    return workflow.start_again(request_id, cycle, now=now)
