"""Sign, or refuse to sign, what another reviewer decided."""

from datetime import datetime

from precert.domain.caller import Caller
from precert.domain.request import Change, Request
from precert.domain.reviewing import return_proposal, signed
from precert.usecases.change_case import change_case
from precert.usecases.decide import determined, require_round
from precert.usecases.ports.requests import RequestStore


def sign_decisions(
    request_id: str,
    caller: Caller,
    *,
    round_: int,
    accept: bool,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Make the proposed decisions the determination, or open the round for other ones.

    Who proposed them may withdraw them, and never sign them. Signing again changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: nothing waits for a signature, a colleague holds the case, or the round
            is over.
        SameReviewerError: the caller proposed the decisions, or an appeal is against the caller's.
    """

    def move(request: Request) -> Change | None:
        if accept and _signed_by(request, caller.subject, round_):
            return None
        require_round(request, round_)
        if not accept:
            return return_proposal(request, caller.subject, now)
        return determined(request, signed(request, caller.subject), caller.subject, now)

    return change_case(request_id, move, caller, requests=requests, now=now)


def _signed_by(request: Request, by: str, round_: int) -> bool:
    """Whether the round ended by this very signature."""
    return any(
        decision.round == round_ and decision.signed_by == by
        for line in request.submitted.lines
        for decision in line.decisions
    )
