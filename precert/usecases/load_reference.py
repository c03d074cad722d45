"""Load what a payer keeps in files: members, their SSNs, the directory.

Loading the same files again changes nothing; a changed file replaces what it names.
"""

from collections.abc import Collection, Iterable, Mapping

from pydantic import SecretStr

from precert.domain.coverage import Coverage, members_of
from precert.domain.directory import DirectoryEntry
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.patients import ssn_text
from precert.usecases.ports.code_sets import Places
from precert.usecases.ports.digests import Digests
from precert.usecases.ports.reference import ReferenceWriter


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


def load_directory_entries(
    entries: Collection[DirectoryEntry], *, places: Places, reference: ReferenceWriter
) -> None:
    """File the entries where searches find them (C1).

    Raises:
        InvalidInputError: an entry's ZIP code has no known centre; all such entries are named.
    """
    located = [(entry, places.place(entry.address.zip_code)) for entry in entries]
    faults = [
        Fault(f"/{entry.provider_id}/zip_code", "unknown", "this ZIP code has no known centre")
        for entry, place in located
        if place is None
    ]
    if faults:
        raise InvalidInputError(faults)
    reference.put_entries([(entry, place) for entry, place in located if place is not None])
