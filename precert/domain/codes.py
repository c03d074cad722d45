"""Formats of procedure codes, ranges of codes, and national drug codes (NDC) as 5-4-2 (C5, C11).

A CPT code has five digits, or four digits and one of F, T, U, M; an HCPCS level II code a letter and
four digits; a revenue code three or four digits; an MS-DRG three digits. Three digits can be a revenue
code or an MS-DRG, so that the code set must be stated.

The label of a drug has ten digits as 4-4-2, 5-3-2 or 5-4-1; claims have eleven, with a zero before the
short part. Ten digits without dashes can be three different drugs, so that the user must choose. Nine
digits (5-4) are a drug without its package.
"""

import re
import string
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from precert.domain.text import ascii_digits
from precert.domain.values import CodeType, Text, Value

_DASHED: Final = re.compile(
    r"(?:[0-9]{4}-[0-9]{4}|[0-9]{5}-[0-9]{3,4})-[0-9]{2}|[0-9]{5}-[0-9]{4}-[0-9]"
)
_PRODUCT: Final = re.compile(r"[0-9]{5}-[0-9]{4}")
_BARE: Final = re.compile(r"[0-9]{9,11}")
_WIDTHS: Final = (5, 4, 2)
_LABEL_FORMATS: Final = ((4, 4), (5, 3), (5, 4))
"""The formats of a label with ten digits, as the lengths of the first two parts."""

NDC_PATTERN: Final = (
    r"^([0-9]{9,11}|[0-9]{5}-[0-9]{4}|[0-9]{4}-[0-9]{4}-[0-9]{2}"
    r"|[0-9]{5}-[0-9]{3,4}-[0-9]{2}|[0-9]{5}-[0-9]{4}-[0-9])$"
)
"""The pattern of an entry, for a portal.

Ten digits without dashes match it: the check lists the NDCs that they can be.
"""


def candidate_ndcs(entered: str) -> tuple[str, ...]:
    """The NDCs that an entry can be, in the format 5-4-2, or 5-4 without a package.

    Empty if it is not an NDC; several for ten digits without dashes.
    """
    if _DASHED.fullmatch(entered) or _PRODUCT.fullmatch(entered):
        return (_filled(entered.split("-")),)
    if not _BARE.fullmatch(entered):
        return ()
    if len(entered) == 10:
        labels = (
            _filled([entered[:first], entered[first : first + second], entered[first + second :]])
            for first, second in _LABEL_FORMATS
        )
        return tuple(dict.fromkeys(labels))
    parts = [entered[:5], entered[5:9], entered[9:]]
    return (_filled([part for part in parts if part]),)


def labels_of(ten_digits: str) -> dict[str, str]:
    """Ten digits with the dashes of a label, by the label's format (4-4-2, 5-3-2, 5-4-1)."""
    return {
        f"{first}-{second}-{10 - first - second}": "-".join(
            (ten_digits[:first], ten_digits[first : first + second], ten_digits[first + second :])
        )
        for first, second in _LABEL_FORMATS
    }


def _filled(parts: list[str]) -> str:
    return "-".join(part.zfill(width) for part, width in zip(parts, _WIDTHS, strict=False))


def _as_labeled(value: object) -> object:
    """The entry without the qualifier of labels and claims, and with dashes between its parts."""
    if not isinstance(value, str):
        return value
    plain = _QUALIFIER.sub("", ascii_digits(value).strip())
    return _BETWEEN.sub("-", plain.strip())


_QUALIFIER: Final = re.compile(r"^(NDC|N4)[ :#.]*(?=[0-9])", re.IGNORECASE)
"""Labels have *NDC* before the digits; X12 and paper claims have the qualifier *N4*."""
_BETWEEN: Final = re.compile(r"(?<=[0-9])(?: *[-.] *| +)(?=[0-9])")


def _ndc(value: str) -> str:
    candidates = candidate_ndcs(value)
    if not candidates:
        raise ValueError(
            "must be an NDC of 9 or 11 digits with all leading zeros, or of 10 digits with the dashes "
            "of the label: 4-4-2, 5-3-2 or 5-4-1"
        )
    return candidates[0] if len(candidates) == 1 else value


Ndc = Annotated[
    str,
    StringConstraints(max_length=20),
    AfterValidator(_ndc),
    BeforeValidator(_as_labeled),
    Field(
        description=(
            "9 or 11 digits with all leading zeros, or 10 digits with the dashes of the label: 4-4-2, "
            "5-3-2 or 5-4-1. Ten digits without dashes are stored, and the check lists the drugs that "
            "they could mean in `choices`."
        ),
    ),
]
"""Stored as 5-4-2; ten digits without dashes are stored as entered, and a check refuses them."""

_FORMATS: Final = {
    CodeType.CPT: re.compile(r"[0-9]{4}[0-9FTUM]"),
    CodeType.HCPCS: re.compile(r"[A-V][0-9]{4}"),
    CodeType.REVENUE: re.compile(r"[0-9]{3,4}"),
    CodeType.DRG: re.compile(r"[0-9]{3}"),
}


FORMAT_IN_WORDS: Final = {
    CodeType.CPT: "five digits, or four digits and F, T, U or M",
    CodeType.HCPCS: "a letter from A to V and four digits",
    CodeType.REVENUE: "four digits; three are read with a leading zero",
    CodeType.DRG: "three digits with leading zeros",
}
"""The format of each code set's codes, for error messages."""

_CPT_MODIFIER: Final = re.compile(r"[0-9]{2}|P[1-6]|[1-8]P")


def modifier_code_type(modifier: str) -> CodeType:
    """The code set of a modifier.

    CPT has the modifiers of two digits, the physical status modifiers P1 to P6 and the Category II
    modifiers 1P to 8P. All others are HCPCS level II.
    """
    return CodeType.CPT if _CPT_MODIFIER.fullmatch(modifier) else CodeType.HCPCS


def canonical_code(code: str, code_type: CodeType) -> str:
    """The code as it is stored and compared: a revenue code has four digits (450 is 0450)."""
    return code.zfill(4) if code_type is CodeType.REVENUE else code


@lru_cache(maxsize=4096)
def code_types_of(code: str) -> tuple[CodeType, ...]:
    """Every code set whose format the code has; empty if there is none."""
    return tuple(kind for kind, pattern in _FORMATS.items() if pattern.fullmatch(code))


def has_format(code: str, code_type: CodeType) -> bool:
    """Whether the code has the format of the code set."""
    return _FORMATS[code_type].fullmatch(code) is not None


_SHAPES = str.maketrans(
    dict.fromkeys(string.digits, "0") | dict.fromkeys(string.ascii_uppercase, "A")
)


def family_of(code: str, code_type: CodeType) -> str:
    """A key of the codes that one range can contain: the code set, and which characters are digits.

    A letter at the end is part of the key: CPT Category II codes (2029F) sort between codes of five
    digits, and no range of such codes contains them. ``code`` is canonical.
    """
    return f"{code_type} {code[:-1].translate(_SHAPES)}{'0' if code[-1].isdigit() else code[-1]}"


def ordinal_of(code: str) -> int:
    """The position of the code in its family, counted from zero."""
    number = 0
    for character in code[:-1]:
        if character.isdigit():
            number = number * 10 + ord(character) - ord("0")
        else:
            number = number * 26 + ord(character) - ord("A")
    return number * 10 + int(code[-1]) if code[-1].isdigit() else number


class CodeRange(Value):
    """The codes of one code set from ``code_from`` to ``code_to``, both of one format (C5)."""

    code_type: CodeType
    code_from: Text
    code_to: Text
    label: Text | None = None
    """The payer's text for the codes."""

    def contains(self, code: str, code_type: CodeType) -> bool:
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
            if not has_format(code, self.code_type) or canonical_code(code, self.code_type) != code:
                expected = FORMAT_IN_WORDS[self.code_type]
                raise ValueError(f"{code} must be a {self.code_type} code: {expected}")
        if self._family != family_of(self.code_to, self.code_type) or self.code_to < self.code_from:
            raise ValueError(
                f"{self.code_from} to {self.code_to} must be a range of codes of one format, the first "
                "not after the last"
            )
        return self


class DiagnosisRange(Value):
    """ICD-10-CM categories or codes from ``code_from`` to ``code_to``, both of the same length."""

    code_from: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{2,6}$")]
    code_to: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{2,6}$")]

    @model_validator(mode="after")
    def _has_ends_of_one_length(self) -> Self:
        if len(self.code_from) != len(self.code_to):
            raise ValueError("code_from and code_to must have the same number of characters")
        return self

    def contains(self, diagnosis: str) -> bool:
        """Whether the diagnosis belongs to one of the categories or codes."""
        return self.code_from <= diagnosis[: len(self.code_from)] <= self.code_to


def range_of(
    code: str, code_type: CodeType | None, ranges: Iterable[CodeRange]
) -> CodeRange | None:
    """The first range that contains the code; ``None`` for a code that can be of several code sets."""
    kinds = code_types_of(code) if code_type is None else (code_type,)
    if len(kinds) != 1 or not has_format(code, kinds[0]):
        return None
    return next((codes for codes in ranges if codes.contains(code, kinds[0])), None)
