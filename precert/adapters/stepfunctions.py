"""The state machines (ports :class:`precert.usecases.ports.workflow.Workflow`, ``TaskTokens`` and
``Assessments``).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError
from precert.names import CLOCK_MOVED, CYCLE_PENDED, Route

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

MAX_ATTEMPTS: Final = 1024
"""Maximum number of executions of one cycle. The name of a closed execution cannot be used again."""
FIRST_PAUSE: Final = timedelta(minutes=1)
MAX_PAUSE: Final = timedelta(hours=1)
"""Bounds of the pause before an execution that failed repeatedly is restarted automatically. The first
restart is immediate.
"""

RESTORED: Final = "TableRestored"
"""The error of an execution that was stopped because the restored table lacks its task token."""

_NOT_WAITING = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


def execution_name(request_id: str, cycle: int, attempt: int = 0) -> str:
    """The name of an execution. It is unique, so that starting the same attempt twice has no effect."""
    name = f"{request_id}-{cycle}"
    return name if attempt == 0 else f"{name}-repair-{attempt}"


def _unqualified(state_machine_arn: str) -> str:
    """The ARN of the state machine without an alias or version, as ARNs of executions contain it."""
    return ":".join(state_machine_arn.split(":")[:7])


class StepFunctionsTokens:
    """Task tokens of waiting executions, of any state machine."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def complete(self, task_token: str, outcome: Mapping[str, str]) -> None:
        try:
            self._client.send_task_success(taskToken=task_token, output=json.dumps(dict(outcome)))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_WAITING:
                raise _transient(error) from error
        except BotoCoreError as error:
            raise _transient(error) from error

    def pend(self, task_token: str, seconds: int) -> None:
        self._fail(task_token, CYCLE_PENDED, seconds)

    def wake(self, task_token: str, seconds: int) -> None:
        self._fail(task_token, CLOCK_MOVED, seconds)

    def _fail(self, task_token: str, error_name: str, seconds: int) -> None:
        try:
            self._client.send_task_failure(
                taskToken=task_token, error=error_name, cause=str(seconds)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_WAITING:
                raise _transient(error) from error
        except BotoCoreError as error:
            raise _transient(error) from error


class StepFunctionsWorkflow(StepFunctionsTokens):
    """The state machine and its waiting executions."""

    def __init__(self, client: "SFNClient", *, state_machine_arn: str) -> None:
        super().__init__(client)
        self._started_by = state_machine_arn
        self._executions = _unqualified(state_machine_arn).replace(":stateMachine:", ":execution:")

    def start(self, request_id: str, cycle: int) -> None:
        self._start(request_id, cycle, attempt=0)

    def runs(self, request_id: str, cycle: int) -> bool:
        last = self._last(request_id, cycle)
        return last is not None and last.running

    def start_again(self, request_id: str, cycle: int, *, now: datetime | None = None) -> bool:
        last = self._last(request_id, cycle)
        if last is None:
            self._start(request_id, cycle, attempt=0)
            return True
        if last.running or (now is not None and now < last.restart_from):
            return False
        if last.attempt + 1 >= MAX_ATTEMPTS:
            raise TransientError("This cycle was restarted too often: inspect its executions.")
        self._start(request_id, cycle, last.attempt + 1)
        return True

    def renew(self, request_id: str, cycle: int, *, before: datetime) -> bool:
        last = self._last(request_id, cycle)
        if last is None:
            self._start(request_id, cycle, attempt=0)
            return True
        if last.started_at >= before:
            return False
        if last.running:
            self._stop(request_id, cycle, last.attempt)
        self._start(request_id, cycle, last.attempt + 1)
        return True

    def _last(self, request_id: str, cycle: int) -> "_Execution | None":
        """The last execution of a cycle. Executions are numbered, and the last one is searched.

        One AWS call if the first execution is running, at most 2 log2(n) + 1 after n executions.
        """
        last, missing = self._described(request_id, cycle, 0), 1
        if last is None:
            return None
        while not last.running and missing < MAX_ATTEMPTS:
            later = self._described(request_id, cycle, missing)
            if later is None:
                break
            last, missing = later, missing * 2
        missing = min(missing, MAX_ATTEMPTS)
        while not last.running and missing - last.attempt > 1:
            middle = (last.attempt + missing) // 2
            between = self._described(request_id, cycle, middle)
            if between is None:
                missing = middle
            else:
                last = between
        return last

    def _start(self, request_id: str, cycle: int, attempt: int) -> None:
        try:
            self._client.start_execution(
                stateMachineArn=self._started_by,
                name=execution_name(request_id, cycle, attempt),
                input=json.dumps({"request_id": request_id, "cycle": cycle}),
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error

    def _stop(self, request_id: str, cycle: int, attempt: int) -> None:
        try:
            self._client.stop_execution(
                executionArn=self._execution_arn(request_id, cycle, attempt), error=RESTORED
            )
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error

    def _execution_arn(self, request_id: str, cycle: int, attempt: int) -> str:
        name = execution_name(request_id, cycle, attempt)
        return f"{self._executions}:{name}"

    def _described(self, request_id: str, cycle: int, attempt: int) -> "_Execution | None":
        arn = self._execution_arn(request_id, cycle, attempt)
        try:
            found = self._client.describe_execution(executionArn=arn)
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error
        return _Execution(
            attempt, found["status"] == "RUNNING", found["startDate"], found.get("stopDate")
        )


ASSESSMENT_PAUSE: Final = timedelta(minutes=1)
"""Time without further assessments by the relay after one failed or took too long."""


class StepFunctionsAssessments:
    """Express executions, which return the result of one assessment.

    The relay waits for an execution even if it fails, and the next one would probably fail too. After a
    failure, cycles are therefore assessed only by their own executions for ``ASSESSMENT_PAUSE``.
    """

    def __init__(self, client: "SFNClient", *, state_machine_arn: str) -> None:
        self._client = client
        self._machine = state_machine_arn
        self._paused_until = _ALWAYS

    def close(self, request_id: str, cycle: int, *, now: datetime) -> bool:
        if now < self._paused_until:
            return False
        route = self._route(json.dumps({"request_id": request_id, "cycle": cycle}))
        if route is None:
            self._paused_until = now + ASSESSMENT_PAUSE
        return route == Route.CLOSED

    def _route(self, ids: str) -> str | None:
        """How the cycle continues; ``None`` if the execution did not succeed in time."""
        try:
            ended = self._client.start_sync_execution(stateMachineArn=self._machine, input=ids)
        except (BotoCoreError, ClientError):
            return None
        if ended["status"] != "SUCCEEDED":
            return None
        return str(json.loads(ended["output"])["route"])


class _Execution(NamedTuple):
    attempt: int
    running: bool
    started_at: datetime
    ended_at: datetime | None

    @property
    def restart_from(self) -> datetime:
        if self.attempt == 0 or self.ended_at is None:
            return _ALWAYS
        pause = FIRST_PAUSE * (1 << min(self.attempt - 1, 10))
        return self.ended_at + min(pause, MAX_PAUSE)


_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


def _transient(error: Exception) -> TransientError:
    return TransientError(f"The workflow did not respond ({type(error).__name__}). Try again.")
