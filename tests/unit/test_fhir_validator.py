"""The validator of FHIR resources finds each kind of violation, and none in what the product sends."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from precert.fhir.questionnaires import PackageRequest, package_of, package_parameters
from tests.unit.test_export import bundle
from tests.unit.test_questionnaires import SAMPLE
from tools.fhir_validator import pas_validator
from tools.hook_validator import COVERAGE_INFORMATION, hook_findings

Json = dict[str, Any]
PAS = "http://hl7.org/fhir/us/davinci-pas"
CLAIM = f"{PAS}/StructureDefinition/profile-claim"


def claim(document: Json) -> Json:
    found: Json = document["entry"][0]["resource"]
    return found


def resource(document: Json, kind: str) -> Json:
    found: Json = next(
        entry["resource"]
        for entry in document["entry"]
        if entry["resource"]["resourceType"] == kind
    )
    return found


def without(member: str, of: Callable[[Json], Json]) -> Callable[[Json], object]:
    return lambda document: of(document).pop(member)


def changed(of: Callable[[Json], Json], **members: Any) -> Callable[[Json], object]:
    return lambda document: of(document).update(members)


def item(document: Json) -> Json:
    found: Json = claim(document)["item"][0]
    return found


def coverage(document: Json) -> Json:
    return resource(document, "Coverage")


OTHER = {"system": "urn:other", "code": "x"}
PLANTED: dict[str, tuple[Callable[[Json], object], str]] = {
    "missing element": (without("provider", claim), "resource.provider: is required"),
    "missing slice": (without("identifier", coverage), "identifier:memberid"),
    "fixed value": (changed(claim, use="claim"), "must contain 'preauthorization'"),
    "pattern": (
        changed(claim, insurance=[{"sequence": 1, "focal": False, "coverage": {}}]),
        "focal",
    ),
    "code outside a listed value set": (
        changed(claim, type={"coding": [OTHER]}),
        "ClaimTypes",
    ),
    "system of a licensed code list": (
        changed(item, category={"coding": [OTHER]}),
        "/1365",
    ),
    "too many values": (
        lambda document: claim(document)["extension"].extend(claim(document)["extension"]),
        "values, at most",
    ),
    "extension of the wrong type": (
        lambda document: item(document)["extension"].append(
            {"url": f"{PAS}/StructureDefinition/extension-epsdtIndicator", "valueString": "yes"}
        ),
        "must be ['boolean']",
    ),
    "unknown profile of the guide": (
        changed(claim, meta={"profile": [f"{PAS}/StructureDefinition/profile-unknown"]}),
        "the guides do not have",
    ),
    "profile of another resource": (
        changed(coverage, meta={"profile": [CLAIM]}),
        "claims a profile of Claim",
    ),
    "dangling reference": (
        changed(claim, patient={"reference": "urn:uuid:00000000-0000-4000-8000-00000000ffff"}),
        "not in the bundle",
    ),
    "reference to another type": (
        lambda document: claim(document).update(patient=claim(document)["insurer"]),
        "refers to a Organization",
    ),
    "invariant": (without("relationship", coverage), "self-beneficiary"),
    "invariant of the order": (lambda document: document["entry"].reverse(), "ClaimFirst"),
    "unknown element": (changed(claim, invented=1), "Extra inputs"),
    "base type": (changed(claim, created="yesterday"), "created"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_violation_is_found_when_it_is_planted(kind: str) -> None:
    plant, expected = PLANTED[kind]
    document = bundle()
    plant(document)
    found = [str(one) for one in pas_validator().findings(document)]
    assert any(expected in one for one in found), found


def test_nothing_is_found_when_a_check_is_exported() -> None:
    assert pas_validator().findings(bundle()) == []


def test_must_support_elements_are_known_when_a_profile_is_named() -> None:
    known = pas_validator().must_support(f"{PAS}/StructureDefinition/profile-claimresponse")
    assert {"ClaimResponse.outcome", "ClaimResponse.item.adjudication"} <= known


def hook_response(**changes: Json | None) -> Json:
    """A response with coverage information; ``None`` leaves a part out."""
    parts: dict[str, Json | None] = {
        "coverage": {"valueReference": {"reference": "Coverage/c1"}},
        "covered": {"valueCode": "covered"},
        "pa-needed": {"valueCode": "no-auth"},
        "date": {"valueDate": "2026-07-01"},
        "coverage-assertion-id": {"valueString": "1"},
        **changes,
    }
    extension = [{"url": url, **value} for url, value in parts.items() if value]
    resource = {
        "resourceType": "ServiceRequest",
        "extension": [{"url": COVERAGE_INFORMATION, "extension": extension}],
    }
    action = {"type": "update", "description": "Update", "resource": resource}
    return {"cards": [], "systemActions": [action]}


def code(value: str) -> Json:
    return {"valueCode": value}


WRONG_RESPONSES: dict[str, tuple[Json, str]] = {
    "no date": (hook_response(date=None), "extension:date: is required"),
    "another type": (hook_response(date={"valueString": "x"}), "must be ['date']"),
    "a code of another list": (hook_response(covered=code("yes")), "ValueSet/coverageInfo"),
    "not covered, with authorization": (hook_response(covered=code("not-covered")), "crd-ci-q2"),
    "conditional, without what is needed": (
        hook_response(covered=code("conditional")),
        "crd-ci-q3",
    ),
    "satisfied, without a number": (
        hook_response(**{"pa-needed": code("satisfied")}),
        "crd-ci-q5",
    ),
    "a reason that is no code of the guide": (
        hook_response(reason={"valueCodeableConcept": {"coding": [OTHER]}}),
        "crd-ci-q7",
    ),
    "indeterminate, without a reason": (hook_response(covered=code("indeterminate")), "crd-ci-q9"),
    "no coverage information": (
        {
            "cards": [],
            "systemActions": [
                {"type": "update", "description": "-", "resource": {"extension": []}}
            ],
        },
        "crd-respci1",
    ),
    "another action": (
        {"cards": [], "systemActions": [{"type": "delete", "description": "-"}]},
        "must contain 'update'",
    ),
    "no cards": ({"systemActions": []}, "must be a list"),
    "a card without its source": (
        {"cards": [{"uuid": "1", "summary": "-", "indicator": "info"}]},
        "cards[0].source: is required",
    ),
}


@pytest.mark.parametrize("kind", WRONG_RESPONSES)
def test_violation_is_found_when_a_hook_response_has_it(kind: str) -> None:
    document, expected = WRONG_RESPONSES[kind]
    found = [str(one) for one in hook_findings(document)]
    assert any(expected in one for one in found), found


def test_nothing_is_found_when_a_reason_is_a_code_of_the_guide() -> None:
    system = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp"
    coding = {"system": system, "code": "technical"}
    reason = {"valueCodeableConcept": {"coding": [coding]}}
    assert hook_findings(hook_response()) == []
    assert hook_findings(hook_response(reason=reason)) == []


def package() -> Json:
    """The answer with one package, of the family with a value set."""
    coverage = {"resourceType": "Coverage", "id": "c1", "beneficiary": {"reference": "Patient/p1"}}
    [family] = (one for one in SAMPLE.families if one.name == "vessels")
    request = PackageRequest(coverage, (), (SAMPLE.canonical(family),), None, None)
    bundle_ = package_of(
        family,
        SAMPLE,
        request,
        [],
        publisher="Sample Health Plan",
        at=datetime(2026, 7, 1, tzinfo=UTC),
        new_uuid=lambda: "00000000-0000-4000-8000-000000000001",
    )
    return package_parameters([bundle_], [])


def entry(document: Json, position: int) -> Json:
    found: Json = document["parameter"][0]["resource"]["entry"][position]["resource"]
    return found


WRONG_PACKAGES: dict[str, tuple[Callable[[Json], object], str]] = {
    "the response comes first": (
        lambda one: one["parameter"][0]["resource"]["entry"].reverse(),
        "dtrb-1",
    ),
    "no response": (
        lambda one: one["parameter"][0]["resource"]["entry"].pop(1),
        "entry:questionnaireResponse: is required",
    ),
    "another resource": (
        lambda one: one["parameter"][0]["resource"]["entry"].append({"resource": bundle()}),
        "fits no slice",
    ),
    "no coverage": (
        lambda one: entry(one, 1).update(extension=[]),
        "extension:coverage: is required",
    ),
    "no subject": (lambda one: entry(one, 1).pop("subject"), "subject: is required"),
    "an unknown audience": (
        lambda one: entry(one, 0)["extension"][1].update(valueCode="all"),
        "ValueSet/questionnaireAudience",
    ),
    "a version that cannot be compared (SDC)": (
        lambda one: entry(one, 0)["extension"].pop(2),
        "violates sdc-2",
    ),
    "no address (SDC)": (lambda one: entry(one, 0).pop("url"), "url: is required"),
    "a launch context without a type (SDC)": (
        lambda one: entry(one, 0)["extension"][0]["extension"].pop(),
        "extension:type: is required",
    ),
    "an unknown launch context (SDC)": (
        lambda one: entry(one, 0)["extension"][0]["extension"][1].update(valueCode="Device"),
        "sdc-lcext-1",
    ),
    "a response twice answered (SDC)": (
        lambda one: entry(one, 1).update(
            item=[{"linkId": "a", "answer": [{"valueBoolean": True}]}] * 2
        ),
        "sdcqr-2",
    ),
    "a question without text": (
        lambda one: entry(one, 0)["item"][0].pop("text"),
        "item[0].text: is required",
    ),
    "a subject of another type": (
        lambda one: entry(one, 0).update(subjectType=["Group"]),
        "must contain 'Patient'",
    ),
    "no parameters": (lambda one: one.update(parameter=[]), "parameter: is required"),
}


@pytest.mark.parametrize("kind", WRONG_PACKAGES)
def test_violation_is_found_when_a_package_has_it(kind: str) -> None:
    plant, expected = WRONG_PACKAGES[kind]
    document = package()
    assert pas_validator().findings(document) == []
    plant(document)
    found = [str(one) for one in pas_validator().findings(document)]
    assert any(expected in one for one in found), found


def organization(**changes: Any) -> Json:
    return {
        "resourceType": "Organization",
        "meta": {
            "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization"]
        },
        "active": True,
        "name": "Rubinstein Clinic",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        **changes,
    }


NPI = "http://hl7.org/fhir/sid/us-npi"
WRONG_ORGANIZATIONS: dict[str, tuple[Json, str]] = {
    "no name": ({"name": None}, "name: is required"),
    "no activity": ({"active": None}, "active: is required"),
    "a short NPI": ({"identifier": [{"system": NPI, "value": "123"}]}, "us-core-16"),
    "an NPI with a wrong digit": (
        {"identifier": [{"system": NPI, "value": "1234567890"}]},
        "us-core-17",
    ),
    "an address of five lines": ({"address": [{"line": list("abcde")}]}, "at most 4"),
    "an unknown profile": (
        {"meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-x"]}},
        "the guides do not have",
    ),
}


@pytest.mark.parametrize("kind", WRONG_ORGANIZATIONS)
def test_violation_is_found_when_an_organization_of_us_core_has_it(kind: str) -> None:
    changes, expected = WRONG_ORGANIZATIONS[kind]
    assert pas_validator().findings(organization()) == []
    sent = {name: one for name, one in organization(**changes).items() if one is not None}
    found = [str(one) for one in pas_validator().findings(sent)]
    assert any(expected in one for one in found), found


NOT_RETURNED: Final = {
    "profile-organization": "HRexOrganization",
    "profile-taskquestionnaire": "SDCTaskQuestionnaire",
}
"""Profiles of CRD that no answer has, with the profile of another guide from which they are derived."""


def test_profile_of_another_guide_is_known_when_a_profile_is_derived_from_it() -> None:
    """PAS 2.2.1 derives no profile from HRex; of CRD it is one that is not returned."""
    validator = pas_validator()
    profiles = validator.facts["profiles"]
    unknown = {
        url.rpartition("/")[2]: one["parent"]
        for url, one in profiles.items()
        if one.get("parent") not in (None, one["type"]) and not list(validator.parents(url))
    }
    assert unknown == NOT_RETURNED


@pytest.mark.parametrize(("status", "is_valid"), [("requested", True), ("draft", False)])
def test_status_of_a_task_is_one_of_hrex_when_pas_binds_it(status: str, *, is_valid: bool) -> None:
    task = {
        "resourceType": "Task",
        "meta": {"profile": [f"{PAS}/StructureDefinition/profile-task"]},
        "status": status,
        "intent": "order",
    }
    found = [one.message for one in pas_validator().findings(task)]
    assert any("hrex-task-status" in one for one in found) is not is_valid
