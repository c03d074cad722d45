"""Prints determination notices, on events of the bus."""

from typing import Any

from precert.bootstrap import call
from precert.domain.events import PublishedEvent
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.notices import print_notices


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with errors_noted():
        _print(PublishedEvent.model_validate(event["detail"]))


def _print(determined: PublishedEvent) -> None:
    printed = call(print_notices, determined.request_id, determined.cycle)
    note_work("rendered", event_id=determined.event_id, notices=len(printed))
