"""Prints the letters of a determination, as the bus tells of it."""

from typing import Any

from precert.bootstrap import dependencies
from precert.domain.events import PublishedEvent
from precert.observability import faults_noted, logger, metrics, note_work
from precert.usecases.notices import print_letters


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with faults_noted():
        _print(PublishedEvent.model_validate(event["detail"]))


def _print(told: PublishedEvent) -> None:
    made = dependencies()
    printed = print_letters(
        told.request_id,
        told.round,
        requests=made.requests,
        records=made.letters,
        store=made.letter_bytes,
        printer=made.printer,
        payer=made.payer,
        words=made.letter_words,
        now=made.now(),
    )
    note_work("printed", event_id=told.event_id, letters=len(printed))
