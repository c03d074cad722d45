"""Sends expiry warnings of drafts. Started by a schedule."""

from typing import Any

from precert.bootstrap import call, dependencies
from precert.names import WARNED
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.cleanup import warn_of_expiry


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    """The event is not used: the due warnings are in the table."""
    with errors_noted():
        sent = call(warn_of_expiry, warnings=dependencies().draft_warnings)
        note_work(WARNED, drafts=sent)
