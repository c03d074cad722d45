"""Delivers events of the bus as messages to both providers, from a queue."""

from typing import Any

from precert.bootstrap import dependencies
from precert.domain.events import PublishedEvent
from precert.observability import logger, metrics, note_work
from precert.queues import process_events
from precert.usecases.messages import Message, deliver_message


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_events(event, context, _deliver)


def _deliver(event: dict[str, Any]) -> None:
    published = PublishedEvent.model_validate(event["detail"])
    message = Message(
        message_id=published.event_id,
        type=published.type,
        request_id=published.request_id,
        number=published.number,
        status=published.status,
        at=published.at,
        refusal_code=published.refusal_code,
    )
    deps = dependencies()
    deliver_message(message, published.tins, inbox=deps.inbox, payer=deps.payer)
    note_work("delivered", event_id=published.event_id, inboxes=len(published.tins))
