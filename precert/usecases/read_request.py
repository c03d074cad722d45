"""Read a request: status, deadline, whose turn it is, and everything that belongs to it."""

from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.statuses import Status
from precert.usecases.explain_refusal import expired, has_expired, not_found, visible
from precert.usecases.ports.requests import RequestFile, RequestStore


def read_request(
    request_id: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> RequestFile:
    """Everything about one request of the caller's TINs. One call.

    Raises:
        NotEntitledError, NotFoundError.
        DraftExpiredError: it is a draft whose time is over (D5).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    file = requests.read_file(request_id)
    if file is None:
        raise not_found()
    request = visible(file.request, caller.tins)
    if request.status is Status.INCOMPLETE and has_expired(request, now):
        raise expired()
    return file
