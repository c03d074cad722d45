"""Subscriptions: created by their owner, notified in order and at least once, and shown as they are."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest

from functions.pas import handler as pas
from functions.subscriptions import handler as subscriptions
from functions.subscriptions import sweep
from precert.domain.caller import Grant
from precert.domain.event_types import SUBSCRIPTION_EVENT_TYPES
from precert.domain.subscriptions import MOST_SUBSCRIPTIONS, TURNED_OFF_AFTER, DeliveryError
from precert.fhir.subscriptions import BACKPORT, MASK, TOPIC
from precert.names import USER_SCOPE, Entitlement, Env
from precert.settings import Settings
from precert.usecases.ports.subscriptions import NotDeliveredError
from tests.adapters.callers import FACILITY, PROVIDER, SECOND_REVIEWER, STRANGER
from tests.adapters.calls import Context, Reply
from tests.adapters.cloud import Cloud
from tests.adapters.test_pas import claim
from tests.fakes.samples import BOWEL_SURGERIES, BOWEL_SURGERY, PROVIDER_TIN, STRANGER_TIN
from tests.unit.test_export import coding, extensions
from tools.fhir_validator import pas_validator

Json = dict[str, Any]
PATH: Final = "/fhir/r4/Subscription"
ENDPOINT: Final = "https://ehr.example.org/notifications?clinic=7"
SECRET: Final = "Bearer 5f2c-secret"


@dataclass
class Receiver:
    """The endpoints of clients: what they received, and how they answer."""

    received: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    error: DeliveryError | None = None

    def post(
        self, url: str, body: bytes, *, media_type: str, headers: Mapping[str, Any], seconds: int
    ) -> None:
        if self.error:
            raise NotDeliveredError(self.error, 503)
        document = json.loads(body)
        findings = pas_validator().findings(document)
        assert findings == [], findings
        assert media_type == "application/fhir+json"
        self.received.append(document)
        self.headers.append({name: one.get_secret_value() for name, one in headers.items()})

    @property
    def kinds(self) -> list[str]:
        return [parameter(one, "type") for one in self.received]

    @property
    def numbers(self) -> list[str]:
        return [event_number(one) for one in self.received if "event-notification" in kind(one)]


@dataclass
class Queue:
    """The queue of deliveries: what was requested, with the longest delay."""

    requested: list[str] = field(default_factory=list)

    def request(self, ids: Sequence[str], *, delay: timedelta = timedelta()) -> None:
        self.requested += ids


def parameter(bundle: Json, name: str) -> str:
    status = bundle["entry"][0]["resource"]
    (found,) = [one for one in status["parameter"] if one["name"] == name]
    return str(next(value for key, value in found.items() if key.startswith("value")))


def kind(bundle: Json) -> str:
    return parameter(bundle, "type")


def parts(bundle: Json) -> list[Json]:
    """The parts of each event of a notification, by name."""
    status = bundle["entry"][0]["resource"]
    return [
        {part["name"]: part for part in one["part"]}
        for one in status["parameter"]
        if one["name"] == "notification-event"
    ]


def event_number(bundle: Json) -> str:
    (event,) = parts(bundle)
    return str(event["event-number"]["valueString"])


def answered(bundle: Json) -> Json:
    """The ClaimResponse to which the event of a notification refers."""
    (event,) = parts(bundle)
    focus = event["focus"]["valueReference"]["reference"]
    (found,) = [one["resource"] for one in bundle["entry"] if one["fullUrl"] == focus]
    response: Json = found["entry"][0]["resource"]
    return response


def document(**changes: Any) -> Json:
    """A Subscription as an EHR sends it."""
    channel = {
        "type": "rest-hook",
        "endpoint": ENDPOINT,
        "payload": "application/fhir+json",
        "_payload": {
            "extension": [
                {"url": f"{BACKPORT}/backport-payload-content", "valueCode": "full-resource"}
            ]
        },
        "header": [f"Authorization: {SECRET}"],
    }
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "Changes of our requests",
        "criteria": TOPIC,
        "_criteria": filtered(f"org-identifier={PROVIDER_TIN}"),
        "channel": channel,
        **changes,
    }


def filtered(text: str) -> Json:
    return {"extension": [{"url": f"{BACKPORT}/backport-filter-criteria", "valueString": text}]}


def channelled(**changes: Any) -> Json:
    return document(channel={**document()["channel"], **changes})


@dataclass
class Subscriber:
    """A client of the product, with its endpoint."""

    cloud: Cloud
    receiver: Receiver
    queue: Queue

    def call(
        self, method: str, path: str = "", body: Any = None, *, by: Any = PROVIDER, **query: str
    ) -> Reply:
        reply = self.cloud.call(pas, method, f"{PATH}{path}", body, by=by, query=query or None)
        if reply.body is not None:
            assert pas_validator().findings(reply.body) == []
        return reply

    def create(self, sent: Json | None = None, *, by: Any = PROVIDER) -> str:
        reply = self.call("POST", body=sent or document(), by=by)
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    def subscribed(self, sent: Json | None = None, *, by: Any = PROVIDER) -> str:
        """A subscription whose endpoint has accepted the handshake."""
        subscription_id = self.create(sent, by=by)
        self.work()
        assert self.status(subscription_id, by=by) == "active"
        self.receiver.received.clear()
        return subscription_id

    def status(self, subscription_id: str, *, by: Any = PROVIDER) -> str:
        reply = self.call("GET", f"/{subscription_id}/$status", by=by)
        assert (reply.status, reply.body["type"]) == (200, "searchset")
        return parameter(reply.body, "status")

    def work(self) -> None:
        """The function receives everything that is in its queue."""
        while self.queue.requested:
            self.receive({"subscription_id": self.queue.requested.pop(0)})

    def receive(self, message: Json) -> None:
        batch = {"Records": [{"messageId": "1", "body": json.dumps(message)}]}
        answer = subscriptions.handle(batch, Context())
        assert answer == {"batchItemFailures": []}, self.cloud.log.getvalue()[-1500:]

    def sweep(self) -> None:
        sweep.handle({}, Context())
        self.work()

    def publish(self) -> None:
        """The relay publishes every event, and the bus delivers those of subscriptions."""
        self.cloud.wire.parameters.clear()
        assert self.cloud.relay(self.cloud.stream()) == []
        for entry in self.cloud.published():
            if entry["DetailType"] in SUBSCRIPTION_EVENT_TYPES:
                self.receive({"detail": json.loads(entry["Detail"])})
        self.work()

    def submit(self, by: Mapping[str, str] = PROVIDER, identifier: str = "1") -> Json:
        reply = self.cloud.call(
            pas,
            "POST",
            "/fhir/r4/Claim/$submit",
            claim(BOWEL_SURGERY, identifier=identifier),
            by=by,
        )
        assert reply.status == 200
        response: Json = reply.body["entry"][0]["resource"]
        return response


def subscriber(cloud: Cloud) -> Subscriber:
    receiver, queue = Receiver(), Queue()
    cloud.deps.endpoints = receiver  # type: ignore[assignment]
    cloud.deps.delivery_queue = queue  # type: ignore[assignment]
    return Subscriber(cloud, receiver, queue)


@pytest.fixture
def client(cloud: Cloud) -> Subscriber:
    return subscriber(cloud)


# -- The resource -------------------------------------------------------------------------------------


def test_subscription_is_active_when_its_endpoint_accepts_the_handshake(
    client: Subscriber,
) -> None:
    reply = client.call("POST", body=document())
    assert (reply.status, reply.body["status"]) == (201, "requested")
    subscription_id = reply.body["id"]
    assert reply.headers["Location"] == f"{PATH}/{subscription_id}"
    client.work()
    (handshake,) = client.receiver.received
    assert (kind(handshake), parameter(handshake, "status")) == ("handshake", "requested")
    assert handshake["entry"][0]["request"]["url"] == f"Subscription/{subscription_id}/$status"
    assert client.receiver.headers == [{"Authorization": SECRET}]
    assert client.status(subscription_id) == "active"


def test_header_value_is_masked_when_the_subscription_is_read(client: Subscriber) -> None:
    created = client.call("POST", body=document())
    # The sender of the value receives it in the answer, as the resource that was stored.
    assert created.body["channel"]["header"] == [f"Authorization: {SECRET}"]
    subscription_id = created.body["id"]
    read = client.call("GET", f"/{subscription_id}")
    assert read.body["channel"]["header"] == [f"Authorization: {MASK}"]
    (found,) = client.call("GET").body["entry"]
    assert found["resource"]["channel"]["header"] == [f"Authorization: {MASK}"]
    client.work()
    assert SECRET not in client.cloud.log.getvalue()
    (item,) = [one for one in client.cloud.items() if one["sk"]["S"] == "SUBSCRIPTION"]
    assert SECRET not in json.dumps(item)


def test_header_value_remains_when_the_masked_one_is_sent_back(client: Subscriber) -> None:
    subscription_id = client.subscribed()
    read = client.call("GET", f"/{subscription_id}").body
    updated = client.call("PUT", f"/{subscription_id}", read)
    assert (updated.status, updated.body["status"]) == (200, "requested")
    client.work()
    assert client.receiver.headers[-1] == {"Authorization": SECRET}
    assert client.status(subscription_id) == "active"


def test_others_find_no_subscription_when_it_is_not_theirs(client: Subscriber) -> None:
    subscription_id = client.create()
    for method, path in (
        ("GET", f"/{subscription_id}"),
        ("PUT", f"/{subscription_id}"),
        ("DELETE", f"/{subscription_id}"),
        ("GET", f"/{subscription_id}/$status"),
        ("GET", f"/{subscription_id}/$events"),
    ):
        body = document() if method == "PUT" else None
        assert client.call(method, path, body, by=STRANGER).status == 404, (method, path)
    assert client.call("GET", by=FACILITY).body["total"] == 0
    assert client.call("GET", "/no-id").status == 404


def test_subscription_is_not_found_when_its_owner_deletes_it(client: Subscriber) -> None:
    subscription_id = client.subscribed()
    assert client.call("DELETE", f"/{subscription_id}").status == 204
    assert client.call("GET", f"/{subscription_id}").status == 404
    assert client.call("GET").body["total"] == 0
    client.submit(FACILITY)
    client.publish()
    assert client.receiver.received == []


def test_same_subscription_is_updated_when_it_is_created_again(client: Subscriber) -> None:
    first = client.subscribed()
    again = client.call("POST", body=document(reason="Again"))
    assert (again.status, again.body["id"], again.body["status"]) == (201, first, "requested")
    assert client.call("GET").body["total"] == 1


def test_subscription_is_refused_when_the_client_has_the_most(client: Subscriber) -> None:
    for number in range(MOST_SUBSCRIPTIONS):
        client.create(channelled(endpoint=f"https://ehr.example.org/{number}"))
    refused = client.call("POST", body=document())
    assert refused.status == 409
    assert str(MOST_SUBSCRIPTIONS) in refused.body["issue"][0]["details"]["text"]


def test_subscriptions_are_found_when_parameters_name_them(client: Subscriber) -> None:
    first = client.subscribed()
    second = client.create(channelled(endpoint="https://ehr.example.org/2"))
    found = {
        name: {one["resource"]["id"] for one in client.call("GET", **query).body.get("entry", ())}
        for name, query in {
            "all": {},
            "active": {"status": "active"},
            "id": {"_id": second},
            "url": {"url": ENDPOINT},
            "other": {"status": "off", "unknown": "1"},
        }.items()
    }
    assert found == {
        "all": {first, second},
        "active": {first},
        "id": {second},
        "url": {first},
        "other": set(),
    }
    statuses = client.call("GET", "/$status").body
    assert statuses["total"] == 2
    body = {"resourceType": "Parameters", "parameter": [{"name": "id", "valueId": second}]}
    assert client.call("POST", "/$status", body).body["total"] == 1


def without(name: str) -> Json:
    changed = document()
    del changed[name]
    return changed


LONG: Final = "https://ehr.example.org/" + "a" * 1000
REFUSED: Final[dict[str, tuple[Json, str]]] = {
    "no criteria": (without("criteria"), "Subscription.criteria"),
    "another topic": (document(criteria="http://example.org/topic"), "Subscription.criteria"),
    "no filter": (document(_criteria={}), "Subscription.criteria.extension"),
    "another filter": (
        document(_criteria=filtered("patient=1")),
        "Subscription.criteria.extension",
    ),
    "no such TIN": (document(_criteria=filtered("org-identifier=12")), "Subscription.criteria.ext"),
    "no such NPI": (
        document(_criteria=filtered("org-identifier=1234567890")),
        "Subscription.criteria.extension",
    ),
    "filter of a cross-version extension": (
        document(
            _criteria={
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/5.0/StructureDefinition/filter",
                        "valueString": "org-identifier=123456789",
                    }
                ]
            }
        ),
        "Subscription.criteria.extension",
    ),
    "no channel": (without("channel"), "Subscription.channel"),
    "a websocket": (channelled(type="websocket"), "Subscription.channel.type"),
    "no endpoint": (channelled(endpoint=None), "Subscription.channel.endpoint"),
    "http": (channelled(endpoint="http://ehr.example.org/"), "Subscription.channel.endpoint"),
    "an address": (channelled(endpoint="https://10.0.0.1/"), "Subscription.channel.endpoint"),
    "this machine": (channelled(endpoint="https://localhost/"), "Subscription.channel.endpoint"),
    "a password": (
        channelled(endpoint="https://a:b@ehr.example.org/"),
        "Subscription.channel.endpoint",
    ),
    "a long endpoint": (channelled(endpoint=LONG), "Subscription.channel.endpoint"),
    "XML": (channelled(payload="application/fhir+xml"), "Subscription.channel.payload"),
    "ids only": (
        channelled(
            _payload={
                "extension": [
                    {"url": f"{BACKPORT}/backport-payload-content", "valueCode": "id-only"}
                ]
            }
        ),
        "Subscription.channel.payload.extension",
    ),
    "no content": (channelled(_payload=None), "Subscription.channel.payload.extension"),
    "a header of two lines": (
        channelled(header=["Authorization: a\r\nX: b"]),
        "Subscription.channel.header[0]",
    ),
    "the host": (channelled(header=["Host: internal"]), "Subscription.channel.header[0]"),
    "a header twice": (channelled(header=["A: 1", "a: 2"]), "Subscription.channel.header[1]"),
    "many headers": (
        channelled(header=[f"X-{one}: 1" for one in range(11)]),
        "Subscription.channel.header",
    ),
    "a fast heartbeat": (
        channelled(
            extension=[{"url": f"{BACKPORT}/backport-heartbeat-period", "valueUnsignedInt": 5}]
        ),
        "Subscription.channel.extension",
    ),
    "no timeout": (
        channelled(extension=[{"url": f"{BACKPORT}/backport-timeout", "valueUnsignedInt": 0}]),
        "Subscription.channel.extension",
    ),
    "an end in the past": (document(end="2020-12-31T12:00:00Z"), "Subscription.end"),
    "an end without a zone": (document(end="2027-12-31T12:00:00"), "Subscription.end"),
    "no reason": (without("reason"), "Subscription.reason"),
    "no status": (without("status"), "Subscription.status"),
    "an unknown modifier": (
        document(modifierExtension=[{"url": "urn:x", "valueBoolean": True}]),
        "Subscription.modifierExtension[0]",
    ),
    "another resource": (document(resourceType="Patient"), "Subscription"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_subscription_is_refused_with_its_place_when_it_is_not_supported(
    case: str, client: Subscriber
) -> None:
    sent, place = REFUSED[case]
    reply = client.call("POST", body=sent)
    assert reply.status == 422
    places = [one["expression"][0] for one in reply.body["issue"]]
    assert any(one.startswith(place) for one in places), reply.body
    assert all(one["details"]["text"] for one in reply.body["issue"])
    assert client.call("GET").body["total"] == 0


def test_every_error_is_named_when_several_values_are_wrong(client: Subscriber) -> None:
    sent = channelled(endpoint="ftp://x", payload="text/plain", type="email")
    reply = client.call("POST", body={**sent, "end": "soon", "status": "?"})
    assert len(reply.body["issue"]) == 5


def test_subscription_is_refused_when_the_organization_is_not_the_callers(
    client: Subscriber,
) -> None:
    reply = client.call("POST", body=document(), by=STRANGER)
    assert (reply.status, reply.body["resourceType"]) == (422, "OperationOutcome")
    assert client.call("GET", by=STRANGER).body["total"] == 0


@pytest.mark.parametrize(
    "text",
    [
        f"orgIdentifier={PROVIDER_TIN}",
        f"Claim?org-identifier={PROVIDER_TIN}",
        f"ClaimResponse?orgIdentifier={PROVIDER_TIN[:2]}-{PROVIDER_TIN[2:]}",
        f"org-identifier=http://terminology.hl7.org/NamingSystem/USEIN|{PROVIDER_TIN}",
        f"org-identifier={PROVIDER_TIN},1234567893",
    ],
)
def test_filter_is_accepted_when_it_names_the_organization(text: str, client: Subscriber) -> None:
    subscription_id = client.subscribed(document(_criteria=filtered(text)))
    client.submit(FACILITY)
    client.publish()
    assert set(client.receiver.kinds) == {"event-notification"}
    shown = client.call("GET", f"/{subscription_id}").body
    assert shown["_criteria"] == filtered(text)


# -- Notifications ------------------------------------------------------------------------------------


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
    shown = client.call("GET", f"/{subscription_id}/$status").body
    assert "503" in json.dumps(shown)
    client.receiver.error = None
    client.work()
    assert client.receiver.received == []  # it is attempted after a pause only
    client.cloud.clock.pass_by(minutes=1)
    client.sweep()
    assert client.receiver.numbers == ["1", "2"]
    assert "503" not in json.dumps(client.call("GET", f"/{subscription_id}/$status").body)


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
    shown = client.call("GET", f"/{subscription_id}").body
    assert shown["error"] == "The endpoint did not respond in time."
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


# -- Every kind of change -----------------------------------------------------------------------------


def actions(bundle: Json) -> list[str]:
    """X12's review action of each item."""
    found = []
    for item in answered(bundle)["item"]:
        (adjudication,) = item["adjudication"]
        parts = extensions(extensions(adjudication)["reviewAction"])
        found.append(coding(parts["reviewActionCode"]["valueCodeableConcept"])[1])
    return found


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


# -- Rights that change -------------------------------------------------------------------------------


ISSUER: Final = "https://issuer.example/pool"
CLIENT: Final = {"sub": "clinic", "iss": ISSUER, "token_use": "access", "scope": USER_SCOPE}
GRANT: Final = Grant(
    issuer=ISSUER,
    subject="clinic",
    label="clinic",
    entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
    tins=frozenset({PROVIDER_TIN}),
)
REVOKED: Final = {
    "everything": GRANT.model_copy(update={"tins": frozenset(), "entitlements": frozenset()}),
    "the TIN": GRANT.model_copy(update={"tins": frozenset({STRANGER_TIN})}),
    "the entitlement": GRANT.model_copy(update={"entitlements": frozenset()}),
}


@pytest.fixture
def granted(client: Subscriber) -> Iterator[tuple[Subscriber, str, str]]:
    """A client with rights on the server, its subscription, and a pended request."""
    cloud = client.cloud
    request_id = cloud.pended(services=[BOWEL_SURGERIES])
    cloud.deps.settings = Settings({**cloud.deps.settings.environ, Env.RIGHTS: "table"})
    for derived in ("user_grants", "callers", "client_rights"):
        cloud.deps.__dict__.pop(derived, None)
    cloud.deps.grants.store(GRANT)
    yield client, client.subscribed(by=CLIENT), request_id
    for one in list(cloud.deps.grants.stored()):
        cloud.deps.grants.store(Grant(issuer=one.issuer, subject=one.subject))


def grant(client: Subscriber, changed: Grant) -> None:
    """Change the rights; processes read them again after a minute."""
    client.cloud.deps.grants.store(changed)
    client.cloud.clock.pass_by(minutes=2)


def events(client: Subscriber, subscription_id: str) -> list[tuple[str, bool]]:
    """The number of each past event, and whether it is shown with its request."""
    past = client.call("GET", f"/{subscription_id}/$events", by=CLIENT).body
    return [(one["event-number"]["valueString"], "focus" in one) for one in parts(past)]


@pytest.mark.rule("A2")
@pytest.mark.parametrize("what", REVOKED)
def test_event_is_not_numbered_when_the_right_was_revoked(
    what: str, granted: tuple[Subscriber, str, str]
) -> None:
    client, subscription_id, _ = granted
    grant(client, REVOKED[what])
    client.publish()
    assert client.receiver.received == []
    grant(client, GRANT)
    assert events(client, subscription_id) == []


@pytest.mark.rule("A2")
@pytest.mark.parametrize("what", REVOKED)
def test_event_is_withheld_when_the_right_is_revoked_before_its_delivery(
    what: str, granted: tuple[Subscriber, str, str]
) -> None:
    client, subscription_id, _ = granted
    client.receiver.error = DeliveryError.TIMED_OUT
    client.publish()
    client.receiver.error = None
    grant(client, REVOKED[what])
    client.sweep()
    assert client.receiver.received == []
    recorded = [
        one for one in client.cloud.audit.records.values() if one.operation == "notifySubscriber"
    ]
    # The first attempt was made while the client had the right.
    assert len(recorded) == 1
    grant(client, GRANT)
    client.sweep()
    assert client.receiver.received == []
    assert events(client, subscription_id) == [("1", True), ("2", True)]


@pytest.mark.rule("A2")
def test_past_event_has_no_request_when_the_owner_may_not_see_it(
    granted: tuple[Subscriber, str, str],
) -> None:
    client, subscription_id, _ = granted
    client.publish()
    assert events(client, subscription_id) == [("1", True), ("2", True)]
    grant(client, REVOKED["the TIN"])
    assert events(client, subscription_id) == [("1", False), ("2", False)]


@pytest.mark.rule("A2")
def test_next_event_follows_the_withheld_ones_when_the_right_is_granted_again(
    granted: tuple[Subscriber, str, str],
) -> None:
    client, _, request_id = granted
    client.receiver.error = DeliveryError.TIMED_OUT
    client.publish()
    client.receiver.error = None
    grant(client, REVOKED["the TIN"])
    client.sweep()
    grant(client, GRANT)
    void_by_provider(client, request_id)
    client.publish()
    assert client.receiver.numbers == ["3"]
    assert actions(client.receiver.received[-1]) == ["C", "C"]


def void_by_provider(client: Subscriber, request_id: str) -> None:
    """Another user of the clinic, with rights on the server, withdraws the request."""
    user = {**CLIENT, "sub": "clinic-user"}
    client.cloud.deps.grants.store(GRANT.model_copy(update={"subject": "clinic-user"}))
    assert client.cloud.void(request_id, by=user).status == 200
