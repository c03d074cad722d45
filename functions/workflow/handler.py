"""The state machine's tasks. A class of error is what the machine retries or catches by."""

from typing import Any

from precert.bootstrap import Dependencies, dependencies
from precert.contract import WorkflowTask
from precert.observability import logger, metrics, note_work
from precert.usecases.ports.requests import Round
from precert.usecases.workflow import Standing, assess_round, await_decision, mark_clock


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = WorkflowTask(event["task"])
    request_id, round_ = event["request_id"], int(event["round"])
    note_work(task.value, request_id=request_id, round=round_)
    made = dependencies()
    requests, payer, now = made.requests, made.payer, made.now()
    if task is WorkflowTask.AWAIT_DECISION:
        waiting = Round(request_id, round_, event["task_token"])
        await_decision(
            waiting,
            int(event["seconds"]),
            requests=requests,
            tokens=made.task_tokens,
            payer=payer,
            now=now,
        )
        return {}
    if task is WorkflowTask.MARK_CLOCK:
        return _answer(mark_clock(request_id, round_, requests=requests, payer=payer, now=now))
    return _answer(_assess(request_id, round_, made))


def _assess(request_id: str, round_: int, made: Dependencies) -> Standing:
    return assess_round(
        request_id,
        round_,
        requests=made.requests,
        reference=made.reference,
        rule_lists=made.rule_lists,
        versions=made.rule_list_versions,
        footprints=made.footprints,
        payer=made.payer,
        now=made.now(),
    )


def _answer(standing: Standing) -> dict[str, Any]:
    return {
        "route": standing.route.value,
        "seconds_to_next_mark": standing.seconds_to_next_mark,
    }
