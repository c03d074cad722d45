"""Reference data: members, the directory, code sets, rule lists, and keyed hashes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

from precert.domain.code_sets import CodeSet, ListedCode, PublicCode
from precert.domain.coverage import Coverage, Member
from precert.domain.damage import Readable
from precert.domain.directory import DirectoryEntry, FrequentProvider, Place
from precert.domain.rules import DelegatedVendor, Rule, RuleListVersion
from precert.domain.values import CodeType, ProviderKind


class CodeSets(Protocol):
    """The public code sets."""

    def listed(self, code_set: CodeSet, code: str) -> ListedCode | None:
        """The entry of a code, which is without a dot; ``None`` if the set does not have it."""

    def codes_of(self, code_set: CodeSet) -> tuple[ListedCode, ...]:
        """All codes of a set, in their order."""

    def search(
        self, code_set: CodeSet, beginning: str, words: Collection[str], *, most: int
    ) -> tuple[ListedCode, ...]:
        """Codes of a set by the beginning of the code, or else by the beginnings of folded words of
        the description; the first ``most`` in the order of the codes.
        """

    def descriptions(self, codes: Collection[PublicCode]) -> Mapping[PublicCode, str]:
        """The descriptions of the codes that are in their sets; one query per set."""


class Places(Protocol):
    """ZIP codes with their centers."""

    def place(self, zip_code: str) -> Place | None:
        """The center of a ZIP code; ``None`` if the ZIP code is not known."""


class Digests(Protocol):
    """Keyed hashes of SSNs."""

    def digest(self, text: str) -> str:
        """The keyed hash of a text; it cannot be computed without the key. One AWS call.

        Raises:
            TransientError: the key service did not respond.
        """


class FrequentProviders(Protocol):
    """How often each TIN selected a provider."""

    def of(self, tin: str) -> Readable[FrequentProvider]:
        """The TIN's most frequently selected providers, in that order. One AWS call."""


class RuleListChangedError(Exception):
    """Another list came into effect meanwhile."""


class RuleListExistsError(Exception):
    """A list of this version was published before."""


class RuleLists(Protocol):
    def rules(
        self, version: RuleListVersion, codes: Collection[tuple[CodeType, str]]
    ) -> dict[tuple[CodeType, str], tuple[Rule, ...]]:
        """Rules that include each code; no call if the version is cached."""

    def vendors(
        self, version: RuleListVersion, vendor_ids: Collection[str]
    ) -> dict[str, DelegatedVendor]:
        """Delegated vendors by id, as published with the rules; no call beyond :meth:`rules`."""

    def search(
        self,
        version: RuleListVersion,
        beginning: str,
        words: Collection[str],
        on: date,
        *,
        most: int,
    ) -> tuple[Rule, ...]:
        """Rules in effect on a day that name one code, by the beginning of the code, or else by the
        beginnings of folded words of the label; the first ``most``. No AWS call beyond :meth:`rules`.
        """

    def store(
        self, rules: Collection[Rule], vendors: Collection[DelegatedVendor]
    ) -> tuple[str, str]:
        """Store a compiled list; returns its object key and SHA-256, the same for the same list."""


class RuleListVersions(Protocol):
    """The published rule lists, and which one is in effect."""

    def in_effect(self) -> RuleListVersion | None:
        """The list in effect. One AWS call."""

    def in_effect_at(self, instant: datetime) -> RuleListVersion | None:
        """The list that was in effect at an instant. One AWS call."""

    def published(self) -> tuple[RuleListVersion, ...]:
        """All lists, the oldest first."""

    def put_in_effect(
        self, version: RuleListVersion, *, instead_of: RuleListVersion | None
    ) -> None:
        """Add a list to the history and make it the one in effect, in one transaction.

        Raises:
            RuleListChangedError: the list in effect is not ``instead_of``; nothing changed.
            RuleListExistsError: the version was published before; nothing changed.
        """


MAX_PAGES: Final = 3
"""Maximum number of pages of the table that one search of the directory reads."""


MAX_NAMES: Final = 10
"""The maximum number of providers of a TIN that are named."""


@dataclass(frozen=True)
class CheckFacts:
    """The facts of a check, read from the table in one call."""

    member: Member | None
    rule_list: RuleListVersion | None
    assertion_key: bytes | None = field(default=None, repr=False)
    """The HMAC key of assertion ids; absent until the first list is published."""

    def coverage_on(self, day: date) -> Coverage | None:
        """The member's coverage on a day: the plan may differ from today's."""
        return self.member.coverage_on(day) if self.member else None


@dataclass(frozen=True)
class FiledEntries:
    """Directory entries near a place, each with its coordinates.

    ``complete`` is false if there are more than a search reads. ``damaged`` are provider ids of
    entries that cannot be read.
    """

    entries: tuple[tuple[DirectoryEntry, Place], ...]
    complete: bool
    damaged: tuple[str, ...] = ()


class ReferenceReader(Protocol):
    """Members and what a check reads with them."""

    def check_facts(self, member_id: str) -> CheckFacts:
        """The member, the rule list in effect, and the key of assertion ids. One AWS call."""

    def member(self, member_id: str) -> Member | None:
        """A member with all coverage. One AWS call."""

    def members_by_ssn(self, digest: str) -> Readable[Member]:
        """Members by the keyed hash of an SSN. One AWS call, and a second one if there are any."""

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        """Directory entries by id, without those that do not exist or cannot be read.

        One AWS call; none for no ids.
        """

    def entry(self, provider_id: str) -> DirectoryEntry | None:
        """One directory entry. One AWS call.

        Raises:
            DamagedRecordError: it cannot be read.
        """


class Directory(Protocol):
    """Searches of the directory. Their cost does not depend on the size of the directory."""

    def entries_near(self, place: Place, kind: ProviderKind, word: str) -> FiledEntries:
        """Entries within the radius whose name has a word with this beginning.

        At most :data:`MAX_PAGES` AWS calls.
        """

    def entries_at(self, zip_code: str, kind: ProviderKind) -> FiledEntries:
        """Entries of one ZIP code. At most :data:`MAX_PAGES` AWS calls."""

    def names_of(self, tin: str) -> Readable[str]:
        """Names of the TIN's providers, facilities first, at most :data:`MAX_NAMES`. One AWS call."""
