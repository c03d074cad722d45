"""Read a request, change it and record the change; retry on conflict."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import NamedTuple

from precert.domain.audit import Basis, note_basis
from precert.domain.caller import Caller
from precert.domain.case_assignment import require_not_assigned_to_others
from precert.domain.errors import ActionNotAllowedError, NotFoundError, VersionMismatchError
from precert.domain.operator_actions import operator_actions
from precert.domain.request import Change, Request
from precert.domain.retry import retry
from precert.domain.statuses import Action, Status
from precert.names import Entitlement
from precert.usecases.access import visible
from precert.usecases.ports.requests import ConcurrentChangeError, RequestStore


class Reading(NamedTuple):
    """What the caller read before the action."""

    versions: Collection[int]
    """The versions of the request that the caller accepts."""
    documents: Collection[str] = ()
    """Ids of new documents that the caller saw."""
    overlap_confirmed: bool = False
    """Whether the caller knows that another request approves the same service, and approves it too."""


def change_request(
    request_id: str,
    change: Callable[[Request | None], Change | Request],
    *,
    requests: RequestStore,
) -> Request:
    """Apply ``change`` to the current state and record it, conditional on the version.

    ``change`` raises to refuse and runs again on the newer state after a conflict. It returns the
    request itself where there is nothing to do, so a repeated call gets the same response.

    Raises:
        TransientError: every write conflicted.
    """

    def attempt() -> Request:
        result = change(requests.read(request_id))
        if isinstance(result, Request):
            return result
        requests.record(result)
        return result.request

    return retry(attempt, on=ConcurrentChangeError)


def reviewable(request: Request | None, caller: Caller) -> Request:
    """Return the request if it is in one of the reviewer's queues.

    Raises:
        NotFoundError: it does not exist, is a draft, or is of a plan that the caller does not review.
    """
    if (
        request is None
        or request.status is Status.INCOMPLETE
        or request.plan.plan_id not in caller.plan_ids
    ):
        raise NotFoundError("The queues of your plans have no request with this ID.")
    note_basis(Basis.PLAN, [request.plan.plan_id])
    assignment = request.review.assignment if request.review else None
    if assignment is not None and assignment.assigned_to == caller.subject:
        note_basis(Basis.ASSIGNMENT)
    return request


Move = Callable[[Request], Change | Request | None]
"""Returns the change of a request; ``None`` or the request itself if there is nothing to change."""


def change_case(
    request_id: str,
    move: Move,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Apply a reviewer action to a request that is not assigned to another reviewer.

    A late repetition of a call is refused unless the request is still as the call left it.

    Raises:
        NotEntitledError.
        NotFoundError: it is not in the reviewer's queues.
        ActionNotAllowedError: it is assigned to another reviewer, or does not allow the action;
            includes what this reviewer may do.
        SameReviewerError: it is an appeal against what the caller decided.
        OwnRequestError: the caller acts for the providers of the request.
        VersionMismatchError: the request is in another version.
    """
    caller.require(Entitlement.REVIEWER)

    def change(stored: Request | None) -> Change | Request:
        request = reviewable(stored, caller)

        def moved() -> Change | Request | None:
            result = move(request)
            if isinstance(result, Change):
                caller.require_no_conflict(request)
                request.require_other_reviewer(caller.subject)
                require_not_assigned_to_others(request, caller.subject, now)
            return result

        return with_callers_actions(
            request, moved, lambda: request.reviewer_actions(caller, now), read=read
        )

    return change_request(request_id, change, requests=requests)


def change_as_provider(
    request_id: str,
    move: Callable[[Request], Change | Request],
    caller: Caller,
    *,
    requests: RequestStore,
    now: datetime,
) -> Request:
    """Apply a provider action to a request of the caller's TINs.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: includes what a provider may do now.
    """
    caller.require(Entitlement.PATIENT_SEARCH)

    def change(stored: Request | None) -> Change | Request:
        request = visible(stored, caller.tins)
        return with_callers_actions(
            request, lambda: move(request), lambda: request.provider_actions(now)
        )

    return change_request(request_id, change, requests=requests)


def change_as_operator(
    request_id: str,
    move: Move,
    caller: Caller,
    *,
    read: Reading,
    requests: RequestStore,
) -> Request:
    """Apply an operator action to a submitted request of any plan.

    Raises:
        NotEntitledError, NotFoundError.
        ActionNotAllowedError: includes what an operator may do.
        VersionMismatchError: the request is in another version.
    """
    caller.require(Entitlement.OPERATOR)

    def change(request: Request | None) -> Change | Request:
        if request is None or request.status is Status.INCOMPLETE:
            raise NotFoundError("There is no request with this ID.")
        return with_callers_actions(
            request, lambda: move(request), lambda: operator_actions(request), read=read
        )

    return change_request(request_id, change, requests=requests)


def with_callers_actions(
    request: Request,
    moved: Callable[[], Change | Request | None],
    actions: Callable[[], tuple[Action, ...]],
    *,
    read: Reading | None = None,
) -> Change | Request:
    """The change of the action; a refusal lists the caller's actions instead of the providers'.

    ``read`` is what the caller read, if the action states it. A repeated call that changes nothing is
    accepted with any version.
    """
    try:
        result = moved() or request
    except ActionNotAllowedError as refused:
        refused.extensions["allowed_actions"] = [action.value for action in actions()]
        raise
    if isinstance(result, Change) and read is not None:
        _require_version(request, read)
        seen = request.new_documents.intersection(read.documents)
        return result._replace(seen_documents=seen)
    return result


def _require_version(request: Request, read: Reading) -> None:
    """Refuse a change by a caller who read an outdated version.

    Reminders and colleagues' notes do not make a version outdated.

    Raises:
        VersionMismatchError.
    """
    if not any(map(request.accepts_version, read.versions)):
        raise VersionMismatchError(
            "The request has changed since you read it. Read it again, and repeat the action if it "
            "still applies.",
            current_version=request.version,
            based_on_version=max(read.versions, default=None),
        )
