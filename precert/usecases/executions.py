"""Executions that failed, were aborted, timed out or never started, and starting them again (X2).

The table determines which cycles are open; a new execution continues from the stored state. Starting
one twice changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from precert.domain.errors import DamagedRecordError
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.ports.listings import Listings
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import Workflow
from precert.usecases.workflow import is_open


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
    *, listings: Listings, requests: RequestStore, workflow: Workflow
) -> tuple[str, ...]:
    """Start an execution of each open cycle without one, as an operator does.

    Returns the request ids whose execution was started.
    """
    return tuple(
        request.request_id
        for request in _open(listings, requests)
        if workflow.start_again(request.request_id, request.submitted.cycle)
    )


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
