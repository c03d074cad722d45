"""Subscriptions: created, validated, read and deleted by their owner."""

import json
from typing import Final

import pytest

from precert.domain.subscriptions import MAX_SUBSCRIPTIONS
from precert.fhir.subscriptions import BACKPORT, MASK
from tests.adapters.callers import FACILITY, STRANGER
from tests.adapters.subscriber import (
    ENDPOINT,
    PATH,
    SECRET,
    Json,
    Subscriber,
    channelled,
    document,
    filtered,
    kind,
    parameter,
)
from tests.fakes.samples import PROVIDER_TIN


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
    for number in range(MAX_SUBSCRIPTIONS):
        client.create(channelled(endpoint=f"https://ehr.example.org/{number}"))
    refused = client.call("POST", body=document())
    assert refused.status == 409
    assert str(MAX_SUBSCRIPTIONS) in refused.body["issue"][0]["details"]["text"]


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
    "two filters": (
        document(
            _criteria={
                "extension": [
                    *filtered("org-identifier=463778226")["extension"],
                    *filtered("org-identifier=1234567893")["extension"],
                ]
            }
        ),
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
