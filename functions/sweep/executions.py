"""Starts another execution of a cycle whose execution failed, was aborted or timed out."""

from typing import Any

from pydantic import BaseModel

from precert.bootstrap import call
from precert.domain.errors import DamagedRecordError
from precert.observability import logger, metrics, note_work
from precert.queues import process_events
from precert.usecases.repairs import restart_execution


class ExecutionInput(BaseModel):
    """The input of each execution of the state machine."""

    request_id: str
    cycle: int


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return process_events(event, context, _restart)


def _restart(event: dict[str, Any]) -> None:
    detail = event["detail"]
    ended = ExecutionInput.model_validate_json(detail["input"])
    ids: dict[str, str | int] = {"request_id": ended.request_id, "cycle": ended.cycle}
    note_work("execution_ended", status=detail["status"], **ids)
    try:
        started = call(restart_execution, ended.request_id, ended.cycle)
    except DamagedRecordError:
        # The use case reported it. A new execution could not read the record either.
        return
    if started:
        note_work("execution_restarted", **ids)
