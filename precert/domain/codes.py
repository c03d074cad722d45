"""Procedure codes by form, and national drug codes in the form 5-4-2 (C5, C11).

CPT is five digits, or four and one of F, T, U, M; HCPCS level II a letter and four digits; a revenue
code three or four digits; an MS-DRG three digits. Three digits alone fit two code sets, so such a code
names its set.

An NDC label writes ten digits as 4-4-2, 5-3-2 or 5-4-1; billing fills the short part with a zero. Ten
digits without dashes fit all three forms and name three different drugs, so the user is asked. Nine
digits name a drug without its package.
"""

import re
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

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
"""The pattern of an entry, for a portal."""


def readings_of(entered: str) -> tuple[str, ...]:
    """The NDCs that an entry can mean, in the form 5-4-2, or 5-4 without a package.

    Empty if it is not an NDC; several if dashes are missing and only the provider knows.
    """
    if _DASHED.fullmatch(entered) or _PRODUCT.fullmatch(entered):
        return (_filled(entered.split("-")),)
    if not _BARE.fullmatch(entered):
        return ()
    if len(entered) == 10:
        ways = (
            _filled([entered[:first], entered[first : first + second], entered[first + second :]])
            for first, second in _READINGS_OF_TEN
        )
        return tuple(dict.fromkeys(ways))
    parts = [entered[:5], entered[5:9], entered[9:]]
    return (_filled([part for part in parts if part]),)


def _filled(parts: list[str]) -> str:
    return "-".join(part.zfill(width) for part, width in zip(parts, _WIDTHS, strict=False))


def _ndc(value: str) -> str:
    readings = readings_of(value)
    if not readings:
        raise ValueError(
            "an NDC has 9 to 11 digits with all leading zeros, or dashes as in 4-4-2, 5-3-2, 5-4-1"
        )
    return readings[0] if len(readings) == 1 else value


Ndc = Annotated[str, StringConstraints(max_length=20), AfterValidator(_ndc)]
"""Stored in the form 5-4-2; ten digits without dashes are stored as entered until resolved."""

_FORMS: Final = {
    CodeType.CPT: re.compile(r"[0-9]{4}[0-9FTUM]"),
    CodeType.HCPCS: re.compile(r"[A-V][0-9]{4}"),
    CodeType.REVENUE: re.compile(r"[0-9]{3,4}"),
    CodeType.DRG: re.compile(r"[0-9]{3}"),
}


@lru_cache(maxsize=4096)
def code_types_of(code: str) -> tuple[CodeType, ...]:
    """Every code set whose form the code has; empty if there is none."""
    return tuple(kind for kind, form in _FORMS.items() if form.fullmatch(code))


def has_form(code: str, code_type: CodeType) -> bool:
    return _FORMS[code_type].fullmatch(code) is not None
