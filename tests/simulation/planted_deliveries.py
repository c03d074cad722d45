"""Defects of effects before the commit, of deliveries, and of idempotency."""

from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any

from functions.inbox import handler as inbox
from functions.notices import handler as notices
from functions.relay import handler as relay
from functions.submit import handler as submit
from functions.upload import verify
from precert.adapters import eventbridge
from precert.adapters.dynamodb import messages
from precert.adapters.dynamodb.keys import inbox_sk
from precert.bootstrap import dependencies
from precert.domain.request import Change, Request
from precert.usecases import changes
from precert.usecases import messages as messages_usecases
from precert.usecases.ports.requests import ConcurrentChangeError
from precert.usecases.submission import submit_draft
from tests.simulation import world
from tests.simulation.defects import Patch, defect


def _early(act: Callable[[Change], None]) -> Callable[..., Request]:
    """``change_request`` that acts before it writes."""

    def change_request(request_id: str, change: Any, *, requests: Any) -> Request:
        for _ in range(5):
            expected: Change | Request = change(requests.read(request_id))
            if isinstance(expected, Request):
                return expected
            if expected.event.type in ("RequestDetermined", "AppealDetermined"):
                act(expected)
            try:
                requests.record(expected)
            except ConcurrentChangeError:
                continue
            return expected.request
        raise ConcurrentChangeError

    return change_request


@defect
def published_before_the_commit(patch: Patch) -> None:
    """A decision is published to the bus before it is written."""
    patch.setattr(
        changes, "change_request", _early(lambda one: dependencies().bus.publish(one.event))
    )


@defect
def token_answered_before_the_commit(patch: Patch) -> None:
    """A decision answers its execution before it is written."""

    def answer(expected: Change) -> None:
        deps = dependencies()
        waiting = deps.requests.cycle(expected.event.request_id, expected.event.cycle)
        if waiting:
            deps.workflow.complete(waiting.task_token, {"status": expected.event.status.value})

    patch.setattr(changes, "change_request", _early(answer))


@defect
def execution_started_before_the_commit(patch: Patch) -> None:
    """A submission starts its execution before it is written."""

    @wraps(submit_draft)
    def eager(draft_id: str, *arguments: Any, **more: Any) -> Any:
        dependencies().workflow.start(draft_id, 1)
        return submit_draft(draft_id, *arguments, **more)

    patch.setattr(submit, "submit_draft", eager)


@defect
def failed_record_ignored(patch: Patch) -> None:
    """The relay reports success for failed records."""
    handle = relay.handle

    def careless(event: dict[str, Any], context: Any) -> dict[str, Any]:
        handle(event, context)
        return {"batchItemFailures": []}

    patch.setattr(relay, "handle", careless)


@defect
def events_without_a_queue(patch: Patch) -> None:
    """The bus invokes functions asynchronously: after three failures an event is discarded."""
    patch.setattr(world.World, "queued", False)


@defect
def failed_event_acknowledged(patch: Patch) -> None:
    """A function reports success for events of its batch that failed."""
    for consumer in (inbox, notices, verify):
        process = consumer.process_events

        def careless(*arguments: Any, process: Any = process) -> dict[str, Any]:
            process(*arguments)
            return {"batchItemFailures": []}

        patch.setattr(consumer, "process_events", careless)


@defect
def rejected_entry_ignored(patch: Patch) -> None:
    """The number of entries that the bus rejected is ignored."""
    publish = eventbridge.EventBridgeBus.publish

    def careless(self: Any, event: Any) -> None:
        client = self._client

        class Taken:
            def put_events(self, **arguments: Any) -> Any:
                return {**client.put_events(**arguments), "FailedEntryCount": 0}

        publish(eventbridge.EventBridgeBus(Taken(), bus_name=self._bus_name), event)  # type: ignore[arg-type]

    patch.setattr(eventbridge.EventBridgeBus, "publish", careless)


@defect
def event_id_generated_at_delivery(patch: Patch) -> None:
    """Each delivery of an event generates a new event id."""
    publish, counter = eventbridge.EventBridgeBus.publish, count()

    def renamed(self: Any, event: Any) -> None:
        publish(self, event.model_copy(update={"event_id": f"{event.event_id}-{next(counter)}"}))

    patch.setattr(eventbridge.EventBridgeBus, "publish", renamed)


@defect
def inbox_without_idempotency(patch: Patch) -> None:
    """A message's key is the instant of its delivery."""
    counter, keyed = count(), inbox_sk
    patch.setattr(messages, "inbox_sk", lambda at, name: f"{keyed(at, name)}.{next(counter)}")


@defect
def message_to_one_provider(patch: Patch) -> None:
    """A delivery ends after the first inbox and is not retried."""
    deliver = messages_usecases.deliver_message
    from functions.inbox import handler

    patch.setattr(
        handler,
        "deliver_message",
        lambda message, tins, **arguments: deliver(message, tins[:1], **arguments),
    )


@defect
def start_without_idempotency(patch: Patch) -> None:
    """The idempotency key of a start is ignored."""
    patch.setattr(submit, "id_from_key", lambda *_: dependencies().new_id())
