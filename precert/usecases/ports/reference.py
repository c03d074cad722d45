"""Reference data: members, the directory, the rule list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from precert.domain.coverage import Coverage
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.rules import Rule, RuleListVersion
from precert.domain.values import CodeType, ProviderKind


@dataclass(frozen=True)
class CheckFacts:
    """What a check asks of the table, in one call."""

    coverage: Coverage | None
    rule_list: RuleListVersion | None


class ReferenceReader(Protocol):
    def check_facts(self, member_id: str) -> CheckFacts:
        """The member's coverage and the rule list in force. One call."""

    def coverage(self, member_id: str) -> Coverage | None:
        """The member's coverage. One call."""

    def place(self, zip_code: str) -> Place | None:
        """Centre of a ZIP code. One call."""

    def entries_near(
        self, place: Place, kind: ProviderKind
    ) -> tuple[tuple[DirectoryEntry, Place], ...]:
        """Directory entries filed under the cell of ``place``, each with its own. One call."""


class ReferenceWriter(Protocol):
    def put_coverages(self, coverages: Collection[Coverage]) -> None: ...

    def put_places(self, places: Mapping[str, Place]) -> None: ...

    def put_entries(self, entries: Collection[tuple[DirectoryEntry, Place]]) -> None: ...

    def put_rule_list(self, version: RuleListVersion) -> None:
        """Make a published list the one in force."""


class RuleLists(Protocol):
    def rules(
        self, version: RuleListVersion, codes: Collection[tuple[CodeType, str]]
    ) -> dict[tuple[CodeType, str], tuple[Rule, ...]]:
        """Rules that name each code; no call once the version is at hand."""

    def publish(self, version: str, rules: Collection[Rule]) -> tuple[str, str]:
        """Store a compiled list; answers its object key and SHA-256."""
