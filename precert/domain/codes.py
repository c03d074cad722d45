"""Procedure codes by form, and national drug codes in the form 5-4-2 (C5, C11).

CPT is five digits, or four and one of F, T, U, M; HCPCS level II a letter and four digits; a revenue
code three or four digits; an MS-DRG three digits. Three digits alone fit two code sets, so such a code
names its set.

An NDC label writes ten digits as 4-4-2, 5-3-2 or 5-4-1; billing fills the short part with a zero. Ten
digits without dashes fit all three forms and name three different drugs, so the user must choose. Nine
digits name a drug without its package.
"""

import re
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from precert.domain.text import ascii_digits
from precert.domain.values import CodeType

_DASHED: Final = re.compile(
    r"(?:[0-9]{4}-[0-9]{4}|[0-9]{5}-[0-9]{3,4})-[0-9]{2}|[0-9]{5}-[0-9]{4}-[0-9]"
)
_PRODUCT: Final = re.compile(r"[0-9]{5}-[0-9]{4}")
_BARE: Final = re.compile(r"[0-9]{9,11}")
_WIDTHS: Final = (5, 4, 2)
_READINGS_OF_TEN: Final = ((4, 4), (5, 3), (5, 4))
"""Possible positions of the dashes in a label of ten digits: lengths of the first two parts."""

NDC_PATTERN: Final = (
    r"^([0-9]{9,11}|[0-9]{5}-[0-9]{4}|[0-9]{4}-[0-9]{4}-[0-9]{2}"
    r"|[0-9]{5}-[0-9]{3,4}-[0-9]{2}|[0-9]{5}-[0-9]{4}-[0-9])$"
)
"""The pattern of an entry, for a portal.

Ten digits without dashes are accepted, and the check's error offers the choices.
"""


def readings_of(entered: str) -> tuple[str, ...]:
    """The NDCs that an entry can mean, in the form 5-4-2, or 5-4 without a package.

    Empty if it is not an NDC; several if dashes are missing and the provider must choose.
    """
    if _DASHED.fullmatch(entered) or _PRODUCT.fullmatch(entered):
        return (_filled(entered.split("-")),)
    if not _BARE.fullmatch(entered):
        return ()
    if len(entered) == 10:
        labels = (
            _filled([entered[:first], entered[first : first + second], entered[first + second :]])
            for first, second in _READINGS_OF_TEN
        )
        return tuple(dict.fromkeys(labels))
    parts = [entered[:5], entered[5:9], entered[9:]]
    return (_filled([part for part in parts if part]),)


def labels_of(ten_digits: str) -> dict[str, str]:
    """How a label may have written ten digits, by its format (4-4-2, 5-3-2, 5-4-1)."""
    return {
        f"{first}-{second}-{10 - first - second}": "-".join(
            (ten_digits[:first], ten_digits[first : first + second], ten_digits[first + second :])
        )
        for first, second in _READINGS_OF_TEN
    }


def _filled(parts: list[str]) -> str:
    return "-".join(part.zfill(width) for part, width in zip(parts, _WIDTHS, strict=False))


def _as_labelled(value: object) -> object:
    """Without what precedes an NDC on labels and claims, and with dashes between its parts."""
    if not isinstance(value, str):
        return value
    plain = _QUALIFIER.sub("", ascii_digits(value).strip())
    return _BETWEEN.sub("-", plain.strip())


_QUALIFIER: Final = re.compile(r"^(NDC|N4)[ :#.]*(?=[0-9])", re.IGNORECASE)
"""Labels have *NDC*; X12 and paper claims the qualifier *N4*."""
_BETWEEN: Final = re.compile(r"(?<=[0-9])(?: *[-.] *| +)(?=[0-9])")


def _ndc(value: str) -> str:
    readings = readings_of(value)
    if not readings:
        raise ValueError(
            "an NDC has 9 to 11 digits with all leading zeros; ten digits need the dashes of the "
            "label: 4-4-2, 5-3-2 or 5-4-1"
        )
    return readings[0] if len(readings) == 1 else value


Ndc = Annotated[
    str,
    StringConstraints(max_length=20),
    AfterValidator(_ndc),
    BeforeValidator(_as_labelled),
    Field(
        description=(
            "9 or 11 digits with all leading zeros, or 10 digits with the dashes of the label: 4-4-2, "
            "5-3-2 or 5-4-1. Ten digits without dashes are stored, and the check lists the drugs that "
            "they could mean in `choices`."
        ),
    ),
]
"""Stored in the form 5-4-2; ten digits without dashes are stored as entered until resolved."""

_FORMS: Final = {
    CodeType.CPT: re.compile(r"[0-9]{4}[0-9FTUM]"),
    CodeType.HCPCS: re.compile(r"[A-V][0-9]{4}"),
    CodeType.REVENUE: re.compile(r"[0-9]{3,4}"),
    CodeType.DRG: re.compile(r"[0-9]{3}"),
}


FORM_IN_WORDS: Final = {
    CodeType.CPT: "five digits, or four digits and F, T, U or M",
    CodeType.HCPCS: "a letter from A to V and four digits",
    CodeType.REVENUE: "four digits; three are read with a leading zero",
    CodeType.DRG: "three digits with leading zeros",
}
"""What each code set's codes look like, for error messages."""

_CPT_MODIFIER: Final = re.compile(r"[0-9]{2}|P[1-6]|[1-8]P")


def modifier_code_type(modifier: str) -> CodeType:
    """The code set of a modifier.

    CPT has the modifiers of two digits, the physical status modifiers P1 to P6 and the Category II
    modifiers 1P to 8P. All others are HCPCS level II.
    """
    return CodeType.CPT if _CPT_MODIFIER.fullmatch(modifier) else CodeType.HCPCS


def canonical_code(code: str, code_type: CodeType) -> str:
    """The code as it is stored, compared and sent: a revenue code has four digits (450 is 0450)."""
    return code.zfill(4) if code_type is CodeType.REVENUE else code


@lru_cache(maxsize=4096)
def code_types_of(code: str) -> tuple[CodeType, ...]:
    """Every code set whose form the code has; empty if there is none."""
    return tuple(kind for kind, form in _FORMS.items() if form.fullmatch(code))


def has_form(code: str, code_type: CodeType) -> bool:
    return _FORMS[code_type].fullmatch(code) is not None
