"""Search members by member id or SSN, with birth date and both names (P1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.coverage import Coverage, Member
from precert.domain.patients import PatientSearch, ssn_text
from precert.domain.payer import Payer
from precert.usecases.ports.digests import Digests
from precert.usecases.ports.reference import ReferenceReader


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
    """Answer who fits: nobody, one member, or one person's several memberships.

    Nobody is answered alike whichever field was wrong. An SSN leaves this function as its keyed
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
