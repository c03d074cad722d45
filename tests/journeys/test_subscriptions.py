"""A subscriber of the Prior Authorization API is notified of a claim until its determination."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from local.client import Caller
from local.journey.transcript import answer
from local.users import PROVIDER, REVIEWER, User
from precert.names import Entitlement
from tests.journeys.portal import APPROVAL, Json, Portal, register_user, until

SUBSCRIBER: Final = User(
    "ehr", "the system of the requesting provider", (Entitlement.PATIENT_SEARCH,), PROVIDER.tins
)
FHIR: Final = {"Content-Type": "application/fhir+json"}
TOPIC: Final = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
SECRET: Final = "Bearer of-the-endpoint"
X12: Final = "https://codesystem.x12.org/005010"


class Endpoint:
    """The subscriber's endpoint: what it received about one claim, and whether it is available."""

    def __init__(self) -> None:
        self.available = True
        self.received: list[Json] = []
        self.headers: list[str] = []

    def accept(self, authorization: str, document: Json) -> int:
        if not self.available:
            return 503
        self.headers.append(authorization)
        self.received.append(document)
        return 200

    def responses(self, claim: str) -> list[str]:
        """The text of each ClaimResponse to a claim, by the identifier of the claim."""
        found = [
            part["resource"]
            for document in self.received
            for entry in document["entry"][1:]
            for part in entry["resource"]["entry"][:1]
        ]
        return [one["disposition"] for one in found if claim in json.dumps(one)]

    @property
    def kinds(self) -> list[str]:
        """What each notification is: a handshake or an event."""
        return [
            one["valueCode"]
            for document in self.received
            for one in document["entry"][0]["resource"]["parameter"]
            if one["name"] == "type"
        ]


@contextmanager
def listening(endpoint: Endpoint) -> Iterator[str]:
    """The URL of the endpoint on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = endpoint.accept(self.headers["Authorization"], json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/notifications"
    finally:
        server.shutdown()
        server.server_close()


def subscription(url: str) -> Json:
    def extended(name: str, **value: str) -> Json:
        return {"extension": [{"url": f"{BACKPORT}/{name}", **value}]}

    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "Changes of our requests",
        "criteria": TOPIC,
        "_criteria": extended(
            "backport-filter-criteria", valueString=f"org-identifier={PROVIDER.tins[0]}"
        ),
        "channel": {
            "type": "rest-hook",
            "endpoint": url,
            "payload": "application/fhir+json",
            "_payload": extended("backport-payload-content", valueCode="full-resource"),
            "header": [f"Authorization: {SECRET}"],
        },
    }


def claim(identifier: str) -> Json:
    """A claim of an operation that a reviewer decides, for a member whom no page names."""
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()

    def coded(system: str, code: str) -> Json:
        return {"coding": [{"system": system, "code": code}]}

    def entry(resource_type: str, **values: Any) -> Json:
        return {
            "fullUrl": f"https://ehr.example.org/fhir/{resource_type}/1",
            "resource": {"resourceType": resource_type, **values},
        }

    def refer(resource_type: str) -> Json:
        return {"reference": f"https://ehr.example.org/fhir/{resource_type}/1"}

    item = {
        "sequence": 1,
        "servicedDate": day,
        "quantity": {"value": 1},
        "category": coded(f"{X12}/1365", "2"),
        "productOrService": coded("http://www.ama-assn.org/go/cpt", "44140"),
        "locationCodeableConcept": coded(
            "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set",
            "22",
        ),
    }
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": f"{day}T12:00:00Z",
        "entry": [
            entry(
                "Claim",
                status="active",
                use="preauthorization",
                created=day,
                identifier=[{"system": "urn:ehr:claims", "value": identifier}],
                type=coded("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
                priority={"coding": [{"code": "normal"}]},
                patient=refer("Patient"),
                insurer={"display": "Sample Health Plan"},
                provider=refer("Organization"),
                insurance=[{"sequence": 1, "focal": True, "coverage": refer("Coverage")}],
                diagnosis=[
                    {
                        "sequence": 1,
                        "diagnosisCodeableConcept": coded(
                            "http://hl7.org/fhir/sid/icd-10-cm", "K55"
                        ),
                    }
                ],
                item=[item],
            ),
            entry(
                "Patient",
                birthDate="1988-02-29",
                name=[{"family": "O'Donnell", "given": ["Siobhan"]}],
                identifier=[{"type": {"coding": [{"code": "MB"}]}, "value": "U70033632"}],
            ),
            entry(
                "Coverage",
                status="active",
                subscriberId="U70033632",
                beneficiary=refer("Patient"),
                payor=[{"display": "Sample Health Plan"}],
            ),
            entry(
                "Organization",
                active=True,
                name="Rubinstein Surgery",
                identifier=[
                    {"system": "http://hl7.org/fhir/sid/us-npi", "value": "8001042398"},
                    {
                        "system": "http://terminology.hl7.org/NamingSystem/USEIN",
                        "value": PROVIDER.tins[0],
                    },
                ],
                telecom=[{"system": "phone", "value": "2165550189"}],
                address=[
                    {
                        "line": ["4430 Canalside Way"],
                        "city": "Beachwood",
                        "state": "OH",
                        "postalCode": "44122",
                    }
                ],
            ),
        ],
    }


def status(caller: Caller, path: str) -> tuple[str, str | None]:
    found = answer("reading the subscription", caller.call("GET", path), 200)
    return found["status"], found.get("error")


def test_subscriber_is_notified_when_a_claim_is_submitted_and_decided(portal: Portal) -> None:
    register_user(portal.deployment, SUBSCRIBER)
    caller, endpoint = portal.deployment.caller(SUBSCRIBER), Endpoint()
    with listening(endpoint) as url:
        sent = subscription(url)
        reply = caller.call("POST", "/fhir/r4/Subscription", sent, headers=FHIR)
        created = answer("subscribing", reply, 201)
        path = f"/fhir/r4/Subscription/{created['id']}"
        until("waiting for the handshake", lambda: status(caller, path) == ("active", None) or None)
        assert (endpoint.kinds, endpoint.headers) == (["handshake"], [SECRET])

        name = f"subscribed-{created['id']}"
        submit = portal.deployment.caller(PROVIDER).call(
            "POST", "/fhir/r4/Claim/$submit", claim(name), headers=FHIR
        )
        response = answer("submitting", submit, 200)["entry"][0]["resource"]
        pended = response["disposition"]
        assert "due by" in pended, response
        until(
            "waiting for the notification of the pended request",
            lambda: endpoint.responses(name)[-1:] == [pended] or None,
        )

        # The endpoint fails when the reviewer decides, and is notified when it is available again.
        endpoint.available = False
        [row] = [one for one in portal.rows(PROVIDER) if (one["number"] or "draft") in pended]
        request_id = row["request_id"]
        assert portal.decide(request_id, REVIEWER, 1, [APPROVAL]) == "APPROVED"
        refused = "The endpoint responded with an error."
        until(
            "waiting for the failure",
            lambda: (status(caller, path)[1] or "").startswith(refused) or None,
        )
        endpoint.available = True
        answer("updating", caller.call("PUT", path, sent, headers=FHIR), 200)
        until(
            "waiting for the determination",
            lambda: "Approved" in "".join(endpoint.responses(name)[-1:]) or None,
        )
        assert endpoint.kinds.count("handshake") == 2

        assert caller.call("DELETE", path).status_code == 204
        assert caller.call("GET", path).status_code == 404
        before = len(endpoint.received)
        other = portal.pending()
        portal.await_types(other, PROVIDER, ["RequestSubmitted", "RequestPended"])
        assert len(endpoint.received) == before
