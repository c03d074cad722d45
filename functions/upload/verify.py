"""Verifies uploaded documents, on S3 events from EventBridge."""

from typing import Any

from precert.bootstrap import call, dependencies
from precert.domain.documents import ids_of_key
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.documents import verify_document


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with errors_noted():
        _verify(event["detail"]["object"]["key"])


def _verify(key: str) -> None:
    ids = ids_of_key(key)
    if ids is None:
        note_work("ignored")
        return
    request_id, document_id = ids
    scanned = dependencies().settings.scans_documents
    changed = call(verify_document, request_id, document_id, scanned=scanned)
    status = changed.status.value if changed else "unchanged"
    note_work("verified", request_id=request_id, document_id=document_id, status=status)
