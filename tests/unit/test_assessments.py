"""Assessments by Express executions: the result, and how a failure affects the next ones."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from precert.adapters.stepfunctions import ASSESSMENT_PAUSE, StepFunctionsAssessments
from precert.bootstrap import Dependencies
from precert.settings import Settings
from tests.fakes import samples
from tests.fakes.clock import START

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:assessment"
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException"}}, "StartSyncExecution")
LATE = ReadTimeoutError(endpoint_url="https://sync-states.us-east-1.amazonaws.com")


def ended(route: str) -> dict[str, str]:
    return {"status": "SUCCEEDED", "output": json.dumps({"route": route})}


@dataclass
class Machine:
    """The client; it responds with each result in turn."""

    results: list[Mapping[str, Any] | Exception]
    inputs: list[dict[str, Any]] = field(default_factory=list)

    def start_sync_execution(self, **call: Any) -> Mapping[str, Any]:
        assert call["stateMachineArn"] == ARN
        self.inputs.append(json.loads(call["input"]))
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def assessments(machine: Machine) -> StepFunctionsAssessments:
    return StepFunctionsAssessments(machine, state_machine_arn=ARN)  # type: ignore[arg-type]


def test_cycle_is_closed_when_the_execution_says_so() -> None:
    machine = Machine([ended("closed"), ended("review")])
    assessed = assessments(machine)
    assert assessed.close(samples.REQUEST_ID, 1, now=START) is True
    assert assessed.close(samples.REQUEST_ID, 2, now=START) is False
    assert machine.inputs == [
        {"request_id": samples.REQUEST_ID, "cycle": 1},
        {"request_id": samples.REQUEST_ID, "cycle": 2},
    ]


@pytest.mark.parametrize(
    "result", [{"status": "FAILED"}, {"status": "TIMED_OUT"}, THROTTLED, LATE], ids=str
)
def test_cycles_have_executions_of_their_own_when_an_assessment_fails(
    result: Mapping[str, Any] | Exception,
) -> None:
    """For a minute the relay waits for none of them."""
    machine = Machine([result, ended("closed")])
    assessed = assessments(machine)
    for after in (timedelta(), ASSESSMENT_PAUSE - timedelta(seconds=1)):
        assert assessed.close(samples.REQUEST_ID, 1, now=START + after) is False
    assert len(machine.inputs) == 1
    assert assessed.close(samples.REQUEST_ID, 1, now=START + ASSESSMENT_PAUSE) is True


@pytest.mark.parametrize(
    ("environ", "prefixed"), [({}, True), ({"AWS_ENDPOINT_URL": "http://localhost:1"}, False)]
)
def test_execution_is_called_once_at_its_own_host_when_aws_is_called(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], *, prefixed: bool
) -> None:
    """A repeated call would be another execution, and the local cloud has one host."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    config = Dependencies(settings=Settings(environ)).assessing.meta.config
    assert config.inject_host_prefix is prefixed
    retries = vars(config)["_user_provided_options"]["retries"]
    assert retries == {"mode": "standard", "total_max_attempts": 1}
