"""What a check or submission still needs, each error with its pointer (C3, C4, C5, C9, D6)."""

from datetime import date, timedelta
from itertools import chain
from typing import Any, Final

import pytest

from precert.domain.codes import code_types_of, has_format
from precert.domain.completeness import errors_of_check, errors_of_submission
from precert.domain.content import MAX_LINES, RequestContent
from precert.domain.values import CodeType
from tests.fakes import samples

TODAY: Final = date(2026, 7, 1)
OUTPATIENT: Final = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "IMAGING",
    "place_of_service": "OFFICE",
    "urgency": "STANDARD",
    "service_date": "2026-07-20",
    "primary_diagnosis": "K5650",
    "procedures": [{"code": "70551", "start_date": "2026-07-20", "units": 1}],
}


def inpatient(**changes: Any) -> dict[str, Any]:
    service: dict[str, Any] = samples.entered()["services"][0]
    return service | changes


def found(*services: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    """Pointer and code of each error of a submission."""
    entered = changes | ({"services": list(services)} if services else {})
    errors = errors_of_submission(samples.content(**entered), samples.payer(), TODAY)
    return [(error.pointer, error.code) for error in errors]


def test_nothing_is_missing_when_everything_was_entered() -> None:
    assert found() == []
    assert found(OUTPATIENT) == []


@pytest.mark.rule("D6")
def test_every_missing_field_is_listed_when_nothing_was_entered() -> None:
    errors = errors_of_submission(RequestContent(), samples.payer(), TODAY)
    assert {(error.pointer, error.code) for error in errors} == {
        ("/patient", "missing"),
        ("/servicing_provider", "missing"),
        ("/requesting_provider", "missing"),
        ("/services", "missing"),
    }


@pytest.mark.rule("C3")
def test_every_field_is_required_when_a_service_is_empty() -> None:
    assert {pointer for pointer, _ in found({})} == {
        f"/services/0/{name}"
        for name in (
            "authorization_type",
            "type_of_service",
            "place_of_service",
            "urgency",
            "primary_diagnosis",
        )
    }


@pytest.mark.rule("D6")
def test_errors_of_all_services_are_listed_when_several_are_wrong() -> None:
    broken = inpatient(requested_days=None, urgency=None)
    other = OUTPATIENT | {"service_date": "2020-01-01", "procedures": [{"code": "ZZZ"}]}
    elsewhere = inpatient() | {
        "procedures": [{**one, "modifiers": ["LT"]} for one in inpatient()["procedures"]]
    }
    assert set(found(elsewhere, broken, other)) == {
        ("/services/1/urgency", "missing"),
        ("/services/1/requested_days", "missing"),
        ("/services/2/service_date", "outside_window"),
        ("/services/2/procedures/0/code", "malformed"),
        ("/services/2/procedures/0/start_date", "missing"),
        ("/services/2/procedures/0/units", "missing"),
    }


@pytest.mark.parametrize("role", ["servicing_provider", "requesting_provider"])
def test_missing_provider_fields_are_listed_when_it_was_manually_entered(role: str) -> None:
    expected = {(f"/{role}/{name}", "missing") for name in ("tin", "npi", "address")}
    if role == "servicing_provider":
        expected.add(("/servicing_provider/phone", "missing"))
    assert set(found(**{role: {"name": "By Hand"}})) == expected


@pytest.mark.rule("C3")
@pytest.mark.parametrize(
    ("service", "errors"),
    [
        (
            inpatient(admission_date=None, service_date="2026-07-20"),
            {
                ("/services/0/admission_date", "missing"),
                ("/services/0/service_date", "not_expected"),
            },
        ),
        (
            OUTPATIENT | {"admission_date": "2026-07-20", "service_date": None},
            {
                ("/services/0/service_date", "missing"),
                ("/services/0/admission_date", "not_expected"),
            },
        ),
    ],
)
def test_date_field_follows_the_authorization_type_when_it_is_entered(
    service: dict[str, Any], errors: set[tuple[str, str]]
) -> None:
    assert set(found(service)) == errors


@pytest.mark.rule("C3")
def test_procedure_is_optional_when_a_stay_is_not_surgical() -> None:
    medical = inpatient(
        type_of_service="MEDICAL_INPATIENT", place_of_service="MEDICAL", procedures=[]
    )
    assert found(medical) == []
    assert found(inpatient(procedures=[])) == [("/services/0/procedures", "missing")]
    assert found(OUTPATIENT | {"procedures": []}) == [("/services/0/procedures", "missing")]


@pytest.mark.rule("C4")
@pytest.mark.parametrize(
    ("service", "pointer"),
    [
        (inpatient(type_of_service="OBSERVATION"), "/services/0/type_of_service"),
        (inpatient(type_of_service="UNKNOWN"), "/services/0/type_of_service"),
        (OUTPATIENT | {"type_of_service": "MATERNITY"}, "/services/0/type_of_service"),
        (inpatient(place_of_service="OFFICE"), "/services/0/place_of_service"),
        (OUTPATIENT | {"place_of_service": "SURGICAL"}, "/services/0/place_of_service"),
    ],
)
def test_choice_is_rejected_when_it_does_not_follow_from_the_previous_one(
    service: dict[str, Any], pointer: str
) -> None:
    assert found(service) == [(pointer, "not_a_choice")]


@pytest.mark.rule("C4")
def test_choices_are_accepted_when_they_follow_the_form() -> None:
    for kind in samples.payer().form.types_of_service:
        base = inpatient() if kind.authorization_type == "INPATIENT" else OUTPATIENT
        medication = {"name": "Infliximab", "frequency": "EVERY_8_WEEKS"}
        medication |= {"route": "INTRAVENOUS_INFUSION"}
        if kind.medication_required:
            base = base | {"medication": medication}
        for place in kind.places_of_service:
            service = {**base, "type_of_service": kind.code, "place_of_service": place}
            assert found(service) == [], (kind.code, place)
    observation = OUTPATIENT | {
        "type_of_service": "OBSERVATION",
        "place_of_service": "EMERGENCY_ROOM",
    }
    assert found(observation) == []


@pytest.mark.rule("C9")
@pytest.mark.parametrize(
    ("days", "inside"), [(-16, False), (-15, True), (0, True), (180, True), (181, False)]
)
def test_service_date_is_accepted_when_it_is_in_the_window_only(days: int, inside: bool) -> None:
    day = (TODAY + timedelta(days=days)).isoformat()
    for service, name in (
        (inpatient(admission_date=day), "admission_date"),
        (OUTPATIENT | {"service_date": day}, "service_date"),
    ):
        assert found(service) == ([] if inside else [(f"/services/0/{name}", "outside_window")])


@pytest.mark.rule("C9")
@pytest.mark.parametrize(
    ("days", "inside"), [(-16, False), (-15, True), (0, True), (180, True), (181, False)]
)
def test_procedure_start_is_accepted_when_it_is_in_the_window_only(days: int, inside: bool) -> None:
    day = (TODAY + timedelta(days=days)).isoformat()
    line = "/services/0/procedures/0/start_date"
    service = OUTPATIENT | {"procedures": [{"code": "70551", "start_date": day, "units": 1}]}
    assert found(service) == ([] if inside else [(line, "outside_window")])


@pytest.mark.rule("C9")
def test_error_refers_to_provider_services_when_a_date_is_outside_the_window() -> None:
    content = samples.content(services=[inpatient(admission_date="2020-01-01")])
    [error] = errors_of_check(content, samples.payer(), TODAY)
    assert "Provider Services" in error.message
    assert samples.payer().provider_services.phone in error.message


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    ("changes", "repeated"),
    [
        ({}, True),
        ({"units": 5}, True),
        ({"code_type": None}, True),
        ({"modifiers": ["LT"]}, False),
        ({"start_date": "2026-07-22"}, False),
        ({"code": "44121"}, False),
    ],
)
def test_code_can_be_listed_again_when_modifiers_or_dates_differ(
    changes: dict[str, Any], repeated: bool
) -> None:
    line = inpatient()["procedures"][0]
    again = {**line, **changes}
    assert found(inpatient(procedures=[line, again])) == (
        [("/services/0/procedures/1/code", "duplicate_code")] if repeated else []
    )
    services = inpatient(procedures=[line]), inpatient(procedures=[again])
    assert found(*services) == (
        [("/services/1/procedures/0/code", "duplicate_code")] if repeated else []
    )


def test_code_can_be_listed_in_another_service_when_its_place_differs_or_it_is_only_checked() -> (
    None
):
    line = inpatient()["procedures"][0]
    services = inpatient(procedures=[line]), inpatient(procedures=[line])
    content = samples.content(services=services)
    assert errors_of_check(content, samples.payer(), TODAY) == []
    first = OUTPATIENT | {"procedures": [{"code": "70551", "start_date": "2026-07-20", "units": 1}]}
    places = [found(first, first | {"place_of_service": place}) for place in ("OFFICE", "IMAGING")]
    assert ("/services/1/procedures/0/code", "duplicate_code") not in chain(*places[1:])


@pytest.mark.rule("S2")
def test_rental_is_listed_again_when_the_counted_days_are_over() -> None:
    line = {"code": "70551", "units": 30, "unit_type": "DAYS", "start_date": "2026-07-01"}
    for day, repeated in (("2026-07-30", True), ("2026-07-31", False)):
        service = OUTPATIENT | {"procedures": [line, {**line, "start_date": day}]}
        codes = [code for _, code in found(service)]
        assert ("duplicate_code" in codes) == repeated


def test_code_is_listed_once_when_it_was_entered_twice() -> None:
    line = inpatient()["procedures"][0]
    assert found(inpatient(procedures=[line, line])) == [
        ("/services/0/procedures/1/code", "duplicate_code")
    ]


def test_too_many_codes_is_reported_when_services_exceed_the_request_limit() -> None:
    lines = [
        {"code": f"{number:05d}", "start_date": "2026-07-20", "units": 1}
        for number in range(MAX_LINES)
    ]
    assert found(inpatient(procedures=lines)) == []
    assert found(inpatient(procedures=lines), OUTPATIENT) == [("/services", "too_many_codes")]


def test_check_requires_fewer_fields_when_compared_with_a_submission() -> None:
    bare = inpatient(requested_days=None, procedures=[{"code": "44120"}])
    content = samples.content(services=[bare], requesting_provider=None)
    assert errors_of_check(content, samples.payer(), TODAY) == []
    assert len(errors_of_submission(content, samples.payer(), TODAY)) == 4


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("code", "types"),
    [
        ("44120", {"CPT"}),
        ("0042T", {"CPT"}),
        ("2028F", {"CPT"}),
        ("0001U", {"CPT"}),
        ("0002M", {"CPT"}),
        ("001", {"REVENUE", "DRG"}),
        ("01", set()),
        ("00470", {"CPT"}),
        ("J1745", {"HCPCS"}),
        ("E0601", {"HCPCS"}),
        ("0450", {"REVENUE"}),
        ("470", {"REVENUE", "DRG"}),
        ("W1234", set()),
        ("X1234", set()),
        ("4412", {"REVENUE"}),
        ("44A20", set()),
        ("J174", set()),
        ("12345X", set()),
        ("", set()),
        ("44120\n", set()),
        ("٤٤١٢٠", set()),
    ],
)
def test_code_sets_follow_from_the_format_when_a_code_is_read(code: str, types: set[str]) -> None:
    assert {kind.value for kind in code_types_of(code)} == types
    assert {kind.value for kind in CodeType if has_format(code, kind)} == types


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("procedure", "error"),
    [
        ({"code": "470"}, ("code_type", "ambiguous")),
        ({"code": "470", "code_type": "DRG"}, None),
        ({"code": "44120", "code_type": "HCPCS"}, ("code", "malformed")),
        ({"code": "W1234"}, ("code", "malformed")),
        ({"code": "0470", "code_type": "DRG"}, ("code", "malformed")),
        ({"code": "00450", "code_type": "REVENUE"}, ("code", "malformed")),
        ({"code": "450", "code_type": "REVENUE"}, None),
    ],
)
def test_code_set_is_required_when_the_format_is_ambiguous(
    procedure: dict[str, str], error: tuple[str, str] | None
) -> None:
    line = {"start_date": "2026-07-20", "units": 1, **procedure}
    expected = [(f"/services/0/procedures/0/{error[0]}", error[1])] if error else []
    assert found(inpatient(procedures=[line])) == expected
