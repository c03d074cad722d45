"""The operators whom alarms notify, for the tests that provoke them."""

import json
import re
from collections.abc import Callable
from typing import Final

from tests.journeys.portal import Json, until
from tests.workflow.bench import Bench

RECEIVED: Final = "operators"


def _nothing() -> None:
    """Do nothing while waiting."""


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

    def notified(
        self, name: str, severity: str, section: str, *, meanwhile: Callable[[], object] = _nothing
    ) -> None:
        """Wait for the notification of an alarm, at the topic of its severity, with its runbook.

        ``meanwhile`` is called again and again, for failures that must last for several periods.
        """
        alarm = self.alarm(name)

        def look() -> Json | None:
            meanwhile()
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
