"""What was entered stays in the table and the bucket: nothing that runs or tells repeats it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from local.client import upload
from local.journey.content import clinical_note
from local.journey.trail import answer
from local.users import FACILITY, OFFICE, REVIEWER, SECOND_REVIEWER
from precert.names import Env
from tests.journeys.desk import APPROVAL, DENIAL, Json, until
from tests.workflow.bench import Bench

PATIENT: Final = {
    "member_id": "U70033632",
    "date_of_birth": "1988-02-29",
    "last_name": "O'Donnell",
    "first_name": "Siobhan",
}
ENTERED: Final = (
    *("U70033632", "1988-02-29", "19880229", "Donnell", "Siobhan"),
    *("S72001A", "S72.001A", "4405550147", "440-555-0147", "3305550149", "330-555-0149"),
    *("412-55-0147", "412550147"),
    *("siobhans-hip", "the-reviewers-rationale", "the-appeals-reason", "the-voids-reason"),
)
"""Of the patient, the offices, and what people wrote in their own words."""


@dataclass
class Listener:
    """A queue behind a rule for everything on the product's bus."""

    bench: Bench
    url: str

    def heard(self) -> list[Json]:
        """Take what has come."""
        sqs, events = self.bench.stand.cloud.client("sqs"), []
        while found := sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            events += [json.loads(message["Body"]) for message in found]
            for message in found:
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return events


@pytest.fixture
def listener(bench: Bench) -> Iterator[Listener]:
    cloud, bus = bench.stand.cloud, bench.stand.outputs["EventBusName"]
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
    content = bench.desk.content(code, patient=PATIENT)
    content["services"][0]["primary_diagnosis"] = "S72.001A"
    content["requesting_provider"]["phone"] = "440-555-0147"
    content["servicing_provider"]["phone"] = "330-555-0149"
    return content


def lived(bench: Bench) -> list[str]:
    """Everything that can happen with it, what goes wrong included; ids of the requests."""
    desk, content, office = bench.desk, content_of(bench), bench.stand.caller(OFFICE)
    answer("checking", office.call("POST", "/v1/checks", {"content": content}), 200)
    answer("confirming", office.call("POST", "/v1/patients/confirm", {"patient": PATIENT}), 200)
    other = {**PATIENT, "date_of_birth": "1988-02-28"}
    answer("mistyped", office.call("POST", "/v1/patients/confirm", {"patient": other}), 404)
    unknown = {"patient": {**PATIENT, "Siobhan": "Siobhan"}}
    answer("misspelt", office.call("POST", "/v1/patients/confirm", unknown), 422)

    known_by = {**PATIENT, "ssn": "412-55-0147"}
    del known_by["member_id"]
    found = office.call("POST", "/v1/patients/search", known_by)
    assert found.status_code in (200, 404), found.text

    request_id = desk.draft(content)
    for name, body, status in (
        ("siobhans-hip.pdf", clinical_note(), "ATTACHED"),
        ("siobhans-hip.png", clinical_note(), "REFUSED"),
    ):
        offered = desk.offer(request_id, name)
        assert upload(offered["upload"], name, body).status_code == 204
        assert desk.settled(request_id, offered["document"]["document_id"])["status"] == status
    early = datetime.now(UTC) - timedelta(days=15 * 0.75) + timedelta(seconds=2)
    bench.submit(request_id, content, early)
    until("waiting for the mark", lambda: "DeadlineApproaching" in bench.events(request_id) or None)
    denial = {**DENIAL, "rationale": "the-reviewers-rationale of Siobhan"}
    desk.decide(request_id, REVIEWER, 1, [denial])
    filed = bench.stand.caller(FACILITY).call(
        "POST",
        f"/v1/requests/{request_id}/appeals",
        {"line_ids": ["1.1"], "reason": "the-appeals-reason of Siobhan"},
    )
    answer("appealing", filed, 202)
    until("the appeal's review", lambda: "AppealPended" in bench.events(request_id) or None)
    desk.decide(request_id, SECOND_REVIEWER, 2, [APPROVAL])

    voided = desk.pending(content_of(bench, "31900"))
    with bench.broken("Submit", Env.REQUESTS_TABLE.value):
        path, reason = f"/v1/requests/{voided}/void", {"reason": "the-voids-reason of Siobhan"}
        answer("voiding while we are broken", office.call("POST", path, reason), 500)
    answer("voiding", office.call("POST", path, reason), 200)
    return [request_id, voided]


def leaks(where: str, text: str) -> list[str]:
    folded = text.casefold()
    return [f"{word} in {where}" for word in ENTERED if word.casefold() in folded]


def test_nothing_entered_is_repeated_when_a_request_lives_its_life(
    bench: Bench, listener: Listener
) -> None:
    ids = lived(bench)
    for request_id, cycle in ((ids[0], 1), (ids[0], 2), (ids[1], 1)):
        assert bench.ended(request_id, cycle)["status"] == "SUCCEEDED"
    desk = bench.desk
    until(
        "waiting for the last messages",
        lambda: (
            (
                "AppealDetermined" in desk.messages(ids[0], FACILITY)
                and "RequestVoided" in desk.messages(ids[1], FACILITY)
            )
            or None
        ),
    )
    cloud, found = bench.stand.cloud, []
    heard = listener.heard()
    assert {event["detail-type"] for event in heard} >= {
        *("DraftStarted", "DocumentAttached", "DocumentRefused", "RequestSubmitted"),
        *("RequestPended", "DeadlineApproaching", "RequestDetermined", "AppealFiled"),
        *("AppealPended", "AppealDetermined", "RequestVoided"),
    }
    found += leaks("events", json.dumps(heard))
    groups = [
        group["logGroupName"]
        for page in cloud.client("logs").get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    assert sum(bool(bench.logs(group)) for group in groups) >= 8
    for group in groups:
        found += leaks(group, "\n".join(bench.logs(group)))
    for request_id, cycle in ((ids[0], 1), (ids[0], 2), (ids[1], 1)):
        told = (bench.execution(request_id, cycle), bench.history(request_id, cycle))
        found += leaks("executions", json.dumps(told, default=str))
    metrics = cloud.client("cloudwatch").list_metrics()["Metrics"]
    found += leaks("metrics", json.dumps(metrics))
    for table in ("RequestsTableName", "ReferenceTableName"):
        pages = (
            cloud.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=bench.stand.outputs[table])
        )
        held = json.dumps([page["Items"] for page in pages], default=str)
        found += [leak for leak in leaks(table, held) if leak.startswith("412")]
    found += leaks("the cloud's log", cloud.log_file.read_text(encoding="utf-8"))
    assert found == []


def test_no_letter_is_dead_when_the_tier_has_run(bench: Bench) -> None:
    """Nothing of what the tests did was given up on its way."""
    sqs = bench.stand.cloud.client("sqs")
    queues = [url for url in sqs.list_queues().get("QueueUrls", []) if "DeadLetter" in url]
    assert queues
    waiting = {
        url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])[
            "Attributes"
        ]["ApproximateNumberOfMessages"]
        for url in queues
    }
    assert set(waiting.values()) == {"0"}, waiting
