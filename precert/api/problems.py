"""Errors as HTTP problems (RFC 9457): one map from the error tree, all faults at once.

A code is never renamed once published. Bad input is a 4xx that says what to do; what is wrong with us
is a 5xx that says nothing of the inside.
"""

from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from precert.domain import errors
from precert.domain.errors import Fault, PrecertError

PROBLEM_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:precert:problem:"

STATUS_OF: Final[dict[type[PrecertError], HTTPStatus]] = {
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotEntitledError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.PatientNotFoundError: HTTPStatus.NOT_FOUND,
    errors.PatientNotEligibleError: HTTPStatus.CONFLICT,
    errors.CheckNotAvailableError: HTTPStatus.CONFLICT,
    errors.NoConfirmationError: HTTPStatus.CONFLICT,
    errors.NothingToHandOverError: HTTPStatus.CONFLICT,
    errors.DraftExpiredError: HTTPStatus.GONE,
    errors.VersionMismatchError: HTTPStatus.PRECONDITION_FAILED,
    errors.VersionMissingError: HTTPStatus.PRECONDITION_REQUIRED,
    errors.ActionNotAllowedError: HTTPStatus.CONFLICT,
    errors.KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DocumentLimitError: HTTPStatus.CONFLICT,
    errors.SameReviewerError: HTTPStatus.CONFLICT,
    errors.TransientError: HTTPStatus.SERVICE_UNAVAILABLE,
}


class ProblemFault(BaseModel):
    """One thing wrong; ``pointer`` is a JSON pointer into what was sent (RFC 6901).

    ``choices`` are what could be sent instead, where that is a short list.
    """

    pointer: str
    code: str
    message: str
    choices: list[str] | None = None

    @classmethod
    def of(cls, fault: Fault) -> "ProblemFault":
        return cls(
            pointer=fault.pointer,
            code=fault.code,
            message=fault.message,
            choices=list(fault.choices) or None,
        )


class Problem(BaseModel):
    """The body of every refusal; members beyond these depend on ``code``."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    faults: list[ProblemFault] | None = None


def status_of(error: PrecertError) -> HTTPStatus:
    """The HTTP status of an error; its nearest named ancestor decides."""
    for kind in type(error).__mro__:
        if kind in STATUS_OF:
            return STATUS_OF[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: PrecertError) -> Problem:
    """The problem that tells a caller what to do."""
    faults = error.faults if isinstance(error, errors.InvalidInputError) else None
    return Problem(
        type=f"{TYPE_PREFIX}{error.code}",
        title=error.title,
        status=status_of(error),
        detail=error.detail,
        code=error.code,
        faults=[ProblemFault.of(fault) for fault in faults] if faults else None,
        **error.extensions,
    )


def plain_problem(status: HTTPStatus, code: str, detail: str) -> Problem:
    """A problem that no error of the tree stands for."""
    return Problem(
        type=f"{TYPE_PREFIX}{code}",
        title=status.phrase,
        status=status,
        detail=detail,
        code=code,
    )


def faults_of(error: ValidationError, prefix: str = "") -> list[Fault]:
    """Every fault pydantic found, without the values that were sent."""
    return [
        Fault(
            pointer=prefix + _pointer(fault["loc"]),
            code=fault["type"],
            message=_message(fault["type"], fault["msg"]),
        )
        for fault in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def _pointer(location: tuple[Any, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such field: leave it out, or check its spelling"
    if kind == "missing":
        return "this is required"
    return message.removeprefix("Value error, ")
