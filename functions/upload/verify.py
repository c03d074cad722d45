"""Verifies documents that have arrived: S3's event, by way of EventBridge."""

from typing import Any

from precert.bootstrap import dependencies
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
        note_work("passed_over")
        return
    deps = dependencies()
    request_id, document_id = ids
    settled = verify_document(
        request_id,
        document_id,
        records=deps.documents,
        store=deps.document_bytes,
        requests=deps.requests,
        inspect=deps.inspect,
        payer=deps.payer,
        scanned=deps.settings.scans_documents,
        now=deps.now(),
    )
    status = settled.status.value if settled else "unchanged"
    note_work("verified", request_id=request_id, document_id=document_id, status=status)
