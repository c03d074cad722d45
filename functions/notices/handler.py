"""Prints the letters of a determination, as the bus tells of it."""

from typing import Any

from precert.bootstrap import dependencies
from precert.domain.events import PublishedEvent
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.notices import print_notices


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with errors_noted():
        _print(PublishedEvent.model_validate(event["detail"]))


def _print(told: PublishedEvent) -> None:
    deps = dependencies()
    printed = print_notices(
        told.request_id,
        told.cycle,
        requests=deps.requests,
        records=deps.notices,
        store=deps.notice_bytes,
        printer=deps.printer,
        payer=deps.payer,
        words=deps.notice_words,
        now=deps.now(),
    )
    note_work("printed", event_id=told.event_id, notices=len(printed))
