"""Change a case as one of its reviewers, or a request as an operator."""

from collections.abc import Callable
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, NotFoundError
from precert.domain.request import Change, Request
from precert.domain.reviewing import require_not_held_by_others
from precert.domain.statuses import Action, Status
from precert.usecases.change_request import change_request
from precert.usecases.ports.requests import RequestStore
from precert.usecases.read_case import reviewable

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

        return _told(request, moved, lambda: request.reviewers_actions(caller.subject, now))

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
        return _told(request, lambda: move(request), lambda: request.operators_actions)

    return change_request(request_id, change, requests=requests)


def _told(
    request: Request,
    moved: Callable[[], Change | Request | None],
    actions: Callable[[], tuple[Action, ...]],
) -> Change | Request:
    """The move's change; a refusal says what whoever asked may do, and not what the offices may."""
    try:
        return moved() or request
    except ActionNotAllowedError as refused:
        refused.extensions["allowed_actions"] = [action.value for action in actions()]
        raise
