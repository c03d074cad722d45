"""Recorded events are relayed after any failure or repeated delivery."""

import json
from datetime import datetime
from types import ModuleType
from typing import Any, Final

import pytest

from functions.expire import handler as expire
from functions.relay import handler as relay
from precert.adapters.stepfunctions import execution_name
from precert.domain.errors import DamagedRecordError
from precert.domain.event_types import MESSAGE_EVENT_TYPES
from tests.adapters.callers import FACILITY, PROVIDER
from tests.adapters.calls import Context
from tests.adapters.cloud import Cloud
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
    # It is published first, so that it precedes the event of an automatic determination.
    [event_id] = [one["event_id"] for one in details(cloud) if one["type"] == "RequestSubmitted"]
    rest = [r for r in records if r["dynamodb"]["SequenceNumber"] >= number]
    assert cloud.relay(rest) == []
    assert len(cloud.executions()) == 1
    again = [one["event_id"] for one in details(cloud) if one["type"] == "RequestSubmitted"]
    assert again == [event_id, event_id]


@pytest.mark.rule("X2")
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


def event_text(**changes: object) -> dict[str, object]:
    event = {
        "event_id": "01J1QZ8Y7N4W3V2T1S0R9Q8P7M.000001",
        "type": "DraftStarted",
        "request_id": "01J1QZ8Y7N4W3V2T1S0R9Q8P7M",
        "cycle": 0,
        "at": "2026-07-01T09:00:00Z",
        "status": "INCOMPLETE",
        "tins": ["463778226"],
    }
    return {"event": {"S": json.dumps({**event, **changes})}}


POISON: Final[dict[str, dict[str, object]]] = {
    "not JSON": {"event": {"S": "{"}},
    "empty": {"event": {"S": ""}},
    "a list": {"event": {"S": "[]"}},
    "no members": {"event": {"S": "{}"}},
    "a number": {"event": {"N": "7"}},
    "no value": {"event": {}},
    "binary": {"event": {"B": "e30="}},
    "neither event nor draft": {"pk": {"S": "REQUEST#1"}},
    "no image": {},
    "draft without an id": {"request_id": {"N": "1"}},
    "unknown type": event_text(type="DraftReincarnated"),
    "unknown status": event_text(status="LIMBO"),
    "unknown member": event_text(surprise=1),
    "another version": event_text(version=2),
    "year of three digits": event_text(at="0202-06-07T00:00:00Z"),
    "last day of the calendar": event_text(at="9999-12-31T23:59:59Z"),
    "first day of the calendar": event_text(at="0001-01-01T00:00:00Z"),
    "instant without zone": event_text(at="2026-07-01T09:00:00"),
    "cycle below zero": event_text(cycle=-1),
    "cycle is text": event_text(cycle="first"),
    "malformed TIN": event_text(tins=["12"]),
    "TINs are text": event_text(tins="463778226"),
}


@pytest.mark.rule("X2")
def test_poison_records_are_set_aside_at_once_when_a_batch_has_some(cloud: Cloud) -> None:
    url, request_id = cloud.with_dead_letters(), cloud.submitted()
    records = cloud.stream()
    broken = [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "SequenceNumber": f"9{number:03d}",
                "Keys": {"pk": {"S": f"REQUEST#{name}"}, "sk": {"S": f"EVENT#{number}"}},
                "NewImage": image,
            },
        }
        for number, (name, image) in enumerate(POISON.items())
    ]
    batch = [*broken[:11], *records[:1], *broken[11:], *records[1:]]
    assert cloud.relay(batch) == []
    assert [event["type"] for event in details(cloud)] == ["DraftStarted", "RequestSubmitted"]
    assert len(cloud.executions()) == 1
    found = cloud.dead_letters(url)
    assert {one["pk"].removeprefix("REQUEST#") for one in found} == set(POISON)
    for one in found:
        assert set(one) == {
            *("condition", "pk", "sk", "event_name", "sequence_number", "error_class"),
        }
        assert (one["condition"], one["event_name"]) == ("PoisonRecord", "INSERT")
    assert cloud.log.getvalue().count("damaged_record") == len(POISON)
    assert cloud.read(request_id).status == 200


def test_draft_that_cannot_be_read_is_set_aside_when_others_were_saved(cloud: Cloud) -> None:
    url = cloud.with_dead_letters()
    broken, sound = cloud.start(), cloud.start()
    cloud.clock.pass_by(minutes=5)
    saved = [cloud.save(one, 1).status for one in (broken, sound)]
    images = [cloud.item(one) or {} for one in (broken, sound)]
    damaged = {**images[0], "plan": {"S": "{"}}
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=damaged)
    batch = [
        {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": f"000{at}", "NewImage": image}}
        for at, image in enumerate(images)
    ]
    assert (saved, cloud.relay(batch)) == ([200, 200], [])
    [found] = cloud.dead_letters(url)
    assert (found["pk"], found["error_class"]) == (f"REQUEST#{broken}", "DamagedRecordError")
    [row] = [one for one in cloud.drafts().body["drafts"] if one["draft_id"] == sound]
    assert datetime.fromisoformat(row["saved_at"]) == cloud.clock.at


def test_removed_records_are_cleaned_up_when_one_of_them_is_poison(cloud: Cloud) -> None:
    url, draft_id = cloud.with_dead_letters(), cloud.start()
    old = cloud.item(draft_id) or {}
    cloud.delete(draft_id, 1)
    images = [
        {**old, "version": {"S": "x"}, "tins": {"NULL": True}},
        {"pk": {"S": "INBOX#463778226"}, "sk": {"S": "soon#x"}, "message": {"S": "{"}},
        {"pk": {"S": "INBOX#463778226"}, "message": {"S": "{"}},
        {**old, "status": {"S": "APPROVED"}},
        {"request_id": {"N": "1"}, "document_id": {"S": "1"}},
        {**old, "status": {}},
        old,
    ]
    records = [
        {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": f"000{at}", "OldImage": image}}
        for at, image in enumerate(images)
    ]
    answer = expire.handle({"Records": records}, Context())
    assert answer == {"batchItemFailures": []}
    letters = cloud.dead_letters(url)
    assert len(letters) == len(images) - 1
    ids = {*("request_id", "document_id", "status", "version", "tins", "expires_at"), "pk", "sk"}
    assert all(set(one["removed"]) <= {*ids, "message"} for one in letters)
    assert letters[1]["removed"]["message"] == {"NULL": True}
    assert cloud.item(draft_id, "PARTY#DRAFT") is None


@pytest.mark.rule("X2")
def test_poison_record_is_delivered_again_when_the_queue_does_not_respond(cloud: Cloud) -> None:
    url = cloud.with_dead_letters()
    broken = {"dynamodb": {"SequenceNumber": "0000", "NewImage": {"event": {"S": "{"}}}}
    cloud.wire.cut("SendMessage")
    assert cloud.relay([broken]) == ["0000"]
    assert cloud.relay([broken]) == []
    assert len(cloud.dead_letters(url)) == 1


@pytest.mark.parametrize("consumer", [relay, expire], ids=["relay", "expire"])
@pytest.mark.parametrize("error", [ValueError, KeyError, DamagedRecordError("", code="x")])
def test_no_record_is_poison_when_the_deployment_is_broken(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, consumer: ModuleType, error: Any
) -> None:
    """The payer's configuration in the new version cannot be read."""
    url = cloud.with_dead_letters()
    cloud.start()
    records, payer = cloud.stream(), cloud.deps.payer

    def unreadable(*_: Any) -> None:
        raise error

    monkeypatch.delitem(cloud.deps.__dict__, "payer")
    monkeypatch.setattr("precert.resources.shipped_payer", unreadable)
    with pytest.raises(error if isinstance(error, type) else type(error)):
        consumer.handle({"Records": records}, Context())
    assert cloud.dead_letters(url) == []
    monkeypatch.setitem(cloud.deps.__dict__, "payer", payer)
    assert cloud.relay(records) == []


def test_record_is_not_set_aside_when_its_failure_is_transient(cloud: Cloud) -> None:
    url = cloud.with_dead_letters()
    cloud.start()
    cloud.wire.cut("PutEvents")
    assert cloud.relay(cloud.stream()) == ["0001"]
    assert cloud.dead_letters(url) == []


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
        "waiting_on",
        "due_at",
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
