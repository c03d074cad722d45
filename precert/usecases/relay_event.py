"""Move what the table recorded: start executions, answer waiting ones, publish to the bus."""

from datetime import datetime

from precert.contract import EventType, Route
from precert.domain.errors import TransientError
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.review import SYSTEM
from precert.usecases.ports.requests import ConcurrentChangeError, RequestStore
from precert.usecases.ports.workflow import EventBus, Workflow
from precert.usecases.run_round import ATTEMPTS, standing_of

_OPENS_ROUND = frozenset({EventType.REQUEST_SUBMITTED, EventType.APPEAL_FILED})
_CLOSES_ROUND = frozenset(
    {
        EventType.REQUEST_DETERMINED,
        EventType.APPEAL_DETERMINED,
        EventType.REQUEST_VOIDED,
        EventType.REQUEST_ENDED_AS_DUPLICATE,
    }
)
_MOVES_CLOCK = frozenset(
    {
        EventType.INFORMATION_REQUESTED,
        EventType.INFORMATION_RECEIVED,
        EventType.DEADLINE_EXTENDED,
    }
)


def relay_event(
    event: Event,
    *,
    requests: RequestStore,
    workflow: Workflow,
    bus: EventBus,
    payer: Payer,
    now: datetime,
) -> None:
    """Do what the event asks for. Doing it twice, or late, changes nothing more.

    An execution is named by its round, so it starts once. A closed round's token is looked up by
    the event's round: where there is none, the execution did not wait yet and finds the round closed
    by itself.

    Raises:
        TransientError: something did not answer; deliver the event again.
    """
    if event.type in _OPENS_ROUND:
        workflow.start(event.request_id, event.round)
    elif event.type in _CLOSES_ROUND:
        waiting = requests.round(event.request_id, event.round)
        if waiting is not None:
            workflow.answer(waiting.task_token, {"status": event.status.value})
    elif event.type in _MOVES_CLOCK:
        _wake(event, requests=requests, workflow=workflow, payer=payer, now=now)
    elif event.type is EventType.DOCUMENT_ATTACHED:
        _receive_information(event, requests=requests, now=now)
    bus.publish(event)


def _wake(
    event: Event, *, requests: RequestStore, workflow: Workflow, payer: Payer, now: datetime
) -> None:
    """Let the execution sleep by the clock as it stands now.

    Where the product asked by itself, it did before the execution began to wait.
    """
    if event.actor == SYSTEM:
        return
    waiting = requests.round(event.request_id, event.round)
    if waiting is None:
        return
    request = requests.read(event.request_id)
    standing = standing_of(request, event.round, payer, now)
    if standing.route is Route.REVIEW:
        workflow.wake(waiting.task_token, standing.seconds_to_next_mark)


def _receive_information(event: Event, *, requests: RequestStore, now: datetime) -> None:
    """A document that arrives answers what was asked for: the payer's clock runs on (W2, W6)."""
    for _ in range(ATTEMPTS):
        request = requests.read(event.request_id)
        asked = request.review.open_information_request if request and request.review else None
        if request is None or asked is None or event.at < asked.asked_at:
            return
        change = request.receive_information(now)
        if change is None:
            return
        try:
            requests.record(change)
        except ConcurrentChangeError:
            continue
        return
    raise TransientError("The request is being changed by others. Try again.")
