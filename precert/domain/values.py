"""Types of single values with their validation, and the base class of all value models.

Identifiers and codes are accepted as people write them, and stored in one form. An NPI has a check
digit (CMS), a TIN has nine digits, an ICD-10-CM code may have its dot. A precertification number has
two letters and ten digits, the last of which is a Luhn check digit, so that a misheard number is
detected (S1).
"""

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from precert.domain.text import ascii_digits, cleaned_line, cleaned_multiline, file_name_of

NPI_PREFIX: Final = "80840"
"""The prefix of an NPI for its check digit (ISO/IEC 7812: health applications, United States)."""


class Value(BaseModel):
    """Base class of value models: immutable, without unknown fields."""

    # Texts of errors reach logs, so they must not contain the input.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )


def luhn_digit(digits: str) -> int:
    """The Luhn check digit of ``digits`` (ISO/IEC 7812-1), from 0 to 9."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        digit = int(character) * (2 if position % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return -total % 10


def _npi(value: str) -> str:
    if luhn_digit(NPI_PREFIX + value[:-1]) != int(value[-1]):
        raise ValueError("must be an NPI of ten digits with a valid check digit, as in 1234567893")
    return value


def _loinc(value: str) -> str:
    number, _, check_digit = value.partition("-")
    if luhn_digit(number) != int(check_digit):
        raise ValueError("must be a LOINC code with a valid check digit, as in 11506-3")
    return value


def _line(value: object) -> object:
    return cleaned_line(value) if isinstance(value, str) else value


def _multiline(value: object) -> object:
    return cleaned_multiline(value) if isinstance(value, str) else value


PLACEHOLDER: Final = "placeholder"
"""The error code of template text in brackets that was not replaced."""

_BRACKETS: Final = re.compile(r"\[[^\[\]]*\]")
_REFERENCE: Final = re.compile(r"\[[0-9]+(?:[-,; ]+[0-9]+)*\]")
"""References to numbered literature, as in [2] or [3, 5-7], which are allowed."""
_MAX_QUOTED: Final = 60


def _without_placeholders(value: str) -> str:
    found = [one for one in _BRACKETS.findall(value) if not _REFERENCE.fullmatch(one)]
    if found:
        shown = (
            one if len(one) <= _MAX_QUOTED else f"{one[:_MAX_QUOTED]}\u2026]"
            for one in dict.fromkeys(found)
        )
        message = "must not contain {words}; replace them, or use parentheses for remarks"
        raise PydanticCustomError(PLACEHOLDER, message, {"words": ", ".join(shown)})
    return value


def _file_name(value: object) -> object:
    return file_name_of(value) if isinstance(value, str) else value


def _whole(value: object) -> object:
    """Accept a whole number that is written as 1.0, because JSON has one type of number."""
    if not isinstance(value, float):
        return value
    if not value.is_integer():
        raise PydanticCustomError("int_from_float", "must be a whole number, without a fraction")
    return int(value)


def without_dot(value: str) -> str:
    """An ICD-10-CM code in upper case, without the dot after its third character.

    A dot in another position remains, and makes the code invalid.
    """
    code = ascii_digits(value).strip().upper()
    return code[:3] + code[4:] if code[3:4] == "." else code


def _without_dot(value: object) -> object:
    return without_dot(value) if isinstance(value, str) else value


def _upper(value: object) -> object:
    """A code as typed or pasted: upper case, ASCII digits, without invisible characters."""
    return ascii_digits(value).strip().upper() if isinstance(value, str) else value


_SEPARATORS: Final = re.compile(r"[ \-().+/]")


def _digits(value: object) -> object:
    """A number as people write it, without the separators of its groups."""
    return _SEPARATORS.sub("", ascii_digits(value)) if isinstance(value, str) else value


def _number(value: object) -> object:
    return _SEPARATORS.sub("", ascii_digits(value)).upper() if isinstance(value, str) else value


def _tin(value: object) -> object:
    """A TIN without hyphens and blanks, which are the only separators that it can have."""
    return re.sub("[ -]", "", ascii_digits(value)) if isinstance(value, str) else value


def _id_card(value: object) -> object:
    """A member id without the blanks and hyphens of its card.

    A value in the form of an SSN is unchanged, and therefore invalid (P1).
    """
    if not isinstance(value, str):
        return value
    plain = ascii_digits(value).strip().upper()
    return plain if _LIKE_SSN.fullmatch(plain) else re.sub("[ -]", "", plain)


_LIKE_SSN: Final = re.compile(r"[0-9]{3}([- ])[0-9]{2}\1[0-9]{4}")
_ZIP_PLUS_4: Final = re.compile(r" *([0-9]{5})[- ]?[0-9]{4} *")


def _zip_code(value: object) -> object:
    """The five-digit ZIP code of a ZIP or ZIP+4 code."""
    if not isinstance(value, str):
        return value
    plain = ascii_digits(value).strip()
    match = _ZIP_PLUS_4.fullmatch(plain)
    return match[1] if match else plain


def _phone(value: str) -> str:
    return value[1:] if len(value) == 11 and value.startswith("1") else value


def _as_quoted(value: object) -> object:
    """Replace O, I and L, which Crockford's base 32 does not have, by the digits that they resemble."""
    if not isinstance(value, str):
        return value
    return ascii_digits(value).strip().upper().translate(str.maketrans("OIL", "011"))


AssertionId = Annotated[
    str,
    BeforeValidator(_as_quoted),
    StringConstraints(pattern=r"^CHK-[0-9]{12}-[0-9A-HJKMNP-TV-Z]{16}$"),
]
"""The id of a check's result (:mod:`precert.domain.assertion`)."""


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


MAX_TEXT: Final = 120
Text = Annotated[str, BeforeValidator(_line), StringConstraints(min_length=1, max_length=MAX_TEXT)]
"""One line of text, cleaned (:mod:`precert.domain.text`)."""
LINE: Final = BeforeValidator(_line)
MULTILINE: Final = BeforeValidator(_multiline)
"""These clean text of one line, or of several lines; declare them after the length limits."""
NO_PLACEHOLDERS: Final = AfterValidator(_without_placeholders)
"""Refuses template text in [brackets], because providers or members read the text."""
Reason = Annotated[str, Field(min_length=1, max_length=500), MULTILINE]
Words = Annotated[str, Field(min_length=1, max_length=2000), MULTILINE]
"""Text of several lines that a person entered."""
FileName = Annotated[
    str, BeforeValidator(_file_name), StringConstraints(min_length=1, max_length=120)
]
EnteredCode = Annotated[str, BeforeValidator(_upper), LINE]
"""A procedure code whose form is validated together with its service line."""
WHOLE: Final = BeforeValidator(_whole)
"""Accepts a whole number that is written as 1.0; declare it after the limits of the number."""
Sha256 = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest as 64 hexadecimal digits."""
Npi = Annotated[
    str,
    BeforeValidator(_digits),
    StringConstraints(pattern=r"^[0-9]{10}$"),
    AfterValidator(_npi),
]
LoincCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,7}-[0-9]$"), AfterValidator(_loinc)]
Tin = Annotated[str, BeforeValidator(_tin), StringConstraints(pattern=r"^[0-9]{9}$")]
MemberId = Annotated[str, BeforeValidator(_id_card), StringConstraints(pattern=r"^[A-Z0-9]{5,20}$")]
Phone = Annotated[
    str,
    BeforeValidator(_digits),
    StringConstraints(pattern=r"^1?[2-9][0-9]{9}$"),
    AfterValidator(_phone),
]
ZipCode = Annotated[str, BeforeValidator(_zip_code), StringConstraints(pattern=r"^[0-9]{5}$")]
State = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z]{2}$")]
US_STATES: Final = (
    "AK|AL|AR|AS|AZ|CA|CO|CT|DC|DE|FL|GA|GU|HI|IA|ID|IL|IN|KS|KY|LA|MA|MD|ME|MI|MN|MO|MP|MS|MT|NC|ND|NE|"
    "NH|NJ|NM|NV|NY|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VA|VI|VT|WA|WI|WV|WY"
)
"""The states, the District of Columbia and the territories, as a regular expression."""
UsState = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=f"^({US_STATES})$")]
DIAGNOSIS: Final = re.compile(r"^[A-Z][0-9A-Z]{2}[0-9A-Z]{0,4}$")
Diagnosis = Annotated[
    str, BeforeValidator(_without_dot), StringConstraints(pattern=DIAGNOSIS.pattern)
]
"""An ICD-10-CM code of three to seven characters; stored without the dot."""
ProcedureCode = Annotated[
    str, BeforeValidator(_upper), StringConstraints(pattern=r"^[0-9A-Z]{3,5}$")
]
Modifier = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[0-9A-Z]{2}$")]


class CodeType(StrEnum):
    """The code set of a procedure code (C5)."""

    CPT = "CPT"
    HCPCS = "HCPCS"
    REVENUE = "REVENUE"
    DRG = "DRG"


class AuthorizationType(StrEnum):
    """Whether the patient is admitted. It determines the other fields of a service (C3)."""

    INPATIENT = "INPATIENT"
    OUTPATIENT = "OUTPATIENT"


class Urgency(StrEnum):
    """The level of urgency. All levels except STANDARD have the expedited clock (W2)."""

    STANDARD = "STANDARD"
    EXPEDITED = "EXPEDITED"
    EMERGENCY = "EMERGENCY"


class Sort(StrEnum):
    """The order of a list: the last change first, or the next due date first.

    The list by due date has only drafts and requests with a due date.
    """

    CHANGED = "changed"
    DUE = "due"


class Purpose(StrEnum):
    """The purpose of a request. A predetermination is voluntary (C14)."""

    PRECERTIFICATION = "PRECERTIFICATION"
    PREDETERMINATION = "PREDETERMINATION"


class ProviderKind(StrEnum):
    """The type of a provider in the directory (C1)."""

    FACILITY = "FACILITY"
    INDIVIDUAL = "INDIVIDUAL"


class UnitType(StrEnum):
    """The unit of a requested quantity (X12 quantity qualifiers in words)."""

    UNITS = "UNITS"
    VISITS = "VISITS"
    DAYS = "DAYS"
    HOURS = "HOURS"


MAX_UNITS: Final = 999_999
"""The most units of a service line: clotting factors (J7170 to J7214) have hundreds of thousands."""
Units = Annotated[int, Field(ge=1, le=MAX_UNITS), WHOLE]

SERIAL_LIMIT = 10**9


def _checked_number(value: str) -> str:
    if luhn_digit(value[2:-1]) != int(value[-1]):
        raise ValueError(
            "must be a precertification number with a valid check digit; compare each digit"
        )
    return value


PrecertNumber = Annotated[
    str,
    BeforeValidator(_number),
    StringConstraints(pattern=r"^[A-Z]{2}[0-9]{10}$"),
    AfterValidator(_checked_number),
]
"""A precertification number; separators of its groups are removed."""


def precert_number(prefix: str, serial: int) -> str:
    """The precertification number with this prefix of two letters and serial number.

    Raises:
        ValueError: the serial number is not in ``range(SERIAL_LIMIT)``.
    """
    if not 0 <= serial < SERIAL_LIMIT:
        raise ValueError("the serial number must have at most nine digits")
    digits = f"{serial:09d}"
    return f"{prefix}{digits}{luhn_digit(digits)}"
