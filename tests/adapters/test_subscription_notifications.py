"""Notifications of subscriptions: of each change, in order and at least once."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from precert.domain.subscriptions import TURNED_OFF_AFTER, DeliveryError
from precert.fhir.subscriptions import BACKPORT
from precert.names import EVENT_SOURCE, SUBSCRIPTION_STOPPED
from tests.adapters.callers import FACILITY, PROVIDER, SECOND_REVIEWER
from tests.adapters.subscriber import (
    Json,
    Subscriber,
    actions,
    answered,
    channelled,
    document,
    kind,
    parameter,
    parts,
)
from tests.fakes.samples import BOWEL_SURGERIES, PROVIDER_TIN


def test_subscriber_is_notified_of_each_change_when_a_request_is_decided(
    client: Subscriber,
) -> None:
    client.subscribed()
    client.submit()
    client.publish()
    (request_id,) = {one["request_id"] for one in client.cloud.dashboard().body["requests"]}
    before = len(client.receiver.received)
    assert client.cloud.decide(request_id, {"1.1": "APPROVED"}).status == 200
    client.publish()
    assert client.receiver.numbers == [str(n + 1) for n in range(len(client.receiver.numbers))]
    assert len(client.receiver.received) > before
    last = client.receiver.received[-1]
    assert parameter(last, "status") == "active"
    assert answered(last)["preAuthRef"]
    assert answered(last)["outcome"] == "complete"


def test_request_of_the_portal_is_notified_when_its_organization_subscribed(
    client: Subscriber,
) -> None:
    client.subscribed()
    draft_id = client.cloud.start()
    assert client.cloud.submit(draft_id).status == 202
    client.publish()
    response = answered(client.receiver.received[-1])
    assert response["patient"]["reference"].startswith("urn:uuid:")
    assert response["insurer"]["reference"].startswith("urn:uuid:")
    assert [one["itemSequence"] for one in response["item"]] == list(
        range(1, len(response["item"]) + 1)
    )


def test_event_has_one_number_when_the_bus_delivers_it_again(client: Subscriber) -> None:
    client.subscribed()
    client.submit(FACILITY)
    client.publish()
    first = client.receiver.numbers
    for _ in range(2):
        client.publish()
    assert client.receiver.numbers == first == ["1", "2"]


def test_event_is_delivered_later_when_the_endpoint_was_down(client: Subscriber) -> None:
    subscription_id = client.subscribed()
    client.receiver.error = DeliveryError.NOT_ACCEPTED
    client.submit(FACILITY)
    client.publish()
    text, code = reason(client, subscription_id)
    assert (text, code) == (client.call("GET", f"/{subscription_id}").body["error"], None)
    assert "503" in text
    assert "Attempts continue" in text
    client.receiver.error = None
    client.work()
    assert client.receiver.received == []  # it is attempted after a pause only
    client.cloud.clock.pass_by(minutes=1)
    client.sweep()
    assert client.receiver.numbers == ["1", "2"]
    status = json.dumps(client.call("GET", f"/{subscription_id}/$status").body)
    assert '"name": "error"' not in status


def stops(client: Subscriber) -> list[dict[str, Any]]:
    """What the owners of stopped subscriptions received, as their schema has it."""
    schema = json.loads(Path(f"docs/events/{SUBSCRIPTION_STOPPED}.schema.json").read_text("utf-8"))
    found = [one for one in client.cloud.published() if one["DetailType"] == SUBSCRIPTION_STOPPED]
    details = [json.loads(one["Detail"]) for one in found]
    for one in details:
        envelope = {"source": EVENT_SOURCE, "detail-type": SUBSCRIPTION_STOPPED, "detail": one}
        Draft202012Validator(schema).validate(envelope)
    return details


def reason(client: Subscriber, subscription_id: str) -> tuple[str, str | None]:
    """Why a subscription fails, as ``$status`` shows it: its text, and its code."""
    [entry] = client.call("GET", f"/{subscription_id}/$status").body["entry"]
    [error] = [one for one in entry["resource"]["parameter"] if one["name"] == "error"]
    value = error["valueCodeableConcept"]
    return value["text"], next((one["code"] for one in value.get("coding", ())), None)


def test_status_is_error_then_off_when_the_endpoint_fails_for_days(client: Subscriber) -> None:
    subscription_id = client.subscribed()
    client.receiver.error = DeliveryError.TIMED_OUT
    client.submit(FACILITY)
    client.publish()
    seen: list[str] = []
    until = client.cloud.clock.at + TURNED_OFF_AFTER + timedelta(hours=12)
    while client.cloud.clock.at < until:
        client.cloud.clock.pass_by(minutes=30)
        client.sweep()
        if (status := client.status(subscription_id)) not in seen[-1:]:
            seen.append(status)
    assert seen[-2:] == ["error", "off"]
    assert "subscription_off" in client.cloud.log.getvalue()
    [stopped] = stops(client)
    owned = client.cloud.deps.subscriptions.read(subscription_id)
    assert owned is not None
    assert (stopped["subscription_id"], stopped["client_id"]) == (subscription_id, owned.subject)
    assert (stopped["status"], stopped["error"], stopped["waiting"]) == ("off", "timed_out", 2)
    shown = client.call("GET", f"/{subscription_id}").body
    assert reason(client, subscription_id) == (shown["error"], "no-response")
    for part in ("did not respond in time", "since 2026-07-", "3 days", "(2)", "inquire"):
        assert part in shown["error"]
    assert shown["meta"]["lastUpdated"] > owned.created_at.isoformat()
    # Its owner turns it on again, and receives what was not delivered.
    client.receiver.error = None
    client.call("PUT", f"/{subscription_id}", {**shown, "status": "requested"})
    client.work()
    assert client.receiver.kinds == ["handshake", *["event-notification"] * 2]


def test_subscription_is_in_error_when_no_handshake_is_accepted(client: Subscriber) -> None:
    client.receiver.error = DeliveryError.NAME_NOT_RESOLVED
    subscription_id = client.create()
    for _ in range(60):
        client.work()
        client.cloud.clock.pass_by(minutes=2)
        client.sweep()
    assert client.status(subscription_id) == "error"
    [stopped] = stops(client)
    assert (stopped["status"], stopped["error"]) == ("error", "name_not_resolved")
    text, code = reason(client, subscription_id)
    assert (code, text) == ("no-response", client.call("GET", f"/{subscription_id}").body["error"])
    assert "8 handshakes failed" in text
    [found] = client.call("GET", status="error").body["entry"]
    assert found["resource"]["error"] == text
    client.receiver.error = None
    client.sweep()
    client.submit(FACILITY)
    client.publish()
    assert client.receiver.received == []


def test_heartbeat_is_sent_when_its_period_has_passed(client: Subscriber) -> None:
    beat = {"url": f"{BACKPORT}/backport-heartbeat-period", "valueUnsignedInt": 600}
    client.subscribed(channelled(extension=[beat]))
    client.sweep()
    assert client.receiver.received == []
    for _ in range(2):
        client.cloud.clock.pass_by(minutes=11)
        client.sweep()
    assert client.receiver.kinds == ["heartbeat", "heartbeat"]


def test_nothing_is_sent_when_the_end_of_the_subscription_has_passed(client: Subscriber) -> None:
    end = client.cloud.clock.at + timedelta(hours=1)
    subscription_id = client.subscribed(document(end=end.isoformat()))
    client.cloud.clock.pass_by(hours=2)
    client.submit(FACILITY)
    client.publish()
    client.sweep()
    assert client.receiver.received == []
    assert client.status(subscription_id) == "off"


def test_end_is_the_reason_when_it_passes_while_attempts_fail(client: Subscriber) -> None:
    end = client.cloud.clock.at + timedelta(hours=1)
    subscription_id = client.subscribed(document(end=end.isoformat()))
    client.receiver.error = DeliveryError.NOT_ACCEPTED
    client.submit(FACILITY)
    client.publish()
    client.cloud.clock.pass_by(hours=2)
    client.sweep()
    assert client.status(subscription_id) == "off"
    assert "the end of the subscription has passed" in reason(client, subscription_id)[0]
    assert stops(client) == []


def test_nothing_is_sent_when_the_owner_turns_it_off(client: Subscriber) -> None:
    subscription_id = client.subscribed()
    reply = client.call("PUT", f"/{subscription_id}", document(status="off"))
    assert reply.body["status"] == "off"
    client.submit(FACILITY)
    client.publish()
    client.sweep()
    assert client.receiver.received == []


def test_owner_receives_past_events_when_it_asks_for_them(client: Subscriber) -> None:
    subscription_id = client.subscribed()
    client.submit(FACILITY)
    client.publish()
    (request_id,) = {one["request_id"] for one in client.cloud.dashboard().body["requests"]}
    assert client.cloud.decide(request_id, {"1.1": "APPROVED"}).status == 200
    client.publish()
    count = len(client.receiver.numbers)
    reply = client.call("GET", f"/{subscription_id}/$events")
    assert kind(reply.body) == "query-event"
    assert [one["event-number"]["valueString"] for one in parts(reply.body)] == (
        client.receiver.numbers
    )
    assert len(reply.body["entry"]) == 1 + count
    query = {"eventsSinceNumber": "2", "eventsUntilNumber": "2", "content": "empty"}
    some = client.call("GET", f"/{subscription_id}/$events", **query).body
    assert [one["event-number"]["valueString"] for one in parts(some)] == ["2"]
    assert len(some["entry"]) == 1
    named = [
        {one["name"] for one in found["entry"][0]["resource"]["parameter"]}
        for found in (some, reply.body)
    ]
    assert ["topic" in names for names in named] == [False, True]
    wrong = client.call("GET", f"/{subscription_id}/$events", eventsSinceNumber="x")
    assert wrong.status == 422
    recorded = [
        one.requests
        for one in client.cloud.audit.records.values()
        if one.operation == "readSubscriptionOperation"
    ]
    assert (request_id,) in recorded


def test_delivery_is_in_the_audit_when_it_is_sent(client: Subscriber) -> None:
    client.subscribed()
    client.submit(FACILITY)
    client.publish()
    record, _ = [
        one for one in client.cloud.audit.records.values() if one.operation == "notifySubscriber"
    ]
    assert record.subject == PROVIDER["sub"]
    assert record.basis == (f"tin:{PROVIDER_TIN}",)
    assert len(record.requests) == len(record.members) == 1


def notes(bundle: Json) -> str:
    return " ".join(one["text"] for one in answered(bundle).get("processNote", ()))


def kinds_of_resources(bundle: Json) -> set[str]:
    (response,) = [
        one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Bundle"
    ]
    return {one["resource"]["resourceType"] for one in response["entry"]}


@dataclass
class Case:
    """A pended request of two lines, of whose earlier changes the subscriber was notified."""

    client: Subscriber
    request_id: str

    def changed(self, count: int = 1) -> Json:
        """The last of as many notifications as there are new events."""
        self.client.receiver.received.clear()
        self.client.publish()
        assert self.client.receiver.kinds == ["event-notification"] * count
        return self.client.receiver.received[-1] if count else {}


@pytest.fixture
def case(client: Subscriber) -> Case:
    client.subscribed()
    opened = Case(client, client.cloud.pended(services=[BOWEL_SURGERIES]))
    assert actions(opened.changed(2)) == ["A4", "A4"]
    return opened


def test_documents_are_named_when_information_is_requested(case: Case) -> None:
    cloud = case.client.cloud
    requested = {"documents": ["CLINICAL_NOTES"], "text": "Since when?"}
    assert cloud.move(case.request_id, "information", requested).status == 200
    notified = case.changed()
    assert actions(notified) == ["A4", "A4"]
    assert "Since when?" in notes(notified)
    assert {"Task", "CommunicationRequest"} <= kinds_of_resources(notified)
    assert cloud.answer(case.request_id, "Since May.", by=FACILITY).status == 200
    answered_bundle = case.changed()
    assert "Since when?" not in notes(answered_bundle)
    assert "Task" not in kinds_of_resources(answered_bundle)


def test_new_deadline_is_shown_when_it_is_extended(case: Case) -> None:
    before = answered(case.client.receiver.received[-1])["disposition"]
    reason = {"reason": "A specialist's opinion is awaited."}
    assert case.client.cloud.move(case.request_id, "extension", reason).status == 200
    after = answered(case.changed())["disposition"]
    assert after != before
    assert "July 31, 2026" in after


def test_each_line_has_its_action_when_a_part_is_denied_and_then_appealed(case: Case) -> None:
    cloud = case.client.cloud
    decided = cloud.decide(case.request_id, {"1.1": "APPROVED", "1.2": "DENIED"})
    assert decided.status == 200
    denied = case.changed()
    assert actions(denied) == ["A1", "A3"]
    assert "Conservative treatment was not tried." in notes(denied)
    assert answered(denied)["preAuthRef"]
    assert cloud.appeal(case.request_id, "1.2").status == 202
    # The determination remains in effect until the appeal is decided.
    filed = case.changed()
    assert actions(filed) == ["A1", "A3"]
    assert "Partially approved. Appeal in progress." in answered(filed)["disposition"]
    cloud.pend(case.request_id, 2)
    assert "A decision is due by" in answered(case.changed())["disposition"]
    overturned = cloud.decide(case.request_id, {"1.2": "APPROVED"}, cycle=2, by=SECOND_REVIEWER)
    assert overturned.status == 200
    ended = case.changed()
    assert actions(ended) == ["A1", "A1"]
    assert answered(ended)["disposition"].endswith(": Approved.")


def test_every_line_is_cancelled_when_the_request_is_voided(case: Case) -> None:
    assert case.client.cloud.void(case.request_id).status == 200
    assert actions(case.changed()) == ["C", "C"]


def test_nothing_is_sent_when_reviewers_share_their_work(case: Case) -> None:
    cloud = case.client.cloud
    assert cloud.move(case.request_id, "assign").status == 200
    assert cloud.move(case.request_id, "notes", {"text": "Call the clinic."}).status in {200, 201}
    assert cloud.move(case.request_id, "release").status == 200
    case.changed(0)
