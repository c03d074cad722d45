"""Recorded events are relayed after any failure or repeated delivery."""

import json

import pytest

from precert.adapters.stepfunctions import execution_name
from precert.domain.event_types import MESSAGE_EVENT_TYPES
from tests.adapters.cloud import FACILITY, PROVIDER, Cloud
from tests.fakes.samples import BOWEL_SURGERY


def details(cloud: Cloud) -> list[dict[str, object]]:
    return [json.loads(entry["Detail"]) for entry in cloud.published()]


def test_execution_starts_when_only_the_transaction_was_committed(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    with cloud.wire.counting() as calls:
        assert cloud.relay(cloud.stream()) == []
    [execution] = cloud.executions()
    assert execution["name"] == execution_name(request_id, 1)
    [started] = cloud.wire.sent("StartExecution")
    assert json.loads(started["input"]) == {"request_id": request_id, "cycle": 1}
    assert calls.count("StartExecution") == 1


def test_handler_starts_and_publishes_nothing_when_a_request_is_submitted(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        cloud.submit(draft_id)
    assert not {"StartExecution", "PutEvents"} & set(calls)


def test_one_execution_starts_when_records_are_delivered_twice(cloud: Cloud) -> None:
    cloud.submitted()
    assert cloud.relay(cloud.stream()) == []
    once = details(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert len(cloud.executions()) == 1
    twice = details(cloud)
    assert twice == [*once, *once]
    assert len({event["event_id"] for event in twice}) == len(once)


def test_start_is_complete_when_the_cycle_was_started_with_another_input(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    cloud.wire.fail("StartExecution", "ExecutionAlreadyExists")
    assert cloud.relay(cloud.stream()) == []
    assert "RequestSubmitted" in [event["type"] for event in details(cloud)]
    assert cloud.read(request_id).status == 200


def test_first_failed_record_is_reported_when_the_workflow_does_not_respond(cloud: Cloud) -> None:
    cloud.submitted()
    records = cloud.stream()
    submitted = next(r for r in records if "RequestSubmitted" in str(r))
    cloud.wire.cut("StartExecution")
    number = submitted["dynamodb"]["SequenceNumber"]
    assert cloud.relay(records) == [number]
    assert "RequestSubmitted" not in [event["type"] for event in details(cloud)]
    rest = [r for r in records if r["dynamodb"]["SequenceNumber"] >= number]
    assert cloud.relay(rest) == []
    assert len(cloud.executions()) == 1


def test_record_is_reported_as_failed_when_the_bus_rejects_the_event(cloud: Cloud) -> None:
    cloud.start()
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    cloud.wire.answer("PutEvents", json.dumps(refused))
    assert cloud.relay(cloud.stream()) == ["0001"]
    assert cloud.relay(cloud.stream()) == []


def test_record_is_reported_as_failed_when_it_cannot_be_read(cloud: Cloud) -> None:
    cloud.submitted()
    records = cloud.stream()
    broken = {"dynamodb": {"SequenceNumber": "0000", "NewImage": {"event": {"S": "{"}}}}
    assert cloud.relay([broken, *records]) == ["0000"]
    assert cloud.published() == []


def test_waiting_execution_is_answered_when_the_cycle_closes(cloud: Cloud) -> None:
    cloud.determined()
    determined = [r for r in cloud.stream() if "RequestDetermined" in str(r)]
    cloud.wire.answer("SendTaskSuccess", "{}")
    assert cloud.relay(determined) == []
    [answer] = cloud.wire.sent("SendTaskSuccess")
    assert answer["taskToken"] == "token-1"
    assert json.loads(answer["output"]) == {"status": "PARTIALLY_APPROVED"}


@pytest.mark.parametrize("error", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_event_is_relayed_when_the_execution_no_longer_waits(cloud: Cloud, error: str) -> None:
    cloud.determined()
    determined = [r for r in cloud.stream() if "RequestDetermined" in str(r)]
    cloud.wire.fail("SendTaskSuccess", error)
    assert cloud.relay(determined) == []
    assert [event["type"] for event in details(cloud)] == ["RequestDetermined"]


@pytest.mark.rule("T5")
def test_both_inboxes_get_one_message_when_an_event_is_delivered_twice(cloud: Cloud) -> None:
    request_id = cloud.determined()
    records = [r for r in cloud.stream() if "RequestDetermined" not in str(r)]
    for _ in range(2):
        assert cloud.relay(records) == []
    for entry in cloud.published():
        if entry["DetailType"] in MESSAGE_EVENT_TYPES:
            cloud.receive(entry)
    for by in (PROVIDER, FACILITY):
        messages = cloud.messages(by).body["messages"]
        assert sorted(m["type"] for m in messages) == [
            "InformationRequested",
            "RequestPended",
            "RequestSubmitted",
        ]
        assert {m["request_id"] for m in messages} == {request_id}
        number = cloud.read(request_id).body["number"]
        assert all(number in m["text"] for m in messages)


def test_inbox_is_readable_when_a_draft_had_a_document_refused(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = cloud.offer(draft_id, "note.pdf").body["document"]["document_id"]
    cloud.arrive(draft_id, document_id, b"no PDF")
    assert cloud.relay(cloud.stream()) == []
    refused = next(e for e in cloud.published() if e["DetailType"] == "DocumentRefused")
    cloud.receive(refused)
    [message] = cloud.messages().body["messages"]
    assert (message["request_id"], message["number"]) == (draft_id, None)


def test_event_has_ids_and_codes_only_when_it_is_published(cloud: Cloud) -> None:
    request_id = cloud.determined()
    cloud.wire.answer("SendTaskSuccess", "{}")
    assert cloud.relay(cloud.stream()) == []
    assert details(cloud)
    allowed = {
        "version",
        "event_id",
        "type",
        "request_id",
        "cycle",
        "at",
        "status",
        "number",
        "tins",
    }
    for event in details(cloud):
        assert set(event) <= {*allowed, "document_id"}
        assert event["request_id"] == request_id


@pytest.mark.rule("W2")
def test_event_is_counted_by_type_when_it_is_relayed(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alarm monitors the count of passed deadlines."""
    request_id = cloud.pended(services=[BOWEL_SURGERY])
    cloud.clock.pass_by(days=15)
    cloud.check_deadline(request_id)
    capsys.readouterr()
    assert cloud.relay(cloud.stream()) == []
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(response["DeadlinePassed"], response["service"]) for response in counted] == [
        ([1.0], "precert")
    ]
