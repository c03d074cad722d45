"""Reference data: members, the directory, code sets, rule lists, and keyed hashes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

from precert.domain.code_sets import CodeSet, ListedCode, PublicCode
from precert.domain.coverage import Coverage, Member
from precert.domain.directory import DirectoryEntry, FrequentProvider, Place
from precert.domain.rules import DelegatedVendor, Rule, RuleListVersion
from precert.domain.values import CodeType, ProviderKind


class CodeSets(Protocol):
    def listed(self, code_set: CodeSet, code: str) -> ListedCode | None:
        """The code as its set lists it, written without a dot; ``None`` where it does not."""

    def codes_of(self, code_set: CodeSet) -> tuple[ListedCode, ...]:
        """All codes of a set, in their order."""

    def descriptions(self, codes: Collection[PublicCode]) -> Mapping[PublicCode, str]:
        """The description of each code that its set lists; one query for each set."""


class Places(Protocol):
    def place(self, zip_code: str) -> Place | None:
        """Centre of a ZIP code, anywhere in the country."""


class Digests(Protocol):
    def digest(self, text: str) -> str:
        """The keyed hash of a text, always the same; without the key no one can make it. One call.

        Raises:
            TransientError: the key did not answer.
        """


class FrequentProviders(Protocol):
    def of(self, tin: str) -> tuple[FrequentProvider, ...]:
        """The TIN's most selected providers, most selected first. One call."""


class RuleListChangedError(Exception):
    """Another list came into force in the meantime."""


class RuleListExistsError(Exception):
    """A list of this version was published before."""


class RuleLists(Protocol):
    def rules(
        self, version: RuleListVersion, codes: Collection[tuple[CodeType, str]]
    ) -> dict[tuple[CodeType, str], tuple[Rule, ...]]:
        """Rules that name each code; no call once the version is at hand."""

    def vendors(
        self, version: RuleListVersion, vendor_ids: Collection[str]
    ) -> dict[str, DelegatedVendor]:
        """Third parties by id, as they were published with the rules; no call beyond :meth:`rules`."""

    def store(
        self, rules: Collection[Rule], vendors: Collection[DelegatedVendor]
    ) -> tuple[str, str]:
        """Store a compiled list; answers its object key and SHA-256. The same list has the same."""


class RuleListVersions(Protocol):
    def in_effect(self) -> RuleListVersion | None:
        """The list that checks are answered by now. One call."""

    def in_effect_at(self, instant: datetime) -> RuleListVersion | None:
        """The list that was in effect at an instant. One call."""

    def published(self) -> tuple[RuleListVersion, ...]:
        """All lists, the oldest first."""

    def put_in_effect(
        self, version: RuleListVersion, *, instead_of: RuleListVersion | None
    ) -> None:
        """Add a list to the history and make it the one in effect, in one transaction.

        Raises:
            RuleListChangedError: the one in effect is another than ``instead_of``; nothing changed.
            RuleListExistsError: the version was published before; nothing changed.
        """


MAX_PAGES: Final = 3
"""Pages of the table that one search of the directory reads at most."""


MAX_NAMES: Final = 10
"""How many providers of a TIN are named at most."""


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
        """The member, the rule list in effect, and the key of the answers' ids. One call."""

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

    def names_of(self, tin: str) -> tuple[str, ...]:
        """Names of the TIN's providers, facilities first, at most :data:`MAX_NAMES`. One call."""


class ReferenceWriter(Protocol):
    def put_coverages(self, coverages: Collection[Coverage]) -> None:
        """Store members with their spans; a member's are replaced as a whole."""

    def put_ssn_digests(self, digests: Mapping[str, str]) -> None:
        """Store keyed hashes of SSNs by member id; a member's earlier one finds no one any more."""

    def put_entries(self, entries: Collection[tuple[DirectoryEntry, Place]]) -> None:
        """File entries wherever searches look; what changed in one is taken away where it was."""
