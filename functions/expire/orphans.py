"""Removes records and files whose request no longer exists. Started by a schedule."""

from typing import Any

from precert.bootstrap import call
from precert.names import ORPHANS_RETAINED, ORPHANS_SWEPT
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.orphans import sweep_orphans


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    """The event is not used: the position of the sweep is in the table."""
    with errors_noted():
        swept = call(sweep_orphans)
        for orphan in swept.removed:
            document_id = orphan.file.document_id if orphan.file else None
            note_work(
                "orphan_removed", request_id=orphan.request_id, document_id=document_id or "all"
            )
        for request_id in swept.not_archived:
            note_work(ORPHANS_RETAINED, request_id=request_id, reason="not_archived")
        if swept.held:
            note_work(ORPHANS_RETAINED, orphans=swept.held, reason="too_many")
        note_work(ORPHANS_SWEPT, removed=len(swept.removed))
