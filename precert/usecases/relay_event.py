"""Move what the table recorded: start executions, answer waiting ones, publish to the bus."""

from precert.contract import EventType
from precert.domain.events import Event
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import EventBus, Workflow

_OPENS_ROUND = frozenset({EventType.REQUEST_SUBMITTED, EventType.APPEAL_FILED})
_CLOSES_ROUND = frozenset(
    {EventType.REQUEST_DETERMINED, EventType.APPEAL_DETERMINED, EventType.REQUEST_VOIDED}
)


def relay_event(event: Event, *, requests: RequestStore, workflow: Workflow, bus: EventBus) -> None:
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
    bus.publish(event)
