"""What a call of a hook lacks is read from the client's FHIR server; hooks of encounters."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, Final

import pytest
from pydantic import SecretStr

from precert.adapters.client_servers import MAX_BYTES, FhirClientServers
from precert.adapters.public_https import PublicHttps
from precert.usecases.ports.clients import ClientServer
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import (
    PAYER,
    PERFORMER,
    REQUESTER,
    appointment,
    bundle,
    call_hook,
    concept,
    coverage,
    hook_call,
    information,
    only,
    order,
    patient,
    prefetch,
    updates,
)
from tests.fakes.client_servers import ClientSystem

Json = dict[str, Any]
EHR: Final = "https://ehr.example.org/fhir"
COVERAGES: Final = "Coverage?patient=p1&status=active"
ACCESS: Final = {"access_token": "opaque", "token_type": "Bearer", "expires_in": 30}
DIAGNOSIS: Final = {
    "resourceType": "Condition",
    "id": "d1",
    "code": concept("http://hl7.org/fhir/sid/icd-10-cm", "K56.50"),
}
ROLE: Final = {
    "resourceType": "PractitionerRole",
    "id": "r1",
    "organization": {"reference": "Organization/requester"},
}
SYSTEM: Final[dict[str, Json]] = {
    "Patient/p1": patient(),
    COVERAGES: {**bundle(coverage()), "type": "searchset"},
    "Condition/d1": DIAGNOSIS,
    "PractitionerRole/r1": ROLE,
    "Organization/requester": REQUESTER,
    "Organization/performer": PERFORMER,
}


def unsent(*orders: Json, **changes: Any) -> Json:
    """A call without prefetch, with access to the client's FHIR server."""
    return hook_call(*orders, **{"prefetch": ..., "fhirAuthorization": ACCESS, **changes})


def called(cloud: Cloud, document: Json, resources: dict[str, Json]) -> tuple[Reply, ClientSystem]:
    system = ClientSystem(resources)
    cloud.deps.__dict__["client_servers"] = system
    return call_hook(cloud, document), system


def test_order_is_authorized_when_what_prefetch_lacks_is_read(cloud: Cloud) -> None:
    """The diagnosis, the roles and their organizations are read, and nothing twice."""
    sent = order(
        reasonCode=[],
        reasonReference=[{"reference": "Condition/d1"}],
        requester={"reference": f"{EHR}/PractitionerRole/r1"},
    )
    reply, system = called(cloud, unsent(sent), SYSTEM)
    assert only(reply)["pa-needed"] == "satisfied"
    assert sorted(system.read_paths) == sorted([*SYSTEM, "Organization/plan"])
    [server, *_] = system.servers
    assert (server.base_url, server.token.get_secret_value()) == (EHR, "opaque")


def test_nothing_is_read_when_prefetch_has_everything(cloud: Cloud) -> None:
    plan = {"resourceType": "Organization", "id": "plan"}
    everything = prefetch(organizations=bundle(REQUESTER, PERFORMER, plan))
    reply, system = called(cloud, unsent(prefetch=everything), SYSTEM)
    assert only(reply)["pa-needed"] == "satisfied"
    assert system.read_paths == []


NOT_READ: Final[dict[str, dict[str, Any]]] = {
    "no access": {"fhirAuthorization": ...},
    "another type of token": {"fhirAuthorization": {**ACCESS, "token_type": "mac"}},
    "no token": {"fhirAuthorization": {"token_type": "Bearer"}},
    "no server": {"fhirServer": ...},
}


@pytest.mark.parametrize("kind", NOT_READ)
def test_nothing_is_read_when_the_call_gives_no_access(cloud: Cloud, kind: str) -> None:
    reply, system = called(cloud, unsent(**NOT_READ[kind]), SYSTEM)
    assert (reply.status, system.read_paths) == (412, [])


def test_references_to_other_servers_are_not_read_when_an_order_has_them(cloud: Cloud) -> None:
    others = ("https://other.example.org/fhir/Condition/d1", "urn:uuid:1", "#d1", "Condition/../x")
    sent = order("99213", reasonReference=[{"reference": one} for one in others])
    reply, system = called(cloud, unsent(sent, prefetch=prefetch()), SYSTEM)
    assert only(reply)["pa-needed"] == "no-auth"
    assert system.read_paths == ["Organization/plan"]


def test_answer_is_indeterminate_when_the_patient_cannot_be_read(cloud: Cloud) -> None:
    found = {name: one for name, one in SYSTEM.items() if name != "Patient/p1"}
    reply, _ = called(cloud, unsent(), found)
    answer = only(reply)
    assert (answer["covered"], answer["pa-needed"]) == ("indeterminate", "indeterminate")
    assert answer["reason"][0]["coding"][0]["code"] == "technical"
    assert "patient" in answer["reason"][0]["text"]


def test_order_is_answered_without_it_when_something_else_cannot_be_read(cloud: Cloud) -> None:
    sent = order(reasonCode=[], reasonReference=[{"reference": "Condition/d1"}])
    found = {name: one for name, one in SYSTEM.items() if name != "Condition/d1"}
    reply, _ = called(cloud, unsent(sent), found)
    assert only(reply)["pa-needed"] == "auth-needed"
    assert cloud.dashboard().body["requests"] == []


def test_call_is_refused_when_the_coverage_cannot_be_read(cloud: Cloud) -> None:
    reply, _ = called(cloud, unsent(), {"Patient/p1": patient()})
    assert (reply.status, reply.body["issue"][0]["expression"]) == (412, ["prefetch.coverage"])


def test_dispatched_order_is_answered_when_it_is_read(cloud: Cloud) -> None:
    call = unsent(hook="order-dispatch")
    call["context"] = {
        "patientId": "p1",
        "dispatchedOrders": [f"{EHR}/ServiceRequest/o1"],
        "performer": "Organization/performer",
    }
    reply, _ = called(cloud, call, {**SYSTEM, "ServiceRequest/o1": order("70450")})
    [resource] = updates(reply)
    assert resource["id"] == "o1"


def test_call_is_refused_when_no_dispatched_order_can_be_read(cloud: Cloud) -> None:
    call = unsent(hook="order-dispatch")
    call["context"] = {
        "patientId": "p1",
        "dispatchedOrders": ["ServiceRequest/o1", "ServiceRequest/o2"],
        "performer": "Organization/performer",
    }
    reply, _ = called(cloud, call, SYSTEM)
    assert (reply.status, reply.body["issue"][0]["expression"]) == (
        412,
        ["context.dispatchedOrders"],
    )
    some, _ = called(cloud, call, {**SYSTEM, "ServiceRequest/o2": order("70450", id="o2")})
    assert [one["id"] for one in updates(some)] == ["o2"]


def test_order_of_an_appointment_is_answered_when_it_is_read(cloud: Cloud) -> None:
    booked = appointment(basedOn=[{"reference": "ServiceRequest/o1"}])
    call = unsent(hook="appointment-book")
    call["context"] = {"patientId": "p1", "appointments": bundle(booked)}
    reply, _ = called(cloud, call, {**SYSTEM, "ServiceRequest/o1": order("99213")})
    [resource] = updates(reply)
    assert resource["resourceType"] == "ServiceRequest"


# -- Which coverage -----------------------------------------------------------------------------------


def test_coverage_of_this_payer_is_answered_when_several_are_sent(cloud: Cloud) -> None:
    other = coverage(id="c2", payor=[{"identifier": {"system": "x", "value": "1"}}])
    call = hook_call(order("99213"), prefetch=prefetch(coverage=bundle(other, coverage())))
    assert only(call_hook(cloud, call))["coverage"] == {"reference": "Coverage/c1"}


def test_payer_is_read_when_the_coverage_only_refers_to_it(cloud: Cloud) -> None:
    sent = prefetch(coverage=bundle(coverage(payor=[{"reference": "Organization/plan"}])))
    plan = {"resourceType": "Organization", "id": "plan", "identifier": [PAYER]}
    call = unsent(order("99213"), prefetch=sent)
    reply, system = called(cloud, call, {**SYSTEM, "Organization/plan": plan})
    assert (only(reply)["pa-needed"], system.read_paths) == ("no-auth", ["Organization/plan"])
    other, _ = called(cloud, call, {**SYSTEM, "Organization/plan": REQUESTER | {"id": "plan"}})
    assert (other.status, other.body["issue"][0]["expression"]) == (
        400,
        ["prefetch.coverage.payor"],
    )


def test_answer_is_indeterminate_when_the_payer_cannot_be_read(cloud: Cloud) -> None:
    sent = prefetch(coverage=bundle(coverage(payor=[{"reference": "Organization/plan"}])))
    answer = only(called(cloud, unsent(prefetch=sent), SYSTEM)[0])
    assert (answer["covered"], answer["pa-needed"]) == ("indeterminate", "indeterminate")
    assert answer["reason"][0]["coding"][0]["code"] == "technical"
    assert "payor.identifier" in answer["reason"][0]["text"]
    assert cloud.dashboard().body["requests"] == []


def test_coverage_is_not_found_when_several_can_be_of_this_payer(cloud: Cloud) -> None:
    sent = bundle(coverage(), coverage(id="c2"))
    first, again = (
        only(call_hook(cloud, hook_call(prefetch=prefetch(coverage=sent)))) for _ in range(2)
    )
    assert first == again
    assert first["covered"] == "not-covered"
    assert first["reason"][0]["coding"][0]["code"] == "coverage-not-found"
    assert cloud.dashboard().body["requests"] == []


# -- Encounters ---------------------------------------------------------------------------------------


def encounter(**changes: Any) -> Json:
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "type": [concept("http://www.ama-assn.org/go/cpt", "99213")],
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-07-01T09:00:00Z"},
        **changes,
    }


def begun(cloud: Cloud, sent: Json | None, hook: str = "encounter-start", **more: Any) -> Reply:
    call = hook_call(hook=hook, prefetch=prefetch(encounter=sent, **more))
    call["context"] = {"userId": "Practitioner/u1", "patientId": "p1", "encounterId": "e1"}
    return call_hook(cloud, call)


@pytest.mark.parametrize("hook", ["encounter-start", "encounter-discharge"])
def test_encounter_is_answered_when_its_type_is_a_billing_code(cloud: Cloud, hook: str) -> None:
    [resource] = updates(begun(cloud, encounter(), hook))
    assert resource["resourceType"] == "Encounter"
    [found] = information(resource)
    assert (found["covered"], found["pa-needed"]) == ("covered", "no-auth")


def test_setting_is_that_of_the_encounter_when_the_answer_depends_on_it(cloud: Cloud) -> None:
    surgery = [concept("http://www.ama-assn.org/go/cpt", "11102")]
    needed = {}
    for code in ("AMB", "IMP"):
        sent = encounter(type=surgery, **{"class": {"code": code}})
        [resource] = updates(begun(cloud, sent))
        needed[code] = information(resource)[0]["pa-needed"]
    assert needed["IMP"] == "auth-needed"
    assert needed["AMB"] != "conditional"


@pytest.mark.rule("A6")
def test_encounter_is_not_covered_when_the_coverage_has_ended(cloud: Cloud) -> None:
    cloud.cover(active_to="2026-06-30")
    [resource] = updates(begun(cloud, encounter(type=[])))
    assert information(resource)[0]["reason"][0]["coding"][0]["code"] == "no-active-coverage"


def test_nothing_is_answered_when_an_encounter_has_no_billing_code(cloud: Cloud) -> None:
    assert updates(begun(cloud, encounter(type=[]))) == []
    assert updates(begun(cloud, None)) == []


def test_documentation_is_not_requested_when_an_encounter_begins(cloud: Cloud) -> None:
    surgery = [concept("http://www.ama-assn.org/go/cpt", "19318")]
    [resource] = updates(begun(cloud, encounter(type=surgery)))
    [found] = information(resource)
    assert found["pa-needed"] == "auth-needed"
    assert not {"doc-needed", "questionnaire"} & found.keys()


# -- The adapter --------------------------------------------------------------------------------------


class Ehr(BaseHTTPRequestHandler):
    """A client's FHIR server on this machine."""

    received: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.received.append((self.path, self.headers["Authorization"]))
        name = self.path.rpartition("/")[2]
        bodies = {"large": b" " * (MAX_BYTES + 1), "text": b"x", "list": b"[]"}
        body = bodies.get(name, b'{"resourceType": "Patient", "id": "p1"}')
        self.send_response({"missing": 404, "moved": 302}.get(name, 200))
        self.send_header("Location", "https://ehr.example.org/fhir/Patient/p1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


def test_resources_are_read_with_the_token_when_the_server_answers() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ehr) as running:
        thread = Thread(target=running.serve_forever, daemon=True)
        thread.start()
        server = ClientServer(f"http://localhost:{running.server_port}/fhir", SecretStr("opaque"))
        servers = FhirClientServers(PublicHttps(local=True))
        names = ("p1", "large", "text", "list", "missing", "moved")
        found = servers.read(server, [f"Patient/{one}" for one in names], seconds=2)
        running.shutdown()
        thread.join()
    assert found == {"Patient/p1": {"resourceType": "Patient", "id": "p1"}}
    assert sorted(Ehr.received) == sorted(
        (f"/fhir/Patient/{one}", "Bearer opaque") for one in names
    )


@pytest.mark.parametrize("base", ["http://ehr.example.org", "https://127.0.0.1", "file:///etc"])
def test_nothing_is_read_when_the_server_is_not_public(base: str) -> None:
    servers = FhirClientServers(PublicHttps(lambda _host, _port: ["10.0.0.1"]))
    server = ClientServer(base, SecretStr("opaque"))
    assert servers.read(server, ["Patient/p1"], seconds=1) == {}
    assert servers.read(server, [], seconds=1) == {}
