"""Published rule lists: what is in them, and which one is in force."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from precert.domain.delegates import Delegate
from precert.domain.rules import Rule, RuleListVersion
from precert.domain.values import CodeType


class RuleListChangedError(Exception):
    """Another list came into force in the meantime."""


class RuleListExistsError(Exception):
    """A list of this version was published before."""


class RuleLists(Protocol):
    def rules(
        self, version: RuleListVersion, codes: Collection[tuple[CodeType, str]]
    ) -> dict[tuple[CodeType, str], tuple[Rule, ...]]:
        """Rules that name each code; no call once the version is at hand."""

    def delegates(
        self, version: RuleListVersion, delegate_ids: Collection[str]
    ) -> dict[str, Delegate]:
        """Third parties by id, as they were published with the rules; no call beyond :meth:`rules`."""

    def store(self, rules: Collection[Rule], delegates: Collection[Delegate]) -> tuple[str, str]:
        """Store a compiled list; answers its object key and SHA-256. The same list has the same."""


class RuleListVersions(Protocol):
    def in_force(self) -> RuleListVersion | None:
        """The list that checks are answered by now. One call."""

    def in_force_at(self, instant: datetime) -> RuleListVersion | None:
        """The list that was in force at an instant. One call."""

    def published(self) -> tuple[RuleListVersion, ...]:
        """All lists, the oldest first."""

    def put_in_force(self, version: RuleListVersion, *, instead_of: RuleListVersion | None) -> None:
        """Add a list to the history and make it the one in force, in one transaction.

        Raises:
            RuleListChangedError: the one in force is another than ``instead_of``; nothing changed.
            RuleListExistsError: the version was published before; nothing changed.
        """
