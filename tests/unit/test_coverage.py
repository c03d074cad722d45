"""Members with several spans of coverage: which one counts on a day (P2, A6)."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from precert.domain.content import Patient
from precert.domain.coverage import Coverage, Member, members_of
from tests.fakes.samples import PATIENT, PLAN

LATER_PLAN = PLAN.model_copy(update={"plan_id": "PPO-COMPLETE", "plan_type": "PPO"})


def span(active_from: str, active_to: str | None, **changes: Any) -> Coverage:
    given = {"account": "1", "account_name": "Live Well", "plan": PLAN, **PATIENT, **changes}
    return Coverage.model_validate({**given, "active_from": active_from, "active_to": active_to})


@pytest.fixture
def member() -> Member:
    """Covered in 2025, and by another plan from March 2026 on; entered in the other order."""
    spans = (span("2026-03-01", None, plan=LATER_PLAN), span("2025-01-01", "2025-12-31"))
    [deps] = members_of(spans)
    return deps


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
def test_plan_is_that_of_the_day_when_there_are_several_spans(
    member: Member, day: str, plan_id: str | None
) -> None:
    found = member.coverage_on(date.fromisoformat(day))
    assert (found.plan.plan_id if found else None) == plan_id


@pytest.mark.parametrize(
    ("day", "active_from"), [("2024-06-01", "2025-01-01"), ("2026-01-15", "2026-03-01")]
)
def test_next_span_is_near_when_none_covers_the_day(
    member: Member, day: str, active_from: str
) -> None:
    assert member.coverage_near(date.fromisoformat(day)).active_from.isoformat() == active_from


def test_last_span_is_near_when_all_have_ended() -> None:
    [member] = members_of([span("2024-01-01", "2024-12-31"), span("2025-01-01", "2025-06-30")])
    assert member.coverage_near(date(2026, 1, 1)).active_to == date(2025, 6, 30)


def test_coverage_is_whole_when_taken_from_a_member(member: Member) -> None:
    found = member.coverage_on(date(2025, 5, 5))
    assert found == span("2025-01-01", "2025-12-31")


def test_member_is_refused_when_spans_overlap() -> None:
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
def test_patient_is_the_member_when_all_four_fit(
    member: Member, field: str, entered: str, *, fits: bool
) -> None:
    patient = Patient.model_validate({**PATIENT, field: entered})
    assert member.is_of(patient) is fits
