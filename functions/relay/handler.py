"""Relays what the table recorded: new events and saved drafts, one by one and in order."""

from typing import Any

from precert.bootstrap import dependencies
from precert.domain.events import Event
from precert.observability import logger, metrics, note_error, note_event, note_work
from precert.usecases.drafts import show_draft
from precert.usecases.workflow import relay_event


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Returns the first failed record: the stream delivers it and all later ones again."""
    for record in event["Records"]:
        try:
            _relay(record)
        except Exception as error:  # noqa: BLE001 - the response names the failed record
            note_error(error)
            sequence_number = record["dynamodb"]["SequenceNumber"]
            return {"batchItemFailures": [{"itemIdentifier": sequence_number}]}
    return {"batchItemFailures": []}


def _relay(record: dict[str, Any]) -> None:
    image, deps = record["dynamodb"]["NewImage"], dependencies()
    if "event" not in image:
        request_id = image["request_id"]["S"]
        show_draft(request_id, requests=deps.requests, drafts=deps.drafts, payer=deps.payer)
        note_work("draft_listed", request_id=request_id)
        return
    event = Event.model_validate_json(image["event"]["S"])
    relay_event(
        event,
        requests=deps.requests,
        workflow=deps.workflow,
        bus=deps.bus,
        payer=deps.payer,
        now=deps.now(),
    )
    note_event(event.type.value, event.event_id)
