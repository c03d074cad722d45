"""Parameters that operations share: ids in paths, version and idempotency key in headers, the caller.

An operation declares a parameter by its type, as in ``request_id: RequestId`` or
``based_on: BasedOn``.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar

from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.openapi.params import Header, Path
from aws_lambda_powertools.event_handler.request import Request
from pydantic import BeforeValidator

from precert.api.parsing import ID, NOTICE_ID, parse_idempotency_key, parse_if_match
from precert.domain.caller import Caller
from precert.domain.errors import NotFoundError, VersionMismatchError
from precert.usecases.messages import Message

Result = TypeVar("Result")


def _matching(form: re.Pattern[str], detail: str) -> Callable[[str], str]:
    """A validator that raises NotFoundError for a value without the format of an id."""

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise NotFoundError(detail)
        return value

    return check


_NO_REQUEST: Final = "There is no request with this ID."
_NO_MESSAGE: Final = "None of your TINs has a message with this ID."
_NO_NOTICE: Final = "This request does not have a determination notice with this ID."

RequestId = Annotated[str, Path(), BeforeValidator(_matching(ID, _NO_REQUEST))]
DraftId = RequestId
DocumentId = RequestId
NoticeId = Annotated[str, Path(), BeforeValidator(_matching(NOTICE_ID, _NO_NOTICE))]
MESSAGE_ID: Final = re.compile(r"[0-9]{1,17}-[0-9A-HJKMNP-TV-Z]{26}\.[0-9A-Za-z._-]{1,60}")
"""The time of the message in microseconds and its stored id, which together are its key."""
MessageId = Annotated[str, Path(), BeforeValidator(_matching(MESSAGE_ID, _NO_MESSAGE))]

BasedOn = Annotated[tuple[int, ...], Header(alias="If-Match"), BeforeValidator(parse_if_match)]
"""The versions that the caller accepts, from a required If-Match header; see :func:`on_versions`."""
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key"), BeforeValidator(parse_idempotency_key)
]
"""The caller's key for this write; declare it with the default ``None``."""


def on_versions(versions: tuple[int, ...], write: Callable[[int], Result]) -> Result:
    """Call ``write`` with each version until one is the current one; returns its result.

    Raises:
        VersionMismatchError: no version is the current one.
    """
    for version in versions[:-1]:
        with suppress(VersionMismatchError):
            return write(version)
    return write(versions[-1])


def _caller(request: Request) -> Caller:
    caller = request.context["caller"]
    if not isinstance(caller, Caller):
        raise TypeError("the operation's middleware sets the caller")
    return caller


CurrentCaller = Annotated[Caller, Depends(_caller)]
"""The caller, who has the operation's entitlement."""


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def message_name(message: Message) -> str:
    """The id of a message in the API, in the format :data:`MESSAGE_ID`."""
    microseconds = (message.at - _EPOCH) // timedelta(microseconds=1)
    return f"{microseconds}-{message.message_id}"


def message_of_name(name: str) -> tuple[str, datetime]:
    """The stored id and the time of a message, from its id in the API."""
    microseconds, _, message_id = name.partition("-")
    return message_id, _EPOCH + timedelta(microseconds=int(microseconds))
