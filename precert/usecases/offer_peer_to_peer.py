"""Offer the requesting clinician a talk before the decision."""

from datetime import datetime, timedelta

from precert.domain import reviewing
from precert.domain.caller import Caller
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases.change_case import change_case
from precert.usecases.ports.requests import RequestStore


def offer_peer_to_peer(
    request_id: str, caller: Caller, *, requests: RequestStore, payer: Payer, now: datetime
) -> Request:
    """Tell both sides whom to call and until when; no deadline moves.

    While an offer stands, offering again changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: a colleague holds the case, or nothing waits for a reviewer.
    """
    desk = payer.review_desk
    respond_by = now + timedelta(hours=desk.peer_to_peer_hours)

    def move(request: Request) -> Change | None:
        return reviewing.offer_peer_to_peer(
            request, desk.peer_to_peer_phone, respond_by, by=caller.subject, now=now
        )

    return change_case(request_id, move, caller, requests=requests, now=now)
