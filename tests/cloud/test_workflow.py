"""The state machine: errors by class, task tokens, timeouts in JSONata, stopping."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.stand import Stand, until


def output(execution: dict[str, Any]) -> Any:
    assert execution["status"] == "SUCCEEDED", execution
    return json.loads(str(execution["output"]))


def test_catch_by_class_when_filled(stand: Stand) -> None:
    assert output(stand.ended(stand.run(mode="call", **{"raise": "RefusedError"}))) == "refused"


def test_retry_by_class_when_filled(stand: Stand) -> None:
    arn = stand.run(mode="call", key="retried", **{"raise": "FlakyError"})
    assert output(stand.ended(arn))["Error"] == "FlakyError"
    assert len([n for n in stand.notes("task") if n.get("key") == "retried"]) == 2


def test_neither_by_class_when_unfilled(raw: Stand) -> None:
    assert output(raw.ended(raw.run(mode="call", **{"raise": "RefusedError"}))) != "refused"


def test_a_token_is_answered_with_the_functions_own_role_when_filled(stand: Stand) -> None:
    arn = stand.run(mode="wait", seconds=60)
    event = {
        "service": "stepfunctions",
        "call": "send_task_success",
        "arguments": {"taskToken": stand.token(arn), "output": '{"decision": "A1"}'},
    }
    assert stand.invoke("Probe", event)[0] == {"code": "OK"}
    assert output(stand.ended(arn)) == {"decision": "A1"}
    assert stand.invoke("Probe", event)[0]["code"] in {"TaskDoesNotExist", "TaskTimedOut"}


def test_a_timeout_written_in_jsonata_is_caught_when_filled(stand: Stand) -> None:
    assert output(stand.ended(stand.run(mode="wait", seconds=1.7))) == "late"


def test_a_timeout_written_in_jsonata_breaks_the_execution_when_unfilled(raw: Stand) -> None:
    assert raw.ended(raw.run(mode="wait", seconds=1))["status"] == "FAILED"


def test_an_error_before_the_wait_fails_the_task_when_filled(stand: Stand) -> None:
    arn = stand.run(mode="wait", seconds=60, **{"raise": "RefusedError"})
    assert output(stand.ended(arn)) == "refused"


@pytest.fixture(scope="module")
def asking(raw: Stand) -> str:
    """A machine for the unpatched emulator, whose timeout is a plain number."""
    client = raw.cloud.client("stepfunctions")
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "TimeoutSeconds": 1,
        "Arguments": {"FunctionName": raw.out["Task"], "Payload": "{% $states.input %}"},
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": ask}}
    deps = client.describe_state_machine(stateMachineArn=raw.out["Machine"])
    arn: str = client.create_state_machine(
        name="asking", definition=json.dumps(definition), roleArn=deps["roleArn"]
    )["stateMachineArn"]
    return arn


def test_an_error_before_the_wait_is_swallowed_when_unfilled(raw: Stand, asking: str) -> None:
    arn = raw.cloud.client("stepfunctions").start_execution(
        stateMachineArn=asking, input='{"raise": "RefusedError"}'
    )["executionArn"]
    assert raw.ended(arn)["error"] == "States.Timeout"


def test_a_stopped_execution_fails_later_when_unfilled(raw: Stand, asking: str) -> None:
    client = raw.cloud.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=asking, input='{"key": "stopped"}')["executionArn"]
    until(lambda: [n for n in raw.notes("task") if n.get("key") == "stopped"])
    client.stop_execution(executionArn=arn)
    assert raw.execution(arn)["status"] == "ABORTED"
    until(lambda: raw.execution(arn)["status"] == "FAILED")


def test_answering_a_task_is_authorised_for_everything_or_nothing_when_unfilled(raw: Stand) -> None:
    event = {
        "service": "stepfunctions",
        "call": "send_task_success",
        "arguments": {"taskToken": "any", "output": "{}"},
    }
    assert raw.invoke("Probe", event)[0]["code"] == "AccessDeniedException"


def test_a_stopped_execution_stays_stopped_and_its_token_is_worth_nothing_when_filled(
    stand: Stand,
) -> None:
    arn = stand.run(mode="wait", seconds=1.2)
    token, client = stand.token(arn), stand.cloud.client("stepfunctions")
    client.stop_execution(executionArn=arn, error="Void", cause="withdrawn")
    with pytest.raises(ClientError):
        client.send_task_success(taskToken=token, output="{}")
    late = stand.run(mode="wait", seconds=2)
    assert output(stand.ended(late)) == "late"
    assert stand.execution(arn)["status"] == "ABORTED"


def test_a_name_is_used_once_when_filled(stand: Stand) -> None:
    client = stand.cloud.client("stepfunctions")
    request = {"stateMachineArn": stand.out["Machine"], "name": "only-once"}
    first = client.start_execution(**request, input='{"mode": "call"}')
    until(lambda: stand.execution(first["executionArn"])["status"] == "SUCCEEDED")
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(**request, input='{"mode": "call"}')
