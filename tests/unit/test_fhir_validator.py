"""The validator of PAS resources finds each kind of violation, and none in what the product sends."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.test_export import bundle
from tools.fhir_validator import pas_validator

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
        "the package does not have",
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
