"""Verifies uploads whose event was lost, and reports missing scan results. Started by a schedule."""

from collections import Counter
from typing import Any

from precert.bootstrap import Dependencies, dependencies
from precert.names import SCAN_UNRESOLVED, UPLOADS_SWEPT
from precert.observability import errors_noted, logger, metrics, note_error, note_work, work_on
from precert.usecases.ports.documents import WaitingUpload
from precert.usecases.upload_sweep import SWEPT_AFTER, Swept, sweep_upload


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    """The event is not used: the waiting documents are in the table."""
    with errors_noted():
        deps = dependencies()
        found: Counter[Swept] = Counter()
        for waiting in deps.documents.waiting(deps.now() - SWEPT_AFTER):
            with work_on(**waiting._asdict()):
                found.update(_swept(deps, waiting))
        note_work(UPLOADS_SWEPT, **{swept.value: count for swept, count in found.items()})


def _swept(deps: Dependencies, waiting: WaitingUpload) -> list[Swept]:
    """The result for one upload, or none after an error, which does not affect the other uploads."""
    try:
        swept = deps.call(sweep_upload, waiting, scanned=deps.settings.scans_documents)
    except Exception as error:  # noqa: BLE001 - one document does not delay the others
        note_error(error)
        return []
    if swept is Swept.UNSCANNED:
        note_work(SCAN_UNRESOLVED, **waiting._asdict())
    elif swept is not Swept.UNCHANGED:
        note_work(swept.value, **waiting._asdict())
    return [swept]
