"""Strict parsing of what callers send: bodies, query strings and headers.

Bodies are JSON in strict mode: a number sent as text is an error with a pointer to it. Messages name
the place and the expected form, never a value that was sent.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from precert.api.problems import errors_of
from precert.domain.errors import (
    FieldError,
    InvalidInputError,
    MalformedHeaderError,
    VersionMissingError,
)

MAX_BODY_BYTES: Final = 256 * 1024
ID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
NOTICE_ID: Final = re.compile(r"[1-9][0-9]{0,3}-(?:provider|member)(?:-dates-[1-9][0-9]{0,3})?")
ETAG: Final = re.compile(r'"([1-9][0-9]{0,8})"')
KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

Model = TypeVar("Model", bound=BaseModel)


class UnreadableBodyError(Exception):
    """The body is not JSON, or too large: there is no field to point to."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail


_LIMITS: Final = {
    "recursion limit exceeded": "is nested more deeply than any valid body",
    "number out of range": "has a number of too many digits",
    "unexpected end of hex escape": "has an escape such as \\ud800 without its other half",
    "lone leading surrogate in hex escape": "has an escape such as \\ud800 without its other half",
}
"""Valid JSON that no field accepts, by the parser's message."""


def malformed(reason: str = "") -> UnreadableBodyError:
    """The error for a body that cannot be parsed.

    ``reason`` is the parser's message with line and column; it never contains a part of the body.
    """
    found, _, place = reason.partition(" at line ")
    if found in _LIMITS:
        detail = f"The body {_LIMITS[found]}, at line {place}."
    else:
        detail = f"Send a body of valid JSON in UTF-8{f' ({reason})' if reason else ''}."
    return UnreadableBodyError(HTTPStatus.BAD_REQUEST, "malformed_body", detail)


def parse_body(event: Mapping[str, Any], model: type[Model]) -> Model:
    """The event's body as its model.

    Raises:
        InvalidInputError: every error, each with its pointer.
        UnreadableBodyError: it is not JSON, or too large.
    """
    text = _text(event)
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        if first["type"] == "json_invalid":
            raise malformed(first["ctx"]["error"]) from error
        raise InvalidInputError(errors_of(error)) from error


def parse_query(event: Mapping[str, Any], model: type[Model]) -> Model:
    """The event's query string as its model; an unknown or repeated parameter is an error.

    API Gateway joins the values of a repeated parameter by commas.

    Raises:
        InvalidInputError: every error; pointers name the parameters.
    """
    try:
        return model.model_validate(event.get("queryStringParameters") or {})
    except ValidationError as error:
        raise InvalidInputError(errors_of(error)) from error


def parse_if_match(value: str | None) -> int:
    """The version in an If-Match header.

    Raises:
        VersionMissingError: there is no header.
        MalformedHeaderError: it is not an ETag of this API.
    """
    if value is None:
        raise VersionMissingError('Send the ETag of the version you read, as in If-Match: "3".')
    match = ETAG.fullmatch(value.strip())
    if match is None:
        expected = 'the ETag that was answered, with its quotes, as in "3"'
        raise MalformedHeaderError([FieldError("/If-Match", "malformed", expected)])
    return int(match.group(1))


def is_current(etag: str, if_none_match: str | None) -> bool:
    """Whether the caller has this version already, by the entity tags of If-None-Match."""
    sent = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in sent or "*" in sent


def parse_idempotency_key(value: str | None) -> str | None:
    """The caller's key for this write, if any.

    Raises:
        MalformedHeaderError: it is longer than 255 characters or not plain ASCII.
    """
    if value is not None and not KEY.fullmatch(value):
        expected = "1 to 255 visible ASCII characters"
        raise MalformedHeaderError([FieldError("/Idempotency-Key", "malformed", expected)])
    return value


def _text(event: Mapping[str, Any]) -> str:
    too_large = UnreadableBodyError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        f"A body has at most {MAX_BODY_BYTES // 1024} KB. Send documents as uploads.",
    )
    text: str = event.get("body") or ""
    if len(text) > MAX_BODY_BYTES * 2:
        raise too_large
    if event.get("isBase64Encoded"):
        try:
            text = b64decode(text, validate=True).decode()
        except ValueError as error:
            raise malformed() from error
    if len(text.encode(errors="surrogatepass")) > MAX_BODY_BYTES:
        raise too_large
    return text
