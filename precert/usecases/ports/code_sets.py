"""Public code sets and ZIP codes, shipped with the code: no call to anybody."""

from collections.abc import Collection, Mapping
from typing import Protocol

from precert.domain.code_sets import CodeSet, ListedCode, PublicCode
from precert.domain.directory import Place


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
