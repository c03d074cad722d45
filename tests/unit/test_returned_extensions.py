"""Extensions of US Core of a patient in a response: returned where they are valid, else left out."""

from copy import deepcopy
from typing import Any, Final

import pytest

from tests.unit.test_export import bundle, claim_of
from tests.unit.test_returned_parties import answered, party

Json = dict[str, Any]
US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition"
CDC: Final = "urn:oid:2.16.840.1.113883.6.238"
NULL_FLAVOR: Final = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
TEXT: Final = {"url": "text", "valueString": "White"}
WHITE: Final = {"url": "ombCategory", "valueCoding": {"system": CDC, "code": "2106-3"}}
ASIAN: Final = {"url": "ombCategory", "valueCoding": {"system": CDC, "code": "2028-9"}}
UNKNOWN: Final = {"url": "ombCategory", "valueCoding": {"system": NULL_FLAVOR, "code": "UNK"}}
IRISH: Final = {"url": "detailed", "valueCoding": {"system": CDC, "code": "2113-9"}}
HISPANIC: Final = {"url": "ombCategory", "valueCoding": {"system": CDC, "code": "2135-2"}}
NOT_HISPANIC: Final = {"url": "ombCategory", "valueCoding": {"system": CDC, "code": "2186-5"}}
CONCEPT: Final = {"text": "as the person says"}


def extension(name: str, *parts: Json, **value: Any) -> Json:
    found: Json = {"url": f"{US_CORE}/us-core-{name}", **value}
    return {**found, "extension": list(parts)} if parts else found


def returned(*sent: Json) -> list[Json]:
    """The extensions of the patient in a valid answer."""
    document = bundle()
    party(document, "patient")["extension"] = deepcopy(list(sent))
    patient = answered(document)[claim_of(document)["patient"]["reference"]]
    found: list[Json] = patient.get("extension", [])
    return found


VALID: Final = {
    "race": extension("race", WHITE, ASIAN, IRISH, TEXT),
    "unknown race": extension("race", UNKNOWN, TEXT),
    "race in words": extension("race", TEXT),
    "ethnicity": extension("ethnicity", HISPANIC, TEXT),
    "birth sex": extension("birthsex", valueCode="F"),
    "sex": extension("sex", valueCode="248152002"),
    "gender identity": extension("genderIdentity", valueCodeableConcept=CONCEPT),
    "tribe": extension(
        "tribal-affiliation", {"url": "tribalAffiliation", "valueCodeableConcept": CONCEPT}
    ),
    "one of the EHR": {"url": "https://ehr.example/race", "valueString": "White"},
}


@pytest.mark.parametrize("name", VALID)
def test_extension_is_unchanged_when_it_is_valid(name: str) -> None:
    assert returned(VALID[name]) == [VALID[name]]


WRONG: Final = {
    "race without a text": extension("race", WHITE),
    "race with a code alone": extension("race", valueCode="2106-3"),
    "race as a text": extension("race", valueString="White"),
    "race with two texts": extension("race", WHITE, TEXT, {**TEXT, "valueString": "Asian"}),
    "race with a code as text": extension("race", {"url": "text", "valueCode": "White"}),
    "ethnicity without a text": extension("ethnicity", HISPANIC),
    "birth sex as a word": extension("birthsex", valueCode="female"),
    "birth sex as a text": extension("birthsex", valueString="F"),
    "sex as a coding": extension("sex", valueCoding={"code": "248152002"}),
    "gender identity as a code": extension("genderIdentity", valueCode="female"),
    "tribe without a tribe": extension(
        "tribal-affiliation", {"url": "isEnrolled", "valueBoolean": True}
    ),
    "tribe as a code": extension(
        "tribal-affiliation", {"url": "tribalAffiliation", "valueCode": "170"}
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_extension_is_left_out_when_us_core_does_not_permit_it(name: str) -> None:
    assert returned(WRONG[name]) == []


PARTLY: Final[dict[str, tuple[str, Json]]] = {
    "race of another system": ("race", {**WHITE, "valueCoding": {"system": "x", "code": "2106-3"}}),
    "race of no category": ("race", {**WHITE, "valueCoding": {"system": CDC, "code": "2113-9"}}),
    "category without a system": ("race", {**WHITE, "valueCoding": {"code": "2106-3"}}),
    "category as a concept": ("race", {"url": "ombCategory", "valueCodeableConcept": CONCEPT}),
    "detail in words": ("race", {"url": "detailed", "valueString": "Irish"}),
    "detail without a code": ("race", {"url": "detailed", "valueCoding": {"system": CDC}}),
    "unknown ethnicity": ("ethnicity", UNKNOWN),
    "race as ethnicity": ("ethnicity", WHITE),
}


@pytest.mark.parametrize("name", PARTLY)
def test_code_is_left_out_when_its_value_set_does_not_have_it(name: str) -> None:
    kind, wrong = PARTLY[name]
    assert returned(extension(kind, wrong, TEXT)) == [extension(kind, TEXT)]


def test_categories_are_left_out_when_they_are_more_than_permitted() -> None:
    two = extension("ethnicity", HISPANIC, NOT_HISPANIC, TEXT)
    assert returned(two) == [extension("ethnicity", TEXT)]
    contradictory = extension("race", WHITE, UNKNOWN, TEXT)
    assert returned(contradictory) == [extension("race", TEXT)]
    seven = extension("race", *[WHITE] * 7, TEXT)
    assert returned(seven) == [extension("race", TEXT)]


@pytest.mark.parametrize("name", ["race", "ethnicity", "birth sex", "sex"])
def test_first_valid_one_is_returned_when_an_extension_occurs_twice(name: str) -> None:
    valid = VALID[name]
    wrong = {"url": valid["url"], "valueString": "x"}
    assert returned(wrong, valid, valid) == [valid]
