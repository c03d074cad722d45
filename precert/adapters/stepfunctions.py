"""The state machine (ports :class:`precert.usecases.ports.workflow.Workflow`, ``TaskTokens``)."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError
from precert.names import CLOCK_MOVED

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

MAX_ATTEMPTS = 100
"""Executions of one cycle, with repairs; a closed execution's name cannot be used again."""

_WAITS_NO_LONGER = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


def execution_name(request_id: str, cycle: int, attempt: int = 0) -> str:
    """The execution name, which makes a repeated start of the same cycle change nothing."""
    name = f"{request_id}-{cycle}"
    return name if attempt == 0 else f"{name}-repair-{attempt}"


class StepFunctionsTokens:
    """Task tokens of waiting executions, of any state machine."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def answer(self, task_token: str, outcome: Mapping[str, str]) -> None:
        try:
            self._client.send_task_success(taskToken=task_token, output=json.dumps(dict(outcome)))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _WAITS_NO_LONGER:
                raise _transient(error) from error
        except BotoCoreError as error:
            raise _transient(error) from error

    def wake(self, task_token: str, seconds: int) -> None:
        try:
            self._client.send_task_failure(
                taskToken=task_token, error=CLOCK_MOVED, cause=str(seconds)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _WAITS_NO_LONGER:
                raise _transient(error) from error
        except BotoCoreError as error:
            raise _transient(error) from error


class StepFunctionsWorkflow(StepFunctionsTokens):
    """The state machine and its waiting executions."""

    def __init__(self, client: "SFNClient", *, state_machine_arn: str) -> None:
        super().__init__(client)
        self._arn = state_machine_arn

    def start(self, request_id: str, cycle: int) -> None:
        self._start(request_id, cycle, attempt=0)

    def runs(self, request_id: str, cycle: int) -> bool:
        return self._free_attempt(request_id, cycle) is None

    def start_again(self, request_id: str, cycle: int) -> bool:
        attempt = self._free_attempt(request_id, cycle)
        if attempt is None:
            return False
        self._start(request_id, cycle, attempt)
        return True

    def _free_attempt(self, request_id: str, cycle: int) -> int | None:
        """The first attempt whose name was never used; ``None`` while an execution is running."""
        for attempt in range(MAX_ATTEMPTS):
            status = self._status(execution_name(request_id, cycle, attempt))
            if status == "RUNNING":
                return None
            if status is None:
                return attempt
        raise TransientError("This cycle was started too often: inspect its executions.")

    def _start(self, request_id: str, cycle: int, attempt: int) -> None:
        try:
            self._client.start_execution(
                stateMachineArn=self._arn,
                name=execution_name(request_id, cycle, attempt),
                input=json.dumps({"request_id": request_id, "cycle": cycle}),
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error

    def _status(self, name: str) -> str | None:
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            return self._client.describe_execution(executionArn=arn)["status"]
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error


def _transient(error: Exception) -> TransientError:
    return TransientError(f"The workflow did not answer ({type(error).__name__}). Try again.")
