"""Checks clocks of open cycles and delegated vendors, and restarts lost executions, on a schedule."""

from typing import Any, Final

from precert.bootstrap import call, prepared
from precert.domain.errors import TransientError
from precert.names import CLOCK_SWEPT, NOTICES_AGE, PROCESSING_AGE, SWEPT
from precert.observability import errors_noted, logger, metrics, note_age, note_work
from precert.usecases.ports.listings import WaitQueue
from precert.usecases.repairs import restart_lost_executions, sweep_clocks, waiting_ages
from precert.usecases.vendors import check_vendor_clocks

_AGES: Final = {
    WaitQueue.PROCESSING: PROCESSING_AGE,
    WaitQueue.NOTICES: NOTICES_AGE,
}
_USED = ("listings", "requests", "workflow", "sweep_positions", "payer")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> None:
    """The event is not used: the open cycles are in the table.

    A technical error in one part is raised after the other parts, so that, for example, clocks are
    checked even if Step Functions is not available.
    """
    with errors_noted():
        prepared(*_USED)
        errors: list[TransientError] = []
        swept = call(sweep_clocks)
        for cycle in swept.cycles:
            note_work(CLOCK_SWEPT, request_id=cycle.request_id, cycle=cycle.cycle)
        errors += swept.errors
        try:
            note_work("vendor_clocks_checked", recorded=call(check_vendor_clocks))
        except TransientError as error:
            errors.append(error)
        restarted = call(restart_lost_executions, late=swept.cycles)
        for cycle in restarted.cycles:
            note_work("execution_restarted", request_id=cycle.request_id, cycle=cycle.cycle)
        errors += restarted.errors
        for queue, age in call(waiting_ages).items():
            if age:
                note_age(_AGES[queue], age.total_seconds())
        if errors:
            raise errors[0]
        note_work(SWEPT, clocks=len(swept.cycles), executions=len(restarted.cycles))
