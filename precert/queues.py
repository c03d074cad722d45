"""Process batches of events from SQS queues, with partial batch responses.

EventBridge delivers an event to a queue, and Lambda reads the queue in batches. The response lists the
messages that failed. Only those are delivered again, until they are processed or moved to the
dead-letter queue.
"""

import json
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from precert.domain.documents import ids_of_key
from precert.observability import errors_noted, work_on


def process_events(
    event: dict[str, Any], context: LambdaContext, process: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Process the EventBridge events of an SQS batch; returns the messages to deliver again.

    ``event`` can also be an EventBridge event itself, as in a redrive. Its error is raised.
    """
    if "Records" not in event:
        _process(event, process)
        return {"batchItemFailures": []}

    def handle(record: SQSRecord) -> None:
        _process(json.loads(record.body), process)

    # One processor per invocation, as it stores the failed messages. If all fail, all are listed.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, handle, processor, context))


def _process(event: dict[str, Any], process: Callable[[dict[str, Any]], None]) -> None:
    with work_on(**ids_of(event)), errors_noted():
        process(event)


def ids_of(event: object) -> dict[str, str]:
    """The ids of an event for the log, and no other data of it."""
    if not isinstance(event, dict):
        return {}
    detail = event.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    found = {
        "event_id": detail.get("event_id") or event.get("id"),
        "request_id": detail.get("request_id"),
    }
    key = _key_of(detail)
    if ids := ids_of_key(key) if key else None:
        found["request_id"], found["document_id"] = ids
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _key_of(detail: dict[str, Any]) -> str | None:
    """The key of the object that was created or scanned."""
    created, scanned = detail.get("object"), detail.get("s3ObjectDetails")
    key = created.get("key") if isinstance(created, dict) else None
    if isinstance(scanned, dict):
        key = scanned.get("objectKey")
    return key if isinstance(key, str) else None
