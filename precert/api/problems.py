"""Map errors to HTTP problems (RFC 9457), each with all errors of the input.

A code is never renamed once published. Invalid input is a 4xx that states what to do; an error of the
product is a 5xx without internal details.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field

from precert.domain import errors
from precert.domain.errors import ERROR_CODES, FieldError, PrecertError

PROBLEM_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:precert:problem:"
MAX_LISTED: Final = 100
"""Maximum number of errors that a problem lists; further ones are only counted."""

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
    """A call that is refused for its token, its body or its address, before an operation runs."""

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
        str | None, Field(description="Identifies the call in the logs. Quote it to support.")
    ] = None
    request_id: Annotated[
        str | None,
        Field(description="API Gateway's id of the call, as in the header `apigw-requestid`."),
    ] = None
    errors: list[ErrorItem] | None = None
    further_errors: Annotated[
        int | None, Field(description="The number of errors beyond the 100 that are listed.")
    ] = None


def status_of(error: PrecertError) -> HTTPStatus:
    """The HTTP status of an error: that of its nearest ancestor in the map."""
    for kind in type(error).__mro__:
        if kind in STATUS_OF:
            return STATUS_OF[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: PrecertError) -> Problem:
    """The problem for an error of the product."""
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
"""Reason phrases of RFC 9110, which Python has since 3.13, so that responses are the same before."""


def plain_problem(status: HTTPStatus, code: str, detail: str) -> Problem:
    """A problem that is not an error of :mod:`precert.domain.errors`."""
    return Problem(
        type=f"{TYPE_PREFIX}{code}",
        title=_PHRASES.get(status, status.phrase),
        status=status,
        detail=detail,
        code=code,
    )
