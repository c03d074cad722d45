"""Procedure codes by form: which code set a code belongs to (C5).

CPT is five digits, or four and one of F, T, U, M; HCPCS level II a letter and four digits; a revenue
code three or four digits; an MS-DRG three digits. Three digits alone fit two sets, so such a code
names its set.
"""

import re
from functools import lru_cache
from typing import Final

from precert.domain.values import CodeType

_FORMS: Final = {
    CodeType.CPT: re.compile(r"[0-9]{4}[0-9FTUM]"),
    CodeType.HCPCS: re.compile(r"[A-V][0-9]{4}"),
    CodeType.REVENUE: re.compile(r"[0-9]{3,4}"),
    CodeType.DRG: re.compile(r"[0-9]{3}"),
}


@lru_cache(maxsize=4096)
def code_types_of(code: str) -> tuple[CodeType, ...]:
    """Every code set whose form ``code`` has; empty where it has none."""
    return tuple(kind for kind, form in _FORMS.items() if form.fullmatch(code))


def has_form(code: str, code_type: CodeType) -> bool:
    return _FORMS[code_type].fullmatch(code) is not None
