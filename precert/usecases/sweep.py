"""The sweep of the clocks of open determination cycles, whether or not an execution watches them (W2).

An execution checks the clock of its cycle to the second. The sweep records what no execution recorded
a minute later, and starts executions that were lost. Each event is conditional on the version of the
request, so it is recorded once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from precert.domain.errors import DamagedRecordError, TransientError
from precert.domain.payer import Payer
from precert.usecases.ports.listings import (
    CheckQueue,
    Listings,
    OpenCycle,
    SweepPositions,
    WaitQueue,
)
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import Workflow
from precert.usecases.repairs import restart_execution
from precert.usecases.workflow import check_deadline

LATE_AFTER: Final = timedelta(minutes=1)
"""The execution has this time to record what is due."""
ASSESSED_WITHIN: Final = timedelta(minutes=2)
"""An assessment takes seconds. A cycle that waits longer may have no execution."""
MOST_CLOCKS: Final = 500
"""Late clocks of one run; the next run continues with the rest."""
MOST_EXECUTIONS: Final = 100
"""Executions of a queue that a run looks at: Step Functions limits such calls by second."""
MOST_ERRORS: Final = 3
"""Failed calls after which a run leaves the rest to the next one."""


@dataclass
class Swept:
    """The open cycles that a run recorded something of, or started an execution of."""

    cycles: list[OpenCycle] = field(default_factory=list)
    errors: list[TransientError] = field(default_factory=list)

    @property
    def gives_up(self) -> bool:
        return len(self.errors) >= MOST_ERRORS

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
    """Record what is due of every open cycle and is not recorded.

    One Query where nothing is late. Safe to run twice, at the same time, and to fail at any point. A
    request that cannot be read or written does not stop the others.
    """
    swept = Swept()
    for cycle in tuple(islice(listings.due_checks(now - LATE_AFTER), MOST_CLOCKS)):
        try:
            check_deadline(cycle.request_id, cycle.cycle, requests=requests, payer=payer, now=now)
        except DamagedRecordError:
            # It is reported.
            continue
        except TransientError as error:
            swept.errors.append(error)
            if swept.gives_up:
                break
        else:
            swept.cycles.append(cycle)
    return swept


def waiting_ages(*, listings: Listings, now: datetime) -> Mapping[WaitQueue, timedelta]:
    """How long the oldest entry of each queue waits; zero for an empty one. One Query each."""
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
    """Start an execution of open cycles without one: of the late ones, and of a part of each queue.

    Each run continues where the last one ended, so that every open cycle has its turn, and one that
    fails each time delays no other. For each queue 2 calls and 1 Query, and 1 call for each of at most
    :data:`MOST_EXECUTIONS` executions.
    """
    restarted = Swept()
    for cycle in islice(late, MOST_EXECUTIONS):
        _restart(cycle, restarted, requests=requests, workflow=workflow, now=now)
        if restarted.gives_up:
            return restarted
    for queue in CheckQueue:
        position = sweep_positions.read(queue)
        page = listings.checks(queue, after=position, limit=MOST_EXECUTIONS)
        following = page.cursor
        for cycle in page.rows:
            if queue is CheckQueue.UNASSESSED and cycle.at > now - ASSESSED_WITHIN:
                # All that follow are younger.
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
        # It is reported. An execution could not read it either.
        return
    except TransientError as error:
        restarted.errors.append(error)
