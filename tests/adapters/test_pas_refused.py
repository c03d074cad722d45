"""Claim/$submit: a wrong claim is refused with its errors; odd optional values are accepted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.pas import handler as pas
from functions.status import handler as status
from tests.adapters.callers import PROVIDER, STRANGER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    VISIT,
    Json,
    actions,
    claim,
    errors,
    issues,
    patient,
    resources,
    response,
    submit,
)
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of


def without_diagnosis(document: Json) -> None:
    claim_of(document).pop("diagnosis")


def of_stranger(document: Json) -> None:
    for entry in document["entry"]:
        for one in entry["resource"].get("identifier", ()):
            if one.get("system", "").endswith("USEIN"):
                one["value"] = "690121431"


def of_another_patient(document: Json) -> None:
    """The coverage names another patient of the bundle."""
    other = {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000099"}
    document["entry"].append({**other, "resource": {**patient(document), "id": "other"}})
    for entry in document["entry"]:
        if entry["resource"]["resourceType"] == "Coverage":
            entry["resource"]["beneficiary"] = {"reference": other["fullUrl"]}


WRONG: dict[str, tuple[Callable[[Json], object], tuple[str, str]]] = {
    "no diagnosis": (without_diagnosis, ("AF", "Claim.item[0].diagnosisSequence")),
    "another name": (
        lambda document: patient(document)["name"][0].update(family="Other"),
        ("67", "Claim.patient"),
    ),
    "malformed birth date": (
        lambda document: patient(document).update(birthDate="1950-13-01"),
        ("58", "Bundle.entry[1].resource.birthDate"),
    ),
    "another provider": (of_stranger, ("41", "Bundle.entry[6].resource.identifier")),
    "date outside the window": (
        lambda document: claim_of(document)["item"][0].update(servicedDate="2029-01-01"),
        ("62", "Claim.item[0].serviced"),
    ),
    "unknown service type": (
        lambda document: claim_of(document)["item"][0]["category"].update(
            coding=[{"system": "https://codesystem.x12.org/005010/1365", "code": "3"}], text=None
        ),
        ("15", "Claim.item[0].category"),
    ),
    "claim for payment": (
        lambda document: claim_of(document).update(use="claim"),
        ("33", "Claim.use"),
    ),
    "cancelled claim": (
        lambda document: claim_of(document).update(status="cancelled"),
        ("33", "Claim.status"),
    ),
    "reversed period": (
        lambda document: (
            claim_of(document)["item"][0].pop("servicedDate"),
            claim_of(document)["item"][0].update(
                servicedPeriod={"start": "2026-07-20", "end": "2026-07-10"}
            ),
        ),
        ("33", "Claim.item[0].serviced"),
    ),
    "dangling coverage": (
        lambda document: claim_of(document)["insurance"][0].update(
            coverage={"reference": "urn:uuid:none"}
        ),
        ("33", "Claim.insurance.coverage"),
    ),
    "coverage of another patient": (
        of_another_patient,
        ("33", "Bundle.entry[3].resource.beneficiary"),
    ),
    "no patient": (
        lambda document: claim_of(document).update(patient={"reference": "urn:uuid:none"}),
        ("58", "Claim.patient.birthDate"),
    ),
    "number of an item": (
        lambda document: claim_of(document)["item"][0].update(sequence=0),
        ("33", "Claim.item[0].sequence"),
    ),
    "unknown code": (
        lambda document: claim_of(document)["item"][0]["productOrService"]["coding"][0].update(
            code="9921"
        ),
        ("AG", "Claim.item[0].productOrService"),
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_reason_and_place_are_answered_when_a_claim_is_wrong(cloud: Cloud, kind: str) -> None:
    change, expected = WRONG[kind]
    document = claim(VISIT)
    change(document)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER)
    assert expected in errors(reply)
    assert cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"] == []


@pytest.mark.parametrize("value", ["1950-13-01", "1950-02-30", "50", "", 1950, "1950-02", None, {}])
def test_response_can_be_read_when_values_of_the_patient_cannot(
    cloud: Cloud, value: object
) -> None:
    document = claim(VISIT)
    patient(document).update(birthDate=value, gender=value)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER)
    found = patient(reply.body)
    assert (found["gender"], "birthDate" in found) == ("unknown", False)
    assert found["identifier"] == patient(document)["identifier"]


def each_party(document: Json, element: str, **changes: Any) -> None:
    for entry in document["entry"]:
        if entry["resource"]["resourceType"] in ("Organization", "Practitioner"):
            for one in entry["resource"].get(element, ()):
                one.update(changes)


def name_at_length(document: Json) -> None:
    for one in resources(document, "Organization"):
        one["name"] = "N" * 500


def add_document(document: Json) -> None:
    file = {"data": "aGk=", "contentType": "text/plain", "title": "../\0" + "x" * 400}
    resource = {"resourceType": "DocumentReference", "content": [{"attachment": file}]}
    url = "urn:uuid:00000000-0000-4000-8000-000000000099"
    document["entry"].append({"fullUrl": url, "resource": resource})


ACCEPTED: dict[str, Callable[[Json], object]] = {
    "foreign phone": lambda document: each_party(document, "telecom", value="+49 30 1234567"),
    "state in words": lambda document: each_party(document, "address", state="Ohio"),
    "address without a street": lambda document: each_party(document, "address", line=[]),
    "foreign postal code": lambda document: each_party(document, "address", postalCode="SW1A 1AA"),
    "long name": name_at_length,
    "long identifier": lambda document: claim_of(document).update(
        identifier=[{"system": "urn:ehr:claims", "value": "7" * 3000}]
    ),
    "odd identifier of the bundle": lambda document: document.update(identifier="1"),
    "predetermination": lambda document: claim_of(document).update(use="predetermination"),
    "odd name of a document": add_document,
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_claim_is_accepted_when_an_optional_value_has_an_odd_form(cloud: Cloud, kind: str) -> None:
    """Contact details that cannot be stored are left out: the bundle has them."""
    document = claim(BOWEL_SURGERY)
    ACCEPTED[kind](document)
    assert actions(submit(cloud, document)) == ["A4"]


def test_bundle_is_refused_when_it_has_another_claim(cloud: Cloud) -> None:
    document = claim(VISIT)
    url = "urn:uuid:00000000-0000-4000-8000-000000000099"
    document["entry"].append({"fullUrl": url, "resource": {"resourceType": "Claim", "id": "other"}})
    reply = submit(cloud, document)
    assert (reply.status, issues(reply)) == (422, ["structure"])
    assert reply.body["issue"][0]["expression"] == ["Bundle.entry[7].resource"]


def test_errors_are_bounded_when_every_item_of_a_long_claim_is_wrong(cloud: Cloud) -> None:
    document = claim(VISIT)
    (item,) = claim_of(document)["item"]
    item["quantity"]["value"] = "many"
    claim_of(document)["item"] = [{**item, "sequence": at} for at in range(1, 151)]
    answer = response(cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER))
    assert len(answer["error"]) == 101
    assert answer["processNote"][-1]["text"] == "Claim: 50 further errors."
    assert len(answer["disposition"]) < 100


UNPROCESSABLE: dict[str, tuple[Any, int, str]] = {
    "no bundle": ({"resourceType": "Patient"}, 422, "structure"),
    "empty": ({}, 422, "structure"),
    "array": ([], 422, "invalid"),
    "text": ("<Bundle/>", 422, "invalid"),
    "no claim": (
        {"resourceType": "Bundle", "type": "collection", "entry": []},
        422,
        "required",
    ),
    "large": ({"resourceType": "Bundle", "text": "x" * 4_200_000}, 413, "too-long"),
}


@pytest.mark.parametrize("kind", UNPROCESSABLE)
def test_outcome_says_why_when_a_bundle_cannot_be_processed(cloud: Cloud, kind: str) -> None:
    sent, expected, code = UNPROCESSABLE[kind]
    reply = submit(cloud, sent)
    assert (reply.status, issues(reply)) == (expected, [code])


def test_outcome_says_why_when_a_claim_is_large_without_its_documents(cloud: Cloud) -> None:
    document = claim(VISIT)
    patient(document)["text"] = {"status": "generated", "div": "<div>" + "x" * 300_000 + "</div>"}
    reply = submit(cloud, document)
    assert (reply.status, issues(reply)) == (413, ["too-long"])


def test_outcome_asks_for_json_when_xml_is_sent(cloud: Cloud) -> None:
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", raw="<Bundle/>", by=PROVIDER)
    assert (reply.status, issues(reply)) == (400, ["structure"])
    assert "JSON" in reply.body["issue"][0]["details"]["text"]


def test_nothing_is_answered_when_the_caller_is_no_provider(cloud: Cloud) -> None:
    clerk = {"sub": "clerk", "cognito:groups": "[Intake]"}
    reply = submit(cloud, claim(VISIT), by=clerk)
    assert (reply.status, issues(reply)) == (403, ["forbidden"])


def test_operation_is_unknown_when_it_is_not_submit(cloud: Cloud) -> None:
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$other", claim(), by=PROVIDER)
    assert (reply.status, issues(reply)) == (404, ["not-found"])


def test_claim_of_another_provider_is_not_found_when_its_identifier_is_used(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=STRANGER)
    assert [code for code, _ in errors(reply)] == ["41"]
    assert "PC" not in json.dumps(response(reply).get("item", []))
