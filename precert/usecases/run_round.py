"""The workflow's tasks once a round is assessed: let it wait for its decision, mark its clock.

Every task may run twice, late, or after the request went on; each looks at what stands, does what is
still to do, and says how the round goes on.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from precert.contract import Route
from precert.domain.clocks import Deadline, appeal_deadline, decision_deadline
from precert.domain.errors import TransientError
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    RequestStore,
    Round,
)
from precert.usecases.ports.workflow import TaskTokens

ATTEMPTS = 5
TOLERANCE_SECONDS = 60
"""How much later than its mark a clock may be looked at; less is no reason to wake anybody."""


@dataclass(frozen=True)
class Standing:
    """How a round goes on, and in how many seconds its clock must be looked at (at least one)."""

    route: Route
    seconds_to_next_mark: int


def await_decision(
    round_: Round,
    seconds: int,
    *,
    requests: RequestStore,
    tokens: TaskTokens,
    payer: Payer,
    now: datetime,
) -> None:
    """Let the round wait with this task token; what closes or changes it answers the token.

    The execution sleeps for ``seconds``, which were counted before the token was stored: what moved
    the clock meanwhile found no token to wake, so it is looked at once more.

    Raises:
        RequestClosedError: nothing is to be waited for.
    """
    requests.renew_round(round_)
    request = requests.read(round_.request_id)
    standing = standing_of(request, round_.number, payer, now)
    sooner = seconds - standing.seconds_to_next_mark > TOLERANCE_SECONDS
    if standing.route is Route.REVIEW and sooner:
        tokens.wake(round_.task_token, standing.seconds_to_next_mark)


def mark_clock(
    request_id: str, round_: int, *, requests: RequestStore, payer: Payer, now: datetime
) -> Standing:
    """Tell that the deadline is near or has passed; the round goes on waiting (W2)."""
    for _ in range(ATTEMPTS):
        request = requests.read(request_id)
        if request is not None and is_open(request, round_):
            change = request.mark_clock(now)
            if change is not None:
                try:
                    requests.record(change)
                except ConcurrentChangeError:
                    continue
                request = change.request
        return standing_of(request, round_, payer, now)
    raise TransientError("The request is being changed by others. Try again.")


def is_open(request: Request, round_: int) -> bool:
    """Whether this round of the request still waits for the payer."""
    return request.round_is_open and request.review is not None and request.review.round == round_


def standing_of(request: Request | None, round_: int, payer: Payer, now: datetime) -> Standing:
    """How a round goes on as the request stands now."""
    if request is None or not is_open(request, round_):
        return Standing(Route.CLOSED, 1)
    deadline = request.clock or deadline_of(request, payer)
    if _mark_is_missing(request, deadline, now):
        return Standing(Route.REVIEW, 1)
    wait = deadline.next_mark(now) - now
    return Standing(Route.REVIEW, max(1, ceil(wait.total_seconds())))


def _mark_is_missing(request: Request, deadline: Deadline, now: datetime) -> bool:
    """Whether a mark was reached while no execution waited, and nobody was told yet."""
    review = request.submitted
    if review.open_information_request:
        return now >= deadline.due_at
    return (now >= deadline.due_at and review.escalated_round < review.round) or (
        now >= deadline.warn_at and review.warned_round < review.round
    )


def deadline_of(request: Request, payer: Payer) -> Deadline:
    """Deadline that the open round begins with, by the line of business of the plan (W2).

    Extensions and pauses move it later: :attr:`Request.clock` knows where it stands.
    """
    clock = payer.review_clocks[request.plan.line_of_business]
    review = request.submitted
    if appeal := review.open_appeal:
        return appeal_deadline(appeal.filed_at, expedited=appeal.expedited, clock=clock)
    return decision_deadline(review.submitted_at, request.urgency, clock)
