"""Parties of a claim in its response: as they were sent, and completed where a profile needs more."""

from copy import deepcopy
from typing import Any, Final
from uuid import uuid4

import pytest

from precert.fhir import systems
from precert.fhir.bundles import bundle_of
from precert.fhir.response_bundles import ClaimError
from precert.fhir.responses import refused
from tests.adapters.pas_calls import PAS, role_findings
from tests.adapters.pas_elements import ELEMENTS
from tests.fakes.clock import START
from tests.fakes.samples import payer
from tests.unit.test_export import bundle, claim_of

Json = dict[str, Any]
ERRORS: Final = [ClaimError("33", "Claim", "Send another claim.")]
DATA_ABSENT: Final = {"extension": [{"url": systems.DATA_ABSENT, "valueCode": "unknown"}]}


def answered(document: Json) -> dict[str, Json]:
    """The resources of an answer by their full URLs; the answer is valid."""
    sent = bundle_of(document, first="Claim")
    answer = refused(sent, ERRORS, payer=payer(), at=START, new_uuid=lambda: str(uuid4()))
    assert role_findings(answer) == []
    return {one["fullUrl"]: one["resource"] for one in answer["entry"]}


def entry_of(document: Json, reference: Json) -> Json:
    (found,) = (one for one in document["entry"] if one.get("fullUrl") == reference["reference"])
    resource: Json = found["resource"]
    return resource


def party(document: Json, member: str) -> Json:
    return entry_of(document, claim_of(document)[member])


def emptied(resource: Json, *profiles: str) -> None:
    """The resource with its type alone, or with what it claims to fit."""
    kind = resource["resourceType"]
    resource.clear()
    resource["resourceType"] = kind
    if profiles:
        resource["meta"] = {"profile": [f"{PAS}/StructureDefinition/{one}" for one in profiles]}


def test_parties_are_unchanged_when_they_are_valid() -> None:
    document = bundle()
    for change in ELEMENTS.values():
        change(document)
    period = {"start": "2026-01-01T08:00:00.5-05:00", "end": "2026-12"}
    party(document, "patient")["telecom"][0]["period"] = period
    sent = {one["fullUrl"]: one["resource"] for one in document["entry"]}
    found = answered(deepcopy(document))
    returned = found.keys() & sent.keys() - {document["entry"][0]["fullUrl"]}
    assert {sent[one]["resourceType"] for one in returned} >= {
        *("Patient", "Practitioner", "PractitionerRole", "Location", "Organization"),
    }
    assert {one: found[one] for one in returned} == {one: sent[one] for one in returned}


@pytest.mark.parametrize("is_claimed", [False, True], ids=["no profile", "its profile"])
@pytest.mark.parametrize(
    ("member", "profile"), [("patient", "beneficiary"), ("insurer", "insurer")]
)
def test_party_is_completed_when_it_was_sent_empty(
    member: str, profile: str, *, is_claimed: bool
) -> None:
    document = bundle()
    emptied(party(document, member), *([f"profile-{profile}"] if is_claimed else []))
    answered(document)


@pytest.mark.parametrize("kind", ["Organization", "PractitionerRole"])
def test_requestor_is_completed_when_it_was_sent_empty(kind: str) -> None:
    document = bundle()
    requestor = party(document, "provider")
    requestor["resourceType"] = kind
    emptied(requestor)
    (head, *_) = answered(document).values()
    assert "reference" in head["requestor"]


@pytest.mark.parametrize("kind", ["Practitioner", "Organization", "Location"])
def test_other_party_is_completed_when_it_was_sent_empty(kind: str) -> None:
    document = bundle()
    member = {"Practitioner": "practitioner", "Organization": "organization"}.get(kind)
    role = party(document, "provider")
    role["resourceType"] = "PractitionerRole"
    url = "urn:uuid:00000000-0000-4000-9000-000000000001"
    document["entry"].append({"fullUrl": url, "resource": {"resourceType": kind}})
    role |= {member: {"reference": url}} if member else {"location": [{"reference": url}]}
    assert answered(document)[url]["resourceType"] == kind


def test_member_id_is_that_of_the_coverage_when_the_patient_has_none() -> None:
    document = bundle()
    del party(document, "patient")["identifier"]
    url = claim_of(document)["patient"]["reference"]
    (identifier,) = answered(document)[url]["identifier"]
    assert identifier["value"] == "849382930"


def test_name_is_absent_when_the_patient_has_none() -> None:
    """The sender has to know the member: nothing of the payer's records is returned."""
    document = bundle()
    emptied(party(document, "patient"))
    coverage = entry_of(document, claim_of(document)["insurance"][0]["coverage"])
    coverage.pop("identifier")
    patient = answered(document)[claim_of(document)["patient"]["reference"]]
    assert patient["name"] == [DATA_ABSENT]
    assert {"family", "birthDate", "address"}.isdisjoint(patient)


def test_insurer_is_the_payer_when_it_has_no_name() -> None:
    document = bundle()
    emptied(party(document, "insurer"))
    insurer = answered(document)[claim_of(document)["insurer"]["reference"]]
    assert (insurer["name"], insurer["active"]) == (payer().name, True)


WRONG: Final[dict[str, Json]] = {
    "a profile of another type": {
        "meta": {"profile": [f"{PAS}/StructureDefinition/profile-insurer"]}
    },
    "a profile of CRD": {
        "meta": {
            "profile": ["http://hl7.org/fhir/us/davinci-crd/StructureDefinition/profile-patient"]
        }
    },
    "an unknown code": {"gender": "woman"},
    "no date": {"birthDate": "1986"},
    "a text in place of a list": {"name": "Allison Adams"},
    "a number in place of a text": {"name": [{"family": 7, "given": [True]}]},
    "an extension without a value": {"extension": [{"url": "https://ehr.example/x"}]},
    "an extension with two values": {
        "extension": [{"url": "https://ehr.example/x", "valueString": "a", "valueCode": "b"}]
    },
    "an unknown element": {"surname": "Adams"},
    "a resource in it": {
        "contained": [{"resourceType": "Practitioner", "id": "p"}],
        "generalPractitioner": [{"reference": "#p"}],
    },
    "a physician who is a coverage": {
        "generalPractitioner": [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000004"}]
    },
    "a name in words": {"name": [{"text": "Allison Adams"}]},
    "a telephone without a number": {"telecom": [{"system": "phone"}]},
    "a primitive with two lists": {
        "name": [{"given": ["A", None], "_given": [None, DATA_ABSENT], "family": "Adams"}]
    },
}


@pytest.mark.parametrize("name", WRONG)
def test_value_is_left_out_when_fhir_does_not_permit_it(name: str) -> None:
    document = bundle()
    party(document, "patient").update(WRONG[name])
    answered(document)


def test_npi_is_left_out_when_its_check_digit_is_wrong() -> None:
    document = bundle()
    for entry in document["entry"]:
        for identifier in entry["resource"].get("identifier", ()):
            if identifier.get("system") == systems.US_NPI:
                identifier["value"] = "1234567890"
    assert "1234567890" not in str(answered(document))
