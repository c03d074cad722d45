"""Void a request while no decision stands (W6)."""

from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.request import Change, Request
from precert.usecases.change_request import change_request
from precert.usecases.explain_refusal import visible
from precert.usecases.ports.requests import RequestStore


def void_request(
    request_id: str, reason: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> Request:
    """Withdraw the request; it stays visible as VOID (T4). Sent again, it is answered as it was.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: it is a draft, determined or void already; says what is allowed.
    """
    caller.require(Entitlement.PATIENT_SEARCH)

    def withdraw(found: Request | None) -> Change | Request:
        request = visible(found, caller.tins)
        if request.review is not None and request.review.void_reason == reason:
            return request
        return request.void(reason, caller.subject, now)

    return change_request(request_id, withdraw, requests=requests)
