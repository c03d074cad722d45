"""Limits that AWS enforces: throughput of tables, concurrency of functions, time of executions."""

import json
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cloud.deployment import Deployment

KEY = {"pk": {"S": "limits"}, "sk": {"S": "1"}}


def codes_of_a_limited_table(deployment: Deployment) -> list[str]:
    """The error of a read and the reason of a transaction, after the units of a second are used."""
    session, table = deployment.cloud.session(), deployment.out["Results"]
    client: Any = session.client(
        "dynamodb",
        endpoint_url=deployment.cloud.endpoint_url,
        config=Config(retries={"total_max_attempts": 1}),
    )
    put = {"Put": {"TableName": table, "Item": KEY}}
    most = {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 1}
    client.update_table(TableName=table, OnDemandThroughput=most)
    codes = []
    try:
        for _ in range(4):
            try:
                client.get_item(TableName=table, Key=KEY)
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
            try:
                client.transact_write_items(TransactItems=[put])
            except client.exceptions.TransactionCanceledException as error:
                codes += [one["Code"] for one in error.response["CancellationReasons"]]
    finally:
        unlimited = {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}
        client.update_table(TableName=table, OnDemandThroughput=unlimited)
    client.get_item(TableName=table, Key=KEY)
    return codes


def test_calls_are_throttled_above_the_maximum_of_a_table_when_patched(
    deployment: Deployment,
) -> None:
    assert set(codes_of_a_limited_table(deployment)) == {"ThrottlingException", "ThrottlingError"}


def test_calls_are_not_throttled_when_unpatched(unpatched: Deployment) -> None:
    assert codes_of_a_limited_table(unpatched) == []


def status_of_a_stopped_version(deployment: Deployment) -> int:
    session, name = deployment.cloud.session(), deployment.out["Slow"]
    client: Any = session.client(
        "lambda",
        endpoint_url=deployment.cloud.endpoint_url,
        config=Config(retries={"total_max_attempts": 1}),
    )
    version = client.publish_version(FunctionName=name)["Version"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        answer = client.invoke(FunctionName=name, Qualifier=version, Payload=b"{}")
    except client.exceptions.TooManyRequestsException as error:
        answer = error.response
    finally:
        client.delete_function_concurrency(FunctionName=name)
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def test_a_version_has_the_concurrency_of_its_function_when_patched(
    deployment: Deployment,
) -> None:
    assert status_of_a_stopped_version(deployment) == 429


def test_a_version_has_no_limit_of_concurrency_when_unpatched(unpatched: Deployment) -> None:
    assert status_of_a_stopped_version(unpatched) == 200


def status_of_a_late_execution(deployment: Deployment) -> str:
    """The status after an execution that lasts two seconds, of which one is allowed."""
    client = deployment.cloud.client("stepfunctions")
    wait = {"Type": "Wait", "Seconds": 20, "End": True}
    definition = {"StartAt": "Late", "TimeoutSeconds": 1, "States": {"Late": wait}}
    machine = client.create_state_machine(
        name="late",
        definition=json.dumps(definition),
        roleArn=client.describe_state_machine(stateMachineArn=deployment.out["Machine"])["roleArn"],
    )["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    return str(deployment.ended(arn)["status"])


def test_an_execution_times_out_with_its_state_machine_when_patched(
    deployment: Deployment,
) -> None:
    assert status_of_a_late_execution(deployment) == "TIMED_OUT"


def test_an_execution_does_not_time_out_when_unpatched(unpatched: Deployment) -> None:
    assert status_of_a_late_execution(unpatched) == "SUCCEEDED"
