"""Strict parsing of what callers send: bodies, query strings and headers.

Bodies are JSON in strict mode: a number sent as text is an error with a pointer to it. Messages state
the location and the expected format, never a value that was sent.
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from precert.api.problems import RefusedCallError
from precert.api.valid_part import ValidPart, valid_part
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    MalformedHeaderError,
    VersionMissingError,
)
from precert.domain.value_errors import errors_of

MAX_BODY_BYTES: Final = 256 * 1024


class BodyLimit(NamedTuple):
    """The maximum size of a body in bytes, and what to do with a larger one."""

    size: int
    remedy: str

    @property
    def detail(self) -> str:
        return f"A body can have at most {self.size // 1024} KB. {self.remedy}"


BODY_LIMIT: Final = BodyLimit(MAX_BODY_BYTES, "Upload documents separately.")
ID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
NOTICE_ID: Final = re.compile(
    r"[1-9][0-9]{0,3}-(?:provider|member)(?:-dates-[1-9][0-9]{0,3}|-extension"
    r"|-vendor-[1-9][0-9]?-[1-9][0-9]{0,3})?"
)
ETAG: Final = re.compile(r'"([1-9][0-9]{0,8})"')
WEAK: Final = "W/"
"""The prefix of a weak entity tag, which proxies add when they compress a response."""
MAX_ETAGS: Final = 10
KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

Model = TypeVar("Model", bound=BaseModel)


class UnreadableBodyError(RefusedCallError):
    """The body is not JSON, or too large: there is no field to point to."""


_LIMITS: Final = {
    "recursion limit exceeded": "is nested too deeply",
    "number out of range": "has a number with too many digits",
    "unexpected end of hex escape": "has a surrogate such as \\ud800 without its pair",
    "lone leading surrogate in hex escape": "has a surrogate such as \\ud800 without its pair",
}
"""Problems of valid JSON that no field accepts, by the parser's message."""


def malformed(reason: str = "") -> UnreadableBodyError:
    """The error for a body that cannot be parsed.

    ``reason`` is the parser's message with line and column; it never contains a part of the body.
    """
    problem, _, place = reason.partition(" at line ")
    if problem in _LIMITS:
        detail = f"The body {_LIMITS[problem]}, at line {place}."
    else:
        detail = f"The body must be valid JSON in UTF-8{f' ({reason})' if reason else ''}."
    return UnreadableBodyError(HTTPStatus.BAD_REQUEST, "malformed_body", detail)


class PartlyValidError(InvalidInputError):
    """Values of the input have a wrong type or format; ``part`` is the rest, if it has a model."""

    def __init__(self, errors: Sequence[FieldError], part: ValidPart[Any] | None) -> None:
        super().__init__(errors)
        self.part = part


def parse_body(
    event: Mapping[str, Any], model: type[Model], limit: BodyLimit = BODY_LIMIT
) -> Model:
    """The event's body as its model.

    Raises:
        PartlyValidError: every error of type and format, each with its pointer.
        UnreadableBodyError: it is not JSON, or too large.
    """
    text = _text(event, limit)
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        if first["type"] == "json_invalid":
            raise malformed(first["ctx"]["error"]) from error
        part = valid_part(_json_of(text), model, error, strict=True)
        raise PartlyValidError(errors_of(error), part) from error


def parse_query(event: Mapping[str, Any], model: type[Model]) -> Model:
    """The event's query string as its model; an unknown or repeated parameter is an error.

    API Gateway joins the values of a repeated parameter with commas.

    Raises:
        PartlyValidError: every error of format; pointers name the parameters.
    """
    sent = event.get("queryStringParameters") or {}
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        part = valid_part(sent, model, error, strict=False)
        raise PartlyValidError(errors_of(error), part) from error


def parse_if_match(value: str | None) -> tuple[int, ...]:
    """The versions in an If-Match header, highest first; usually one.

    Raises:
        VersionMissingError: there is no header, or it is ``*``, which has no version.
        MalformedHeaderError: it contains an entity tag that this API does not issue.
    """
    if value is None:
        raise VersionMissingError('Send the version that you read, as in If-Match: "3".')
    if value.strip() == "*":
        raise VersionMissingError(
            "* would overwrite changes of other users. Send the version that you read, as in "
            'If-Match: "3".'
        )
    # Empty members of a list have no meaning (RFC 9110).
    found = [
        ETAG.fullmatch(tag.strip().removeprefix(WEAK)) for tag in value.split(",") if tag.strip()
    ]
    versions = {int(match[1]) for match in found if match}
    if not versions or not all(found) or len(found) > MAX_ETAGS:
        expected = f'must be at most {MAX_ETAGS} ETags of responses, with their quotes, as in "3"'
        raise MalformedHeaderError([FieldError("/If-Match", "malformed", expected)])
    return tuple(sorted(versions, reverse=True))


def is_current(etag: str, if_none_match: str | None) -> bool:
    """Whether If-None-Match contains this entity tag, so that the caller has this version."""
    sent = [tag.strip().removeprefix(WEAK) for tag in (if_none_match or "").split(",")]
    return etag in sent or "*" in sent


def parse_idempotency_key(value: str | None) -> str | None:
    """The caller's key for this write, if any.

    Raises:
        MalformedHeaderError: it is longer than 255 characters or not plain ASCII.
    """
    if value is not None and not KEY.fullmatch(value):
        expected = "must be 1 to 255 visible ASCII characters"
        raise MalformedHeaderError([FieldError("/Idempotency-Key", "malformed", expected)])
    return value


def _json_of(text: str) -> object:
    """The parsed body; ``None`` if this parser is stricter than the first one."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def too_large(limit: BodyLimit) -> UnreadableBodyError:
    return UnreadableBodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", limit.detail)


def _text(event: Mapping[str, Any], limit: BodyLimit) -> str:
    text: str = event.get("body") or ""
    if len(text) > limit.size * 2:
        raise too_large(limit)
    if event.get("isBase64Encoded"):
        try:
            text = b64decode(text, validate=True).decode()
        except ValueError as error:
            raise malformed() from error
    if len(text.encode(errors="surrogatepass")) > limit.size:
        raise too_large(limit)
    return text
