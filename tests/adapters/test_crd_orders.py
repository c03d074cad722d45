"""order-sign: orders are answered by the rule list of the check (Da Vinci CRD)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.adapters.cloud import Cloud
from tests.adapters.hooks import (
    Json,
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

CRD: Final = "http://hl7.org/fhir/us/davinci-crd"


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
    numbers = {one["system"]: one["value"] for one in contact["telecom"]}
    assert numbers["phone"] == "(866) 668-9250"
    assert "url" in numbers


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


def test_nothing_is_authorized_when_options_contradict_each_other(cloud: Cloud) -> None:
    """Authorizations are stated by coverage information: without it, none is created."""
    configuration = {"coverage-info": False, "unsolicited-determ": True}
    call = hook_call(order("91110"), extension={"davinci-crd.configuration": configuration})
    assert updates(call_hook(cloud, call)) == []
    assert cloud.dashboard().body["requests"] == []


SEXES: Final = {
    "3.1.1": ("us-core-birthsex", {"valueCode": "F"}),
    "6.1.0": ("us-core-sex", {"valueCode": "248152002"}),
    "7.0.0": ("us-core-sex", {"valueCode": "248152002"}),
}
"""By version of US Core, an extension of its Patient."""


@pytest.mark.parametrize("version", SEXES)
def test_order_is_answered_when_resources_are_of_a_version_of_us_core(
    cloud: Cloud, version: str
) -> None:
    base = "http://hl7.org/fhir/us/core/StructureDefinition"
    name, value = SEXES[version]
    profile = {"profile": [f"{base}/us-core-patient|{version}"]}
    sent = patient(meta=profile, extension=[{"url": f"{base}/{name}", **value}], gender="female")
    found = only(call_hook(cloud, hook_call(order("99213"), prefetch=prefetch(patient=sent))))
    assert (found["covered"], found["pa-needed"]) == ("covered", "no-auth")


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
