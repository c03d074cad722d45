"""Public code sets and ZIP codes, shipped with the code: no call to anybody."""

from typing import Protocol

from precert.domain.code_sets import CodeSet, ListedCode
from precert.domain.directory import Place


class CodeSets(Protocol):
    def listed(self, code_set: CodeSet, code: str) -> ListedCode | None:
        """The code as its set lists it, written without a dot; ``None`` where it does not."""


class Places(Protocol):
    def place(self, zip_code: str) -> Place | None:
        """Centre of a ZIP code, anywhere in the country."""
