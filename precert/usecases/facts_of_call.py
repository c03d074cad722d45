"""Caches of data that several steps of one invocation need."""

from collections.abc import Collection

from precert.domain.coverage import Member
from precert.domain.damage import Readable
from precert.domain.directory import DirectoryEntry
from precert.usecases.ports.reference import CheckFacts, ReferenceReader
from precert.usecases.ports.requests import Fingerprints, MemberFingerprints


class ReadOnce:
    """Reference data (port ``ReferenceReader``) that caches the facts of each member."""

    def __init__(self, reference: ReferenceReader) -> None:
        self._reference = reference
        self._facts: dict[str, CheckFacts] = {}

    def check_facts(self, member_id: str) -> CheckFacts:
        if member_id not in self._facts:
            self._facts[member_id] = self._reference.check_facts(member_id)
        return self._facts[member_id]

    def member(self, member_id: str) -> Member | None:
        return self.check_facts(member_id).member

    def members_by_ssn(self, digest: str) -> Readable[Member]:
        return self._reference.members_by_ssn(digest)

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        return self._reference.entries(provider_ids)

    def entry(self, provider_id: str) -> DirectoryEntry | None:
        return self._reference.entry(provider_id)


class ComparedOnce:
    """Fingerprints (port ``Fingerprints``) that caches those of each member."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self._known: dict[str, MemberFingerprints] = {}

    def of_member(self, member_id: str) -> MemberFingerprints:
        if member_id not in self._known:
            self._known[member_id] = self._fingerprints.of_member(member_id)
        return self._known[member_id]
