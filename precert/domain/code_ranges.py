"""Ranges of procedure and diagnosis codes by which a payer classifies services."""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, model_validator

from precert.domain.codes import FORM_IN_WORDS, canonical_code, code_types_of, has_form
from precert.domain.rules import family_of
from precert.domain.values import CodeType, Text, Value


class CodeRange(Value):
    """Codes of one code set from the first to the last, both of the same form (C5)."""

    code_type: CodeType
    code_from: Text
    code_to: Text
    label: Text | None = None
    """The payer's words for the codes, for people."""

    def names(self, code: str, code_type: CodeType) -> bool:
        """Whether the code is in the range."""
        if code_type is not self.code_type:
            return False
        canonical = canonical_code(code, code_type)
        in_order = self.code_from <= canonical <= self.code_to
        return in_order and family_of(canonical, code_type) == self._family

    @property
    def _family(self) -> str:
        return family_of(self.code_from, self.code_type)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        for code in (self.code_from, self.code_to):
            if not has_form(code, self.code_type) or canonical_code(code, self.code_type) != code:
                form = FORM_IN_WORDS[self.code_type]
                raise ValueError(f"{code} is no {self.code_type} code: it has {form}")
        if self._family != family_of(self.code_to, self.code_type) or self.code_to < self.code_from:
            raise ValueError(f"{self.code_from} to {self.code_to} is no range of codes")
        return self


class DiagnosisRange(Value):
    """ICD-10-CM categories or codes from the first to the last, of the same length."""

    code_from: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{2,6}$")]
    code_to: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{2,6}$")]

    @model_validator(mode="after")
    def _has_ends_of_one_length(self) -> Self:
        if len(self.code_from) != len(self.code_to):
            raise ValueError("code_from and code_to have as many characters")
        return self

    def has(self, diagnosis: str) -> bool:
        """Whether the diagnosis is of one of the categories or codes."""
        return self.code_from <= diagnosis[: len(self.code_from)] <= self.code_to


def range_of(
    code: str, code_type: CodeType | None, ranges: Iterable[CodeRange]
) -> CodeRange | None:
    """The first range that has the code; of a code that fits several code sets there is none."""
    kinds = code_types_of(code) if code_type is None else (code_type,)
    if len(kinds) != 1 or not has_form(code, kinds[0]):
        return None
    return next((codes for codes in ranges if codes.names(code, kinds[0])), None)
