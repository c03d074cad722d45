"""Confirm a patient: the coverage that a check would be made under (P1, P2, A4-A6)."""

from dataclasses import dataclass
from datetime import date, datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.content import Patient
from precert.domain.coverage import Coverage, Member
from precert.domain.errors import (
    CheckNotAvailableError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.domain.payer import Payer
from precert.usecases.ports.reference import ReferenceReader


@dataclass(frozen=True)
class ConfirmedPatient:
    """A member's coverage today, or the one nearest to it where ``active`` is false.

    ``next_steps`` where no check can be started; ``notices`` are guidance that always belongs here.
    """

    coverage: Coverage
    active: bool
    next_steps: str | None
    notices: tuple[str, ...] = ()


def confirm_patient(
    patient: Patient, caller: Caller, *, reference: ReferenceReader, payer: Payer, now: datetime
) -> ConfirmedPatient:
    """Answer the coverage context of a member who fits all that was entered.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        PatientNotFoundError: nobody fits; which field is wrong is not told (P1).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    member = require_member(reference.member(patient.member_id), patient)
    today = local_date(now, payer.zone)
    coverage = member.coverage_near(today)
    active = coverage.is_active(today)
    steps = next_steps(coverage, payer) if active else _when_covered(coverage, payer, today)
    notices = [payer.notices["behavioral"]]
    if active and coverage.plan.referral_needed:
        notices.insert(0, payer.notices["referral_needed"])
    return ConfirmedPatient(coverage, active, steps, tuple(notices))


def require_member(member: Member | None, patient: Patient) -> Member:
    """The member, if it is this patient (P1)."""
    if member is None or not member.is_of(patient):
        raise PatientNotFoundError(
            "Check the member id, date of birth, last name and first name: all four must fit."
        )
    return member


def require_checkable(
    member: Member | None, patient: Patient, *, payer: Payer, now: datetime
) -> Coverage:
    """Today's coverage, if a check may be made and a request submitted under it (A4, A6)."""
    coverage = require_member(member, patient).coverage_on(local_date(now, payer.zone))
    if coverage is None:
        raise PatientNotEligibleError(payer.notices["not_eligible"])
    if steps := next_steps(coverage, payer):
        raise CheckNotAvailableError(steps)
    return coverage


def next_steps(coverage: Coverage, payer: Payer) -> str | None:
    """How to ask for precertification where no check can be started (A4)."""
    if coverage.plan.management_level in payer.supported_management_levels:
        return None
    return payer.notices["check_not_available"]


def _when_covered(coverage: Coverage, payer: Payer, today: date) -> str:
    when = (
        f"Coverage begins on {coverage.active_from}."
        if coverage.active_from > today
        else f"Coverage ended on {coverage.active_to}."
    )
    return f"{when} {payer.notices['not_eligible']}"
