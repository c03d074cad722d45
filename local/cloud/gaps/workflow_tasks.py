"""Time out, fail and stop tasks as Step Functions does.

Emulator: a `TimeoutSeconds` in JSONata is not evaluated and fails the execution. An error of a function
that is invoked with a task token is ignored, so that the execution waits for a callback that never
comes. The error of a throttled function is `Lambda.Unknown`. A stopped execution continues to wait and
becomes FAILED later.
Patch: evaluate the timeout; fail the task with the function's error, so that Retry and Catch apply;
name throttling `Lambda.TooManyRequestsException`; end the wait and the token of a stopped execution,
which remains ABORTED.
Remove when: the unpatched emulator does the same; each point by itself.
"""

import threading
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

_THROTTLED: Final = "TooManyRequestsException"
_TIMES: Final = ("TimeoutSeconds", "HeartbeatSeconds")
_STOPPED: Final = frozenset({"ABORTED", "TIMED_OUT"})
_here = threading.local()
_owners: dict[str, str] = {}
_machines: dict[str, str] = {}


def machine_of(token: str) -> str | None:
    """Return the ARN of the state machine that issued this token, or None before the last restart."""
    return _machines.get(token)


def wake(execution_arn: str) -> None:
    """End the wait of an execution's task, and its token, because the execution has ended."""
    workflows = module("services.stepfunctions")
    for token, owner in list(_owners.items()):
        waiting = workflows._task_tokens.get(token)
        if owner == execution_arn and waiting is not None:
            workflows._task_tokens.pop(token, None)
            waiting["event"].set()


class CallFailedError(Exception):
    """Contains a function's error, because the emulator ignores the error itself."""


class StoppedError(Exception):
    """The execution of this task was stopped."""


def _seconds(workflows: Any, state: dict[str, Any], name: str, data: Any, context: Any) -> Any:
    value = workflows._jsonata_state_field(state, name, "number", data, context)
    if value < 1 or value != int(value):
        raise workflows._ExecutionError(
            "States.QueryEvaluationError", f"{name} must be a positive integer, but was {value}"
        )
    return int(value)


def _timed(execute: Callable[..., Any]) -> Callable[..., Any]:
    workflows = module("services.stepfunctions")

    def execute_timed(state: dict[str, Any], data: Any, execution: Any, context: Any) -> Any:
        times = {
            name: _seconds(workflows, state, name, data, context)
            for name in _TIMES
            if isinstance(state.get(name), str)
        }
        _here.execution = (execution or {}).get("executionArn", "")
        _here.machine = (execution or {}).get("stateMachineArn", "")
        return execute({**state, **times}, data, execution, context)

    return execute_timed


def _failing(call: Callable[..., Any]) -> Callable[..., Any]:
    workflows = module("services.stepfunctions")

    def call_failing(function: Any, event: Any) -> Any:
        try:
            return call(function, event)
        except workflows._ExecutionError as failed:
            error = failed
            if f'"{_THROTTLED}"' in str(failed.cause):
                error = workflows._ExecutionError(f"Lambda.{_THROTTLED}", failed.cause)
            if getattr(_here, "token", None) is None:
                raise error from None
            raise CallFailedError(error) from failed

    return call_failing


def _awaited(invoke: Callable[..., Any]) -> Callable[..., Any]:
    workflows = module("services.stepfunctions")

    def invoke_and_await(resource: str, data: Any, token: str, state: Any) -> Any:
        execution = getattr(_here, "execution", "")
        _owners[token], _here.token = execution, token
        _machines[token] = getattr(_here, "machine", "")
        try:
            return invoke(resource, data, token, state)
        except CallFailedError as error:
            raise error.args[0] from error
        finally:
            _here.token = None
            workflows._task_tokens.pop(token, None)
            _owners.pop(token, None)
            if (workflows._executions.get(execution) or {}).get("status") in _STOPPED:
                raise StoppedError(execution)

    return invoke_and_await


def _stopping(stop: Callable[..., Any]) -> Callable[..., Any]:
    def stop_and_wake(data: Any) -> Any:
        response = stop(data)
        if response[0] < 400:
            wake(data.get("executionArn"))
        return response

    return stop_and_wake


def _once(fail: Callable[..., Any]) -> Callable[..., Any]:
    def fail_when_running(execution: Any, error: str, cause: str) -> None:
        if execution.get("status") == "RUNNING":
            fail(execution, error, cause)

    return fail_when_running


def apply() -> None:
    """Wrap the interpreter's functions."""
    workflows = module("services.stepfunctions")
    wrap(workflows, "_execute_task", _timed)
    wrap(workflows, "_call_lambda", _failing)
    wrap(workflows, "_invoke_with_callback", _awaited)
    wrap(workflows, "_stop_execution", _stopping)
    wrap(workflows, "_fail_execution", _once)
