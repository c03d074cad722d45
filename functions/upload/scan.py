"""Applies malware scan results, for GuardDuty events of the default bus that arrive by a queue."""

from typing import Any

from precert.bootstrap import call
from precert.domain.documents import DocumentStatus, ScanResult, ids_of_key
from precert.names import SCAN_UNRESOLVED
from precert.observability import logger, metrics, note_work
from precert.queues import process_events
from precert.usecases.documents import scan_document


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_events(event, context, _record)


def _record(event: dict[str, Any]) -> None:
    detail = event["detail"]
    scanned = detail["s3ObjectDetails"]
    result = ScanResult(detail["scanResultDetails"]["scanResultStatus"])
    _apply(scanned["objectKey"], scanned.get("versionId"), result)


def _apply(key: str, version_id: str | None, result: ScanResult) -> None:
    ids = ids_of_key(key)
    if ids is None:
        note_work("ignored")
        return
    request_id, document_id = ids
    document = call(scan_document, request_id, document_id, version_id, result)
    status = document.status.value if document else "unchanged"
    # Counted at every delivery: a count of only the first would be missing if that delivery failed.
    work = SCAN_UNRESOLVED if status == DocumentStatus.CHECKING else "scanned"
    note_work(
        work, request_id=request_id, document_id=document_id, result=result.value, status=status
    )
