"""Members: search and confirm a patient (P1, P2, A4-A6)."""

from dataclasses import dataclass
from datetime import date, datetime

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.content import Patient
from precert.domain.coverage import Coverage, Member, PatientSearch, ssn_text
from precert.domain.damage import Readable
from precert.domain.errors import (
    CheckNotAvailableError,
    InvalidInputError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.domain.payer import Payer
from precert.names import Entitlement
from precert.usecases.ports.reference import Digests, ReferenceReader


@dataclass(frozen=True)
class FoundPatients:
    """The coverage of each matching member that is nearest to today; ``notices`` if there is none.

    ``damaged`` are ids of members with this SSN that cannot be read.
    """

    patients: tuple[Coverage, ...]
    notices: tuple[str, ...]
    damaged: tuple[str, ...] = ()


def search_patients(
    search: PatientSearch,
    caller: Caller,
    *,
    reference: ReferenceReader,
    digests: Digests,
    payer: Payer,
    now: datetime,
) -> FoundPatients:
    """Return the memberships of the matching person, if any.

    If nothing matches, the result does not depend on which field was wrong. The SSN leaves this
    function only as a keyed hash.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
    """
    caller.require(Entitlement.PATIENT_SEARCH, Entitlement.INTAKE)
    if search.member_id is None and search.ssn is None:
        # A newborn has neither a member id nor an SSN yet: return guidance instead of an error.
        return FoundPatients((), (payer.notices["patient_id_missing"], payer.notices["newborn"]))
    today = local_date(now, payer.zone)
    candidates = _candidates(search, reference, digests)
    coverages = tuple(
        member.coverage_near(today) for member in candidates.records if search.matches(member)
    )
    missing = (payer.notices["patient_not_found"], payer.notices["newborn"])
    notices = () if coverages or candidates.damaged else missing
    return FoundPatients(coverages, notices, candidates.damaged)


def _candidates(
    search: PatientSearch, reference: ReferenceReader, digests: Digests
) -> Readable[Member]:
    if search.ssn is not None:
        text = ssn_text(search.ssn, search.date_of_birth, search.last_name, search.first_name)
        return reference.members_by_ssn(digests.digest(text))
    member = reference.member(search.member_id or "")
    return Readable((member,) if member else ())


@dataclass(frozen=True)
class ConfirmedPatient:
    """A member's coverage today, or the nearest one if ``active`` is false.

    ``next_steps`` if no check can be started; ``notices`` are guidance that is always shown.
    """

    coverage: Coverage
    active: bool
    next_steps: str | None
    notices: tuple[str, ...] = ()


def confirm_patient(
    patient: Patient, caller: Caller, *, reference: ReferenceReader, payer: Payer, now: datetime
) -> ConfirmedPatient:
    """Return the coverage context of the member who matches all entered fields.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        PatientNotFoundError: no member matches; the error does not state which field differs (P1).
    """
    caller.require(Entitlement.PATIENT_SEARCH, Entitlement.INTAKE)
    member = require_member(reference.member(patient.member_id), patient, payer)
    today = local_date(now, payer.zone)
    coverage = member.coverage_near(today)
    active = coverage.is_active(today)
    steps = next_steps(coverage, payer) if active else _when_covered(coverage, payer, today)
    notices = [payer.notices["behavioral"]]
    if active and coverage.plan.referral_needed:
        notices.insert(0, payer.notices["referral_needed"])
    return ConfirmedPatient(coverage, active, steps, tuple(notices))


def require_member(member: Member | None, patient: Patient, payer: Payer) -> Member:
    """The member, if it matches the patient (P1).

    Raises:
        PatientNotFoundError.
    """
    if member is None or not member.matches(patient):
        notices = (payer.notices["patient_not_found"], payer.notices["newborn"])
        raise PatientNotFoundError(" ".join(notices))
    return member


def newborn_referral(error: InvalidInputError, *, payer: Payer) -> str | None:
    """The notice about newborns, if an id or a legal name is missing or malformed (A6).

    A placeholder such as 000-00-0000 counts as a malformed SSN.
    """
    named = {one.pointer.rpartition("/")[2] for one in error.errors}
    known = {"member_id", "ssn", "last_name", "first_name"}
    return payer.notices["newborn"] if named & known else None


def require_checkable(
    member: Member | None, patient: Patient, *, payer: Payer, now: datetime
) -> Coverage:
    """Today's coverage, if it permits a check and a submission (A4, A6).

    Raises:
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
    """
    coverage = require_member(member, patient, payer).coverage_on(local_date(now, payer.zone))
    if coverage is None:
        raise PatientNotEligibleError(payer.notices["not_eligible"])
    if steps := next_steps(coverage, payer):
        raise CheckNotAvailableError(steps)
    return coverage


def next_steps(coverage: Coverage, payer: Payer) -> str | None:
    """How to request precertification for a plan without checks; ``None`` for other plans (A4)."""
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
