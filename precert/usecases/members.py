"""Members: search and confirm a patient, and load the payer's files (P1, P2, A4-A6).

Loading the same files again changes nothing; a changed file replaces what it names.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import SecretStr

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.content import Patient
from precert.domain.coverage import Coverage, Member, PatientSearch, members_of, ssn_text
from precert.domain.errors import (
    CheckNotAvailableError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.domain.payer import Payer
from precert.names import Entitlement
from precert.usecases.ports.reference import Digests, ReferenceReader, ReferenceWriter


@dataclass(frozen=True)
class FoundPatients:
    """Every member whom all of it fits, with the coverage nearest to today; what to do if none."""

    patients: tuple[Coverage, ...]
    notices: tuple[str, ...]


def search_patients(
    search: PatientSearch,
    caller: Caller,
    *,
    reference: ReferenceReader,
    digests: Digests,
    payer: Payer,
    now: datetime,
) -> FoundPatients:
    """Answer who fits: no one, one member, or one person's several memberships.

    No one is answered alike whichever field was wrong. An SSN leaves this function as its keyed
    hash alone.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    today = local_date(now, payer.zone)
    found = tuple(
        member.coverage_near(today)
        for member in _candidates(search, reference, digests)
        if search.fits(member)
    )
    notices = () if found else (payer.notices["patient_not_found"], payer.notices["newborn"])
    return FoundPatients(found, notices)


def _candidates(
    search: PatientSearch, reference: ReferenceReader, digests: Digests
) -> Sequence[Member]:
    if search.ssn is not None:
        text = ssn_text(search.ssn, search.date_of_birth, search.last_name, search.first_name)
        return reference.members_by_ssn(digests.digest(text))
    member = reference.member(search.member_id or "")
    return (member,) if member else ()


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
        PatientNotFoundError: no one fits; which field is wrong is not told (P1).
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


def load_coverages(coverages: Collection[Coverage], *, reference: ReferenceWriter) -> None:
    """Store members, each with all its spans: what is not among ``coverages`` is taken away."""
    reference.put_coverages(coverages)


def load_ssns(
    ssns: Mapping[str, SecretStr],
    coverages: Iterable[Coverage],
    *,
    reference: ReferenceWriter,
    digests: Digests,
) -> None:
    """Make members findable by their SSN, of which nothing but a keyed hash is kept (P1).

    ``ssns`` are by member id; a name or a birth date that changed needs its SSN loaded again. One
    call of the key for each.
    """
    reference.put_ssn_digests(
        {
            member.member_id: digests.digest(
                ssn_text(
                    ssns[member.member_id],
                    member.date_of_birth,
                    member.last_name,
                    member.first_name,
                )
            )
            for member in members_of(coverages)
            if member.member_id in ssns
        }
    )
