"""Turns events of the bus into messages of both providers."""

from typing import Any

from precert.bootstrap import dependencies
from precert.domain.events import PublishedEvent
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.messages import deliver_message
from precert.usecases.ports.messages import Message


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with errors_noted():
        _deliver(PublishedEvent.model_validate(event["detail"]))


def _deliver(told: PublishedEvent) -> None:
    message = Message(
        message_id=told.event_id,
        type=told.type,
        request_id=told.request_id,
        number=told.number,
        status=told.status,
        at=told.at,
    )
    deps = dependencies()
    deliver_message(message, told.tins, inbox=deps.inbox, payer=deps.payer)
    note_work("delivered", event_id=told.event_id, inboxes=len(told.tins))
