"""Hold a case while working on it."""

from datetime import datetime, timedelta

from precert.domain import reviewing
from precert.domain.caller import Caller
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases.change_case import change_case
from precert.usecases.ports.requests import RequestStore


def claim_case(
    request_id: str, caller: Caller, *, requests: RequestStore, payer: Payer, now: datetime
) -> Request:
    """Hold the open round for the desk's lease; who holds it already renews it.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: a colleague's lease is running, or nothing waits for a reviewer.
        SameReviewerError: it is an appeal against what the caller decided.
    """
    until = now + timedelta(minutes=payer.review_desk.lease_minutes)

    def move(request: Request) -> Change | None:
        return reviewing.claim(request, caller.subject, until, now)

    return change_case(request_id, move, caller, requests=requests, now=now)
