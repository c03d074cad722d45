"""Throttle and time out executions as Step Functions does.

Emulator: it has no quota of state transitions, and `TimeoutSeconds` of a state machine is not enforced.
Patch: each state that a Standard execution enters takes a token of a bucket, which all state machines
share; without one the entry waits, and each attempt counts as `ExecutionThrottled`. A Standard
execution that lasts longer than the `TimeoutSeconds` of its state machine becomes TIMED_OUT. Express
executions take no tokens, and their timeout is not enforced: on a busy machine it would end too many.
Remove when: the unpatched emulator does the same; each point by itself.
"""

import contextvars
import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps import workflow_tasks
from local.cloud.gaps.metrics import record
from local.cloud.gaps.upstream import module, wrap

#: Size of the bucket, and tokens a second: AWS's quota in us-east-1. Tests lower it.
TRANSITIONS: Final = float(os.environ.get("PRECERT_CLOUD_TRANSITIONS", "5000"))
_RETRY_SECONDS: Final = 0.2


class Bucket:
    """Tokens that are refilled at a constant rate up to a maximum, which equals those of a second."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._tokens, self._at = rate, rate, now
        self._lock = threading.Lock()

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        with self._lock:
            refilled = self._tokens + self._rate * (now - self._at)
            self._tokens, self._at = min(self._rate, refilled), now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


_bucket: Final = Bucket(TRANSITIONS, time.monotonic())


def _machine(execution: Any) -> Any:
    return module("services.stepfunctions")._state_machines.get(execution["stateMachineArn"]) or {}


def _is_standard(execution: Any) -> bool:
    return bool(_machine(execution).get("type", "STANDARD") == "STANDARD")


def _limited(add: Callable[..., Any]) -> Callable[..., Any]:
    pause = threading.Event()

    def add_when_allowed(execution: Any, event_type: str, details: Any = None) -> Any:
        if event_type.endswith("StateEntered") and _is_standard(execution):
            while execution["status"] == "RUNNING" and not _bucket.take(time.monotonic()):
                machine = {"StateMachineArn": execution["stateMachineArn"]}
                record("AWS/States", "ExecutionThrottled", 1, machine)
                pause.wait(_RETRY_SECONDS)
        return add(execution, event_type, details)

    return add_when_allowed


def _expire(execution: Any) -> None:
    workflows = module("services.stepfunctions")
    if execution["status"] != "RUNNING":
        return
    execution["status"] = "TIMED_OUT"
    execution["error"], execution["cause"] = "States.Timeout", None
    execution["stopDate"] = workflows.now_iso()
    details = {"executionTimedOutEventDetails": {"error": "States.Timeout"}}
    workflows._add_event(execution, "ExecutionTimedOut", details)
    workflows._emit_execution_status_event(execution)
    workflow_tasks.wake(execution["executionArn"])


def _timed(run: Callable[..., Any]) -> Callable[..., Any]:
    def run_timed(execution_arn: str) -> None:
        execution = module("services.stepfunctions")._executions.get(execution_arn)
        seconds = None
        if execution is not None and _is_standard(execution):
            seconds = json.loads(_machine(execution).get("definition", "{}")).get("TimeoutSeconds")
        if seconds is None:
            run(execution_arn)
            return
        context = contextvars.copy_context()
        timer = threading.Timer(seconds, context.run, (_expire, execution))
        timer.daemon = True
        timer.start()
        try:
            run(execution_arn)
        finally:
            timer.cancel()

    return run_timed


def apply() -> None:
    """Wrap the run of an execution, and the entry of a state."""
    workflows = module("services.stepfunctions")
    wrap(workflows, "_add_event", _limited)
    wrap(workflows, "_run_execution", _timed)
