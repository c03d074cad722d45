"""Sends expiry warnings of drafts and checks the clocks of delegated vendors; a schedule starts it."""

from typing import Any

from precert.bootstrap import dependencies
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.cleanup import warn_of_expiry
from precert.usecases.vendors import check_vendor_clocks


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    """The event contains nothing: the table has the due warnings and clocks."""
    with errors_noted():
        deps = dependencies()
        try:
            sent = warn_of_expiry(
                warnings=deps.draft_warnings,
                requests=deps.requests,
                payer=deps.payer,
                now=deps.now(),
            )
            note_work("warned", drafts=sent)
        finally:
            # Vendors' deadlines do not depend on the warnings.
            checked = check_vendor_clocks(
                listings=deps.listings, requests=deps.requests, now=deps.now()
            )
            note_work("vendor_clocks_checked", recorded=checked)
