"""Warns of drafts that will be removed soon; a schedule calls it."""

from typing import Any

from precert.bootstrap import dependencies
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.cleanup import warn_of_expiry


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    """The event says nothing: what is due stands in the table."""
    with errors_noted():
        deps = dependencies()
        given = warn_of_expiry(
            warnings=deps.draft_warnings,
            requests=deps.requests,
            payer=deps.payer,
            now=deps.now(),
        )
        note_work("warned", drafts=given)
