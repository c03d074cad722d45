"""Nothing that was acknowledged is lost: partial batches, and the commands that deliver again (X2)."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

import pytest

from functions.inbox import handler as inbox
from functions.upload import verify
from precert.adapters import sqs
from precert.adapters.dynamodb.keys import audit_sk
from precert.adapters.sqs import receivers_of
from precert.bootstrap import Dependencies
from precert.cli import events as events_commands
from precert.cli import repairs as repairs_commands
from precert.cli.main import DONE, REFUSED, main
from precert.domain.wording import counted
from precert.names import Delivery, Env
from precert.resources import Resources
from precert.settings import Settings
from precert.usecases.repairs import MAX_AT_ONCE
from tests.adapters.calls import Context
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.test_repairs import Functions, fail, functions

__all__ = ["functions"]

pytestmark = pytest.mark.rule("X2")


def batch(*events: Any) -> dict[str, Any]:
    """Events as Lambda delivers them from a queue; the ids of the messages count from 0."""
    return {
        "Records": [
            {"messageId": str(number), "body": json.dumps(event), "eventSource": "aws:sqs"}
            for number, event in enumerate(events)
        ]
    }


def failures(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def published(cloud: Cloud) -> list[dict[str, Any]]:
    """What is on the bus, as rules deliver it."""
    return [
        {"id": "envelope", "detail": json.loads(entry["Detail"])} for entry in cloud.published()
    ]


def errors(cloud: Cloud) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in cloud.log.getvalue().splitlines() if line]
    return [line for line in lines if line["level"] == "ERROR"]


def test_only_the_failed_event_is_delivered_again_when_a_batch_has_others(cloud: Cloud) -> None:
    cloud.pended()
    cloud.relay(cloud.stream())
    messages = [one for one in published(cloud) if one["detail"]["type"] == "RequestSubmitted"]
    damaged = {**messages[0], "detail": {**messages[0]["detail"], "at": "yesterday"}}
    assert failures(inbox.handle(batch(damaged, *messages), Context())) == ["0"]
    assert cloud.messages().body["unread"] == 1
    assert failures(inbox.handle(batch(*messages), Context())) == []
    assert cloud.messages().body["unread"] == 1


def test_error_has_the_ids_of_its_event_when_a_consumer_fails(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = cloud.pended()
    assert cloud.relay(cloud.stream()) == []
    detail = published(cloud)[-1]["detail"]
    bad = {"id": "envelope", "detail": {**detail, "at": "yesterday"}}
    inbox.handle(batch(bad), Context())
    document_id = cloud.offer(request_id).body["document"]["document_id"]
    key = f"documents/{request_id}/{document_id}"
    upload = {"id": "arrived", "detail": {"object": {"key": key}}}

    def unreadable(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(cloud.deps.requests, "read", unreadable)
    assert failures(verify.handle(batch(upload, upload), Context())) == ["0", "1"]
    monkeypatch.setattr(cloud.deps.bus, "publish", unreadable)
    [record, *_] = cloud.stream()
    record["dynamodb"]["Keys"] = {
        name: record["dynamodb"]["NewImage"][name] for name in ("pk", "sk")
    }
    cloud.relay([record])
    received, verified, _, relayed = errors(cloud)
    assert (received["request_id"], received["event_id"]) == (request_id, detail["event_id"])
    assert (verified["request_id"], verified["document_id"]) == (request_id, document_id)
    assert verified["event_id"] == "arrived"
    assert relayed["request_id"] == request_id
    assert (
        relayed["event_id"] == json.loads(record["dynamodb"]["NewImage"]["event"]["S"])["event_id"]
    )


@pytest.fixture
def commands(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run commands on the test's stack."""
    for module in (repairs_commands, events_commands):
        monkeypatch.setattr(module, "stack_dependencies", lambda _: cloud.deps)


@pytest.mark.usefixtures("commands")
def test_all_failed_deliveries_are_delivered_when_the_command_redrives_them(
    cloud: Cloud, functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    request_id = cloud.submitted()
    assert cloud.relay(cloud.stream()) == []
    fail(cloud, "MESSAGES", *published(cloud)[:1], {"detail": {}})
    [record, *_] = [one for one in cloud.stream() if "RequestSubmitted" in json.dumps(one)]
    image = record["dynamodb"]["NewImage"]
    poison = {
        "condition": "PoisonRecord",
        "pk": image["pk"]["S"],
        "sk": image["sk"]["S"],
        "event_name": "INSERT",
        "sequence_number": "0001",
        "error_class": "ValueError",
    }
    fail(cloud, "RELAY", poison)
    assert main(["deliveries", "list"]) == REFUSED
    out = capsys.readouterr().out
    assert "messages: 2, since 20" in out
    assert "relay: 1, since 20" in out
    assert main(["deliveries", "redrive", "relay"]) == DONE
    assert "relay: 1 delivered, 0 failed again, 0 without the record" in capsys.readouterr().out
    assert [one["name"] for one in cloud.executions()] == [f"{request_id}-1"]
    assert main(["deliveries", "redrive"]) == REFUSED
    assert "messages: 1 delivered, 1 failed again" in capsys.readouterr().out
    assert functions.invoked == ["relay", "inbox", "inbox"]


@pytest.mark.usefixtures("commands")
def test_each_delivery_is_sent_once_when_failing_takes_longer_than_it_stays_hidden(
    cloud: Cloud,
    functions: Functions,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SQS returns a message again as soon as its visibility timeout ends."""
    fail(cloud, "MESSAGES", *({"detail": {"number": number}} for number in range(12)))
    monkeypatch.setattr(sqs, "_HIDDEN_SECONDS", 0)
    invoke = functions.invoke

    def at_most_a_few_times(**arguments: Any) -> dict[str, Any]:
        assert len(functions.invoked) < 20, "the command never ends"
        return invoke(**arguments)

    monkeypatch.setattr(functions, "invoke", at_most_a_few_times)
    assert main(["deliveries", "redrive", "messages"]) == REFUSED
    assert len(functions.invoked) <= 12
    failed = len(functions.invoked)
    assert f"messages: 0 delivered, {failed} failed again" in capsys.readouterr().out


def read_timeout(deps: Any) -> int:
    config: Any = deps.lambda_functions.meta.config
    return int(config.read_timeout)


def test_receiver_has_as_long_as_a_function_when_the_command_redrives(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that the client gives up counts as failed, and its message would never leave the queue."""
    found: list[int] = []

    def redriven(deps: Any) -> Any:
        found.append(read_timeout(deps))
        return SimpleNamespace(failed=tuple)

    monkeypatch.setattr(Resources, "deliveries", property(redriven))
    monkeypatch.setattr(repairs_commands, "stack_dependencies", lambda _: deps())

    def deps() -> Dependencies:
        return Dependencies(settings=cloud.deps.settings)

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert read_timeout(deps()) < 29 / MAX_AT_ONCE
    assert main(["deliveries", "redrive"]) == DONE
    assert found
    assert min(found) >= 900


@pytest.mark.usefixtures("commands", "functions")
@pytest.mark.parametrize(
    ("delivery", "command"),
    [
        (
            "relay",
            "events republish --since 2026-06-30T14:59:00Z --until 2026-06-30T15:06:30Z",
        ),
        ("cleanup", "orphans remove"),
        (
            "audit",
            "audit --since 2026-06-30T14:59:00Z --until 2026-06-30T15:06:30Z --copy",
        ),
    ],
)
def test_command_names_its_substitute_when_the_records_have_expired_from_the_stream(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], delivery: str, command: str
) -> None:
    """As AWS documents the message: the position of a batch, and when its records were written."""
    position = {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": {
            "shardId": "shardId-1",
            "startSequenceNumber": "800000000003126276362",
            "endSequenceNumber": "800000000003126276399",
            "approximateArrivalOfFirstRecord": "2026-06-30T15:00:00Z",
            "approximateArrivalOfLastRecord": "2026-06-30T15:05:30Z",
            "batchSize": 2,
        },
    }
    url = cloud.with_dead_letters()
    queues = json.dumps({delivery.upper(): [url, delivery]})
    cloud.deps.settings = Settings({**cloud.deps.settings.environ, Env.DELIVERIES: queues})
    fail(cloud, delivery.upper(), position)
    assert main(["deliveries", "redrive", delivery]) == REFUSED
    out = capsys.readouterr().out
    assert f"{delivery}: 0 delivered, 0 failed again, 1 without the record" in out
    assert f"  run: python -m precert {command}\n" in out


def test_addresses_are_whole_when_what_they_have_in_common_is_stated_once() -> None:
    found = receivers_of(
        json.dumps({"": ["https://sqs.example/1/", "arn:"], "RELAY": ["queue", "relay:live"]})
    )
    assert found == {Delivery.RELAY: ("https://sqs.example/1/queue", "arn:relay:live")}
    assert receivers_of('{"RELAY": ["a", "b"]}') == {Delivery.RELAY: ("a", "b")}


@pytest.mark.usefixtures("commands", "functions")
def test_command_names_its_substitute_when_an_audit_record_was_set_aside(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The item is in the audit table, which the command cannot deliver from."""
    poison = {
        "condition": "PoisonRecord",
        "pk": "AUDIT#2026-06-30#1",
        "sk": audit_sk(datetime(2026, 6, 30, 15, 0, 30, tzinfo=UTC), "api-call"),
        "event_name": "INSERT",
        "sequence_number": "0001",
        "error_class": "ValidationError",
    }
    queues = json.dumps({"AUDIT": [cloud.with_dead_letters(), "audit"]})
    cloud.deps.settings = Settings({**cloud.deps.settings.environ, Env.DELIVERIES: queues})
    fail(cloud, "AUDIT", poison)
    assert main(["deliveries", "redrive", "audit"]) == REFUSED
    out = capsys.readouterr().out
    assert "audit: 0 delivered, 0 failed again, 1 without the record" in out
    assert "audit --since 2026-06-30T14:59:30Z --until 2026-06-30T15:01:30Z --copy\n" in out


@pytest.mark.usefixtures("functions")
def test_removed_item_is_cleaned_up_when_its_record_was_set_aside(cloud: Cloud) -> None:
    """The record of the queue has the ids that the cleanup reads."""
    event = cloud.deps.deliveries._record(
        {
            "pk": "REQUEST#1",
            "sk": "DOCUMENT#2",
            "event_name": "REMOVE",
            "sequence_number": "7",
            "removed": {"request_id": {"S": "1"}, "document_id": {"S": "2"}},
        }
    )
    assert event is not None
    [record] = event["Records"]
    assert record["eventName"] == "REMOVE"
    assert record["dynamodb"]["OldImage"]["document_id"] == {"S": "2"}


LATER: Final = "2026-07-01T15:30:00Z"


@pytest.mark.usefixtures("commands")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("--id {first}", ["RequestSubmitted"]),
        ("--request {request}", ["RequestSubmitted", "RequestPended"]),
        ("--request {request} --type RequestPended", ["RequestPended"]),
        ("--type RequestSubmitted", ["RequestSubmitted", "RequestSubmitted"]),
        (f"--since {LATER}", ["DraftStarted", "RequestSubmitted"]),
        (f"--until {LATER} --type RequestSubmitted", ["RequestSubmitted"]),
    ],
    ids=["id", "request", "type of a request", "type", "since", "until"],
)
def test_recorded_events_are_published_again_when_a_filter_names_them(
    cloud: Cloud, filters: str, found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    request_id = cloud.pended()
    [first] = [
        event["event_id"]
        for event in map(json.loads, (i["event"]["S"] for i in cloud.items("EVENT#")))
        if event["type"] == "RequestSubmitted"
    ]
    cloud.clock.pass_by(hours=1)
    cloud.submitted()
    arguments = filters.format(first=first, request=request_id).split()
    assert main(["events", "list", *arguments]) == DONE
    assert cloud.published() == []
    assert main(["events", "republish", *arguments]) == DONE
    entries = cloud.published()
    types = [entry["DetailType"] for entry in entries]
    assert [one for one in types if one in found] == found
    assert f"{counted(len(entries), 'events')} published" in capsys.readouterr().out
    if "--id" in arguments:
        assert json.loads(entries[0]["Detail"])["event_id"] == first


@pytest.mark.usefixtures("commands")
def test_nothing_is_published_when_no_filter_or_no_event_is_named(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.submitted()
    assert main(["events", "republish"]) == REFUSED
    assert "--since" in capsys.readouterr().err
    assert main(["events", "republish", "--request", "0" * 26]) == REFUSED
    assert main(["events", "list", "--id", "0" * 26 + ".000001"]) == REFUSED
    for time in ("yesterday", "2026-07-01T15:00"):
        with pytest.raises(SystemExit):
            main(["events", "list", "--since", time])
    assert cloud.published() == []


def test_document_is_attached_when_its_event_comes_from_the_queue(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = cloud.offer(request_id).body["document"]["document_id"]
    key = f"documents/{request_id}/{document_id}"
    event = {"detail": {"object": {"key": key}}}
    cloud.put_file(request_id, document_id, PDF)
    assert failures(verify.handle(batch(event, event), Context())) == []
    [document] = cloud.read(request_id).body["documents"]
    assert document["status"] == "ATTACHED"
