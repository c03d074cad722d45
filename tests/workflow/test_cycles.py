"""The execution of a cycle, from the event that opens it to the one that closes it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from local.users import FACILITY, PROVIDER, REVIEWER, SECOND_REVIEWER
from precert.adapters.dynamodb.keys import event_sk
from precert.domain.clocks import days_later
from tests.depth import depth
from tests.journeys.portal import APPROVAL, DENIAL, Json, until
from tests.workflow.bench import Bench


@pytest.mark.rule("W1")
def test_request_reaches_review_when_only_its_transaction_was_committed(bench: Bench) -> None:
    """As if the function had been killed right after: nothing else was called."""
    draft_id = bench.portal.draft()
    bench.submit(draft_id)
    bench.portal.await_status(draft_id, PROVIDER, "PENDING")
    execution = bench.started(draft_id)
    assert execution["status"] == "RUNNING"
    assert json.loads(execution["input"]) == {"request_id": draft_id, "cycle": 1}


def test_execution_enters_two_states_when_a_reviewer_decides(bench: Bench) -> None:
    request_id = bench.portal.pending()
    bench.await_wait(request_id)
    bench.portal.decide(request_id, REVIEWER, 1, [APPROVAL])
    assert bench.ended(request_id)["status"] == "SUCCEEDED"
    assert bench.states(request_id) == ["Assess", "Await Decision"]


def test_appeal_enters_two_states_when_it_is_decided(bench: Bench) -> None:
    request_id = bench.portal.decided(DENIAL)
    filed = bench.portal.deployment.caller(PROVIDER).call(
        "POST",
        f"/v1/requests/{request_id}/appeals",
        {"cycle": 1, "line_ids": ["1.1"], "reason": "Repeated admissions."},
    )
    assert filed.status_code == 202
    bench.await_wait(request_id, 2)
    bench.portal.decide(request_id, SECOND_REVIEWER, 2, [APPROVAL])
    assert bench.ended(request_id, 2)["status"] == "SUCCEEDED"
    assert bench.states(request_id, 2) == ["Assess", "Await Decision"]


def test_cycle_is_closed_when_the_decision_was_committed_before_its_execution(bench: Bench) -> None:
    """A void is committed before the workflow acts, in any of its states."""
    draft_id = bench.portal.draft()
    bench.submit(draft_id)
    voided = bench.deployment.caller(PROVIDER).call(
        "POST", f"/v1/requests/{draft_id}/void", {"reason": "entered twice"}
    )
    assert voided.status_code == 200
    bench.portal.await_types(draft_id, PROVIDER, ["RequestSubmitted", "RequestVoided"])
    # None, unless it was started before the void.
    assert all(bench.ended(draft_id)["status"] == "SUCCEEDED" for _ in bench.executions(draft_id))
    assert "Technical Failure" not in bench.states(draft_id)
    assert bench.portal.details(draft_id)["status"] == "VOID"


# -- repeated deliveries ------------------------------------------------------------------------------


def record_of(bench: Bench, request_id: str, event_type: str) -> Json:
    """The stream record of an event, as it would be delivered again."""
    [item] = [
        item
        for item in bench.items(request_id)
        if item["sk"]["S"].startswith("EVENT#")
        and json.loads(item["event"]["S"])["type"] == event_type
    ]
    return {
        "eventID": "again",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {"pk": item["pk"], "sk": item["sk"]},
            "NewImage": item,
            "SequenceNumber": "1",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def delivered(bench: Bench, event_id: str) -> int:
    """How often the inbox has processed an event."""
    lines = bench.logs(bench.log_group("Inbox"))
    return sum('"delivered"' in line and event_id in line for line in lines)


def test_nothing_more_happens_when_a_stream_record_is_delivered_again(bench: Bench) -> None:
    request_id = bench.portal.pending()
    bench.started(request_id)
    record = record_of(bench, request_id, "RequestSubmitted")
    event_id = json.loads(record["dynamodb"]["NewImage"]["event"]["S"])["event_id"]
    assert record["dynamodb"]["Keys"]["sk"]["S"] == event_sk(request_id, event_id)
    for _ in range(2):
        assert bench.invoke("Relay", {"Records": [record]}) == {"batchItemFailures": []}
    until("waiting for three deliveries", lambda: delivered(bench, event_id) == 3 or None)
    assert [one["status"] for one in bench.executions(request_id)] == ["RUNNING"]
    for user in (PROVIDER, FACILITY):
        bench.portal.await_types(request_id, user, ["RequestSubmitted", "RequestPended"])


def test_nothing_more_happens_when_a_closing_record_is_delivered_again(bench: Bench) -> None:
    request_id = bench.portal.decided()
    bench.ended(request_id)
    for event_type in ("RequestDetermined", "RequestSubmitted"):
        record = record_of(bench, request_id, event_type)
        assert bench.invoke("Relay", {"Records": [record]}) == {"batchItemFailures": []}
    assert [one["status"] for one in bench.executions(request_id)] == ["SUCCEEDED"]
    assert bench.portal.details(request_id)["status"] == "APPROVED"


def test_record_is_set_aside_alone_when_the_relay_cannot_read_it(bench: Bench) -> None:
    """The stream continues; the queue of dead letters has the record's keys and number."""
    unreadable = {
        "eventName": "INSERT",
        "dynamodb": {"NewImage": {"event": {"S": "{}"}}, "SequenceNumber": "7"},
    }
    answered = bench.invoke("Relay", {"Records": [unreadable]})
    assert answered == {"batchItemFailures": []}
    sqs = bench.deployment.cloud.client("sqs")
    found = []
    for url in sqs.list_queues().get("QueueUrls", []):
        if "DeadLetter" in url:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
                "Messages", []
            ):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert [(one["condition"], one["sequence_number"]) for one in found] == [("PoisonRecord", "7")]


# -- the clock ----------------------------------------------------------------------------------------

STANDARD = timedelta(days=15)


def start_of(at: datetime, share: float, zone: ZoneInfo) -> datetime:
    """The start of a clock of which this share has passed at an instant.

    A day of the clock is an hour longer or shorter when daylight saving time ends or begins.
    """
    start = at - STANDARD * share
    for _ in range(2):
        start = at - (days_later(start, STANDARD.days, zone) - start) * share
    return start


def waiting_before(bench: Bench, share: float, *earlier: str) -> str:
    """A request whose execution waits some seconds until this share of its clock has passed.

    A busy machine takes longer than an idle one to start it, and to record the earlier reminders.
    """
    for seconds in (2, 10, 50):
        soon = datetime.now(UTC) + timedelta(seconds=seconds)
        started = start_of(soon, share, bench.deps.payer.zone)
        request_id = bench.submitted_before(datetime.now(UTC) - started)
        bench.portal.await_status(request_id, PROVIDER, "PENDING")
        bench.await_wait(request_id)
        for event in earlier:
            until(
                event,
                lambda r=request_id, e=event, s=soon: (  # type: ignore[misc]
                    e in bench.events(r) or datetime.now(UTC) >= s or None
                ),
            )
        if datetime.now(UTC) < soon:
            return request_id
    raise AssertionError("no execution waited within 50 s")


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("share", "response"),
    [(0.75, ["DeadlineApproaching"]), (1.0, ["DeadlineApproaching", "DeadlinePassed"])],
    ids=["warning", "deadline"],
)
def test_reminders_are_recorded_once_each_and_the_cycle_continues_when_their_times_pass(
    bench: Bench, share: float, response: list[str]
) -> None:
    request_id = waiting_before(bench, share, *response[:-1])
    until(f"waiting for {response[-1]}", lambda: response[-1] in bench.events(request_id) or None)
    # On a busy machine, one check can record both the reminder and the passed deadline.
    bench.await_wait(request_id)
    execution = bench.execution(request_id)
    assert execution is not None
    assert execution["status"] == "RUNNING"
    assert bench.events(request_id) == [
        "DraftStarted",
        "RequestSubmitted",
        "RequestPended",
        *response,
    ]
    bench.portal.decide(request_id, REVIEWER, 1, [APPROVAL])
    assert bench.ended(request_id)["status"] == "SUCCEEDED"
    checks = bench.states(request_id).count("Await Decision") - 1
    assert 1 <= checks <= len(response)
    assert len(bench.states(request_id)) == 2 + 2 * checks
    assert [name for name in bench.events(request_id) if name.startswith("Deadline")] == response


@pytest.mark.parametrize(
    ("ago", "response"),
    [(STANDARD * 0.8, "DeadlineApproaching"), (STANDARD * 1.1, "DeadlinePassed")],
    ids=["warning", "deadline"],
)
def test_reminder_is_recorded_at_once_when_it_passed_before_the_cycle_waited(
    bench: Bench, ago: timedelta, response: str
) -> None:
    """As after an outage: the execution starts, or is restarted, after the reminder was due. The
    next one is days away.
    """
    request_id = bench.submitted_before(ago)
    bench.portal.await_status(request_id, PROVIDER, "PENDING")
    until(f"waiting for {response}", lambda: response in bench.events(request_id) or None)


# -- concurrency --------------------------------------------------------------------------------------


@pytest.mark.rule("S1")
def test_one_request_is_created_when_its_draft_is_submitted_64_times_at_once(bench: Bench) -> None:
    portal, content = bench.portal, bench.portal.content()
    draft_id = portal.draft(content)
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: portal.submission(draft_id, content), range(64)))
    assert len({answer["number"] for answer in answers}) == 1
    portal.await_status(draft_id, PROVIDER, "PENDING")
    assert bench.events(draft_id).count("RequestSubmitted") == 1
    bench.started(draft_id)
    assert len(bench.executions(draft_id)) == 1
    numbers = bench.deployment.cloud.client("dynamodb").scan(
        TableName=bench.deployment.outputs["RequestsTableName"],
        FilterExpression="sk = :number AND request_id = :id",
        ExpressionAttributeValues={":number": {"S": "NUMBER"}, ":id": {"S": draft_id}},
    )
    assert numbers["Count"] == 1


def pended(bench: Bench, request_id: str) -> bool | None:
    return "RequestPended" in bench.events(request_id) or None


@pytest.mark.rule("S1", "W1")
def test_all_reach_review_with_their_own_numbers_when_many_are_submitted_at_once(
    bench: Bench,
) -> None:
    portal, number = bench.portal, depth(20, 100)
    contents = [portal.content() for _ in range(number)]
    bench.deployment.caller(PROVIDER)
    with ThreadPoolExecutor(25) as pool:
        drafts = list(pool.map(portal.draft, contents))
        answers = list(pool.map(portal.submission, drafts, contents))
    assert len({answer["number"] for answer in answers}) == number
    for draft in drafts:
        until("waiting for all of them", partial(pended, bench, draft))
    for draft in drafts[:10]:
        bench.started(draft)
    assert {len(bench.executions(draft)) for draft in drafts[:10]} == {1}
    assert {bench.portal.details(draft)["status"] for draft in drafts} == {"PENDING"}
