"""CDS Hooks of Da Vinci CRD: what an EHR discovers, and what every hook returns."""

import json
from pathlib import Path
from typing import Final

from functions.crd import handler as crd
from functions.crd.services import SERVICES, discovery
from precert.fhir.orders import ORDER_TYPES
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import (
    CPT,
    Json,
    appointment,
    bundle,
    call_hook,
    concept,
    hook_call,
    order,
    prefetch,
)
from tests.fakes.samples import payer
from tools.operations import ALL_ROUTES


def test_services_are_listed_when_an_ehr_discovers_them(cloud: Cloud) -> None:
    reply = cloud.call(crd, "GET", "/cds-services")
    assert reply.status == 200
    hooks = {one["hook"]: one for one in reply.body["services"]}
    assert set(hooks) == {
        *("order-sign", "order-select", "order-dispatch", "appointment-book"),
        *("encounter-start", "encounter-discharge"),
    }
    for one in hooks.values():
        assert one["extension"]["davinci-crd.version"] == ["2.2"]
        assert {"patient", "coverage", "organizations"} <= one["prefetch"].keys()
        options = one["extension"]["davinci-crd.configuration-options"]
        for name in ("code", "name", "description"):
            assert len({option[name] for option in options}) == len(options)
        assert all(option["type"] == "boolean" and option["default"] is True for option in options)


STANDARD: Final = json.loads(Path("data/fhir/crd.json").read_text(encoding="utf-8"))["prefetch"]


def expressions(query: str) -> set[str]:
    """The type of a query, and what it names in it."""
    kind, _, rest = query.partition("{{")
    return {kind, *rest.partition("}}")[0].split("|")}


def test_expressions_are_the_standard_ones_when_prefetch_is_requested(cloud: Cloud) -> None:
    reply = cloud.call(crd, "GET", "/cds-services")
    for one in reply.body["services"]:
        standard = STANDARD[one["hook"]]
        for key, query in one["prefetch"].items():
            assert expressions(query) <= expressions(standard[key]), (one["hook"], key)


def every_hook() -> list[Json]:
    """A call of each hook that has something to answer."""
    booked = appointment(basedOn=[{"reference": "ServiceRequest/o1"}])
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "type": [concept(CPT, "19318")],
        "subject": {"reference": "Patient/p1"},
    }
    context = {
        "userId": "Practitioner/u1",
        "patientId": "p1",
        "encounterId": "e1",
        "draftOrders": bundle(order("19318")),
        "selections": ["ServiceRequest/o1"],
        "dispatchedOrders": ["ServiceRequest/o1"],
        "performer": "Organization/performer",
        "appointments": bundle(booked),
    }
    sent = prefetch(serviceRequests=bundle(order("19318")), encounter=visit)
    return [hook_call(hook=one.hook, context=context, prefetch=sent) for one in SERVICES]


def test_only_updates_of_what_was_sent_are_returned_when_a_hook_is_called(cloud: Cloud) -> None:
    """No card of any kind, and no proposed order, form, app or change of coverage."""
    for call in every_hook():
        reply = call_hook(cloud, call)
        assert reply.status == 200, reply.text
        assert reply.body.keys() == {"cards", "systemActions"}
        assert reply.body["cards"] == []
        assert reply.body["systemActions"], call["hook"]
        text = json.dumps(call)
        for action in reply.body["systemActions"]:
            assert action.keys() == {"type", "description", "resource"}
            assert action["type"] == "update"
            kind = action["resource"]["resourceType"]
            assert kind in ORDER_TYPES | {"Encounter"}
            before = {k: v for k, v in action["resource"].items() if k != "extension"}
            assert json.dumps(before)[1:-1] in text
    options = [one["code"] for one in discovery()["services"][0]["extension"][OPTIONS]]
    assert options == ["coverage-info", "unsolicited-determ"]


OPTIONS: Final = "davinci-crd.configuration-options"


def test_each_coverage_has_one_endpoint_when_routes_are_listed() -> None:
    """Whatever the line of business: all services of all hooks have one address."""
    paths = {one.path for one in ALL_ROUTES if one.function == "crd"}
    assert paths == {"/cds-services", "/cds-services/{service_id}"}
    assert len(payer().review_clocks) > 1
