"""Relays new events and saved drafts from the table's stream, one by one and in order."""

from functools import partial
from typing import Any

from precert.bootstrap import Dependencies, prepared
from precert.domain.audit import record_of_event
from precert.domain.events import Event
from precert.observability import errors_noted, logger, metrics, note_count, note_event
from precert.streams import process_records
from precert.usecases.drafts import show_draft
from precert.usecases.relay import relay_event


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Returns the first record to deliver again, if any; the stream also delivers all after it."""
    with errors_noted():
        deps = prepared(
            *("requests", "drafts", "assessments", "workflow", "bus", "payer", "audit_log")
        )
    return process_records(event, partial(_relay, deps), deps.dead_letters)


def _relay(deps: Dependencies, record: dict[str, Any]) -> None:
    image = record["dynamodb"]["NewImage"]
    if "event" not in image:
        request_id = image["request_id"]["S"]
        show_draft(request_id, requests=deps.requests, drafts=deps.drafts, payer=deps.payer)
        note_count("draft_listed")
        return
    event = Event.model_validate_json(image["event"]["S"])
    deps.audit_log.append(record_of_event(event))
    relay_event(
        event,
        requests=deps.requests,
        assessments=deps.assessments,
        workflow=deps.workflow,
        bus=deps.bus,
        payer=deps.payer,
        now=deps.now(),
    )
    note_event(event.type.value, event.event_id)
