"""Prints determination notices, for events of the bus that arrive by a queue."""

from typing import Any

from precert.bootstrap import call
from precert.domain.events import PublishedEvent
from precert.observability import logger, metrics, note_work
from precert.queues import process_events
from precert.usecases.notices import print_notices


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_events(event, context, _print)


def _print(event: dict[str, Any]) -> None:
    determined = PublishedEvent.model_validate(event["detail"])
    printed = call(print_notices, determined.request_id, determined.cycle)
    note_work("rendered", event_id=determined.event_id, notices=len(printed))
