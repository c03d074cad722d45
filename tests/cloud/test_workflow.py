"""The state machine: errors by class, task tokens, timeouts in JSONata, stopping."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.deployment import Deployment, until


def output(execution: dict[str, Any]) -> Any:
    assert execution["status"] == "SUCCEEDED", execution
    return json.loads(str(execution["output"]))


def test_errors_are_caught_by_class_when_patched(deployment: Deployment) -> None:
    assert (
        output(deployment.ended(deployment.run(mode="call", **{"raise": "RefusedError"})))
        == "refused"
    )


def test_errors_are_retried_by_class_when_patched(deployment: Deployment) -> None:
    arn = deployment.run(mode="call", key="retried", **{"raise": "FlakyError"})
    assert output(deployment.ended(arn))["Error"] == "FlakyError"
    assert len([n for n in deployment.notes("task") if n.get("key") == "retried"]) == 2


def test_errors_are_neither_caught_nor_retried_by_class_when_unpatched(
    unpatched: Deployment,
) -> None:
    assert (
        output(unpatched.ended(unpatched.run(mode="call", **{"raise": "RefusedError"})))
        != "refused"
    )


def test_a_token_is_answered_with_the_functions_own_role_when_patched(
    deployment: Deployment,
) -> None:
    arn = deployment.run(mode="wait", seconds=60)
    event = {
        "service": "stepfunctions",
        "call": "send_task_success",
        "arguments": {"taskToken": deployment.token(arn), "output": '{"decision": "A1"}'},
    }
    assert deployment.invoke("Probe", event)[0] == {"code": "OK"}
    assert output(deployment.ended(arn)) == {"decision": "A1"}
    assert deployment.invoke("Probe", event)[0]["code"] in {"TaskDoesNotExist", "TaskTimedOut"}


def test_a_jsonata_timeout_is_caught_when_patched(deployment: Deployment) -> None:
    assert output(deployment.ended(deployment.run(mode="wait", seconds=1.7))) == "late"


def test_a_jsonata_timeout_fails_the_execution_when_unpatched(
    unpatched: Deployment,
) -> None:
    assert unpatched.ended(unpatched.run(mode="wait", seconds=1))["status"] == "FAILED"


def test_an_error_before_the_wait_fails_the_task_when_patched(deployment: Deployment) -> None:
    arn = deployment.run(mode="wait", seconds=60, **{"raise": "RefusedError"})
    assert output(deployment.ended(arn)) == "refused"


@pytest.fixture(scope="module")
def asking(unpatched: Deployment) -> str:
    """A machine for the unpatched emulator, with a plain number as timeout."""
    client = unpatched.cloud.client("stepfunctions")
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "TimeoutSeconds": 1,
        "Arguments": {"FunctionName": unpatched.out["Task"], "Payload": "{% $states.input %}"},
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Invoke", "States": {"Invoke": invoke}}
    described = client.describe_state_machine(stateMachineArn=unpatched.out["Machine"])
    arn: str = client.create_state_machine(
        name="asking", definition=json.dumps(definition), roleArn=described["roleArn"]
    )["stateMachineArn"]
    return arn


def test_an_error_before_the_wait_is_swallowed_when_unpatched(
    unpatched: Deployment, asking: str
) -> None:
    arn = unpatched.cloud.client("stepfunctions").start_execution(
        stateMachineArn=asking, input='{"raise": "RefusedError"}'
    )["executionArn"]
    assert unpatched.ended(arn)["error"] == "States.Timeout"


def test_a_stopped_execution_fails_later_when_unpatched(unpatched: Deployment, asking: str) -> None:
    client = unpatched.cloud.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=asking, input='{"key": "stopped"}')["executionArn"]
    until(lambda: [n for n in unpatched.notes("task") if n.get("key") == "stopped"])
    client.stop_execution(executionArn=arn)
    assert unpatched.execution(arn)["status"] == "ABORTED"
    until(lambda: unpatched.execution(arn)["status"] == "FAILED")


def test_task_answers_are_authorized_for_all_or_none_when_unpatched(
    unpatched: Deployment,
) -> None:
    event = {
        "service": "stepfunctions",
        "call": "send_task_success",
        "arguments": {"taskToken": "any", "output": "{}"},
    }
    assert unpatched.invoke("Probe", event)[0]["code"] == "AccessDeniedException"


def test_a_stopped_execution_stays_stopped_and_its_token_is_invalid_when_patched(
    deployment: Deployment,
) -> None:
    arn = deployment.run(mode="wait", seconds=1.2)
    token, client = deployment.token(arn), deployment.cloud.client("stepfunctions")
    client.stop_execution(executionArn=arn, error="Void", cause="withdrawn")
    with pytest.raises(ClientError):
        client.send_task_success(taskToken=token, output="{}")
    late = deployment.run(mode="wait", seconds=2)
    assert output(deployment.ended(late)) == "late"
    assert deployment.execution(arn)["status"] == "ABORTED"


def test_a_name_is_used_once_when_patched(deployment: Deployment) -> None:
    client = deployment.cloud.client("stepfunctions")
    request = {"stateMachineArn": deployment.out["Machine"], "name": "only-once"}
    first = client.start_execution(**request, input='{"mode": "call"}')
    until(lambda: deployment.execution(first["executionArn"])["status"] == "SUCCEEDED")
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(**request, input='{"mode": "call"}')
