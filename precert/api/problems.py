"""Errors as HTTP problems (RFC 9457): one map from the error tree, all errors at once.

A code is never renamed once published. Invalid input is a 4xx that states what to do; an error of the
product is a 5xx without internal details.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from precert.domain import errors
from precert.domain.code_lists import ENUM_NAMES
from precert.domain.errors import ERROR_CODES, FieldError, PrecertError

PROBLEM_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:precert:problem:"
MAX_LISTED: Final = 100
"""How many errors a problem lists; further ones are only counted."""

STATUS_OF: Final[dict[type[PrecertError], HTTPStatus]] = {
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MalformedHeaderError: HTTPStatus.BAD_REQUEST,
    errors.NotEntitledError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.PatientNotFoundError: HTTPStatus.NOT_FOUND,
    errors.PatientNotEligibleError: HTTPStatus.CONFLICT,
    errors.CheckNotAvailableError: HTTPStatus.CONFLICT,
    errors.NoConfirmationError: HTTPStatus.CONFLICT,
    errors.NothingToExportError: HTTPStatus.CONFLICT,
    errors.PrecertificationNotRequiredError: HTTPStatus.CONFLICT,
    errors.VendorDecidesError: HTTPStatus.CONFLICT,
    errors.GuidanceOnlyError: HTTPStatus.CONFLICT,
    errors.DraftExpiredError: HTTPStatus.GONE,
    errors.VersionMismatchError: HTTPStatus.PRECONDITION_FAILED,
    errors.VersionMissingError: HTTPStatus.PRECONDITION_REQUIRED,
    errors.ActionNotAllowedError: HTTPStatus.CONFLICT,
    errors.KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DocumentLimitError: HTTPStatus.CONFLICT,
    errors.FlagLimitError: HTTPStatus.CONFLICT,
    errors.DocumentNotAvailableError: HTTPStatus.CONFLICT,
    errors.DuplicateRequestError: HTTPStatus.CONFLICT,
    errors.SameReviewerError: HTTPStatus.CONFLICT,
    errors.OwnRequestError: HTTPStatus.FORBIDDEN,
    errors.TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TransientError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DamagedRecordError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class RefusedCallError(Exception):
    """A call that is refused before the product's own errors apply: by its token or its body."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}


class ErrorItem(BaseModel):
    """One error; ``pointer`` is a JSON pointer into the request (RFC 6901).

    ``choices`` are the valid values, if there are few.
    """

    pointer: str
    code: Annotated[
        str,
        Field(
            description="What is wrong. Codes never change; further ones can be added. "
            + " ".join(f"`{code}`: {meaning}" for code, meaning in ERROR_CODES.items()),
            json_schema_extra={"enum": [*ERROR_CODES]},
        ),
    ]
    message: str
    choices: list[str] | None = None

    @classmethod
    def of(cls, error: FieldError) -> "ErrorItem":
        return cls(
            pointer=error.pointer,
            code=error.code,
            message=error.message,
            choices=list(error.choices) or None,
        )


class Problem(BaseModel):
    """The body of every problem; members beyond these depend on ``code``."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: Annotated[
        str | None, Field(description="Identifies the call in the logs: quote it to support.")
    ] = None
    request_id: Annotated[
        str | None,
        Field(description="API Gateway's id of the call, as in the header `apigw-requestid`."),
    ] = None
    errors: list[ErrorItem] | None = None
    further_errors: Annotated[
        int | None, Field(description="How many more there are, where 100 are listed.")
    ] = None


def status_of(error: PrecertError) -> HTTPStatus:
    """The HTTP status of an error: that of its nearest ancestor in the map."""
    for kind in type(error).__mro__:
        if kind in STATUS_OF:
            return STATUS_OF[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: PrecertError) -> Problem:
    """The problem for an error, with what the caller can do."""
    field_errors = error.errors if isinstance(error, errors.InvalidInputError) else ()
    return Problem(
        type=f"{TYPE_PREFIX}{error.code}",
        title=error.title,
        status=status_of(error),
        detail=error.detail,
        code=error.code,
        errors=[ErrorItem.of(one) for one in field_errors[:MAX_LISTED]] or None,
        further_errors=max(len(field_errors) - MAX_LISTED, 0) or None,
        **cast("dict[str, Any]", error.extensions),
    )


_PHRASES: Final = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}
"""The names of RFC 9110, as in Python since 3.13: a response does not depend on the interpreter."""


def plain_problem(status: HTTPStatus, code: str, detail: str) -> Problem:
    """A problem without an error of the tree."""
    return Problem(
        type=f"{TYPE_PREFIX}{code}",
        title=_PHRASES.get(status, status.phrase),
        status=status,
        detail=detail,
        code=code,
    )


def errors_of(error: ValidationError, prefix: str = "") -> list[FieldError]:
    """Every error pydantic found, without the values of the request."""
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
    """Whether a list is too short only because pydantic does not count its invalid items."""
    depth = len(one["loc"])
    return one["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == one["loc"] for other in found
    )


def _pointer(location: tuple[Any, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _code(kind: str) -> str:
    """The product's code for an error type, which can be the product's own."""
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
"""The product's code for each of the library's error types; other types are ``malformed``."""

_WORDS: Final = {
    "extra_forbidden": "there is no such field: leave it out, or check its spelling",
    "missing": "this is required",
    "string_type": "send text, in quotation marks",
    "int_type": "send a whole number, without quotation marks",
    "int_from_float": "send a whole number, without a fraction",
    "int_parsing": "send a whole number",
    "int_parsing_size": "send a whole number of fewer digits",
    "bool_type": "send true or false, without quotation marks",
    "bool_parsing": "send true or false",
    "finite_number": "send a number that is finite",
    "tuple_type": "send a list",
    "list_type": "send a list",
    "dict_type": "send an object",
    "model_type": "send an object",
    "too_long": "send a list of at most {max_length}",
    "too_short": "send a list of at least {min_length}",
    "string_too_long": "send at most {max_length} characters",
    "string_too_short": "send text of at least {min_length} characters",
    "greater_than_equal": "send a number of at least {ge}",
    "less_than_equal": "send a number of at most {le}",
}
_OF_TEXT: Final = {"string_too_short", "too_short", "value_error"}
"""The errors of empty text. Choices and patterns are named for empty text too."""
_OF_CODES: Final = 'send text, in quotation marks, as in "0450": a number would lose its zeros'
_FORMS: Final = {
    r"^[0-9]{5}$": "five digits, as in 44122",
    r"^[0-9]{9}$": "nine digits, as in 12-3456789",
    r"^[0-9]{10}$": "ten digits, as in 1234567893",
    r"^[A-Z]{2}[0-9]{10}$": "two letters and ten digits, as in PC0123456782",
    r"^[A-Z]{2}$": "two letters, as in OH",
    r"^[A-Z0-9]{5,20}$": "5 to 20 letters and digits, as on the id card",
    r"^[0-9A-Z]{3,5}$": "three to five letters and digits, as in 44120, J1745 or 0450",
    r"^[0-9A-Z]{2}$": "two letters or digits, as in 50 or RT",
    r"^[A-Z][0-9A-Z]{2}[0-9A-Z]{0,4}$": "three to seven characters, as in K55 or K55.059",
    r"^1?[2-9][0-9]{9}$": "ten digits, as in 216-555-0188",
    r"^CHK-[0-9]{12}-[0-9A-HJKMNP-TV-Z]{16}$": "the id as the check answered it, CHK- and two groups",
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
    """The values that an enumeration permits, if it is short."""
    if CODES_OF_TYPES.get(kind) != "not_a_choice":
        return ()
    return tuple(_CHOICE.findall(str(context["expected"])))


def choice_message(choices: Sequence[str], names: Mapping[str, str]) -> str:
    """The choices for people: by their display names, where they have one."""
    shown = [names.get(choice, choice) for choice in choices]
    return f"choose one of these: {', '.join(shown)}"


def _names_of(choices: Sequence[str]) -> Mapping[str, str]:
    """The display names of the enumeration that has all these values."""
    return next((names for names in _NAMES if names.keys() >= set(choices)), {})


def _message(
    kind: str, message: str, context: Mapping[str, Any], location: tuple[Any, ...], value: object
) -> str:
    """What is wrong with a value and what would be right; never the value itself."""
    is_text = isinstance(value, str)
    if kind == "string_type" and location[-1:] == ("code",):
        return _OF_CODES
    if kind == "string_pattern_mismatch" and context.get("pattern") in _FORMS:
        return _FORMS[context["pattern"]]
    if is_text and not str(value).strip() and kind in _OF_TEXT:
        return "this cannot be empty"
    if is_text and kind in {"too_long", "too_short"}:
        kind = f"string_{kind}"
    if choices := _choices(kind, context):
        return choice_message(choices, _names_of(choices))
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    return message.removeprefix("Value error, ")
