"""A client that subscribes to changes of its requests, with its endpoint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from functions.pas import handler as pas
from functions.subscriptions import handler as subscriptions
from functions.subscriptions import sweep
from precert.domain.event_types import SUBSCRIPTION_EVENT_TYPES
from precert.domain.subscriptions import DeliveryError
from precert.fhir.subscriptions import BACKPORT, TOPIC
from precert.usecases.ports.subscriptions import NotDeliveredError
from tests.adapters.callers import PROVIDER
from tests.adapters.calls import Context, Reply
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import claim
from tests.fakes.samples import BOWEL_SURGERY, PROVIDER_TIN
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
        return self.cloud.call(pas, method, f"{PATH}{path}", body, by=by, query=query or None)

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


def actions(bundle: Json) -> list[str]:
    """X12's review action of each item."""
    found = []
    for item in answered(bundle)["item"]:
        (adjudication,) = item["adjudication"]
        parts = extensions(extensions(adjudication)["reviewAction"])
        found.append(coding(parts["reviewActionCode"]["valueCodeableConcept"])[1])
    return found
