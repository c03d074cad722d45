"""Confirm a patient: the coverage that a check would be made under (P1, P2, A4-A6)."""

from dataclasses import dataclass
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.content import Patient
from precert.domain.coverage import Coverage
from precert.domain.errors import (
    CheckNotAvailableError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.domain.payer import Payer
from precert.usecases.ports.reference import ReferenceReader


@dataclass(frozen=True)
class ConfirmedPatient:
    """A member's coverage; ``next_steps`` where no check can be started."""

    coverage: Coverage
    active: bool
    next_steps: str | None


def confirm_patient(
    patient: Patient, caller: Caller, *, reference: ReferenceReader, payer: Payer, now: datetime
) -> ConfirmedPatient:
    """Answer the coverage context of a member who fits all that was entered.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        PatientNotFoundError: nobody fits; which field is wrong is not told (P1).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    coverage = require_member(reference.coverage(patient.member_id), patient)
    active = coverage.is_active(local_date(now, payer.zone))
    steps = next_steps(coverage, payer)
    return ConfirmedPatient(coverage, active, steps)


def require_member(coverage: Coverage | None, patient: Patient) -> Coverage:
    """The coverage, if it is this patient's (P1)."""
    if coverage is None or not coverage.is_of(patient):
        raise PatientNotFoundError(
            "Check the patient id, date of birth, last name and first name: all four must fit."
        )
    return coverage


def require_checkable(
    coverage: Coverage | None, patient: Patient, *, payer: Payer, now: datetime
) -> Coverage:
    """The coverage, if a check may be made and a request submitted under it (A4, A6)."""
    found = require_member(coverage, patient)
    if not found.is_active(local_date(now, payer.zone)):
        raise PatientNotEligibleError(payer.notices["not_eligible"])
    if steps := next_steps(found, payer):
        raise CheckNotAvailableError(steps)
    return found


def next_steps(coverage: Coverage, payer: Payer) -> str | None:
    """How to ask for precertification where no check can be started (A4)."""
    if coverage.plan.management_level in payer.supported_management_levels:
        return None
    return payer.notices["check_not_available"]
