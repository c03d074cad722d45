"""Verifies uploaded documents, for S3 events of EventBridge that arrive by a queue."""

from typing import Any

from precert.bootstrap import call, dependencies
from precert.domain.documents import ids_of_key
from precert.observability import logger, metrics, note_work
from precert.queues import process_events
from precert.usecases.documents import verify_document


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_events(event, context, _verify)


def _verify(event: dict[str, Any]) -> None:
    ids = ids_of_key(event["detail"]["object"]["key"])
    if ids is None:
        note_work("ignored")
        return
    request_id, document_id = ids
    scanned = dependencies().settings.scans_documents
    changed = call(verify_document, request_id, document_id, scanned=scanned)
    status = changed.status.value if changed else "unchanged"
    note_work("verified", request_id=request_id, document_id=document_id, status=status)
