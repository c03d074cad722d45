"""Answer in words what the payer asked for (W2, W6)."""

from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.request import Change, Request
from precert.usecases.change_request import change_request
from precert.usecases.explain_refusal import visible
from precert.usecases.ports.requests import RequestStore


def answer_information(
    request_id: str, answer: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> Request:
    """Record the answer; the payer's clock runs on. The same answer sent again changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: nothing is asked for now; with what is allowed.
    """
    caller.require(Entitlement.PATIENT_SEARCH)

    def receive(found: Request | None) -> Change | Request:
        request = visible(found, caller.tins)
        change = request.receive_information(now, by=caller.subject, answer=answer)
        if change is not None:
            return change
        asked = request.review.information_requests[-1:] if request.review else ()
        if any(one.answer == answer for one in asked):
            return request
        raise request.refusal("Nothing is asked for now: attach documents where MODIFY is allowed.")

    return change_request(request_id, receive, requests=requests)
