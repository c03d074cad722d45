"""The form: which fields are shown, in which order, with which choices (C3, C4, C9, C11)."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

import pytest
from pydantic import ValidationError

from precert.domain.caller import Caller
from precert.domain.completeness import errors_of_check, errors_of_submission
from precert.domain.content import Address, Medication, Patient, Service
from precert.domain.errors import InvalidInputError, NotEntitledError
from precert.domain.form import FieldKind, ServiceField, ServiceForm, request_form, service_form
from precert.domain.form_settings import Form, Stage
from precert.domain.payer import Payer
from precert.domain.values import AuthorizationType, CodeType
from precert.names import Entitlement
from precert.usecases.checks import get_form_fields
from tests.fakes import samples
from tests.fakes.clock import START

TODAY: Final = date(2026, 7, 1)
PHARMACY: Final = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "MEDICAL_PHARMACY",
    "place_of_service": "INFUSION_CENTER",
    "urgency": "STANDARD",
    "service_date": "2026-07-20",
    "primary_diagnosis": "K5090",
    "procedures": [{"code": "J1745", "start_date": "2026-07-20", "units": 10}],
}
IMAGING: Final = PHARMACY | {
    "type_of_service": "IMAGING",
    "place_of_service": "OFFICE",
    "procedures": [{"code": "70551"}],
}


def requested(**chosen: str) -> ServiceForm:
    return service_form(samples.payer(), Service.model_validate(chosen), TODAY)


def field(form: ServiceForm, name: str) -> ServiceField:
    return next(found for found in form.fields if found.name == name)


def names(form: ServiceForm) -> list[str]:
    return [found.name for found in form.fields]


@pytest.mark.rule("C3")
def test_authorization_type_comes_first_when_nothing_is_selected() -> None:
    form = requested()
    assert names(form) == [
        *("authorization_type", "urgency", "primary_diagnosis", "additional_diagnoses")
    ]
    assert field(form, "authorization_type").codes == ("INPATIENT", "OUTPATIENT")
    assert {(later.name, later.waits_for) for later in form.later} == {
        ("type_of_service", "authorization_type"),
        ("place_of_service", "type_of_service"),
        ("admission_date", "authorization_type"),
        ("service_date", "authorization_type"),
        ("requested_days", "authorization_type"),
        ("procedures", "type_of_service"),
        ("medication", "type_of_service"),
    }


@pytest.mark.rule("C3")
@pytest.mark.parametrize(
    ("authorization_type", "shown", "hidden"),
    [
        ("INPATIENT", {"admission_date", "requested_days"}, {"service_date"}),
        ("OUTPATIENT", {"service_date"}, {"admission_date", "requested_days"}),
    ],
)
def test_date_field_is_the_admission_date_when_the_patient_is_admitted(
    authorization_type: str, shown: set[str], hidden: set[str]
) -> None:
    form = requested(authorization_type=authorization_type)
    assert shown <= set(names(form))
    assert hidden == set(form.not_shown)


@pytest.mark.rule("C4")
def test_observation_is_offered_when_the_service_is_outpatient_only() -> None:
    inpatient = field(requested(authorization_type="INPATIENT"), "type_of_service")
    outpatient = field(requested(authorization_type="OUTPATIENT"), "type_of_service")
    assert "OBSERVATION" in outpatient.codes
    assert "OBSERVATION" not in inpatient.codes
    assert not set(inpatient.codes) & set(outpatient.codes)


@pytest.mark.rule("C4")
def test_places_follow_the_type_of_service_when_it_is_selected() -> None:
    form = requested(authorization_type="OUTPATIENT", type_of_service="DME")
    assert [(one.code, one.name) for one in field(form, "place_of_service").choices] == [
        ("HOME", "Home")
    ]


@pytest.mark.rule("C3")
@pytest.mark.parametrize(
    ("kind", "required"), [("SURGICAL_INPATIENT", Stage.CHECK), ("MEDICAL_INPATIENT", None)]
)
def test_procedures_are_optional_when_a_stay_is_not_surgical(
    kind: str, required: Stage | None
) -> None:
    form = requested(authorization_type="INPATIENT", type_of_service=kind)
    assert field(form, "procedures").required_for is required


@pytest.mark.rule("C9")
def test_window_is_in_days_when_a_date_is_required() -> None:
    expected = field(requested(authorization_type="INPATIENT"), "admission_date")
    assert (expected.earliest, expected.latest) == (date(2026, 6, 16), date(2026, 12, 28))


@pytest.mark.rule("C11")
def test_medication_is_required_when_the_service_is_a_drug_only() -> None:
    drug = requested(authorization_type="OUTPATIENT", type_of_service="MEDICAL_PHARMACY")
    parts = {part.name: part for part in field(drug, "medication").fields}
    assert field(drug, "medication").one_of == ("name", "ndc")
    assert parts["frequency"].required_for is parts["route"].required_for is Stage.SUBMISSION
    assert "INTRAVENOUS_INFUSION" in parts["route"].codes
    assert not any("ORAL" in route for route in parts["route"].codes)
    other = Service.model_validate(IMAGING)
    assert "medication" in service_form(samples.payer(), other, TODAY).not_shown


@pytest.mark.rule("C11")
def test_medication_waits_for_the_codes_when_the_type_of_service_is_not_for_drugs() -> None:
    for kind in samples.payer().form.types_of_service:
        if not kind.medication_required:
            form = requested(authorization_type=kind.authorization_type, type_of_service=kind.code)
            [later] = form.later
            assert (later.name, later.waits_for, later.required_for) == (
                *("medication", "procedures", None),
            )
            assert any(codes.contains("J1745", CodeType.HCPCS) for codes in later.codes)


@pytest.mark.rule("C11")
@pytest.mark.parametrize("kind", [one.code for one in samples.payer().form.types_of_service])
@pytest.mark.parametrize("code", ["J1745", "j9271", "Q5103", "C9399", "90378", "S0189", "Q2056"])
def test_medication_is_required_when_a_code_is_a_drugs_under_any_type_of_service(
    kind: str, code: str
) -> None:
    chosen = next(one for one in samples.payer().form.types_of_service if one.code == kind)
    service: dict[str, Any] = PHARMACY | {
        "authorization_type": str(chosen.authorization_type),
        "type_of_service": kind,
        "place_of_service": chosen.places_of_service[0],
        "procedures": [{"code": "99213"}, {"code": code}],
    }
    if chosen.authorization_type is AuthorizationType.INPATIENT:
        service |= {"admission_date": service["service_date"], "service_date": None}
    form = service_form(samples.payer(), Service.model_validate(service), TODAY)
    assert field(form, "medication").required_for is Stage.CHECK
    [error] = errors_of_check(samples.content(services=[service]), samples.payer(), TODAY)
    assert (error.pointer, error.code) == ("/services/0/medication", "missing")
    named = service | {"medication": {"name": "Infliximab"}}
    assert errors_of_check(samples.content(services=[named]), samples.payer(), TODAY) == []


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    "code", ["99213", "96413", "J7298", "J7304", "E0601", "A4216", "Q0081", "G0463", "90715"]
)
def test_medication_is_not_shown_when_no_code_is_a_drugs(code: str) -> None:
    service = Service.model_validate(IMAGING | {"procedures": [{"code": code}]})
    assert "medication" in service_form(samples.payer(), service, TODAY).not_shown


@pytest.mark.rule("C11")
def test_fields_of_a_medication_state_what_is_accepted_when_they_are_shown() -> None:
    notices = samples.payer().notices
    drug = requested(authorization_type="OUTPATIENT", type_of_service="MEDICAL_PHARMACY")
    medication = field(drug, "medication")
    assert medication.notice == "medical_pharmacy"
    assert "infused or injected" in notices["medical_pharmacy"]
    ndc = next(part for part in medication.fields if part.name == "ndc")
    assert ndc.notice == "ndc"
    for text in (notices["ndc"], notices["medical_pharmacy"]):
        assert all(label in text for label in ("4-4-2", "5-3-2", "5-4-1"))
        assert "without" in text


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    ("medication", "check", "submission"),
    [
        (None, [("", "missing")], []),
        ({}, [("/name", "missing")], [("/frequency", "missing"), ("/route", "missing")]),
        ({"name": "Infliximab"}, [], [("/frequency", "missing"), ("/route", "missing")]),
        ({"ndc": "57894003001", "frequency": "WEEKLY", "route": "SUBCUTANEOUS"}, [], []),
        (
            {"ndc": "5789400301", "frequency": "WEEKLY"},
            [("/ndc", "ambiguous")],
            [("/route", "missing")],
        ),
        (
            {"name": "X", "frequency": "HOURLY", "route": "ORAL"},
            [("/frequency", "not_a_choice"), ("/route", "not_a_choice")],
            [],
        ),
    ],
)
def test_missing_medication_fields_are_listed_when_it_is_incomplete(
    medication: dict[str, str] | None,
    check: list[tuple[str, str]],
    submission: list[tuple[str, str]],
) -> None:
    content = samples.content(services=[PHARMACY | {"medication": medication}])
    path = "/services/0/medication"
    expected = {(path + pointer, code) for pointer, code in check}
    found = errors_of_check(content, samples.payer(), TODAY)
    assert {(error.pointer, error.code) for error in found} == expected
    expected |= {(path + pointer, code) for pointer, code in submission}
    found = errors_of_submission(content, samples.payer(), TODAY)
    assert {(error.pointer, error.code) for error in found} == expected


@pytest.mark.rule("C11")
def test_candidates_are_offered_when_a_drug_code_is_ambiguous() -> None:
    service = PHARMACY | {"medication": {"ndc": "5789400301"}}
    [error] = errors_of_check(samples.content(services=[service]), samples.payer(), TODAY)
    assert error.choices == ("05789-4003-01", "57894-0003-01", "57894-0030-01")
    for label in ("5789-4003-01 (4-4-2)", "57894-003-01 (5-3-2)", "57894-0030-1 (5-4-1)"):
        assert label in error.message


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    "ten",
    [
        *("5789400301", "0002143380", "0100000201", "1234567890", "0093742456", "9999999999"),
        *("0409116501", "6332316505", "0006302601", "5024205360", "0069980901", "0074379902"),
        *("5551390001", "6491000101", "6105300301", "0078067061", "7229400301", "8300200101"),
        *("0310471501", "6084200101"),
    ],
)
def test_ten_digits_without_dashes_are_ambiguous_when_the_pattern_accepts_them(ten: str) -> None:
    form = requested(authorization_type="OUTPATIENT", type_of_service="MEDICAL_PHARMACY")
    ndc = next(part for part in field(form, "medication").fields if part.name == "ndc")
    assert re.fullmatch(ndc.pattern or "", ten)
    service = PHARMACY | {"medication": {"ndc": ten}}
    [error] = errors_of_check(samples.content(services=[service]), samples.payer(), TODAY)
    assert (error.pointer, error.code) == ("/services/0/medication/ndc", "ambiguous")
    labels = [f"{ten[:4]}-{ten[4:8]}-{ten[8:]}", f"{ten[:5]}-{ten[5:8]}-{ten[8:]}"]
    for label, choice in zip(
        [*labels, f"{ten[:5]}-{ten[5:9]}-{ten[9:]}"], error.choices, strict=True
    ):
        assert label in error.message
        assert re.fullmatch(ndc.pattern or "", label)
        chosen = PHARMACY | {"medication": {"ndc": label}}
        content = samples.content(services=[chosen])
        assert errors_of_check(content, samples.payer(), TODAY) == []
        assert content.services[0].medication == Medication(ndc=choice)


def test_medication_is_rejected_when_the_service_is_not_a_drug() -> None:
    content = samples.content(services=[IMAGING | {"medication": {"name": "Infliximab"}}])
    [error] = errors_of_check(content, samples.payer(), TODAY)
    assert (error.pointer, error.code) == ("/services/0/medication", "not_expected")


def test_code_is_listed_once_when_it_was_entered_in_two_formats() -> None:
    lines = [{"code": "0450"}, {"code": "450", "code_type": "REVENUE"}]
    service = PHARMACY | {"procedures": lines, "medication": {"name": "Infliximab"}}
    [error] = errors_of_check(samples.content(services=[service]), samples.payer(), TODAY)
    assert (error.pointer, error.code) == ("/services/0/procedures/1/code", "duplicate_code")


def test_diagnosis_is_listed_once_when_it_was_entered_twice() -> None:
    service = PHARMACY | {"medication": {"name": "Infliximab"}}
    service |= {"additional_diagnoses": ["E1122", "K50.90", "e11.22"]}
    errors = errors_of_check(samples.content(services=[service]), samples.payer(), TODAY)
    assert [(error.pointer, error.code) for error in errors] == [
        ("/services/0/additional_diagnoses/1", "duplicate_code"),
        ("/services/0/additional_diagnoses/2", "duplicate_code"),
    ]


# -- the use case -------------------------------------------------------------------------------------


def result(**chosen: str) -> ServiceForm:
    caller = Caller(subject="provider", entitlements=frozenset({Entitlement.PATIENT_SEARCH}))
    service = Service.model_validate(chosen)
    return get_form_fields(service, caller, payer=samples.payer(), now=START)


@pytest.mark.rule("C4")
@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        (
            {"authorization_type": "INPATIENT", "type_of_service": "OBSERVATION"},
            ("/type_of_service", "not_a_choice"),
        ),
        (
            {
                "authorization_type": "OUTPATIENT",
                "type_of_service": "DME",
                "place_of_service": "OFFICE",
            },
            ("/place_of_service", "not_a_choice"),
        ),
        ({"type_of_service": "DME"}, ("/authorization_type", "missing")),
        (
            {"authorization_type": "OUTPATIENT", "place_of_service": "HOME"},
            ("/type_of_service", "missing"),
        ),
    ],
)
def test_choice_is_rejected_when_the_form_does_not_offer_it(
    chosen: dict[str, str], error: tuple[str, str]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        result(**chosen)
    assert [(found.pointer, found.code) for found in refused.value.errors] == [error]


def test_form_is_refused_when_the_caller_lacks_the_entitlement() -> None:
    with pytest.raises(NotEntitledError):
        get_form_fields(Service(), Caller(subject="x"), payer=samples.payer(), now=START)


# -- the data -----------------------------------------------------------------------------------------


def form_data(**changes: Any) -> dict[str, Any]:
    return samples.payer().form.model_dump(mode="json") | changes


def test_form_is_rejected_at_load_when_a_field_has_no_position() -> None:
    fields = form_data()["fields"]
    fields["service"] = fields["service"][1:]
    with pytest.raises(ValidationError, match="must include every field"):
        Form.model_validate(form_data(fields=fields))


def test_form_is_rejected_at_load_when_a_choice_cannot_be_sent() -> None:
    urgencies = [{"code": "WHENEVER", "name": "Whenever"}]
    with pytest.raises(ValidationError, match="must be values of the API"):
        Form.model_validate(form_data(urgencies=urgencies))


def test_label_and_order_are_the_payers_when_its_data_defines_them() -> None:
    fields = form_data()["fields"]
    fields["service"].insert(0, fields["service"].pop(3) | {"label": "How soon?"})
    data = samples.payer().model_dump(mode="json") | {"form": form_data(fields=fields)}
    form = service_form(Payer.model_validate(data), Service(), TODAY)
    assert (form.fields[0].name, form.fields[0].label) == ("urgency", "How soon?")


def test_every_field_states_its_accepted_values_when_it_is_shown() -> None:
    for kind in samples.payer().form.types_of_service:
        form = requested(authorization_type=kind.authorization_type, type_of_service=kind.code)
        assert [later.name for later in form.later if later.name != "medication"] == []
        for one in form.fields:
            parts = (one, *one.fields)
            assert all(part.choices for part in parts if part.kind is FieldKind.CHOICE)
            assert all(
                part.pattern for part in parts if part.kind in (FieldKind.CODE, FieldKind.CODES)
            )


def test_every_part_of_an_entry_is_described_when_a_portal_reads_the_form() -> None:
    form = request_form(samples.payer().form)
    groups = {one.name: {part.name for part in one.fields} for one in form.fields if one.fields}
    assert groups["patient"] == set(Patient.model_fields)
    for name in ("servicing_provider", "requesting_provider"):
        [provider] = [one for one in form.fields if one.name == name]
        [address] = [part for part in provider.fields if part.name == "address"]
        assert {part.name for part in address.fields} == set(Address.model_fields)
        assert not address.checked(Stage.SUBMISSION), "the model requires them"


IMAGING_CHOICES: Final = {"authorization_type": "OUTPATIENT", "type_of_service": "IMAGING"}


def test_entry_has_its_format_in_words_when_it_has_a_pattern() -> None:
    form = samples.payer().form
    found = list(below([*requested(**IMAGING_CHOICES).fields, *request_form(form).fields]))
    assert {one.name for one in found} >= {"npi", "zip_code", "code", "modifiers"}
    assert [one.name for one in found if bool(one.pattern) != bool(one.format)] == []
    texts = [one for one in found if one.kind is FieldKind.TEXT]
    assert {one.max_length for one in texts} == {120}


def below(fields: Iterable[ServiceField]) -> Iterator[ServiceField]:
    for one in fields:
        yield one
        yield from below(one.fields)


def test_field_is_described_in_advance_when_it_waits_for_codes() -> None:
    [medication] = requested(**IMAGING_CHOICES).later
    shown = field(requested(**PHARMACY_CHOICES), "medication")
    assert medication.waits_for == "procedures"
    assert medication.field is not None
    assert {one.name: one.choices for one in medication.field.fields} == {
        one.name: one.choices for one in shown.fields
    }


PHARMACY_CHOICES: Final = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "MEDICAL_PHARMACY",
}
