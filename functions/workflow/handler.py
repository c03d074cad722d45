"""The tasks of the state machine, which retries and catches errors by their class."""

from typing import Any

from precert.bootstrap import dependencies
from precert.names import WorkflowTask
from precert.observability import logger, metrics, note_work
from precert.usecases.assessment import AssessmentSources, assess_cycle
from precert.usecases.ports.requests import Cycle
from precert.usecases.workflow import CycleStatus, await_decision, check_deadline, complete_task


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Perform the task named in the event, and complete its task token.

    In executions started by an earlier release, two of the payloads have no token; their next state
    reads the response of the function.
    """
    task = WorkflowTask(event["task"])
    request_id, cycle = event["request_id"], int(event["cycle"])
    note_work(task.value, request_id=request_id, cycle=cycle)
    deps = dependencies()
    requests, payer, now = deps.requests, deps.payer, deps.now()
    if task is WorkflowTask.AWAIT_DECISION:
        waiting = Cycle(request_id, cycle, event["task_token"])
        await_decision(
            waiting,
            int(event["seconds"]),
            requests=requests,
            tokens=deps.task_tokens,
            now=now,
        )
        return {}
    if task is WorkflowTask.CHECK_DEADLINE:
        status = check_deadline(request_id, cycle, requests=requests, payer=payer, now=now)
    else:
        status = assess_cycle(request_id, cycle, deps.call(AssessmentSources))
    if (token := event.get("task_token")) is not None:
        complete_task(token, status, deps.task_tokens)
    return _response(status)


def _response(status: CycleStatus) -> dict[str, Any]:
    return {
        "route": status.route.value,
        "seconds_to_next_check": status.seconds_to_next_check,
    }
