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

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from precert.domain.text import ascii_digits, cleaned_line, cleaned_prose, file_name_of

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


def _loinc(value: str) -> str:
    number, _, check_digit = value.partition("-")
    if luhn_digit(number) != int(check_digit):
        raise ValueError("the check digit does not fit; a LOINC code is written as in 11506-3")
    return value


def _line(value: object) -> object:
    return cleaned_line(value) if isinstance(value, str) else value


def _prose(value: object) -> object:
    return cleaned_prose(value) if isinstance(value, str) else value


PLACEHOLDER: Final = "placeholder"
"""The error code of words in brackets that are not replaced."""

_BRACKETS: Final = re.compile(r"\[[^\[\]]*\]")
_REFERENCE: Final = re.compile(r"\[[0-9]+(?:[-,; ]+[0-9]+)*\]")
"""Numbers of a list of references, as in [2] or [3, 5-7]."""
_MAX_QUOTED: Final = 60


def _without_placeholders(value: str) -> str:
    found = [one for one in _BRACKETS.findall(value) if not _REFERENCE.fullmatch(one)]
    if found:
        shown = (
            one if len(one) <= _MAX_QUOTED else f"{one[:_MAX_QUOTED]}\u2026]"
            for one in dict.fromkeys(found)
        )
        message = "replace {words}: the text is sent as it is (use parentheses for remarks)"
        raise PydanticCustomError(PLACEHOLDER, message, {"words": ", ".join(shown)})
    return value


def _file_name(value: object) -> object:
    return file_name_of(value) if isinstance(value, str) else value


def _whole(value: object) -> object:
    """JSON has one kind of number: 1.0 is the whole number 1."""
    if not isinstance(value, float):
        return value
    if not value.is_integer():
        raise PydanticCustomError("int_from_float", "must be a whole number, without a fraction")
    return int(value)


def without_dot(value: str) -> str:
    """Remove the dot after the third character; a dot elsewhere is an error."""
    code = ascii_digits(value).strip().upper()
    return code[:3] + code[4:] if code[3:4] == "." else code


def _without_dot(value: object) -> object:
    return without_dot(value) if isinstance(value, str) else value


def _upper(value: object) -> object:
    """A code as people type or paste it, without invisible characters."""
    return ascii_digits(value).strip().upper() if isinstance(value, str) else value


_SEPARATORS: Final = re.compile(r"[ \-().+/]")


def _digits(value: object) -> object:
    """Numbers as people write them, without what separates their groups."""
    return _SEPARATORS.sub("", ascii_digits(value)) if isinstance(value, str) else value


def _number(value: object) -> object:
    return _SEPARATORS.sub("", ascii_digits(value)).upper() if isinstance(value, str) else value


def _tin(value: object) -> object:
    """A TIN has hyphens and blanks, and no other separators."""
    return re.sub("[ -]", "", ascii_digits(value)) if isinstance(value, str) else value


def _id_card(value: object) -> object:
    """An id as its card shows it, often in groups. An SSN is not accepted as an id."""
    if not isinstance(value, str):
        return value
    plain = ascii_digits(value).strip().upper()
    return plain if _LIKE_SSN.fullmatch(plain) else re.sub("[ -]", "", plain)


_LIKE_SSN: Final = re.compile(r"[0-9]{3}([- ])[0-9]{2}\1[0-9]{4}")
_ZIP_PLUS_4: Final = re.compile(r" *([0-9]{5})[- ]?[0-9]{4} *")


def _zip_code(value: object) -> object:
    """ZIP+4 names a part of the ZIP code, of which the five digits are used."""
    if not isinstance(value, str):
        return value
    plain = ascii_digits(value).strip()
    match = _ZIP_PLUS_4.fullmatch(plain)
    return match[1] if match else plain


def _phone(value: str) -> str:
    return value[1:] if len(value) == 11 and value.startswith("1") else value


def _as_quoted(value: object) -> object:
    """Replace the letters that Crockford's base 32 lacks by the digits that they resemble."""
    if not isinstance(value, str):
        return value
    return ascii_digits(value).strip().upper().translate(str.maketrans("OIL", "011"))


AssertionId = Annotated[
    str,
    BeforeValidator(_as_quoted),
    StringConstraints(pattern=r"^CHK-[0-9]{12}-[0-9A-HJKMNP-TV-Z]{16}$"),
]
"""The id of a check's answer (:mod:`precert.domain.assertion`)."""


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


MAX_TEXT: Final = 120
Text = Annotated[str, BeforeValidator(_line), StringConstraints(min_length=1, max_length=MAX_TEXT)]
"""One line of text, cleaned (:mod:`precert.domain.text`)."""
LINE: Final = BeforeValidator(_line)
PROSE: Final = BeforeValidator(_prose)
"""Cleans one line, or several lines, of text; declare it after the lengths."""
FINISHED: Final = AfterValidator(_without_placeholders)
"""Refuses words in [brackets], as templates have them: providers or members read the text."""
Reason = Annotated[str, Field(min_length=1, max_length=500), PROSE]
Words = Annotated[str, Field(min_length=1, max_length=2000), PROSE]
"""Text of a person, of several lines."""
FileName = Annotated[
    str, BeforeValidator(_file_name), StringConstraints(min_length=1, max_length=120)
]
EnteredCode = Annotated[str, BeforeValidator(_upper), LINE]
"""A procedure code whose form is checked with the service line that it is entered for."""
WHOLE: Final = BeforeValidator(_whole)
"""Accepts a whole number that is written as 1.0; declare it after the limits."""
Sha256 = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal, 64 digits."""
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
"""ICD-10-CM: three to seven characters; stored without the dot."""
ProcedureCode = Annotated[
    str, BeforeValidator(_upper), StringConstraints(pattern=r"^[0-9A-Z]{3,5}$")
]
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
    """Levels of urgency. All but STANDARD have the expedited clock (W2)."""

    STANDARD = "STANDARD"
    EXPEDITED = "EXPEDITED"
    EMERGENCY = "EMERGENCY"


class Sort(StrEnum):
    """The order of a list: what changed last first, or what is due next first.

    The list by due date has drafts, and cycles that wait for their decision.
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
Units = Annotated[int, Field(ge=1, le=MAX_UNITS), WHOLE]

SERIAL_LIMIT = 10**9


def _checked_number(value: str) -> str:
    if luhn_digit(value[2:-1]) != int(value[-1]):
        raise ValueError(
            "the check digit does not fit: compare each digit with the number you have"
        )
    return value


PrecertNumber = Annotated[
    str,
    BeforeValidator(_number),
    StringConstraints(pattern=r"^[A-Z]{2}[0-9]{10}$"),
    AfterValidator(_checked_number),
]
"""A precertification number, however its groups are written."""


def precert_number(prefix: str, serial: int) -> str:
    """The number of a serial in ``range(SERIAL_LIMIT)``."""
    if not 0 <= serial < SERIAL_LIMIT:
        raise ValueError("the serial has at most nine digits")
    digits = f"{serial:09d}"
    return f"{prefix}{digits}{luhn_digit(digits)}"
