"""The whole case, as a reviewer needs it."""

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import NotFoundError
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.ports.requests import RequestFile, RequestStore


def read_case(request_id: str, caller: Caller, *, requests: RequestStore) -> RequestFile:
    """A submitted request of one of the reviewer's plans. One call.

    Raises:
        NotEntitledError.
        NotFoundError: there is none in the reviewer's queues; drafts are nobody's but the office's.
    """
    caller.require(Entitlement.REVIEWER)
    file = requests.read_file(request_id)
    reviewable(file.request if file else None, caller)
    if file is None:
        raise AssertionError("a reviewable request has a file")
    return file


def reviewable(request: Request | None, caller: Caller) -> Request:
    """The request, if it is in one of the reviewer's queues."""
    if (
        request is None
        or request.status is Status.INCOMPLETE
        or request.plan.plan_id not in caller.plan_ids
    ):
        raise NotFoundError("There is no such request in the queues of your plans.")
    return request
