"""Bad input for the check: each error states what would be valid, and none is a 500."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.check import handler as check
from precert.api.parsing import MAX_BODY_BYTES
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import entered

SERVICE: Final = "/content/services/0"
OUTPATIENT: Final = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "IMAGING",
    "place_of_service": "OFFICE",
    "urgency": "STANDARD",
    "service_date": "2026-07-20",
    "primary_diagnosis": "K5650",
    "procedures": [{"code": "70551"}],
}
DRUG: Final = OUTPATIENT | {
    "type_of_service": "MEDICAL_PHARMACY",
    "procedures": [{"code": "J1745"}],
}


def sent(cloud: Cloud, raw: str) -> Reply:
    return cloud.call(check, "POST", "/v1/checks", raw=raw)


def errors(reply: Reply) -> list[tuple[str, str]]:
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert (reply.status, reply.code) == (422, "invalid_input"), reply.text
    assert all(error["message"] for error in reply.body["errors"])
    return [(error["pointer"], error["code"]) for error in reply.body["errors"]]


def test_check_is_answered_when_the_input_is_valid(cloud: Cloud) -> None:
    medication = {"name": "Infliximab"}
    for service in (OUTPATIENT, DRUG | {"medication": medication}):
        assert cloud.check(services=[service]).status == 200


@pytest.mark.rule("C3", "C4", "C5", "C9", "C11")
@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"service_date": "2026-06-15"}, ("service_date", "outside_window")),
        ({"service_date": "2027-01-01"}, ("service_date", "outside_window")),
        ({"service_date": "9999-12-31"}, ("service_date", "out_of_bounds")),
        ({"service_date": "2026-02-30"}, ("service_date", "malformed")),
        ({"service_date": 20260720}, ("service_date", "malformed")),
        ({"service_date": "20.7.2026"}, ("service_date", "malformed")),
        ({"admission_date": "2026-07-20"}, ("admission_date", "not_expected")),
        ({"service_date": None}, ("service_date", "missing")),
        ({"primary_diagnosis": None}, ("primary_diagnosis", "missing")),
        ({"primary_diagnosis": "K56.999"}, ("primary_diagnosis", "unknown_code")),
        ({"primary_diagnosis": "S30.1XXA"}, ("primary_diagnosis", "not_valid_on_day")),
        ({"primary_diagnosis": "5650"}, ("primary_diagnosis", "malformed")),
        ({"primary_diagnosis": "K5😀"}, ("primary_diagnosis", "malformed")),
        ({"additional_diagnoses": ["K5650"]}, ("additional_diagnoses/0", "duplicate_code")),
        ({"type_of_service": "MATERNITY"}, ("type_of_service", "not_a_choice")),
        ({"type_of_service": "IMAGING\u0000"}, ("type_of_service", "malformed")),
        ({"place_of_service": "SURGICAL"}, ("place_of_service", "not_a_choice")),
        ({"urgency": "SOON"}, ("urgency", "not_a_choice")),
        ({"procedures": []}, ("procedures", "missing")),
        ({"procedures": [{"code": "W1234"}]}, ("procedures/0/code", "malformed")),
        ({"procedures": [{"code": "😀😀😀😀😀"}]}, ("procedures/0/code", "malformed")),
        ({"procedures": [{"code": "70551\n70552"}]}, ("procedures/0/code", "malformed")),
        ({"procedures": [{"code": "470"}]}, ("procedures/0/code_type", "ambiguous")),
        (
            {"procedures": [{"code": "009", "code_type": "DRG"}]},
            ("procedures/0/code", "unknown_code"),
        ),
        (
            {"procedures": [{"code": "70551"}, {"code": "70551", "code_type": "CPT"}]},
            ("procedures/1/code", "duplicate_code"),
        ),
        ({"procedures": [{"code": 70551}]}, ("procedures/0/code", "wrong_type")),
        ({"procedures": [{"code": "70551", "units": "2"}]}, ("procedures/0/units", "wrong_type")),
        ({"procedures": [{"code": "70551", "units": 0}]}, ("procedures/0/units", "out_of_range")),
        (
            {"procedures": [{"code": "70551", "modifiers": ["5"]}]},
            ("procedures/0/modifiers/0", "malformed"),
        ),
        ({"procedures": {"code": "70551"}}, ("procedures", "wrong_type")),
        ({"servise_date": "2026-07-20"}, ("servise_date", "unknown_field")),
        ({"medication": {"name": "Infliximab"}}, ("medication", "not_expected")),
        (DRUG, ("medication", "missing")),
        (DRUG | {"medication": {"route": "EPIDURAL"}}, ("medication/name", "missing")),
        (DRUG | {"medication": {"ndc": "1234"}}, ("medication/ndc", "malformed")),
        (DRUG | {"medication": {"ndc": "1234567890"}}, ("medication/ndc", "ambiguous")),
        (
            DRUG | {"medication": {"name": "Infliximab", "route": "ORAL"}},
            ("medication/route", "not_a_choice"),
        ),
    ],
)  # fmt: skip
def test_field_is_named_when_it_alone_is_wrong(
    cloud: Cloud, service: dict[str, Any], expected: tuple[str, str]
) -> None:
    reply = cloud.check(services=[OUTPATIENT | service])
    assert errors(reply) == [(f"{SERVICE}/{expected[0]}", expected[1])]


@pytest.mark.rule("C11")
def test_candidates_are_offered_when_a_drug_code_is_ambiguous(cloud: Cloud) -> None:
    reply = cloud.check(services=[DRUG | {"medication": {"ndc": "1234567890"}}])
    [error] = reply.body["errors"]
    assert error["choices"] == ["01234-5678-90", "12345-0678-90", "12345-6789-00"]
    for reading in error["choices"]:
        assert cloud.check(services=[DRUG | {"medication": {"ndc": reading}}]).status == 200


@pytest.mark.rule("C4")
def test_choices_are_listed_when_an_unavailable_one_is_sent(cloud: Cloud) -> None:
    reply = cloud.check(services=[OUTPATIENT | {"place_of_service": "HOME"}])
    [error] = reply.body["errors"]
    assert "IMAGING_CENTER" in error["choices"]


def test_every_error_is_listed_at_once_when_several_fields_are_wrong(cloud: Cloud) -> None:
    service: dict[str, Any] = {
        "authorization_type": "OUTPATIENT",
        "admission_date": "2026-07-20",
        "primary_diagnosis": "K56999",
        "procedures": [{"code": "W1234"}],
    }
    reply = cloud.check(services=[service], patient=None, servicing_provider=None)
    assert set(errors(reply)) == {
        ("/content/patient", "missing"),
        ("/content/servicing_provider", "missing"),
        (f"{SERVICE}/type_of_service", "missing"),
        (f"{SERVICE}/place_of_service", "missing"),
        (f"{SERVICE}/urgency", "missing"),
        (f"{SERVICE}/service_date", "missing"),
        (f"{SERVICE}/admission_date", "not_expected"),
        (f"{SERVICE}/procedures/0/code", "malformed"),
        (f"{SERVICE}/primary_diagnosis", "unknown_code"),
    }


def test_too_many_codes_is_reported_when_there_are_a_hundred_and_one(cloud: Cloud) -> None:
    lines = [{"code": f"{number:05d}"} for number in range(70000, 70101)]
    whole = OUTPATIENT | {"procedures": lines}
    assert errors(cloud.check(services=[whole])) == [(f"{SERVICE}/procedures", "too_long")]
    halves = [OUTPATIENT | {"procedures": part} for part in (lines[:60], lines[60:])]
    assert errors(cloud.check(services=halves)) == [("/content/services", "too_many_codes")]
    assert cloud.check(services=[OUTPATIENT | {"procedures": lines[:100]}]).status == 200


@pytest.mark.parametrize("name", ["Adams\u0000", "Ad\u0007ams", "Adams\ue000"])
def test_name_is_rejected_when_it_contains_control_characters(cloud: Cloud, name: str) -> None:
    patient = entered()["patient"] | {"last_name": name}
    assert errors(cloud.check(patient=patient)) == [("/content/patient/last_name", "malformed")]


@pytest.mark.parametrize("name", ["Adams\u202e", "\u200bAdams", "\u3000ADA\u0301MS\u202f"])
def test_patient_is_found_when_the_name_has_invisible_characters(cloud: Cloud, name: str) -> None:
    assert cloud.check(patient=entered()["patient"] | {"last_name": name}).status == 200


def test_patient_is_not_found_when_the_name_is_an_emoji(cloud: Cloud) -> None:
    patient = entered()["patient"] | {"last_name": "👩‍⚕"[0]}
    reply = cloud.check(patient=patient)
    assert (reply.status, reply.code) == (404, "patient_not_found")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (json.dumps({"content": entered(), "padding": "x" * 1_000_000}), 413),
        (" " * MAX_BODY_BYTES + " ", 413),
        ("[" * 100_000, 400),
        ('{"content":' * 20_000, 400),
        ("", 400),
        ("null", 422),
        ("[]", 422),
        ('"text"', 422),
        ("{", 400),
        ("{}", 422),
        ('{"content": null}', 422),
        ('{"content": {}, "content": []}', 422),
        ('{"content": NaN}', 422),
        ('{"content": {"services": [1e999]}}', 422),
        ('{"content": {"services": [{"units": ' + "9" * 5000 + "}]}}", 400),
        ('{"content": {"patient": {"last_name": "\\ud800"}}}', 400),
        ('{"content": {"services": [null, 1, "x", [], {"procedures": [null]}]}}', 422),
    ],
)
def test_body_is_rejected_when_it_is_not_a_check(cloud: Cloud, raw: str, status: int) -> None:
    reply = sent(cloud, raw)
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.body["detail"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every location in the sent value."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*path, index))


WHOLE: Final = {
    "content": entered(
        services=[
            entered()["services"][0],
            DRUG | {"medication": {"ndc": "57894003001", "frequency": "WEEKLY"}},
        ]
    )
}
STRANGE: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=40),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.dictionaries(st.text(max_size=8), st.integers(), max_size=2),
    st.sampled_from(
        ["😀", "\x00", "٤٤١٢٠", "9" * 400, "2026-13-01", "K55.9.9", "-1", "1e5", "NaN"]
    ),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=300,
)
@given(place=st.sampled_from(sorted(filter(None, places(WHOLE)), key=str)), value=STRANGE)
def test_response_is_never_a_500_when_any_value_is_sent_in_any_field(
    cloud: Cloud, place: tuple[Any, ...], value: Any
) -> None:
    body = deepcopy(WHOLE)
    holder: Any = body
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    reply = cloud.call(check, "POST", "/v1/checks", body)
    assert reply.status in (200, 400, 404, 409, 422), reply.text
    if reply.status == 422:
        pointers = [error["pointer"] for error in reply.body["errors"]]
        assert pointers
        assert all(pointer.startswith("/content") for pointer in pointers)
