"""CDS Hooks of Da Vinci CRD: orders are answered by the rule list of the check."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from functions.crd import handler as crd
from functions.crd.services import SERVICES, discovery
from precert.fhir.orders import ORDER_TYPES
from tests.adapters.callers import FACILITY, STRANGER, UNENTITLED
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import (
    CPT,
    PAYER,
    appointment,
    bundle,
    call_hook,
    call_service,
    concept,
    coverage,
    hook_call,
    information,
    only,
    order,
    organization,
    patient,
    prefetch,
    updates,
)
from tests.fakes.samples import payer
from tools.operations import ALL_ROUTES

Json = dict[str, Any]
CRD: Final = "http://hl7.org/fhir/us/davinci-crd"


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


def test_order_is_answered_unchanged_but_for_the_extension_when_it_is_signed(cloud: Cloud) -> None:
    sent = order("91110")
    [resource] = updates(call_hook(cloud, hook_call(sent)))
    extensions = resource.pop("extension")
    assert resource == sent
    assert len(extensions) == 1


def test_sample_call_is_answered_when_a_partner_sends_it(cloud: Cloud) -> None:
    """The call of docs/partner.md."""
    page = Path("docs/partner.md").read_text(encoding="utf-8")
    text = page.partition("## The services for orders")[2].partition("```json\n")[2]
    found = only(call_hook(cloud, json.loads(text.partition("```")[0])))
    assert (found["covered"], found["pa-needed"]) == ("covered", "no-auth")


REQUIREMENTS: Final = {
    "not required": ("99213", "11", "no-auth", None),
    "required": ("19316", "24", "auth-needed", "clinical"),
    "by a vendor": ("70450", "11", "auth-needed", None),
    "by no rule": ("99999", "11", "indeterminate", None),
}


@pytest.mark.parametrize("kind", REQUIREMENTS)
@pytest.mark.rule("C6")
def test_requirement_of_the_check_is_asserted_when_an_order_states_its_setting(
    cloud: Cloud, kind: str
) -> None:
    code, place, needed, documentation = REQUIREMENTS[kind]
    found = only(call_hook(cloud, hook_call(order(code, place=place))))
    assert (found["pa-needed"], found.get("doc-needed")) == (needed, documentation)
    assert found["covered"] == ("indeterminate" if needed == "indeterminate" else "covered")
    assert found["coverage"] == {"reference": "Coverage/c1"}
    assert found["date"] == "2026-07-01"
    assert [one["code"] for one in found.get("billingCode", ())] in ([code], [])
    if documentation:
        assert found["doc-purpose"] == ["withpa"]
    if needed == "indeterminate" or documentation:
        assert all(one["text"] for one in found["reason"])


def test_vendor_is_the_contact_when_it_decides(cloud: Cloud) -> None:
    found = only(call_hook(cloud, hook_call(order("70450"))))
    [contact] = found["contact"]
    assert contact["name"]
    assert {one["system"] for one in contact["telecom"]} >= {"url"}


def test_location_is_needed_when_the_answer_depends_on_it(cloud: Cloud) -> None:
    # Surgery needs precertification with a stay; this one has no rule against it without one.
    sent = order("11102", place=None, category=[])
    found = only(call_hook(cloud, hook_call(sent)))
    assert (found["pa-needed"], found["info-needed"]) == ("conditional", ["location"])
    assert "inpatient" in found["reason"][0]["text"]
    stay = {"resourceType": "Encounter", "id": "e1", "class": {"code": "IMP"}}
    call = hook_call(sent, prefetch=prefetch(encounter=stay))
    call["context"]["encounterId"] = "e1"
    assert only(call_hook(cloud, call))["pa-needed"] == "auth-needed"


def test_setting_is_stated_when_only_one_has_a_rule(cloud: Cloud) -> None:
    found = only(call_hook(cloud, hook_call(order("91110", place=None, category=[]))))
    assert found["pa-needed"] == "auth-needed"
    [detail] = found["detail"]
    values = {one["url"]: one for one in detail}
    assert values["category"]["valueCode"] == "cat-limitation"
    assert "outpatient" in values["value"]["valueString"]


@pytest.mark.parametrize(
    "system",
    [
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "https://bluebutton.cms.gov/resources/codesystem/hcpcs",
        "urn:oid:2.16.840.1.113883.6.285",
    ],
)
def test_code_is_judged_when_its_system_has_another_name(cloud: Cloud, system: str) -> None:
    sent = order("E0431", system=system, place=None, category=[])
    found = only(call_hook(cloud, hook_call(sent)))
    assert found["pa-needed"] == "auth-needed"
    assert found["billingCode"][0]["code"] == "E0431"


def test_code_is_needed_when_an_order_has_no_billing_code(cloud: Cloud) -> None:
    sent = order("726551006", system="http://snomed.info/sct")
    found = only(call_hook(cloud, hook_call(sent)))
    assert (found["covered"], found["pa-needed"]) == ("conditional", "conditional")
    assert found["info-needed"] == ["detail-code"]
    assert found["reason"][0]["text"]


def test_each_billing_option_is_answered_when_their_answers_differ(cloud: Cloud) -> None:
    code = concept("http://snomed.info/sct", "1")
    code["extension"] = [
        {
            "url": f"{CRD}/StructureDefinition/ext-billing-options",
            "valueCodeableConcept": concept("http://www.ama-assn.org/go/cpt", one),
        }
        for one in ("99213", "99214", "70450")
    ]
    [resource] = updates(call_hook(cloud, hook_call(order(code=code))))
    found = {
        tuple(one["code"] for one in each["billingCode"]): each["pa-needed"]
        for each in information(resource)
    }
    assert found == {("99213", "99214"): "no-auth", ("70450",): "auth-needed"}


NOT_COVERED: Final[dict[str, tuple[Callable[[Json], Any], str]]] = {
    "another name": (lambda one: one.update(name=[{"family": "X", "given": ["Y"]}]), "no-member"),
    "no birth date": (lambda one: one.pop("birthDate"), "no-member"),
    "no name": (lambda one: one.pop("name"), "no-member"),
}


@pytest.mark.parametrize("kind", NOT_COVERED)
@pytest.mark.rule("P1")
def test_order_is_not_covered_when_no_member_matches(cloud: Cloud, kind: str) -> None:
    change, reason = NOT_COVERED[kind]
    person = patient()
    change(person)
    found = only(call_hook(cloud, hook_call(prefetch=prefetch(patient=person))))
    assert found["covered"] == "not-covered"
    assert "pa-needed" not in found
    [coding] = found["reason"][0]["coding"]
    assert coding["code"] == f"{reason}-found"


@pytest.mark.rule("A6")
def test_order_is_not_covered_when_coverage_has_ended(cloud: Cloud) -> None:
    cloud.cover(active_to="2026-06-30")
    found = only(call_hook(cloud, hook_call()))
    assert found["covered"] == "not-covered"
    assert found["reason"][0]["coding"][0]["code"] == "no-active-coverage"


def test_contract_window_is_needed_when_the_service_is_after_the_coverage(cloud: Cloud) -> None:
    cloud.cover(active_to="2026-07-10")
    found = only(call_hook(cloud, hook_call(order("91110"))))
    assert (found["covered"], found["info-needed"]) == ("conditional", ["contract-window"])
    before = only(call_hook(cloud, hook_call(order("99213", occurrenceDateTime="2026-07-05"))))
    assert before["expiry-date"] == "2026-07-10"


def test_answer_is_indeterminate_when_the_rules_cannot_be_read(cloud: Cloud) -> None:
    cloud.wire.cut("BatchGetItem")
    found = only(call_hook(cloud, hook_call()))
    assert (found["covered"], found["pa-needed"]) == ("indeterminate", "indeterminate")
    assert found["reason"][0]["coding"][0]["code"] == "technical"


def test_signed_order_is_authorized_when_the_rules_approve_it(cloud: Cloud) -> None:
    found = only(call_hook(cloud, hook_call(order("91110"))))
    assert found["pa-needed"] == "satisfied"
    [row] = cloud.dashboard().body["requests"]
    assert (row["status"], row["channel"]) == ("APPROVED", "API")
    assert found["satisfied-pa-id"] == row["number"]


def test_authorization_is_given_once_when_a_signed_order_is_sent_again(cloud: Cloud) -> None:
    first, again = (only(call_hook(cloud, hook_call(order("91110")))) for _ in range(2))
    assert first == again
    assert len(cloud.dashboard().body["requests"]) == 1


NOT_AUTHORIZED: Final[dict[str, Json]] = {
    "the hook selects": {"hook": "order-select"},
    "the client declines": {
        "extension": {"davinci-crd.configuration": {"unsolicited-determ": False}}
    },
    "too many units": {"orders": [order("91110", quantityQuantity={"value": 2})]},
    "documents are required": {"orders": [order("19316", place="24", category=[])]},
    "the diagnosis is missing": {"orders": [order("91110", reasonCode=[])]},
    "the place is missing": {"orders": [order("91110", place=None)]},
    "the day is missing": {"orders": [order("91110", occurrenceDateTime=None)]},
    "the provider has no TIN": {
        "prefetch": prefetch(
            organizations=bundle(organization("requester", "R", "8001042398", "1"))
        )
    },
}


@pytest.mark.parametrize("kind", NOT_AUTHORIZED)
def test_nothing_is_authorized_when_a_condition_is_missing(cloud: Cloud, kind: str) -> None:
    changes = deepcopy(NOT_AUTHORIZED[kind])
    orders = changes.pop("orders", [order("91110")])
    found = only(call_hook(cloud, hook_call(*orders, **changes)))
    assert found["pa-needed"] == "auth-needed"
    assert cloud.dashboard().body["requests"] == []


def test_nothing_is_authorized_when_the_payer_has_it_switched_off(cloud: Cloud) -> None:
    off = cloud.deps.payer.coverage_discovery.model_copy(update={"authorize_orders": False})
    cloud.deps.payer = cloud.deps.payer.model_copy(update={"coverage_discovery": off})
    assert only(call_hook(cloud, hook_call()))["pa-needed"] == "auth-needed"


@pytest.mark.rule("A2")
def test_order_is_satisfied_when_the_provider_has_an_approval(cloud: Cloud) -> None:
    number = only(call_hook(cloud, hook_call(order("91110"))))["satisfied-pa-id"]
    later = order("91110", id="o2", occurrenceDateTime="2026-07-22", performer=[])
    for caller, needed in ((FACILITY, "satisfied"), (STRANGER, "auth-needed")):
        found = only(call_hook(cloud, hook_call(later), by=caller))
        assert found["pa-needed"] == needed
        assert found.get("satisfied-pa-id") == (number if needed == "satisfied" else None)
    after = order("91110", occurrenceDateTime="2026-12-20", performer=[])
    assert only(call_hook(cloud, hook_call(after)))["pa-needed"] == "auth-needed"


def test_pended_request_is_named_when_it_is_of_the_same_service(cloud: Cloud) -> None:
    cloud.pended()
    [row] = cloud.dashboard().body["requests"]
    sent = order("44120", place="21", category=[])
    texts = [one["text"] for one in only(call_hook(cloud, hook_call(sent)))["reason"]]
    assert any(row["number"] in one for one in texts)


def test_assertion_id_is_the_same_when_order_and_coverage_are(cloud: Cloud) -> None:
    def asserted(*orders: Json, hook: str = "order-select") -> str:
        call = hook_call(*orders, hook=hook)
        return str(only(call_hook(cloud, call))["coverage-assertion-id"])

    first = asserted(order("99213"))
    assert asserted(order("99213", id="final", status="active", note=[{"text": "x"}])) == first
    assert asserted(order("99213"), hook="order-sign") == first
    others = {
        asserted(order("99214")),
        asserted(order("99213", occurrenceDateTime="2026-07-21")),
        asserted(order("99213", quantityQuantity={"value": 2})),
    }
    assert len({first, *others}) == 4


def test_nothing_is_updated_when_the_order_has_the_information_already(cloud: Cloud) -> None:
    [updated] = updates(call_hook(cloud, hook_call(order("99213"))))
    assert updates(call_hook(cloud, hook_call(updated))) == []
    changed = {**updated, "occurrenceDateTime": "2026-07-21"}
    [again] = updates(call_hook(cloud, hook_call(changed)))
    assert len(information(again)) == 1
    other = {"url": "urn:other", "valueString": "x"}
    [unrelated] = updates(call_hook(cloud, hook_call({**changed, "extension": [other]})))
    assert unrelated["extension"][0] == other


def test_nothing_is_updated_when_the_client_switches_coverage_information_off(
    cloud: Cloud,
) -> None:
    configuration = {"coverage-info": False, "unknown": [1]}
    call = hook_call(extension={"davinci-crd.configuration": configuration})
    assert updates(call_hook(cloud, call)) == []


def test_only_selected_orders_are_answered_when_orders_are_selected(cloud: Cloud) -> None:
    call = hook_call(order(id="a"), order(id="b"), hook="order-select")
    call["context"]["selections"] = ["ServiceRequest/b"]
    assert [one["id"] for one in updates(call_hook(cloud, call))] == ["b"]


def test_dispatched_orders_are_answered_when_a_performer_is_chosen(cloud: Cloud) -> None:
    sent = order("70450", performer=[])
    call = hook_call(hook="order-dispatch", prefetch=prefetch(serviceRequests=bundle(sent)))
    call["context"] = {
        "patientId": "p1",
        "dispatchedOrders": ["ServiceRequest/o1"],
        "performer": "Organization/performer",
        "fulfillmentTasks": [{"resourceType": "Task", "id": "t1"}],
    }
    [resource] = updates(call_hook(cloud, call))
    assert resource["id"] == "o1"
    assert information(resource)[0]["pa-needed"] == "auth-needed"


def test_documentation_is_not_asked_for_when_an_order_is_only_selected(cloud: Cloud) -> None:
    sent = order("19318", place="24", category=[])
    found = only(call_hook(cloud, hook_call(sent, hook="order-select")))
    assert found["pa-needed"] == "auth-needed"
    assert not {"doc-needed", "doc-purpose", "questionnaire", "info-needed"} & found.keys()
    assert "documentation" not in str(found.get("reason"))
    signed = only(call_hook(cloud, hook_call(sent)))
    assert signed["doc-needed"] == "clinical"


INVARIANT_CODES: Final = ("99213", "91110", "19318", "70450", "99999", "11102", "15271", "44120")


@pytest.mark.parametrize("place", [None, "11", "21", "24"])
def test_invariants_hold_when_orders_are_answered(cloud: Cloud, place: str | None) -> None:
    """The invariants crd-ci-q1 to q9 of the extension."""
    orders = [order(one, place=place, category=[], id=f"o{one}") for one in INVARIANT_CODES]
    orders.append(order("1", system="http://snomed.info/sct", id="text"))
    for resource in updates(call_hook(cloud, hook_call(*orders))):
        for found in information(resource):
            decisions = [found.get(one) for one in ("covered", "pa-needed", "doc-needed")]
            assert "questionnaire" not in found or "doc-needed" in found
            assert found["covered"] != "not-covered" or "pa-needed" not in found
            assert ("conditional" in decisions) == ("info-needed" in found)
            if found.get("pa-needed") in ("satisfied", "no-auth"):
                assert "doc-purpose" not in found
            assert (found.get("pa-needed") == "satisfied") == ("satisfied-pa-id" in found)
            assert all(one.get("text") for one in found.get("reason", ()))
            if "doc-purpose" in found or "indeterminate" in decisions:
                assert found["reason"]


def book(cloud: Cloud, *appointments: Json, **changes: Any) -> Reply:
    call = hook_call(hook="appointment-book", **changes)
    call["context"] = {"patientId": "p1", "appointments": bundle(*appointments)}
    return call_hook(cloud, call)


def test_appointment_is_answered_when_it_has_no_order(cloud: Cloud) -> None:
    visit = appointment(serviceType=[concept("http://www.ama-assn.org/go/cpt", "99213")])
    [resource] = updates(book(cloud, visit))
    assert resource["resourceType"] == "Appointment"
    assert information(resource)[0]["pa-needed"] == "no-auth"


def test_order_is_answered_when_an_appointment_is_based_on_it(cloud: Cloud) -> None:
    sent = appointment(basedOn=[{"reference": "ServiceRequest/o1"}])
    orders = prefetch(serviceRequests=bundle(order("99213")))
    [resource] = updates(book(cloud, sent, prefetch=orders))
    assert (resource["resourceType"], resource["id"]) == ("ServiceRequest", "o1")


OTHER_ORDERS: Final[dict[str, tuple[Json, str]]] = {
    "device": (
        {
            "resourceType": "DeviceRequest",
            "codeCodeableConcept": concept(
                "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "E0431"
            ),
        },
        "auth-needed",
    ),
    "drug": (
        {
            "resourceType": "MedicationRequest",
            "medicationCodeableConcept": concept(
                "http://www.nlm.nih.gov/research/umls/rxnorm", "1"
            ),
        },
        "conditional",
    ),
    "diet": ({"resourceType": "NutritionOrder", "oralDiet": {"type": []}}, "conditional"),
    "records": (
        {"resourceType": "CommunicationRequest", "payload": [{"contentString": "x"}]},
        "conditional",
    ),
    "glasses": ({"resourceType": "VisionPrescription", "lensSpecification": [{}]}, "conditional"),
}


@pytest.mark.parametrize("kind", OTHER_ORDERS)
def test_orders_of_every_type_are_answered_when_they_are_signed(cloud: Cloud, kind: str) -> None:
    sent, needed = OTHER_ORDERS[kind]
    found = only(call_hook(cloud, hook_call({**sent, "id": "x1", "status": "draft"})))
    assert found["pa-needed"] in (needed, "no-auth")
    assert (found["pa-needed"] == "conditional") == (needed == "conditional")


def without(call: Json, *path: str) -> Json:
    holder: Any = call
    for part in path[:-1]:
        holder = holder[part]
    del holder[path[-1]]
    return call


REFUSED: Final[dict[str, tuple[Json, int, str]]] = {
    "no hook": ({**hook_call(), "hook": None}, 400, "hook"),
    "no instance": (hook_call(hookInstance=...), 400, "hookInstance"),
    "no context": (hook_call(context=...), 400, "context"),
    "no patient": (without(hook_call(), "context", "patientId"), 400, "context.patientId"),
    "no orders": (without(hook_call(), "context", "draftOrders"), 400, "context.draftOrders"),
    "orders are no bundle": (
        {**hook_call(), "context": {"patientId": "p1", "draftOrders": order()}},
        400,
        "context.draftOrders",
    ),
    "no coverage sent": (hook_call(prefetch=prefetch(coverage=...)), 412, "prefetch.coverage"),
    "no prefetch": (hook_call(prefetch=...), 412, "prefetch.coverage"),
    "no patient sent": (hook_call(prefetch=prefetch(patient=...)), 412, "prefetch.patient"),
    "no coverage found": (hook_call(prefetch=prefetch(coverage=None)), 400, "prefetch.coverage"),
    "another payer": (
        hook_call(
            prefetch=prefetch(
                coverage=bundle(coverage(payor=[{"identifier": {"system": "x", "value": "1"}}]))
            )
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "no payer": (
        hook_call(prefetch=prefetch(coverage=bundle(coverage(payor=[])))),
        400,
        "prefetch.coverage.payor",
    ),
    "a payer without identifier": (
        hook_call(
            prefetch=prefetch(
                coverage=bundle(coverage(payor=[{"reference": "Organization/plan"}])),
                organizations=bundle(
                    {"resourceType": "Organization", "id": "plan", "name": "Plan"}
                ),
            )
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "several coverages without a payer": (
        hook_call(
            prefetch=prefetch(coverage=bundle(coverage(payor=[]), coverage(id="c2", payor=[])))
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "several coverages of other payers": (
        hook_call(
            prefetch=prefetch(
                coverage=bundle(
                    coverage(payor=[]),
                    coverage(id="c2", payor=[{"identifier": {**PAYER, "value": "1"}}]),
                )
            )
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "an unknown version": (
        hook_call(extension={"davinci-crd.requestedVersion": "1.0"}),
        400,
        "extension['davinci-crd.requestedVersion']",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_outcome_names_the_place_when_a_call_is_refused(cloud: Cloud, kind: str) -> None:
    sent, status, place = REFUSED[kind]
    reply = call_service(cloud, "order-sign-crd", sent)
    assert reply.status == status, reply.text
    assert reply.body["resourceType"] == "OperationOutcome"
    [issue] = reply.body["issue"]
    assert issue["expression"] == [place]
    assert issue["details"]["text"]


@pytest.mark.parametrize("raw", ["<xml/>", "[]", '"x"', "", "{"])
def test_call_is_refused_when_its_body_is_no_object(cloud: Cloud, raw: str) -> None:
    reply = call_service(cloud, "order-sign-crd", raw=raw)
    assert (reply.status, reply.body["resourceType"]) == (400, "OperationOutcome")


def test_call_is_refused_when_it_is_of_another_hook(cloud: Cloud) -> None:
    reply = call_service(cloud, "order-select-crd", hook_call())
    assert (reply.status, reply.body["issue"][0]["expression"]) == (400, ["hook"])


def test_call_is_not_found_when_the_service_does_not_exist(cloud: Cloud) -> None:
    reply = call_service(cloud, "other", hook_call())
    assert reply.status == 404
    assert "order-sign-crd" in reply.body["issue"][0]["details"]["text"]


@pytest.mark.rule("A1")
def test_call_is_refused_when_the_caller_lacks_the_entitlement(cloud: Cloud) -> None:
    reply = call_hook(cloud, hook_call(), by=UNENTITLED)
    assert (reply.status, reply.body["issue"][0]["code"]) == (403, "forbidden")


def test_payer_is_the_same_when_the_coverage_names_its_identifier(cloud: Cloud) -> None:
    [known] = cloud.deps.payer.coverage_discovery.payer_identifiers
    identifier = {"system": known.system, "value": known.value}
    plan = {"resourceType": "Organization", "id": "plan", "identifier": [identifier]}
    inline = prefetch(coverage=coverage(payor=[{"identifier": identifier}]))
    referred = prefetch(
        coverage=coverage(payor=[{"reference": "Organization/plan"}]), organizations=bundle(plan)
    )
    for sent in (inline, referred):
        call = hook_call(order("99213"), prefetch=sent)
        assert only(call_hook(cloud, call))["pa-needed"] == "no-auth"


def test_payer_is_not_compared_when_it_has_no_identifiers(cloud: Cloud) -> None:
    discovery = cloud.deps.payer.coverage_discovery.model_copy(update={"payer_identifiers": ()})
    payer = cloud.deps.payer.model_copy(update={"coverage_discovery": discovery})
    cloud.deps.__dict__["payer"] = payer
    call = hook_call(order("99213"), prefetch=prefetch(coverage=coverage(payor=[])))
    assert only(call_hook(cloud, call))["pa-needed"] == "no-auth"


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
