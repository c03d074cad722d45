"""The part of Step Functions that the workflow uses: an interpreter of the committed definition.

Executions by name, task tokens, timeouts, retries and catches in their order. The JSONata forms of
the definition are supported, any other is rejected; ``test_machine.py`` compares them with jsonata.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.simulation.table import failed

DEFINITION: Final = (
    Path(__file__).resolve().parents[2] / "stepfunctions" / "precertification.asl.json"
)
RUNNING: Final = "RUNNING"
Scope = Mapping[str, Any]
Expression = Callable[[Scope], Any]


class UnknownExpressionError(Exception):
    """The definition has an expression that the simulation does not support yet."""


_PATH: Final = re.compile(r"\$(\w+(?:\.\w+)*)")
_NUMBER: Final = re.compile(r"\$number\((\$[\w.]+)\)")


@cache
def expression(text: str) -> Expression:
    """A JSONata expression, without its braces."""
    if match := _PATH.fullmatch(text):
        path = tuple(match[1].split("."))
        return lambda scope: _followed(scope, path)
    if match := _NUMBER.fullmatch(text):
        inner = expression(match[1])
        return lambda scope: int(inner(scope))
    raise UnknownExpressionError(text)


def _followed(scope: Scope, path: tuple[str, ...]) -> Any:
    value: Any = scope
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def evaluated(template: Any, scope: Scope) -> Any:
    """A template with its expressions evaluated."""
    if isinstance(template, str) and template.startswith("{%"):
        return expression(template.removeprefix("{%").removesuffix("%}").strip())(scope)
    if isinstance(template, Mapping):
        return {name: evaluated(value, scope) for name, value in template.items()}
    return template


@cache
def definition() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(DEFINITION.read_text(encoding="utf-8"))
    return found


@dataclass
class Execution:
    """One execution. ``payload`` is the task that is ready for its function."""

    name: str
    input: Mapping[str, Any]
    started_at: datetime
    status: str = RUNNING
    state: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    attempts: dict[int, int] = field(default_factory=dict)
    token: str | None = None
    payload: Mapping[str, Any] | None = None
    ready_at: datetime | None = None
    times_out_at: datetime | None = None
    waits: bool = False
    """Whether its function has returned, and the token alone is waited for."""
    error: str | None = None
    ended_at: datetime | None = None

    @property
    def request_id(self) -> str:
        return str(self.input["request_id"])

    @property
    def cycle(self) -> int:
        return int(self.input["cycle"])


@dataclass
class Machine:
    """All executions, and the calls that start and answer them."""

    now: Callable[[], datetime]
    rng: Random
    note: Callable[[str], None]
    states: Mapping[str, Any] = field(default_factory=lambda: definition()["States"])
    start_at: str = field(default_factory=lambda: definition()["StartAt"])
    executions: dict[str, Execution] = field(default_factory=dict)
    on_success: Callable[[Execution], None] = lambda _execution: None
    on_error: Callable[[Execution], None] = lambda _execution: None
    """Step Functions sends a status change."""
    _tokens: dict[str, Execution] = field(default_factory=dict)
    _running: dict[str, Execution] = field(default_factory=dict)

    # -- calls of the adapter -----------------------------------------------------------------------

    def perform(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """A call of the client.

        Raises:
            ClientError: as the client would.
        """
        called: Callable[[Mapping[str, Any]], dict[str, Any]] = getattr(self, f"_{operation}")
        return called(parameters)

    def _start_execution(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name, requested = parameters["name"], json.loads(parameters["input"])
        known = self.executions.get(name)
        if known is None:
            started = Execution(name, requested, self.now())
            self.executions[name] = self._running[name] = started
            self._enter(started, self.start_at, {"states": {"input": requested}})
        elif known.status != RUNNING or known.input != requested:
            raise ExecutionAlreadyExistsError
        return {"executionArn": f"arn:{name}"}

    def _describe_execution(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        known = self.executions.get(parameters["executionArn"].rpartition(":")[2])
        if known is None:
            raise ExecutionDoesNotExistError
        ended = {} if known.ended_at is None else {"stopDate": known.ended_at}
        return {"status": known.status, "startDate": known.started_at, **ended}

    def _send_task_success(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        execution = self._waiting(parameters["taskToken"], "SendTaskSuccess")
        self._succeed(execution)
        return {}

    def _send_task_failure(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        execution = self._waiting(parameters["taskToken"], "SendTaskFailure")
        self._fail(execution, parameters["error"], parameters["cause"])
        return {}

    def _waiting(self, token: str, operation: str) -> Execution:
        execution = self._tokens.get(token)
        if execution is None or execution.token != token:
            raise failed("TaskTimedOut", operation)
        return execution

    # -- events from outside ------------------------------------------------------------------------

    @property
    def running(self) -> list[Execution]:
        return list(self._running.values())

    def ready(self) -> list[Execution]:
        """Executions whose function is to be invoked now."""
        now = self.now()
        return [
            one
            for one in self.running
            if one.payload is not None
            and not one.waits
            and one.ready_at is not None
            and one.ready_at <= now
        ]

    def next_instant(self) -> datetime | None:
        """The next instant at which a retry or timeout is due."""
        waiting = [
            at
            for one in self.running
            for at in (one.times_out_at if one.waits else one.ready_at,)
            if at is not None
        ]
        return min(waiting, default=None)

    def returned(self, execution: Execution, token: str | None) -> None:
        """The function returned; ignored if the attempt ended meanwhile, as by its task token."""
        if execution.token == token and execution.status == RUNNING:
            execution.waits = True

    def raised(self, execution: Execution, token: str | None, error: str) -> None:
        """The function failed with this error."""
        if execution.token == token and execution.status == RUNNING:
            self._fail(execution, error, "")

    def time_out(self) -> bool:
        """End every attempt whose timeout has passed. Return whether there was one."""
        now, found = self.now(), False
        for execution in self.running:
            if execution.times_out_at is not None and execution.times_out_at <= now:
                found = True
                self._fail(execution, "States.Timeout", "")
        return found

    def abort(self, execution: Execution) -> None:
        """Abort it, as an operator or a lost region does."""
        self._end(execution, "ABORTED")

    def _state(self, execution: Execution) -> Mapping[str, Any]:
        state: Mapping[str, Any] = self.states[execution.state]
        return state

    def _enter(self, execution: Execution, name: str, scope: Scope) -> None:
        execution.state = name
        execution.entered.append(name)
        self.note(f"{execution.name} enters {name}")
        state = self._state(execution)
        match state["Type"]:
            case "Task":
                execution.attempts = {}
                self._attempt(execution, scope, timedelta())
            case "Fail":
                execution.error = evaluated(state["Error"], self._scope(execution, scope))
                self._end(execution, "FAILED")
            case other:
                raise UnknownExpressionError(other)

    def _end(self, execution: Execution, status: str) -> None:
        execution.status, execution.token, execution.payload = status, None, None
        execution.times_out_at = execution.ready_at = None
        execution.waits = False
        execution.ended_at = self.now()
        self._running.pop(execution.name, None)
        if status != "SUCCEEDED":
            self.on_error(execution)

    def _scope(self, execution: Execution, scope: Scope) -> Scope:
        return {**execution.variables, **scope}

    def _attempt(self, execution: Execution, scope: Scope, pause: timedelta) -> None:
        """Prepare the function's call, with a new token for each attempt."""
        state = self._state(execution)
        token = f"token-{len(self._tokens)}"
        states = {**scope.get("states", {}), "context": {"Task": {"Token": token}}}
        whole = self._scope(execution, {"states": states})
        execution.token, execution.waits = token, False
        self._tokens[token] = execution
        execution.payload = evaluated(state["Arguments"]["Payload"], whole)
        execution.ready_at = self.now() + pause
        seconds = evaluated(state["TimeoutSeconds"], whole)
        execution.times_out_at = execution.ready_at + timedelta(seconds=seconds)

    def _succeed(self, execution: Execution) -> None:
        if not self._state(execution).get("End"):
            raise UnknownExpressionError(execution.state)
        self._end(execution, "SUCCEEDED")
        self.on_success(execution)

    def _leave(
        self, execution: Execution, by: Mapping[str, Any], following: str, scope: Scope
    ) -> None:
        execution.variables |= evaluated(by.get("Assign", {}), self._scope(execution, scope))
        execution.token, execution.payload = None, None
        execution.times_out_at = execution.ready_at = None
        execution.waits = False
        self._enter(execution, following, {"states": {"input": execution.input}})

    def _fail(self, execution: Execution, error: str, cause: str) -> None:
        state = self._state(execution)
        self.note(f"{execution.name} in {execution.state}: {error}")
        for index, retrier in enumerate(state.get("Retry", ())):
            if not _fits(error, retrier):
                continue
            tried = execution.attempts.get(index, 0)
            if tried < retrier["MaxAttempts"]:
                execution.attempts[index] = tried + 1
                pause = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried
                pause = min(pause, retrier.get("MaxDelaySeconds", pause))
                jittered = timedelta(seconds=pause * self.rng.random())
                self._attempt(execution, {"states": {"input": execution.input}}, jittered)
                return
            break
        for catcher in state.get("Catch", ()):
            if _fits(error, catcher):
                output = {"Error": error, "Cause": cause}
                scope = {"states": {"input": execution.input, "errorOutput": output}}
                self._leave(execution, catcher, catcher["Next"], scope)
                return
        execution.error = error
        self._end(execution, "FAILED")


def _fits(error: str, rule: Mapping[str, Any]) -> bool:
    expected = rule["ErrorEquals"]
    return (
        error in expected
        or "States.ALL" in expected
        or ("States.TaskFailed" in expected and error != "States.Timeout")
    )


class ExecutionAlreadyExistsError(Exception):
    """``client.exceptions.ExecutionAlreadyExists``."""


class ExecutionDoesNotExistError(Exception):
    """``client.exceptions.ExecutionDoesNotExist``."""


class Exceptions:
    """``client.exceptions``, by the names that botocore derives from the service's shapes."""

    ExecutionAlreadyExists = ExecutionAlreadyExistsError
    ExecutionDoesNotExist = ExecutionDoesNotExistError
