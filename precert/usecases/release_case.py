"""Give a case back to the queue."""

from datetime import datetime

from precert.domain import reviewing
from precert.domain.caller import Caller
from precert.domain.request import Change, Request
from precert.usecases.change_case import change_case
from precert.usecases.ports.requests import RequestStore


def release_case(
    request_id: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> Request:
    """End the caller's lease; where nobody holds the round nothing changes.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: a colleague holds it, or nothing waits for a reviewer.
    """

    def move(request: Request) -> Change | None:
        return reviewing.release(request, caller.subject, now)

    return change_case(request_id, move, caller, requests=requests, now=now)
