"""Reference data: members, the directory, the rule list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol

from precert.domain.coverage import Coverage, Member
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.rules import RuleListVersion
from precert.domain.values import ProviderKind

MAX_PAGES: Final = 3
"""Pages of the table that one search of the directory reads at most."""


@dataclass(frozen=True)
class CheckFacts:
    """What a check asks of the table, in one call."""

    member: Member | None
    rule_list: RuleListVersion | None
    assertion_key: bytes | None = field(default=None, repr=False)
    """What ids of answers are hashed with; there as soon as a list was published."""

    def coverage_on(self, day: date) -> Coverage | None:
        """The member's coverage on a day: a plan may have changed by then."""
        return self.member.coverage_on(day) if self.member else None


@dataclass(frozen=True)
class FiledEntries:
    """Directory entries found in one place of the file, each with where it is.

    ``complete`` is false where there were more than a search reads.
    """

    entries: tuple[tuple[DirectoryEntry, Place], ...]
    complete: bool


class ReferenceReader(Protocol):
    def check_facts(self, member_id: str) -> CheckFacts:
        """The member, the rule list in force, and the key of the answers' ids. One call."""

    def member(self, member_id: str) -> Member | None:
        """A member with all coverage. One call."""

    def members_by_ssn(self, digest: str) -> tuple[Member, ...]:
        """Members under the keyed hash of an SSN. One call, and a second where there are any."""

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        """Entries of the directory by their ids, those there are. One call; none for no ids."""


class Directory(Protocol):
    """Searches of the directory; what one costs does not grow with the directory."""

    def entries_near(self, place: Place, kind: ProviderKind, word: str) -> FiledEntries:
        """Entries within the radius with a word that begins so. At most :data:`MAX_PAGES` calls."""

    def entries_at(self, zip_code: str, kind: ProviderKind) -> FiledEntries:
        """Entries of one ZIP code. At most :data:`MAX_PAGES` calls."""


class ReferenceWriter(Protocol):
    def put_coverages(self, coverages: Collection[Coverage]) -> None:
        """Store members with their spans; a member's are replaced as a whole."""

    def put_ssn_digests(self, digests: Mapping[str, str]) -> None:
        """Store keyed hashes of SSNs by member id; a member's earlier one finds nobody any more."""

    def put_entries(self, entries: Collection[tuple[DirectoryEntry, Place]]) -> None:
        """File entries wherever searches look; what changed in one is taken away where it was."""
