"""Values with a form of their own, checked wherever they enter, and names as they are compared.

The forms are those of the field: NPI by its check digit (CMS), TIN of nine digits, two-digit place of
service (CMS), ICD-10-CM with or without its dot. A precertification number is two letters and ten
digits, of which the last is a check digit (Luhn), so that a misheard number is noticed (S1).

Names are compared without case, accents, hyphens, apostrophes and blanks: ``García-Ruiz`` equals
``GARCIA RUIZ``, and ``Women's`` equals ``womens``. They are stored and shown as entered.
"""

import re
from enum import StrEnum
from typing import Annotated, Final
from unicodedata import combining, normalize

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

_APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_WITHOUT_ACCENT: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
"""Letters that Unicode does not take apart into a plain one and its mark."""
_WORD: Final = re.compile(r"[^\W_]+")
"""Letters and digits, of any alphabet."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded: letters and digits alone; hyphens and strokes part words."""
    apart = normalize("NFKD", _APOSTROPHES.sub("", text)).casefold().translate(_WITHOUT_ACCENT)
    if not apart.isascii():
        apart = "".join(character for character in apart if not combining(character))
    return tuple(_WORD.findall(apart))


def folded(name: str) -> str:
    """A name as one word, so that ``Thi Mai`` and ``Thi-Mai`` and ``ThiMai`` are equal."""
    return "".join(words_of(name))


NPI_PREFIX: Final = "80840"
"""Prefix over which the NPI's check digit is taken (health applications, United States)."""


class Value(BaseModel):
    """Base of all value models: frozen, strict about unknown fields."""

    # What was entered must not reach a log by way of an error's text.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )


def luhn_digit(digits: str) -> int:
    """The check digit that makes ``digits`` plus itself pass the Luhn test (ISO/IEC 7812-1)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        digit = int(character) * (2 if position % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return -total % 10


def _npi(value: str) -> str:
    if luhn_digit(NPI_PREFIX + value[:-1]) != int(value[-1]):
        raise ValueError("the check digit does not fit; an NPI has ten digits, as in 1234567893")
    return value


def _plain_text(value: str) -> str:
    value = normalize("NFC", value)
    if not value.replace("\u00a0", " ").isprintable():
        raise ValueError("contains control characters; send plain text")
    return value


def _without_dot(value: object) -> object:
    """Drops the dot where it belongs, after the third character; elsewhere it is a slip."""
    if not isinstance(value, str):
        return value
    code = value.strip().upper()
    return code[:3] + code[4:] if code[3:4] == "." else code


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


_PUNCTUATION: Final = str.maketrans("", "", " -().+")


def _digits(value: object) -> object:
    if isinstance(value, str):
        return value.translate(_PUNCTUATION)
    return value


def _phone(value: str) -> str:
    return value[1:] if len(value) == 11 and value.startswith("1") else value


def _as_quoted(value: object) -> object:
    """Letters that Crockford's base 32 has not, as people write its digits."""
    if not isinstance(value, str):
        return value
    return value.strip().upper().translate(str.maketrans("OIL", "011"))


AssertionId = Annotated[
    str,
    BeforeValidator(_as_quoted),
    StringConstraints(pattern=r"^CHK-[0-9]{12}-[0-9A-HJKMNP-TV-Z]{16}$"),
]
"""The id of a check's answer (:mod:`precert.domain.assertion`)."""


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_plain_text)]
Sha256 = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal, 64 digits."""
Npi = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$"), AfterValidator(_npi)]
Tin = Annotated[str, BeforeValidator(_digits), StringConstraints(pattern=r"^[0-9]{9}$")]
MemberId = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z0-9]{5,20}$")]
Phone = Annotated[
    str,
    BeforeValidator(_digits),
    StringConstraints(pattern=r"^1?[2-9][0-9]{9}$"),
    AfterValidator(_phone),
]
ZipCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
State = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z]{2}$")]
Diagnosis = Annotated[
    str,
    BeforeValidator(_without_dot),
    StringConstraints(pattern=r"^[A-Z][0-9A-Z]{2}[0-9A-Z]{0,4}$"),
]
"""ICD-10-CM: three to seven characters; kept without the dot."""
ProcedureCode = Annotated[
    str, BeforeValidator(_upper), StringConstraints(pattern=r"^[0-9A-Z]{3,5}$")
]
EnteredCode = Annotated[str, BeforeValidator(_upper)]
"""A procedure code whose form is checked with the service line that it is entered for."""
Modifier = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[0-9A-Z]{2}$")]


class CodeType(StrEnum):
    """Code sets of a service's codes (C5)."""

    CPT = "CPT"
    HCPCS = "HCPCS"
    REVENUE = "REVENUE"
    DRG = "DRG"


class AuthorizationType(StrEnum):
    """Whether the patient stays; decides which other fields a service has (C3)."""

    INPATIENT = "INPATIENT"
    OUTPATIENT = "OUTPATIENT"


class Urgency(StrEnum):
    """Levels of urgency. All but elective run on the urgent clock (W2)."""

    STANDARD = "STANDARD"
    EXPEDITED = "EXPEDITED"
    EMERGENCY = "EMERGENCY"


class Sort(StrEnum):
    """The order of a list: what changed last first, or what is due next first.

    By due date it holds what is due: drafts, and cycles that wait for their decision.
    """

    CHANGED = "changed"
    DUE = "due"


class Purpose(StrEnum):
    """What a request is for: a predetermination is voluntary (C14), a precertification is not."""

    PRECERTIFICATION = "PRECERTIFICATION"
    PREDETERMINATION = "PREDETERMINATION"


class ProviderKind(StrEnum):
    """What a directory search looks for (C1)."""

    FACILITY = "FACILITY"
    INDIVIDUAL = "INDIVIDUAL"


class UnitType(StrEnum):
    """What requested units count (X12 quantity qualifiers in words)."""

    UNITS = "UNITS"
    VISITS = "VISITS"
    DAYS = "DAYS"
    HOURS = "HOURS"


MAX_UNITS: Final = 999_999
"""Clotting factors (J7170 to J7214) are requested in hundreds of thousands of units."""
Units = Annotated[int, Field(ge=1, le=MAX_UNITS)]

SERIAL_LIMIT = 10**9


def precert_number(prefix: str, serial: int) -> str:
    """The number of a serial in ``range(SERIAL_LIMIT)``."""
    if not 0 <= serial < SERIAL_LIMIT:
        raise ValueError("the serial has at most nine digits")
    digits = f"{serial:09d}"
    return f"{prefix}{digits}{luhn_digit(digits)}"
