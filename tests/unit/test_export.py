"""The PAS bundle for a delegated vendor: where each value is in the bundle (C8)."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from precert.domain.coverage import Coverage
from precert.fhir.export import request_bundle
from tests.fakes.clock import START
from tests.fakes.samples import ADDRESS, FACILITY_TIN, PATIENT, PLAN, content, entered, payer

COVERAGE = Coverage.model_validate(
    {
        **PATIENT,
        "account": "00472356",
        "account_name": "Live Well, Inc.",
        "plan": PLAN,
        "active_from": "2024-01-01",
    }
)
NOTE = "Referred by check CHK-260701150000-0123456789ABCDEF."
PLACES = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
CPT = "http://www.ama-assn.org/go/cpt"


def uuids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


def bundle(**changes: Any) -> dict[str, Any]:
    return request_bundle(
        content(**changes), COVERAGE, payer(), note=NOTE, at=START, new_uuid=uuids()
    )


def of_service(**changes: Any) -> dict[str, Any]:
    """The claim of a request with one service, with changes."""
    return claim_of(bundle(services=[entered()["services"][0] | changes]))


def of_line(**line: Any) -> dict[str, Any]:
    return of_service(procedures=[line])


def claim_of(document: dict[str, Any]) -> dict[str, Any]:
    claim: dict[str, Any] = document["entry"][0]["resource"]
    return claim


def referred(document: dict[str, Any], reference: dict[str, str]) -> dict[str, Any]:
    by_url = {entry["fullUrl"]: entry["resource"] for entry in document["entry"]}
    resource: dict[str, Any] = by_url[reference["reference"]]
    return resource


def coding(concept: dict[str, Any]) -> tuple[str, str]:
    (one,) = concept["coding"]
    return one["system"], one["code"]


def extensions(element: dict[str, Any]) -> dict[str, Any]:
    return {one["url"].rpartition("extension-")[2]: one for one in element.get("extension", ())}


def identifiers(party: dict[str, Any]) -> dict[str, str]:
    return {one["system"]: one["value"] for one in party["identifier"]}


def supporting(claim: dict[str, Any]) -> dict[str, Any]:
    return {coding(info["category"])[1]: info for info in claim["supportingInfo"]}


def test_bundle_is_a_pas_request_when_a_check_is_exported() -> None:
    document = bundle()
    assert (document["type"], document["timestamp"]) == ("collection", "2026-07-01T15:00:00Z")
    assert document["identifier"]["value"].startswith("urn:uuid:")
    claim = claim_of(document)
    assert (claim["resourceType"], claim["use"], claim["status"]) == (
        "Claim",
        "preauthorization",
        "active",
    )


def test_bundle_is_identical_when_ids_and_instant_are_identical() -> None:
    assert bundle() == bundle()


def test_patient_and_coverage_are_the_members_when_a_check_is_exported() -> None:
    document = bundle()
    claim = claim_of(document)
    patient = referred(document, claim["patient"])
    assert identifiers(patient) == {"urn:precert:member-id": "849382930"}
    assert patient["name"] == [{"family": "Adams", "given": ["Allison"]}]
    assert patient["birthDate"] == "1986-01-01"
    (insurance,) = claim["insurance"]
    coverage = referred(document, insurance["coverage"])
    assert coverage["subscriberId"] == "849382930"
    assert [(one["value"], one["name"]) for one in coverage["class"]] == [
        ("00472356", "Live Well, Inc."),
        ("OAP-COMPLETE", "Open Access Plus 1500"),
    ]
    assert coverage["beneficiary"] == claim["patient"]
    assert coverage["payor"] == [claim["insurer"]]
    assert referred(document, claim["insurer"])["name"] == payer().name


@pytest.mark.parametrize("number", ["phone", "fax"])
def test_both_providers_have_all_identifiers_when_entered(number: str) -> None:
    document = bundle()
    claim = claim_of(document)
    role = referred(document, claim["provider"])
    requesting = referred(document, role["practitioner"])
    servicing = referred(document, claim["careTeam"][0]["provider"])
    assert identifiers(requesting) == {
        "http://hl7.org/fhir/sid/us-npi": "8001042398",
        "http://terminology.hl7.org/NamingSystem/USEIN": "463778226",
    }
    assert identifiers(servicing) == {
        "http://hl7.org/fhir/sid/us-npi": "8001041853",
        "http://terminology.hl7.org/NamingSystem/USEIN": FACILITY_TIN,
    }
    assert servicing["address"][0]["postalCode"] == ADDRESS["zip_code"]
    for party, key in ((requesting, "requesting"), (servicing, "servicing")):
        result = {one["system"]: one["value"] for one in party["telecom"]}
        assert result[number] == entered()[f"{key}_provider"][number]


def test_servicing_provider_is_the_requestor_when_no_other_is_entered() -> None:
    document = bundle(requesting_provider=None)
    claim = claim_of(document)
    assert claim["provider"] == claim["careTeam"][0]["provider"]
    assert "profile-requestor" in referred(document, claim["provider"])["meta"]["profile"][0]


def test_provider_appears_once_when_it_has_both_roles() -> None:
    facility = entered()["servicing_provider"]
    kinds = [
        entry["resource"]["resourceType"] for entry in bundle(requesting_provider=facility)["entry"]
    ]
    assert kinds == ["Claim", "Patient", "Organization", "Coverage", "Organization"]


def test_name_has_data_absent_reason_when_a_provider_has_none() -> None:
    document = bundle(servicing_provider={}, requesting_provider=None)
    provider = referred(document, claim_of(document)["provider"])
    assert "name" not in provider
    assert provider["_name"]["extension"][0]["valueCode"] == "unknown"


def test_diagnoses_have_dots_and_appear_once_when_services_share_them() -> None:
    (service,) = entered()["services"]
    claim = claim_of(bundle(services=[service, service | {"primary_diagnosis": "R00"}]))
    icd = "http://hl7.org/fhir/sid/icd-10-cm"
    assert [coding(one["diagnosisCodeableConcept"]) for one in claim["diagnosis"]] == [
        (icd, "K56.50"),
        (icd, "E11.22"),
        (icd, "Z98.84"),
        (icd, "R00"),
    ]
    assert [one["diagnosisSequence"] for one in claim["item"]] == [[1, 2, 3]] * 2 + [[4, 2, 3]] * 2
    assert ["type" in one for one in claim["diagnosis"]] == [True, False, False, False]


def test_service_line_has_every_field_when_it_is_a_procedure() -> None:
    line = {"code": "44121", "units": 2, "unit_type": "VISITS", "modifiers": ["50", "RT", "P3"]}
    (item,) = of_line(**line, start_date="2026-07-22")["item"]
    assert coding(item["productOrService"]) == (CPT, "44121")
    assert [coding(one) for one in item["modifier"]] == [(CPT, "50"), (HCPCS, "RT"), (CPT, "P3")]
    assert item["quantity"] == {"value": 2, "unit": "visits"}
    assert item["servicedDate"] == "2026-07-22"
    assert coding(item["category"]) == ("https://codesystem.x12.org/005010/1365", "2")
    assert coding(item["locationCodeableConcept"]) == (PLACES, "21")
    requested = extensions(item)
    assert coding(requested["serviceItemRequestType"]["valueCodeableConcept"])[1] == "AR"
    assert coding(requested["certificationType"]["valueCodeableConcept"])[1] == "I"


def test_code_has_the_hcpcs_system_when_it_is_hcpcs() -> None:
    (item,) = of_line(code="E0250")["item"]
    assert coding(item["productOrService"]) == (HCPCS, "E0250")


def test_revenue_code_is_in_its_own_element_when_requested() -> None:
    (item,) = of_line(code="0450", code_type="REVENUE")["item"]
    assert coding(item["revenue"]) == ("https://www.nubc.org/CodeSystem/RevenueCodes", "0450")
    assert coding(item["productOrService"])[1] == "not-applicable"


@pytest.mark.rule("C8")
@pytest.mark.parametrize(
    ("modifiers", "system"),
    [
        ("22 24 25 26 47 50 51 52 59 62 76 80 91 95 99", CPT),
        ("P1 P2 P3 P4 P5 P6", CPT),
        ("1P 2P 3P 4P 5P 6P 7P 8P", CPT),
        ("LT RT NU RR UE GA GY KX QW TC E1 F9 FA T1 TA P7 P9 PI JW JZ 9P 0P", HCPCS),
    ],
)
def test_modifier_has_the_system_of_its_code_set_when_exported(modifiers: str, system: str) -> None:
    for modifier in modifiers.split():
        (item,) = of_line(code="44120", modifiers=[modifier])["item"]
        assert [coding(one) for one in item["modifier"]] == [(system, modifier)]


@pytest.mark.rule("C8")
@pytest.mark.parametrize("code", ["44120", "0042T", "2029F", "0001U", "0002M", "0001u"])
def test_code_of_any_cpt_category_has_the_cpt_system_when_exported(code: str) -> None:
    (item,) = of_line(code=code)["item"]
    assert coding(item["productOrService"]) == (CPT, code.upper())


@pytest.mark.rule("C5", "C8")
@pytest.mark.parametrize("code", ["450", " 450 ", "0450", "100", "0100", "999"])
def test_revenue_code_has_four_digits_when_exported(code: str) -> None:
    (item,) = of_line(code=code, code_type="REVENUE")["item"]
    assert coding(item["revenue"])[1] == code.strip().zfill(4)


def test_drg_is_among_the_diagnoses_when_requested() -> None:
    claim = of_line(code="329", code_type="DRG")
    (item,) = claim["item"]
    system, code = coding(claim["diagnosis"][-1]["diagnosisCodeableConcept"])
    assert (system.rpartition("/")[2], code) == ("MS-DRG-Classifications-and-Software", "329")
    assert item["diagnosisSequence"][-1] == claim["diagnosis"][-1]["sequence"]
    assert coding(item["productOrService"])[1] == "not-applicable"


def test_place_is_text_when_it_has_no_cms_code() -> None:
    claim = of_service(
        authorization_type="OUTPATIENT",
        type_of_service="IMAGING",
        place_of_service="IMAGING_CENTER",
        admission_date=None,
        service_date="2026-07-20",
    )
    assert claim["item"][0]["locationCodeableConcept"] == {"text": "Imaging Center"}


def test_stay_has_a_period_when_it_is_inpatient() -> None:
    result = supporting(of_service(requested_days=3))
    assert result["patientEvent"]["timingPeriod"] == {"start": "2026-07-20", "end": "2026-07-22"}
    assert result["admissionDates"]["timingDate"] == "2026-07-20"
    assert result["dischargeDates"]["timingDate"] == "2026-07-23"
    assert coding(of_service()["type"])[1] == "institutional"


def test_visit_has_one_date_when_it_is_outpatient() -> None:
    visit = {
        "authorization_type": "OUTPATIENT",
        "admission_date": None,
        "requested_days": None,
        "service_date": "2026-07-20",
        "procedures": [{"code": "70551"}],
    }
    claim = of_service(**visit)
    assert set(supporting(claim)) == {"patientEvent", "freeFormMessage"}
    assert supporting(claim)["patientEvent"]["timingDate"] == "2026-07-20"
    assert coding(claim["type"])[1] == "professional"


@pytest.mark.parametrize(
    ("urgency", "priority", "level"),
    [("STANDARD", "normal", "E"), ("EXPEDITED", "stat", "U"), ("EMERGENCY", "stat", "03")],
)
def test_urgency_is_in_both_elements_when_entered(urgency: str, priority: str, level: str) -> None:
    claim = of_service(urgency=urgency)
    result = extensions(claim)["levelOfServiceCode"]["valueCodeableConcept"]
    assert (coding(claim["priority"])[1], coding(result)[1]) == (priority, level)


def test_drug_has_ndc_and_name_when_entered() -> None:
    drug = {"name": "Infliximab", "ndc": "57894-030-01", "frequency": "every 8 weeks"}
    (service,) = entered()["services"]
    document = bundle(services=[service | {"medication": drug}])
    for item in claim_of(document)["item"]:
        order = referred(document, extensions(item)["requestedService"]["valueReference"])
        assert coding(order["medicationCodeableConcept"]) == (
            "http://hl7.org/fhir/sid/ndc",
            "57894003001",
        )
        assert order["medicationCodeableConcept"]["text"] == "Infliximab"
        assert order["dosageInstruction"] == [{"timing": {"code": {"text": "every 8 weeks"}}}]


def test_note_is_included_when_a_check_is_exported() -> None:
    assert supporting(claim_of(bundle()))["freeFormMessage"]["valueString"] == NOTE
