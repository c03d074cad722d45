"""Takes the results of scans for malware: GuardDuty's event, on the account's default bus."""

from typing import Any

from precert.bootstrap import dependencies
from precert.domain.documents import DocumentStatus, ScanResult, ids_of_key
from precert.names import SCAN_UNRESOLVED
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.documents import scan_document


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    with errors_noted():
        scanned, told = event["detail"]["s3ObjectDetails"], event["detail"]["scanResultDetails"]
        result = ScanResult(told["scanResultStatus"])
        _take(scanned["objectKey"], scanned.get("versionId"), result)


def _take(key: str, version_id: str | None, result: ScanResult) -> None:
    ids = ids_of_key(key)
    if ids is None:
        note_work("passed_over")
        return
    deps = dependencies()
    request_id, document_id = ids
    document = scan_document(
        request_id,
        document_id,
        version_id,
        result,
        records=deps.documents,
        store=deps.document_bytes,
        requests=deps.requests,
        inspect=deps.inspect,
        payer=deps.payer,
        now=deps.now(),
    )
    status = document.status.value if document else "unchanged"
    # Counted at every delivery: an operator is told twice rather than never.
    work = SCAN_UNRESOLVED if status == DocumentStatus.CHECKING else "scanned"
    note_work(
        work, request_id=request_id, document_id=document_id, result=result.value, status=status
    )
