"""The confirmation over HTTP: a document if nothing needs precertification (C7)."""

from typing import Any, Final

import pytest

from functions.check import confirmation
from tests.adapters.callers import PROVIDER, STRANGER
from tests.adapters.cloud import PDF, Cloud
from tests.fakes.printing import opened, text_of
from tests.fakes.samples import OFFICE_VISIT, PATIENT, entered, payer

LABORATORY: Final = {
    **OFFICE_VISIT,
    "type_of_service": "LABORATORY",
    "place_of_service": "LABORATORY",
    "urgency": "EXPEDITED",
    "additional_diagnoses": ["E1122"],
    "procedures": [{"code": "80053"}, {"code": "85025", "units": 2, "modifiers": ["91"]}],
}
REQUIRED: Final = entered()["services"][0]
DELEGATED_VENDOR: Final = {
    **OFFICE_VISIT,
    "type_of_service": "PAIN_MANAGEMENT",
    "place_of_service": "SURGERY_CENTER",
    "procedures": [{"code": "22551"}],
}
STAY: Final = {
    **REQUIRED,
    "type_of_service": "MEDICAL_INPATIENT",
    "place_of_service": "MEDICAL",
    "procedures": [],
}
"""It continues to a request."""
UNKNOWN: Final = {**OFFICE_VISIT, "procedures": [{"code": "89365"}]}


def confirmed(cloud: Cloud, *services: Any, **changes: Any) -> bytes:
    reply = cloud.confirmation(services=list(services), **changes)
    assert reply.status == 200, reply.text
    assert isinstance(reply.body, bytes)
    return reply.body


@pytest.mark.rule("C7")
def test_everything_checked_is_in_the_document_when_nothing_needs_precertification(
    cloud: Cloud,
) -> None:
    checked = cloud.check(services=[OFFICE_VISIT, LABORATORY]).body
    assert checked["requirement"] == "NOT_REQUIRED"
    text = text_of(confirmed(cloud, OFFICE_VISIT, LABORATORY))
    assert checked["assertion_id"] in text
    expected = [
        *("July 1, 2026, 11:00 AM EDT", payer().name, checked["rule_list"]["version"]),
        *("Allison Adams", "January 1, 1986", PATIENT["member_id"]),
        *("Cleveland Center for Digestive Health & Endoscopy LLC", "20-3129831", "8001041853"),
        *("3700 Park East Drive 100a", "Beachwood, OH 44122", "(216) 555-0188", "(216) 555-0198"),
        *("Service 1 of 2: Office Visit and Procedure", "Outpatient", "Office", "Standard"),
        *("July 6, 2026", "K55", "99213"),
        *("Service 2 of 2: Laboratory and Genetic Test", "Independent Laboratory", "Expedited"),
        *("E11.22", "80053", "85025", "91", "2"),
        *(payer().notices["confirmation"], payer().notices["no_guarantee"]),
    ]
    assert [words for words in expected if words not in text] == []
    rules = [code["rule_id"] for service in checked["services"] for code in service["codes"]]
    assert [rule for rule in rules if rule not in text] == []


@pytest.mark.rule("C7")
@pytest.mark.parametrize(
    ("other", "requirement"),
    [
        (REQUIRED, "REQUIRED"),
        (DELEGATED_VENDOR, "DELEGATED_VENDOR"),
        (UNKNOWN, "UNABLE_TO_DETERMINE"),
        (STAY, "REQUIRED"),
    ],
)
def test_no_document_is_created_when_a_service_has_another_requirement(
    cloud: Cloud, other: dict[str, Any], requirement: str
) -> None:
    for services in ([other], [OFFICE_VISIT, other]):
        assert cloud.check(services=services).body["requirement"] == requirement
        reply = cloud.confirmation(services=services)
        assert (reply.status, reply.code) == (409, "confirmation_not_available")
        assert reply.body["requirement"] == requirement
        assert reply.headers["Content-Type"] == "application/problem+json"
    assert cloud.items() == []


def test_file_name_does_not_name_the_patient_when_it_is_downloaded(cloud: Cloud) -> None:
    reply = cloud.confirmation(services=[OFFICE_VISIT])
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Cache-Control"] == "no-store"
    name = "precertification-confirmation-2026-07-01.pdf"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert reply.body.startswith(PDF[:5])
    metadata = opened(reply.body).metadata
    assert metadata is not None
    assert metadata.title == "Confirmation: no precertification required"
    assert metadata.author == payer().name


def test_nothing_is_stored_or_published_when_a_confirmation_is_printed(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        confirmed(cloud, OFFICE_VISIT)
    assert calls == ["BatchGetItem", "GetObject"]
    assert cloud.items() == []
    response = cloud.log.getvalue()
    assert "confirmCheck" in response
    assert not [word for word in (*PATIENT.values(), "K55", "99213") if word in response]


def test_confirmation_is_returned_when_the_caller_is_entitled_with_any_tin(cloud: Cloud) -> None:
    """As for a check: it is about a member, and there is no request yet (A2)."""
    assert cloud.confirmation(STRANGER, services=[OFFICE_VISIT]).status == 200


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"services": []}, "/content/services"),
        ({"patient": None}, "/content/patient"),
        ({"servicing_provider": None}, "/content/servicing_provider"),
        ({"servicing_provider": {"name": "A Clinic"}}, "/content/servicing_provider/tin"),
        ({"services": [{**OFFICE_VISIT, "service_date": "2020-01-01"}]}, "service_date"),
        ({"services": [{**OFFICE_VISIT, "procedures": [{"code": 99213}]}]}, "procedures/0/code"),
    ],
)
def test_every_error_is_listed_when_the_input_is_wrong(
    cloud: Cloud, changes: dict[str, Any], pointer: str
) -> None:
    reply = cloud.confirmation(**({"services": [OFFICE_VISIT]} | changes))
    assert (reply.status, reply.code) == (422, "invalid_input")
    assert [error for error in reply.body["errors"] if error["pointer"].endswith(pointer)]


def test_current_list_answers_when_a_past_one_is_requested(cloud: Cloud) -> None:
    """A confirmation is about the present: it takes no ``as_of``, as a check does."""
    body = {"content": entered(services=[OFFICE_VISIT]), "as_of": "2026-06-01T00:00:00Z"}
    reply = cloud.call(confirmation, "POST", "/v1/checks/confirmation", body, by=PROVIDER)
    assert reply.status == 422
    assert [error["pointer"] for error in reply.body["errors"]] == ["/as_of"]
