"""Queues all due work of subscriptions. Started by a schedule."""

from typing import Any

from precert.bootstrap import call
from precert.names import SUBSCRIPTIONS_SWEPT
from precert.observability import errors_noted, logger, metrics, note_work
from precert.usecases.notifications import sweep_subscriptions


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    """The event is not used: the due work is in the table."""
    with errors_noted():
        note_work(SUBSCRIPTIONS_SWEPT, due=call(sweep_subscriptions))
