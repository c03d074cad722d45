"""Entered values stay in the table and the bucket: no log, event or execution repeats them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from local.client import upload
from local.journey.content import clinical_note
from local.journey.transcript import answer
from local.users import FACILITY, PROVIDER, REVIEWER, SECOND_REVIEWER
from precert.names import Env
from tests.fakes.leaks import leaked
from tests.journeys.portal import APPROVAL, DENIAL, Json, until
from tests.workflow.bench import Bench

PATIENT: Final = {
    "member_id": "U70033632",
    "date_of_birth": "1988-02-29",
    "last_name": "O'Donnell",
    "first_name": "Siobhan",
}
ENTERED: Final = (
    *("U70033632", "1988-02-29", "19880229", "Donnell", "Siobhan"),
    *("S72001A", "S72.001A", "4405550147", "440-555-0147", "(440) 555-0147"),
    *("3305550149", "330-555-0149", "(330) 555-0149"),
    *("412-55-0147", "412550147"),
    *("siobhans-hip", "the-reviewers-rationale", "the-appeals-reason", "the-voids-reason"),
)
"""Of the patient, the providers, and what people wrote in their own words."""


@dataclass
class Listener:
    """A queue with a rule for every event on the product's bus."""

    bench: Bench
    url: str

    def received(self) -> list[Json]:
        """Receive what has arrived."""
        sqs, events = self.bench.deployment.cloud.client("sqs"), []
        while found := sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            events += [json.loads(message["Body"]) for message in found]
            for message in found:
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return events


@pytest.fixture
def listener(bench: Bench) -> Iterator[Listener]:
    cloud, bus = bench.deployment.cloud, bench.deployment.outputs["EventBusName"]
    sqs, events = cloud.client("sqs"), cloud.client("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_rule(
        Name="everything", EventBusName=bus, EventPattern='{"source": [{"prefix": ""}]}'
    )
    target = {"Id": "queue", "Arn": arn["QueueArn"]}
    events.put_targets(Rule="everything", EventBusName=bus, Targets=[target])
    yield Listener(bench, url)
    events.remove_targets(Rule="everything", EventBusName=bus, Ids=["queue"])
    events.delete_rule(Name="everything", EventBusName=bus)


def content_of(bench: Bench, code: str = "44125") -> Json:
    content = bench.portal.content(code, patient=PATIENT)
    content["services"][0]["primary_diagnosis"] = "S72.001A"
    content["requesting_provider"]["phone"] = "440-555-0147"
    content["servicing_provider"]["phone"] = "330-555-0149"
    return content


def completed(bench: Bench) -> list[str]:
    """A request with every operation and failure; return the request ids."""
    portal, content, provider = bench.portal, content_of(bench), bench.deployment.caller(PROVIDER)
    answer("checking", provider.call("POST", "/v1/checks", {"content": content}), 200)
    answer("confirming", provider.call("POST", "/v1/patients/confirm", {"patient": PATIENT}), 200)
    other = {**PATIENT, "date_of_birth": "1988-02-28"}
    answer("mistyped", provider.call("POST", "/v1/patients/confirm", {"patient": other}), 404)
    unknown = {"patient": {**PATIENT, "Siobhan": "Siobhan"}}
    answer("misspelt", provider.call("POST", "/v1/patients/confirm", unknown), 422)

    known_by = {**PATIENT, "ssn": "412-55-0147"}
    del known_by["member_id"]
    found = provider.call("POST", "/v1/patients/search", known_by)
    assert found.status_code in (200, 404), found.text

    request_id = portal.draft(content)
    for name, body, status in (
        ("siobhans-hip.pdf", clinical_note(), "ATTACHED"),
        ("siobhans-hip.png", clinical_note(), "REFUSED"),
    ):
        offered = portal.offer(request_id, name)
        assert upload(offered["upload"], name, body).status_code == 204
        assert portal.settled(request_id, offered["document"]["document_id"])["status"] == status
    early = datetime.now(UTC) - timedelta(days=15 * 0.75) + timedelta(seconds=2)
    bench.submit(request_id, content, early)
    until(
        "waiting for the reminder",
        lambda: "DeadlineApproaching" in bench.events(request_id) or None,
    )
    denial = {**DENIAL, "rationale": "the-reviewers-rationale of Siobhan"}
    portal.decide(request_id, REVIEWER, 1, [denial])
    filed = bench.deployment.caller(FACILITY).call(
        "POST",
        f"/v1/requests/{request_id}/appeals",
        {"cycle": 1, "line_ids": ["1.1"], "reason": "the-appeals-reason of Siobhan"},
    )
    answer("appealing", filed, 202)
    until("the appeal's review", lambda: "AppealPended" in bench.events(request_id) or None)
    portal.decide(request_id, SECOND_REVIEWER, 2, [APPROVAL])

    voided = portal.pending(content_of(bench, "31900"))
    with bench.broken("Submit", Env.REQUESTS_TABLE.value):
        path, reason = f"/v1/requests/{voided}/void", {"reason": "the-voids-reason of Siobhan"}
        answer("voiding while we are broken", provider.call("POST", path, reason), 500)
    answer("voiding", provider.call("POST", path, reason), 200)
    return [request_id, voided]


def leaks(where: str, text: str) -> list[str]:
    return [f"{word} in {where}" for word in leaked(ENTERED, text)]


def test_no_entered_value_is_logged_when_a_request_goes_through_its_lifecycle(
    bench: Bench, listener: Listener
) -> None:
    ids = completed(bench)
    for request_id, cycle in ((ids[0], 1), (ids[0], 2), (ids[1], 1)):
        assert bench.ended(request_id, cycle)["status"] == "SUCCEEDED"
    portal = bench.portal
    until(
        "waiting for the last messages",
        lambda: (
            (
                "AppealDetermined" in portal.messages(ids[0], FACILITY)
                and "RequestVoided" in portal.messages(ids[1], FACILITY)
            )
            or None
        ),
    )
    cloud, found = bench.deployment.cloud, []
    received = listener.received()
    assert {event["detail-type"] for event in received} >= {
        *("DraftStarted", "DocumentAttached", "DocumentRefused", "RequestSubmitted"),
        *("RequestPended", "DeadlineApproaching", "RequestDetermined", "AppealFiled"),
        *("AppealPended", "AppealDetermined", "RequestVoided"),
    }
    found += leaks("events", json.dumps(received))
    groups = [
        group["logGroupName"]
        for page in cloud.client("logs").get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    assert sum(bool(bench.logs(group)) for group in groups) >= 8
    for group in groups:
        found += leaks(group, "\n".join(bench.logs(group)))
    for request_id, cycle in ((ids[0], 1), (ids[0], 2), (ids[1], 1)):
        response = (bench.execution(request_id, cycle), bench.history(request_id, cycle))
        found += leaks("executions", json.dumps(response, default=str))
    metrics = cloud.client("cloudwatch").list_metrics()["Metrics"]
    found += leaks("metrics", json.dumps(metrics))
    for table in ("RequestsTableName", "ReferenceTableName"):
        pages = (
            cloud.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=bench.deployment.outputs[table])
        )
        stored = json.dumps([page["Items"] for page in pages], default=str)
        found += [leak for leak in leaks(table, stored) if leak.startswith("412")]
    found += leaks("the cloud's log", cloud.log_file.read_text(encoding="utf-8"))
    assert found == []


def test_dead_letter_queues_are_empty_when_the_tier_has_run(bench: Bench) -> None:
    """No event of the tests is in a dead-letter queue."""
    sqs = bench.deployment.cloud.client("sqs")
    queues = [url for url in sqs.list_queues().get("QueueUrls", []) if "DeadLetter" in url]
    assert queues
    waiting = {
        url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])[
            "Attributes"
        ]["ApproximateNumberOfMessages"]
        for url in queues
    }
    assert set(waiting.values()) == {"0"}, waiting
