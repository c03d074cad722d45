"""Alarms ring in the local cloud: a failure is provoked, and its message arrives at the topic.

The periods of the alarms are shortened. What no local cloud can provoke is in
``tests/adapters/test_alarms.py`` and ``tests/template/test_ringing.py``.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.users import PROVIDER
from tests.journeys.portal import Json, until
from tests.workflow.bench import Bench

UNREADABLE: Final = {
    "eventName": "INSERT",
    "dynamodb": {"NewImage": {"event": {"S": "{}"}}, "SequenceNumber": "7"},
}
RECEIVED: Final = "operators"


class Operators:
    """Who is notified by the topics of both severities: a queue in place of their mailboxes."""

    def __init__(self, bench: Bench) -> None:
        cloud = bench.deployment.cloud
        self.sqs, self.alarms = cloud.client("sqs"), cloud.client("cloudwatch")
        self.messages: list[Json] = []
        self.url = self.sqs.create_queue(QueueName=RECEIVED)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        topics = {
            one["PhysicalResourceId"]
            for one in bench.resources
            if one["ResourceType"] == "AWS::SNS::Topic"
        }
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        for topic in topics:
            cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def alarm(self, name: str) -> Json:
        """The alarm of this construct."""
        pages = self.alarms.get_paginator("describe_alarms").paginate()
        found = [one for page in pages for one in page["MetricAlarms"]]
        named = re.compile(rf"-Alarms{name}[0-9A-F]{{8}}-")
        [alarm] = [one for one in found if named.search(one["AlarmName"])]
        return dict(alarm)

    def state(self, name: str) -> str:
        return str(self.alarm(name)["StateValue"])

    def clear(self, *names: str) -> None:
        """Wait for the end of these alarms of earlier tests, as only a change is notified."""

        def look() -> bool | None:
            return all(self.state(name) != "ALARM" for name in names) or None

        until(f"waiting for the end of {', '.join(names)}", look)
        self.sqs.purge_queue(QueueUrl=self.url)
        self.messages.clear()

    def notified(self, name: str, severity: str, section: str) -> None:
        """Wait for the notification of an alarm, at the topic of its severity, with its runbook."""
        alarm = self.alarm(name)

        def look() -> Json | None:
            answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            self.messages += [json.loads(one["Body"]) for one in answer.get("Messages", [])]
            return next(
                (
                    one
                    for one in self.messages
                    if (change := json.loads(one["Message"]))["AlarmName"] == alarm["AlarmName"]
                    and change["NewStateValue"] == "ALARM"
                ),
                None,
            )

        envelope = until(f"waiting for the alarm {name}", look)
        assert severity in envelope["TopicArn"]
        text = json.loads(envelope["Message"])["AlarmDescription"]
        assert text.endswith(f"docs/operations.md#{section}")


@pytest.fixture
def operators(bench: Bench) -> Iterator[Operators]:
    found = Operators(bench)
    yield found
    found.sqs.delete_queue(QueueUrl=found.url)


def test_operators_are_paged_when_a_stored_record_cannot_be_read(
    bench: Bench, operators: Operators
) -> None:
    request_id = bench.portal.pending()
    table = bench.deployment.outputs["RequestsTableName"]
    dynamodb = bench.deployment.cloud.client("dynamodb")
    [header] = [one for one in bench.items(request_id) if one["sk"]["S"] == "REQUEST"]
    operators.clear("DamagedRecords", "ServerErrors")
    dynamodb.put_item(TableName=table, Item={**header, "plan": {"S": "{"}})
    try:
        answer = bench.deployment.caller(PROVIDER).call("GET", f"/v1/requests/{request_id}")
        assert answer.status_code == 500
        operators.notified("DamagedRecords", "Page", "damaged-records")
        operators.notified("ServerErrors", "Ticket", "server-errors")
    finally:
        dynamodb.put_item(TableName=table, Item=header)


def test_operators_get_a_ticket_when_a_dead_letter_appears(
    bench: Bench, operators: Operators
) -> None:
    urls = bench.deployment.cloud.client("sqs").list_queues()["QueueUrls"]
    [url] = [one for one in urls if "RelayFunctionDeadLetters" in one]
    operators.sqs.purge_queue(QueueUrl=url)
    operators.clear("RelayDeadLetters")
    assert bench.invoke("Relay", {"Records": [UNREADABLE]}) == {"batchItemFailures": []}
    operators.notified("RelayDeadLetters", "Ticket", "dead-letters")
    operators.sqs.purge_queue(QueueUrl=url)


def test_operators_get_a_ticket_when_invocations_fail(bench: Bench, operators: Operators) -> None:
    operators.clear("InboxFunctionErrors")
    client: Any = bench.deployment.cloud.client("lambda")
    answer = client.invoke(FunctionName=bench.function("Inbox"), Payload=b'{"detail": {}}')
    assert answer["FunctionError"]
    operators.notified("InboxFunctionErrors", "Ticket", "function-errors")


def test_operators_get_a_ticket_when_an_execution_fails_or_is_aborted(
    bench: Bench, operators: Operators
) -> None:
    client = bench.deployment.cloud.client("stepfunctions")
    request_id = bench.portal.pending()
    running = bench.started(request_id)
    operators.clear("AbortedExecutions")
    client.stop_execution(executionArn=running["executionArn"])
    operators.notified("AbortedExecutions", "Ticket", "executions")
    operators.clear("FailedExecutions")
    machine = bench.deployment.outputs["StateMachineArn"]
    client.start_execution(stateMachineArn=machine, name="unreadable-input", input="{}")
    operators.notified("FailedExecutions", "Ticket", "executions")


def test_operators_are_paged_when_the_sweep_does_not_run(
    bench: Bench, operators: Operators
) -> None:
    def look() -> bool:
        bench.invoke("Sweep", {})
        return operators.state("SweepMissing") == "OK"

    until("waiting for a run of the sweep to be counted", look)
    operators.clear()
    operators.notified("SweepMissing", "Page", "missing-runs")
