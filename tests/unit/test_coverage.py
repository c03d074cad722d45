"""Members: coverage and patient search."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from precert.domain.content import Patient
from precert.domain.coverage import Coverage, Member, PatientSearch, members_of, ssn_text
from precert.domain.value_errors import errors_of
from tests.fakes.samples import PATIENT, PLAN

LATER_PLAN = PLAN.model_copy(update={"plan_id": "PPO-COMPLETE", "plan_type": "PPO"})


def span(active_from: str, active_to: str | None, **changes: Any) -> Coverage:
    fields = {"account": "1", "account_name": "Live Well", "plan": PLAN, **PATIENT, **changes}
    return Coverage.model_validate({**fields, "active_from": active_from, "active_to": active_to})


@pytest.fixture
def member() -> Member:
    """Covered in 2025, and by another plan from March 2026; entered in reverse order."""
    spans = (span("2026-03-01", None, plan=LATER_PLAN), span("2025-01-01", "2025-12-31"))
    [loaded] = members_of(spans)
    return loaded


@pytest.mark.parametrize(
    ("day", "plan_id"),
    [
        ("2024-12-31", None),
        ("2025-01-01", "OAP-COMPLETE"),
        ("2025-12-31", "OAP-COMPLETE"),
        ("2026-01-01", None),
        ("2026-02-28", None),
        ("2026-03-01", "PPO-COMPLETE"),
        ("2099-01-01", "PPO-COMPLETE"),
    ],
)
def test_plan_is_the_one_of_the_day_when_there_are_several_spans(
    member: Member, day: str, plan_id: str | None
) -> None:
    found = member.coverage_on(date.fromisoformat(day))
    assert (found.plan.plan_id if found else None) == plan_id


@pytest.mark.parametrize(
    ("day", "active_from"), [("2024-06-01", "2025-01-01"), ("2026-01-15", "2026-03-01")]
)
def test_next_span_is_nearest_when_none_covers_the_day(
    member: Member, day: str, active_from: str
) -> None:
    assert member.coverage_near(date.fromisoformat(day)).active_from.isoformat() == active_from


def test_last_span_is_nearest_when_all_have_ended() -> None:
    [member] = members_of([span("2024-01-01", "2024-12-31"), span("2025-01-01", "2025-06-30")])
    assert member.coverage_near(date(2026, 1, 1)).active_to == date(2025, 6, 30)


def test_coverage_is_complete_when_it_is_built_from_a_member(member: Member) -> None:
    found = member.coverage_on(date(2025, 5, 5))
    assert found == span("2025-01-01", "2025-12-31")


def test_member_is_rejected_when_coverage_spans_overlap() -> None:
    with pytest.raises(ValidationError, match="not overlap"):
        members_of([span("2025-01-01", None), span("2026-01-01", None)])


@pytest.mark.parametrize(
    ("field", "entered", "fits"),
    [
        ("last_name", "ADÁMS", True),
        ("first_name", "allison ", True),
        ("member_id", "849382931", False),
        ("date_of_birth", "1986-01-02", False),
        ("last_name", "Adam", False),
        ("first_name", "Allis", False),
    ],
)
def test_patient_matches_the_member_when_all_four_fields_match(
    member: Member, field: str, entered: str, *, fits: bool
) -> None:
    patient = Patient.model_validate({**PATIENT, field: entered})
    assert member.matches(patient) is fits


FACTS = {"date_of_birth": "1986-01-01", "last_name": "Adams", "first_name": "Allison"}


def searched(**fields: Any) -> PatientSearch:
    return PatientSearch.model_validate_json(json.dumps({**FACTS, **fields}), strict=True)


def errors(body: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as error:
        PatientSearch.model_validate_json(json.dumps(body), strict=True)
    return [(error.pointer, error.code) for error in errors_of(error.value)]


@pytest.mark.parametrize("entered", ["987-65-4320", "987654320", "987 65 4320", " 987-65-4320 "])
def test_ssn_is_nine_digits_when_entered_in_any_format(entered: str) -> None:
    found = searched(ssn=entered).ssn
    assert found is not None
    assert found.get_secret_value() == "987654320"


@pytest.mark.parametrize(
    "entered",
    [
        *("98765432", "9876543201", "987-654-320", "987-65 4320", "98765432O", "987/65/4320"),
        *("000-12-3456", "666-12-3456", "987-00-4320", "987-65-0000", "", "-"),
    ],
)
def test_ssn_is_rejected_when_it_is_malformed(entered: str) -> None:
    assert errors({**FACTS, "ssn": entered}) == [("/ssn", "malformed")]


def test_every_missing_field_is_named_when_nothing_is_sent() -> None:
    assert errors({}) == [
        ("/date_of_birth", "missing"),
        ("/last_name", "missing"),
        ("/first_name", "missing"),
    ]


def test_exactly_one_identifier_is_required_when_both_are_sent() -> None:
    assert errors({**FACTS, "member_id": "849382930", "ssn": "987-65-4320"}) == [
        ("/ssn", "malformed")
    ]


def test_one_error_is_listed_when_the_patient_id_is_malformed() -> None:
    assert errors({**FACTS, "member_id": "8-4"}) == [("/member_id", "malformed")]


@pytest.mark.rule("P1")
def test_ssn_is_masked_when_the_search_is_printed_or_serialized() -> None:
    search = searched(ssn="987-65-4320")
    result = f"{search} {search!r} {search.model_dump()} {search.model_dump_json()} {vars(search)}"
    assert "4320" not in result
    assert "987" not in result


@pytest.mark.rule("P1")
@pytest.mark.parametrize(
    "entered", [987654320, ["987-65-4320"], "987-65-43201", {"ssn": "987654320"}]
)
def test_ssn_is_masked_when_it_is_rejected(entered: Any) -> None:
    with pytest.raises(ValidationError) as error:
        PatientSearch.model_validate_json(json.dumps({**FACTS, "ssn": entered}), strict=True)
    result = f"{error.value} {error.value!r} {errors_of(error.value)}"
    assert "4320" not in result
    assert "987" not in result


def test_hash_input_is_identical_when_names_differ_in_diacritics_only() -> None:
    ssn, born = SecretStr("987654320"), date(1986, 1, 1)
    assert ssn_text(ssn, born, "García-Ruiz", "Inés") == ssn_text(ssn, born, "GARCIA RUIZ", "Ines")
    assert ssn_text(ssn, born, "Ruiz", "Inés") != ssn_text(ssn, born, "Ruizines", "")


def test_one_day_of_coverage_remains_when_it_began_the_day_before_the_end() -> None:
    """The spans of an account end before the day; one that began on it was never in effect."""
    [member] = members_of([span("2026-06-30", "2026-06-30"), span("2026-07-01", None)])
    [alone] = members_of([span("2026-06-30", None)])
    end = date(2026, 7, 1)
    for one in (member, alone):
        ended = one.ended_before(end, None)
        assert ended is not None
        assert [(span_.active_from, span_.active_to) for span_ in ended.spans] == [
            (date(2026, 6, 30), date(2026, 6, 30))
        ]
    [later] = members_of([span("2026-07-01", None)])
    assert later.ended_before(end, None) is None
