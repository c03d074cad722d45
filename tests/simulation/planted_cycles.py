"""Defects of determination cycles, their executions, and the sweep that repairs them."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from functions.sweep import executions
from functions.sweep import handler as sweep
from functions.workflow import handler as workflow
from precert.adapters import stepfunctions
from precert.adapters.dynamodb import drafts, requests
from precert.domain import proposals
from precert.domain.caller import Caller
from precert.domain.decisions import DecidingRole
from precert.domain.event_types import EVENTS, EventType, WorkflowEffect
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases import changes, cleanup, decisions, repairs
from precert.usecases import relay as relay_usecases
from precert.usecases.repairs import Swept
from tests.simulation import machine
from tests.simulation.defects import Patch, defect


@defect
def execution_name_without_cycle(patch: Patch) -> None:
    """An appeal's execution has the name of the initial determination's execution."""

    def named(request_id: str, _cycle: int, attempt: int = 0) -> str:
        return request_id if attempt == 0 else f"{request_id}-repair-{attempt}"

    patch.setattr(stepfunctions, "execution_name", named)


@defect
def execution_name_random(patch: Patch) -> None:
    """Each start of a cycle has a random execution name."""
    counter = count()
    patch.setattr(stepfunctions, "execution_name", lambda *_: f"execution-{next(counter)}")


@defect
def reminder_recorded_twice(patch: Patch) -> None:
    """It is not recorded that a reminder was sent."""
    check = Request.check_deadline

    def without_record(self: Request, now: Any, payer: Payer) -> Change | None:
        change = check(self, now, payer)
        if change is None:
            return None
        cycles = {"warned_cycle": 0, "escalated_cycle": 0}
        review = change.request.submitted.model_copy(update=cycles)
        return change._replace(request=change.request.model_copy(update={"review": review}))

    patch.setattr(Request, "check_deadline", without_record)


@defect
def reminder_not_recorded(patch: Patch) -> None:
    """An execution that reaches a reminder time keeps waiting."""
    patch.setattr(Request, "check_deadline", lambda *_: None)
    patch.setattr(Request, "next_check_at", lambda _, now: now + timedelta(days=1))


@defect
def token_of_a_closed_cycle_stored(patch: Patch) -> None:
    """An execution waits without checking whether the cycle is open."""

    def careless(self: Any, cycle: Any) -> None:
        self._writes.put(**self._put_cycle(cycle)["Put"])

    patch.setattr(requests.DynamoDBRequests, "renew_cycle", careless)


@defect
def first_token_not_replaced(patch: Patch) -> None:
    """A cycle's token is written once, and not replaced when the execution waits again."""
    put = requests.DynamoDBRequests._put_cycle

    def once(self: Any, cycle: Any) -> dict[str, Any]:
        arguments = put(self, cycle)["Put"]
        arguments = {
            "TableName": arguments["TableName"],
            "Key": {name: arguments["Item"][name] for name in ("pk", "sk")},
            "UpdateExpression": "SET task_token = if_not_exists(task_token, :token)",
            "ExpressionAttributeValues": {":token": arguments["Item"]["task_token"]},
        }
        return {"Update": arguments}

    patch.setattr(requests.DynamoDBRequests, "_put_cycle", once)


@defect
def token_not_answered(patch: Patch) -> None:
    """A void leaves its execution waiting until the next reminder."""
    voided = replace(EVENTS[EventType.REQUEST_VOIDED], workflow=WorkflowEffect.NONE)
    ended = replace(EVENTS[EventType.REQUEST_ENDED_AS_DUPLICATE], workflow=WorkflowEffect.NONE)
    changed = {EventType.REQUEST_VOIDED: voided, EventType.REQUEST_ENDED_AS_DUPLICATE: ended}
    patch.setattr(relay_usecases, "EVENTS", {**EVENTS, **changed})


@defect
def version_of_a_decision_not_checked(patch: Patch) -> None:
    """A decision applies to whichever version and cycle it finds when it arrives."""
    patch.setattr(changes, "_require_version", lambda *_: None)
    patch.setattr(decisions, "require_cycle", lambda *_: None)


@defect
def retry_missing(patch: Patch) -> None:
    """The state machine gives up at the first error."""
    states = deepcopy(dict(machine.definition()))
    for state in states["States"].values():
        state.pop("Retry", None)
    patch.setattr(machine, "definition", lambda: states)


@defect
def timeout_not_caught(patch: Patch) -> None:
    """A timeout of the clock ends the execution."""
    states = deepcopy(dict(machine.definition()))
    waiting = states["States"]["Await Decision"]
    waiting["Catch"] = [
        one for one in waiting["Catch"] if "States.Timeout" not in one["ErrorEquals"]
    ]
    patch.setattr(machine, "definition", lambda: states)


@defect
def clock_change_not_signaled(patch: Patch) -> None:
    """An execution keeps its old wait when information is requested or has arrived."""
    ignored = {
        kind: replace(rule, workflow=WorkflowEffect.NONE)
        for kind, rule in EVENTS.items()
        if rule.workflow in (WorkflowEffect.RESCHEDULE, WorkflowEffect.RESUME)
    }
    patch.setattr(relay_usecases, "EVENTS", {**EVENTS, **ignored})


@defect
def warning_repeated_at_each_check(patch: Patch) -> None:
    """A warning of a draft's expiration has a new id each time."""
    counter, event_of = count(), cleanup.expiring_event

    def another(draft: Request, now: Any) -> Any:
        event = event_of(draft, now)
        return event.model_copy(update={"event_id": f"{event.event_id}-{next(counter)}"})

    patch.setattr(cleanup, "expiring_event", another)
    give = drafts.DynamoDBDraftWarnings._without_warning

    def retained(self: Any, warning: Any) -> dict[str, Any]:
        arguments = give(self, warning)
        return {**arguments, "UpdateExpression": "SET worklist_sk = :listed"}

    patch.setattr(drafts.DynamoDBDraftWarnings, "_without_warning", retained)


@defect
def denied_without_a_physician(patch: Patch) -> None:
    """A nurse's denial is a determination."""
    patch.setattr(Caller, "deciding_role", DecidingRole.PHYSICIAN)


@defect
def signed_by_its_proposer(patch: Patch) -> None:
    """The reviewer who proposed decisions may sign them."""
    signed = proposals.signed

    def lenient(request: Request, by: str, decided_as: Any) -> Any:
        proposed_by = request.submitted.proposal and request.submitted.proposal.proposed_by
        return signed(request, f"not-{by}" if by == proposed_by else by, decided_as)

    patch.setattr(decisions, "signed", lenient)


@defect
def clock_not_rechecked(patch: Patch) -> None:
    """A cycle waits for a time that was computed before its token was stored."""

    def trusting(cycle: Any, _seconds: int, *, requests: Any, **_: Any) -> None:
        requests.renew_cycle(cycle)

    patch.setattr(workflow, "await_decision", trusting)


@defect
def clocks_not_swept(patch: Patch) -> None:
    """Only executions check the clocks of their cycles."""
    patch.setattr(sweep, "sweep_clocks", Swept)


@defect
def lost_execution_not_started(patch: Patch) -> None:
    """An execution is only started again if Step Functions sent how it ended."""
    patch.setattr(sweep, "restart_lost_executions", lambda **_: Swept())


@defect
def status_change_ignored(patch: Patch) -> None:
    """The end of an execution is left to the sweep."""
    patch.setattr(executions, "_restart", lambda _event: None)


@defect
def next_check_not_indexed(patch: Patch) -> None:
    """The index has the deadline of each cycle, and not what is to be recorded next."""
    due_at = property(lambda self: self.deadline.due_at if self.deadline else None)
    patch.setattr(Request, "next_event_at", due_at)


@defect
def overdue_cycle_swept_last(patch: Patch) -> None:
    """The sweep looks for clocks that were due an hour ago."""
    patch.setattr(repairs, "LATE_AFTER", timedelta(hours=1))
