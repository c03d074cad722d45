"""Steps of the state machine: wait for the decision of a request and check its deadline (W1, W2).

Every step may run twice, late, or after the request was changed. Each reads the current state, does
what is still due, and returns how the workflow continues.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final, assert_never

from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.names import Route
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Cycle,
    RequestClosedError,
    RequestStore,
)
from precert.usecases.ports.workflow import TaskTokens

TOLERANCE_SECONDS = 60
"""Maximum delay of a deadline check; the execution is not woken for a smaller difference."""


@dataclass(frozen=True)
class CycleStatus:
    """How a cycle continues, and in how many seconds to check its deadline (at least one)."""

    route: Route
    seconds_to_next_check: int


CLOSED: Final = {"status": "CLOSED"}
"""The output of a task whose cycle is closed. No state of the state machine reads it."""


def complete_task(task_token: str, status: CycleStatus, tokens: TaskTokens) -> None:
    """Complete a task with the status of its cycle: the execution ends, or waits for a decision."""
    match status.route:
        case Route.CLOSED:
            tokens.complete(task_token, CLOSED)
        case Route.REVIEW:
            tokens.pend(task_token, status.seconds_to_next_check)
        case other:
            assert_never(other)


def await_decision(
    cycle: Cycle,
    seconds: int,
    *,
    requests: RequestStore,
    tokens: TaskTokens,
    now: datetime,
) -> None:
    """Store the task token, by which a change that closes the cycle completes the task.

    ``seconds`` were computed before the token was stored. A change of the deadline in between could not
    use the token, so the deadline is read again. The execution ends if the cycle was closed meanwhile.
    """
    try:
        requests.renew_cycle(cycle)
    except RequestClosedError:
        tokens.complete(cycle.task_token, CLOSED)
        return
    request = requests.read(cycle.request_id)
    status = cycle_status_of(request, cycle.number, now)
    sooner = seconds - status.seconds_to_next_check > TOLERANCE_SECONDS
    if status.route is Route.REVIEW and sooner:
        tokens.wake(cycle.task_token, status.seconds_to_next_check)


def check_deadline(
    request_id: str, cycle: int, *, requests: RequestStore, payer: Payer, now: datetime
) -> CycleStatus:
    """Record all due reminders and escalations; the cycle continues to wait (W2)."""

    def attempt() -> CycleStatus:
        request = requests.read(request_id)
        while request is not None and is_open(request, cycle):
            change = request.check_deadline(now, payer)
            if change is None:
                break
            requests.record(change)
            request = change.request
        return cycle_status_of(request, cycle, now)

    return retry(attempt, on=ConcurrentChangeError)


def is_open(request: Request, cycle: int) -> bool:
    """Whether this cycle is open and the payer must act."""
    return request.cycle_is_open and request.review is not None and request.review.cycle == cycle


def cycle_status_of(request: Request | None, cycle: int, now: datetime) -> CycleStatus:
    """How a cycle continues, by the current state of the request."""
    if request is None or not is_open(request, cycle):
        return CycleStatus(Route.CLOSED, 1)
    wait = request.next_check_at(now) - now
    return CycleStatus(Route.REVIEW, max(1, ceil(wait.total_seconds())))
