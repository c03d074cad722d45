"""Error messages that state which values are valid, in place of those of pydantic."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from precert.domain.code_lists import ENUM_NAMES
from precert.domain.errors import ERROR_CODES, FieldError


def errors_of(error: ValidationError, prefix: str = "") -> list[FieldError]:
    """All errors of a validation, without the invalid values. ``prefix`` precedes each pointer."""
    found = error.errors(include_url=False)
    return [
        FieldError(
            pointer=prefix + _pointer(one["loc"]),
            code=_code(one["type"]),
            message=_message(one["type"], one["msg"], one.get("ctx", {}), one["loc"], one["input"]),
            choices=_choices(one["type"], one.get("ctx", {})),
        )
        for one in found
        if not _counts_valid_items_only(one, found)
    ]


def _counts_valid_items_only(one: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a list is reported as too short because pydantic does not count its invalid items."""
    depth = len(one["loc"])
    return one["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == one["loc"] for other in found
    )


def _pointer(location: tuple[Any, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _code(kind: str) -> str:
    """The product's error code for an error type of pydantic, or for one of the product's own."""
    return CODES_OF_TYPES.get(kind, kind if kind in ERROR_CODES else "malformed")


CODES_OF_TYPES: Final = {
    **dict.fromkeys(("missing", "missing_argument"), "missing"),
    "extra_forbidden": "unknown_field",
    **dict.fromkeys(("enum", "literal_error"), "not_a_choice"),
    **dict.fromkeys(("too_long", "string_too_long"), "too_long"),
    **dict.fromkeys(("too_short", "string_too_short"), "too_short"),
    **dict.fromkeys(
        ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"),
        "out_of_range",
    ),
    **dict.fromkeys(
        (
            *("string_type", "int_type", "int_from_float", "int_parsing", "int_parsing_size"),
            *(
                "float_type",
                "float_parsing",
                "bool_type",
                "bool_parsing",
                "tuple_type",
                "list_type",
            ),
            *("dict_type", "model_type", "model_attributes_type"),
        ),
        "wrong_type",
    ),
}
"""The product's error codes, by error type of pydantic; other types are ``malformed``."""

_WORDS: Final = {
    "extra_forbidden": "unknown field: remove it, or check its spelling",
    "missing": "this is required",
    "string_type": "must be a string, in quotation marks",
    "int_type": "must be a whole number, without quotation marks",
    "int_from_float": "must be a whole number, without a fraction",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number with fewer digits",
    "bool_type": "must be true or false, without quotation marks",
    "bool_parsing": "must be true or false",
    "finite_number": "must be a finite number",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    **dict.fromkeys(
        (
            *("date_type", "date_parsing", "date_from_datetime_parsing"),
            *("date_from_datetime_inexact",),
        ),
        "must be a date in the format YYYY-MM-DD",
    ),
    "too_long": "must have {max_length} or fewer items",
    "too_short": "must have {min_length} or more items",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_OF_TEXT: Final = {"string_too_short", "too_short", "value_error"}
"""Error types with the same message for empty text. Messages of others state choices or patterns."""
_OF_CODES: Final = (
    'must be a string, in quotation marks, as in "0450": a number would lose its leading zeros'
)
_FORMS: Final = {
    r"^[0-9]{5}$": "five digits, as in 44122",
    r"^[0-9]{9}$": "nine digits, as in 12-3456789",
    r"^[0-9]{10}$": "ten digits, as in 1234567893",
    r"^[A-Z]{2}[0-9]{10}$": "two letters and ten digits, as in PC0123456782",
    r"^[A-Z]{2}$": "two letters, as in OH",
    r"^[A-Z0-9]{5,20}$": "5 to 20 letters and digits, as on the ID card",
    r"^[0-9A-Z]{3,5}$": "three to five letters and digits, as in 44120, J1745 or 0450",
    r"^[0-9A-Z]{2}$": "two letters or digits, as in 50 or RT",
    r"^[A-Z][0-9A-Z]{2}[0-9A-Z]{0,4}$": "three to seven characters, as in K55 or K55.059",
    r"^1?[2-9][0-9]{9}$": "ten digits, as in (216) 555-0188",
    r"^CHK-[0-9]{12}-[0-9A-HJKMNP-TV-Z]{16}$": "the assertion_id of a check's response",
    r"^[0-9a-f]{64}$": "64 hexadecimal digits, as sha256sum prints them",
}
"""Descriptions of the patterns of :mod:`precert.domain.values`."""


def _name(words: str | tuple[str, str | None]) -> str:
    return words if isinstance(words, str) else words[0]


_CHOICE: Final = re.compile(r"'([^']*)'")
"""A permitted value as pydantic writes it: ``'PHONE'``, or ``<Channel.PHONE: 'PHONE'>``."""
_NAMES: Final = [
    {str(member.value): _name(words) for member, words in names.items()}
    for names in ENUM_NAMES.values()
]


def _choices(kind: str, context: Mapping[str, Any]) -> tuple[str, ...]:
    """The valid values, if the error is that a value is none of an enumeration."""
    if CODES_OF_TYPES.get(kind) != "not_a_choice":
        return ()
    return tuple(_CHOICE.findall(str(context["expected"])))


def choice_message(choices: Sequence[str], names: Mapping[str, str]) -> str:
    """The message that lists the valid values, by their display names if they have any."""
    shown = [names.get(choice, choice) for choice in choices]
    return f"must be one of: {', '.join(shown)}"


def _names_of(choices: Sequence[str]) -> Mapping[str, str]:
    """The display names of the first enumeration that has all these values."""
    return next((names for names in _NAMES if names.keys() >= set(choices)), {})


def _message(
    kind: str, message: str, context: Mapping[str, Any], location: tuple[Any, ...], value: object
) -> str:
    """The message that states what is valid. It never contains the invalid value."""
    is_text = isinstance(value, str)
    if kind == "string_type" and location[-1:] == ("code",):
        return _OF_CODES
    if kind == "string_pattern_mismatch" and context.get("pattern") in _FORMS:
        return f"must be {_FORMS[context['pattern']]}"
    if is_text and not str(value).strip() and kind in _OF_TEXT:
        return "must not be empty"
    if is_text and kind in {"too_long", "too_short"}:
        kind = f"string_{kind}"
    if choices := _choices(kind, context):
        return choice_message(choices, _names_of(choices))
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    return message.removeprefix("Value error, ")
