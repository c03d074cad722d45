"""What a patient search takes, and that an SSN shows itself to nobody (P1)."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from precert.api.problems import errors_of
from precert.domain.coverage import PatientSearch, ssn_text

FACTS = {"date_of_birth": "1986-01-01", "last_name": "Adams", "first_name": "Allison"}


def searched(**given: Any) -> PatientSearch:
    return PatientSearch.model_validate_json(json.dumps({**FACTS, **given}), strict=True)


def errors(given: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as error:
        PatientSearch.model_validate_json(json.dumps(given), strict=True)
    return [(error.pointer, error.code) for error in errors_of(error.value)]


@pytest.mark.parametrize("typed", ["987-65-4320", "987654320", "987 65 4320", " 987-65-4320 "])
def test_ssn_is_nine_digits_when_typed_in_any_form(typed: str) -> None:
    found = searched(ssn=typed).ssn
    assert found is not None
    assert found.get_secret_value() == "987654320"


@pytest.mark.parametrize(
    "typed",
    [
        *("98765432", "9876543201", "987-654-320", "987-65 4320", "98765432O", "９８７654320"),
        *("000-12-3456", "666-12-3456", "987-00-4320", "987-65-0000", "", "-"),
    ],
)
def test_ssn_is_refused_when_it_has_not_the_form_of_one(typed: str) -> None:
    assert errors({**FACTS, "ssn": typed}) == [("/ssn", "value_error")]


def test_every_missing_field_is_named_when_nothing_is_sent() -> None:
    assert errors({}) == [
        ("/ssn", "value_error"),
        ("/date_of_birth", "missing"),
        ("/last_name", "missing"),
        ("/first_name", "missing"),
    ]


def test_one_of_both_is_asked_for_when_both_are_sent() -> None:
    assert errors({**FACTS, "member_id": "849382930", "ssn": "987-65-4320"}) == [
        ("/ssn", "value_error")
    ]


def test_one_fault_is_told_when_the_patient_id_is_malformed() -> None:
    assert errors({**FACTS, "member_id": "8-4"}) == [("/member_id", "string_pattern_mismatch")]


@pytest.mark.rule("P1")
def test_ssn_is_hidden_when_the_search_is_printed_or_written() -> None:
    search = searched(ssn="987-65-4320")
    told = f"{search} {search!r} {search.model_dump()} {search.model_dump_json()} {vars(search)}"
    assert "4320" not in told
    assert "987" not in told


@pytest.mark.rule("P1")
@pytest.mark.parametrize(
    "typed", [987654320, ["987-65-4320"], "987-65-43201", {"ssn": "987654320"}]
)
def test_ssn_is_hidden_when_it_is_refused(typed: Any) -> None:
    with pytest.raises(ValidationError) as error:
        PatientSearch.model_validate_json(json.dumps({**FACTS, "ssn": typed}), strict=True)
    told = f"{error.value} {error.value!r} {errors_of(error.value)}"
    assert "4320" not in told
    assert "987" not in told


def test_hashed_text_is_the_same_when_names_differ_in_marks_alone() -> None:
    ssn, born = SecretStr("987654320"), date(1986, 1, 1)
    assert ssn_text(ssn, born, "García-Ruiz", "Inés") == ssn_text(ssn, born, "GARCIA RUIZ", "Ines")
    assert ssn_text(ssn, born, "Ruiz", "Inés") != ssn_text(ssn, born, "Ruizines", "")
