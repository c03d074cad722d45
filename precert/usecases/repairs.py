"""Repair lost executions and unrecorded deadlines: by a scheduled sweep, and by operators (W2, X2).

The table determines which cycles are open; a new execution continues from the stored state. Starting
one twice changes nothing.

An execution checks the clock of its cycle at the exact second. The sweep runs later and records what no
execution recorded within a minute. Each event is conditional on the version of the request, so it is
recorded once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol

from precert.domain.caller import Caller
from precert.domain.errors import DamagedRecordError, NotFoundError, TransientError
from precert.domain.operator_actions import operator_actions
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.names import Delivery, Entitlement
from precert.usecases.ports.listings import (
    CheckQueue,
    Listings,
    OpenCycle,
    Page,
    SweepPositions,
    WaitQueue,
)
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import Workflow
from precert.usecases.workflow import check_deadline, is_open

MAX_AT_ONCE: Final = 5
"""Maximum number of deliveries that one API call sends again: it waits for the receiver of each, and an
API call ends after 29 seconds.
"""


@dataclass(frozen=True)
class FailedDeliveries:
    """The approximate number of failed deliveries of a receiver, and the time of the oldest."""

    delivery: Delivery
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Redelivery:
    """Failed deliveries that were sent again. Those that failed again remain in their queue."""

    delivery: Delivery
    redelivered: int
    failed: int
    not_redeliverable: int
    """Number of messages that have only positions in the stream, without the records."""
    between: tuple[datetime, datetime] | None = None
    """When the first and the last record of these positions were written."""


class Deliveries(Protocol):
    """Events that could not be processed, by receiver."""

    def failed(self) -> Sequence[FailedDeliveries]:
        """The failed deliveries of all receivers. One AWS call each, two if there are any."""

    def count_failed(self) -> int:
        """About how many failed, of all receivers. One call for each."""

    def send_again(
        self, delivery: Delivery, *, most: int, tried: set[str] | None = None
    ) -> Redelivery:
        """Invoke the receiver with failed deliveries, and remove those that it accepted.

        ``tried`` has the ids of messages that are not sent again; those of sent messages are added.
        One AWS call, and two for each delivery.
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
    """Requests that have been PROCESSING for too long, longest first.

    Two AWS calls, and one for each request of the page, which has at most 25.

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
        # The list is ordered by the opening of the cycle: all further ones were opened later.
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
    """Start an execution of the request's open cycle, if none is running. Three AWS calls.

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
        raise NotFoundError("There is no request with this ID.")
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
            # The store reports the damage. The other cycles are repaired.
            continue
        if request is not None and request.review is not None and request.cycle_is_open:
            yield request


def restart_execution(
    request_id: str, cycle: int, *, requests: RequestStore, workflow: Workflow, now: datetime
) -> bool:
    """Start another execution of a cycle whose execution ended, if the cycle is still open.

    Returns whether it did. If its executions failed repeatedly, the sweep starts the next one later.

    Raises:
        DamagedRecordError, TransientError.
    """
    request = requests.read(request_id)
    if request is None or not is_open(request, cycle):
        return False
    return workflow.start_again(request_id, cycle, now=now)


LATE_AFTER: Final = timedelta(minutes=1)
"""Time for the execution to record a due event, before the sweep does."""
ASSESSED_WITHIN: Final = timedelta(minutes=2)
"""An assessment takes seconds. A cycle that waits longer may have no execution."""
MAX_CLOCKS: Final = 500
"""Maximum number of late clocks per run; the next run continues with the rest."""
MAX_EXECUTIONS: Final = 100
"""Maximum number of executions of a queue that a run reads: Step Functions throttles these calls."""
MAX_ERRORS: Final = 3
"""Number of failed calls after which a run ends; the next run continues."""


@dataclass
class Swept:
    """The open cycles for which a run recorded an event or started an execution."""

    cycles: list[OpenCycle] = field(default_factory=list)
    errors: list[TransientError] = field(default_factory=list)

    @property
    def gives_up(self) -> bool:
        return len(self.errors) >= MAX_ERRORS

    def require(self) -> None:
        """Raise the first error; the next run repeats what failed.

        Raises:
            TransientError.
        """
        if self.errors:
            raise self.errors[0]


def sweep_clocks(
    *, listings: Listings, requests: RequestStore, payer: Payer, now: datetime
) -> Swept:
    """Record the due events of open cycles that no execution recorded.

    One Query if nothing is late. Safe to run twice, concurrently, and to fail at any point. A request
    that cannot be read or written does not delay the others.
    """
    swept = Swept()
    for cycle in tuple(islice(listings.due_checks(now - LATE_AFTER), MAX_CLOCKS)):
        try:
            check_deadline(cycle.request_id, cycle.cycle, requests=requests, payer=payer, now=now)
        except DamagedRecordError:
            # The store reports the damage.
            continue
        except TransientError as error:
            swept.errors.append(error)
            if swept.gives_up:
                break
        else:
            swept.cycles.append(cycle)
    return swept


def waiting_ages(*, listings: Listings, now: datetime) -> Mapping[WaitQueue, timedelta]:
    """How long the oldest entry of each queue has waited; zero if it is empty. One Query each."""
    since = {queue: listings.waits_since(queue) for queue in WaitQueue}
    return {queue: now - at if at else timedelta() for queue, at in since.items()}


def restart_lost_executions(
    *,
    late: Iterable[OpenCycle] = (),
    listings: Listings,
    requests: RequestStore,
    workflow: Workflow,
    sweep_positions: SweepPositions,
    now: datetime,
) -> Swept:
    """Start executions of open cycles without one: of ``late`` cycles, and of a part of each queue.

    Each run continues where the last one ended, so that every open cycle is reached, and one that
    fails each time does not delay the others. Per queue one Query, two other calls, and one call for
    each of at most :data:`MAX_EXECUTIONS` executions.
    """
    restarted = Swept()
    for cycle in islice(late, MAX_EXECUTIONS):
        _restart(cycle, restarted, requests=requests, workflow=workflow, now=now)
        if restarted.gives_up:
            return restarted
    for queue in CheckQueue:
        position = sweep_positions.read(queue)
        page = listings.checks(queue, after=position, limit=MAX_EXECUTIONS)
        following = page.cursor
        for cycle in page.rows:
            if queue is CheckQueue.UNASSESSED and cycle.at > now - ASSESSED_WITHIN:
                # All further cycles were opened later.
                following = None
                break
            _restart(cycle, restarted, requests=requests, workflow=workflow, now=now)
            if restarted.gives_up:
                return restarted
        if following != position:
            sweep_positions.write(queue, following)
    return restarted


def _restart(
    cycle: OpenCycle,
    restarted: Swept,
    *,
    requests: RequestStore,
    workflow: Workflow,
    now: datetime,
) -> None:
    id_, number = cycle.request_id, cycle.cycle
    try:
        if not workflow.runs(id_, number) and restart_execution(
            id_, number, requests=requests, workflow=workflow, now=now
        ):
            restarted.cycles.append(cycle)
    except DamagedRecordError:
        # The store reports the damage. An execution could not read the request either.
        return
    except TransientError as error:
        restarted.errors.append(error)
