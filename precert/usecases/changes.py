"""Read a request, change it and record the change; again where another change was recorded first."""

from collections.abc import Callable
from datetime import datetime

from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, NotFoundError
from precert.domain.request import Change, Request
from precert.domain.retry import retry
from precert.domain.reviewing import require_not_held_by_others
from precert.domain.statuses import Action, Status
from precert.names import Entitlement
from precert.usecases.ports.requests import ConcurrentChangeError, RequestStore


def change_request(
    request_id: str,
    change: Callable[[Request | None], Change | Request],
    *,
    requests: RequestStore,
) -> Request:
    """Apply ``change`` to what stands and record it, conditional on its version.

    ``change`` refuses by raising, and is asked again with the newer state after a lost race, so that
    of two opposite changes one wins and the other is told why it lost. It answers the request as it
    stands where there is nothing to do, so that a click that comes twice is answered as before.

    Raises:
        TransientError: others were quicker every time.
    """

    def attempt() -> Request:
        wanted = change(requests.read(request_id))
        if isinstance(wanted, Request):
            return wanted
        requests.record(wanted)
        return wanted.request

    return retry(attempt, on=ConcurrentChangeError)


def reviewable(request: Request | None, caller: Caller) -> Request:
    """The request, if it is in one of the reviewer's queues."""
    if (
        request is None
        or request.status is Status.INCOMPLETE
        or request.plan.plan_id not in caller.plan_ids
    ):
        raise NotFoundError("There is no such request in the queues of your plans.")
    return request


Move = Callable[[Request], Change | Request | None]
"""What to do with the request as it stands; ``None`` and the request itself say: nothing."""


def change_case(
    request_id: str,
    move: Move,
    caller: Caller,
    *,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Do a reviewer's move, on a request of the reviewer's plans that no colleague holds.

    Raises:
        NotEntitledError.
        NotFoundError: it is in none of the reviewer's queues.
        ActionNotAllowedError: a colleague holds it, or the request does not allow the move; with what
            this reviewer may do instead.
        SameReviewerError: it is an appeal against what the caller decided.
    """
    caller.require(Entitlement.REVIEWER)

    def change(found: Request | None) -> Change | Request:
        request = reviewable(found, caller)

        def moved() -> Change | Request | None:
            wanted = move(request)
            if isinstance(wanted, Change):
                request.require_other_reviewer(caller.subject)
                require_not_held_by_others(request, caller.subject, now)
            return wanted

        return _told(request, moved, lambda: request.reviewer_actions(caller.subject, now))

    return change_request(request_id, change, requests=requests)


def change_as_operator(
    request_id: str, move: Move, caller: Caller, *, requests: RequestStore
) -> Request:
    """Do an operator's move, on a submitted request of any plan.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: with what an operator may do instead.
    """
    caller.require(Entitlement.OPERATOR)

    def change(request: Request | None) -> Change | Request:
        if request is None or request.status is Status.INCOMPLETE:
            raise NotFoundError("There is no such request.")
        return _told(request, lambda: move(request), lambda: request.operator_actions)

    return change_request(request_id, change, requests=requests)


def _told(
    request: Request,
    moved: Callable[[], Change | Request | None],
    actions: Callable[[], tuple[Action, ...]],
) -> Change | Request:
    """The move's change; a refusal says what whoever asked may do, and not what the providers may."""
    try:
        return moved() or request
    except ActionNotAllowedError as refused:
        refused.extensions["allowed_actions"] = [action.value for action in actions()]
        raise
