"""Assignment of a case to one reviewer for a limited time, by the reviewer or by a review lead."""

from datetime import UTC, datetime

from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.request import Change, Request
from precert.domain.review import MAX_ASSIGNMENTS, Assignment
from precert.domain.reviewing import review_changed, waiting_review


def require_not_assigned_to_others(request: Request, by: str, now: datetime) -> None:
    """Refuse a case that is assigned to a reviewer other than ``by`` at present.

    Raises:
        ActionNotAllowedError: it is assigned to another reviewer; the message states until when.
    """
    assignment = request.submitted.assignment
    if assignment is not None and assignment.assigned_to != by and now < assignment.until:
        until = f"{assignment.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise request.refusal(f"This case is assigned to another reviewer until {until}.")


def assign(
    request: Request, by: str, until: datetime, now: datetime, *, renews: bool = True
) -> Change | None:
    """Assign the open cycle to the reviewer ``by``, or extend their assignment to ``until``.

    ``renews`` is false for a repeated call, which does not extend the assignment.

    Returns:
        The change; ``None`` where nothing changes.

    Raises:
        ActionNotAllowedError: no cycle is open for review, the case is assigned to another reviewer, or
            was assigned too often.
        SameReviewerError: the reviewer made the decision that is appealed.
    """
    review = waiting_review(request)
    request.require_other_reviewer(by)
    require_not_assigned_to_others(request, by, now)
    assignment, current = Assignment(assigned_to=by, until=until), review.assignment
    own = current is not None and current.assigned_to == by and now < current.until
    if own and current is not None and (until <= current.until or not renews):
        return None
    return _assigned(request, EventType.CASE_ASSIGNED, by, now, assignment)


def reassign(
    request: Request, reviewer: str | None, until: datetime, by: str, now: datetime
) -> Change | None:
    """Assign the open cycle to ``reviewer`` as a review lead, or end its assignment.

    An assignment to another reviewer is replaced. ``reviewer`` is ``None`` to end the assignment.

    Returns:
        The change; ``None`` where nothing changes.

    Raises:
        ActionNotAllowedError: no cycle is open for review, or it was assigned too often.
        InvalidInputError: the reviewer may not decide the case.
    """
    review = waiting_review(request)
    current = review.assignment
    if reviewer is None:
        if current is None:
            return None
        return review_changed(request, EventType.CASE_RELEASED, by, now, assignment=None)
    if reviewer in request.earlier_reviewers | request.provider_persons:
        message = "must be a reviewer who did not decide, submit or appeal this request"
        raise InvalidInputError([FieldError("/reviewer", "not_independent", message)])
    if (
        current is not None
        and current.assigned_to == reviewer
        and current.assigned_by is not None
        and now < current.until
    ):
        return None
    assignment = Assignment(assigned_to=reviewer, until=until, assigned_by=by)
    change = _assigned(request, EventType.CASE_REASSIGNED, by, now, assignment)
    return change._replace(event=change.event.model_copy(update={"assigned_to": reviewer}))


def _assigned(
    request: Request, event_type: EventType, by: str, now: datetime, assignment: Assignment
) -> Change:
    """Record the assignment, and count it: each one adds an event to the history.

    Raises:
        ActionNotAllowedError: the cycle was assigned ``MAX_ASSIGNMENTS`` times already.
    """
    assignments = request.submitted.assignments + 1
    if assignments > MAX_ASSIGNMENTS:
        raise request.refusal(
            f"This case was assigned {MAX_ASSIGNMENTS} times since the cycle was opened. It can be "
            "decided without an assignment."
        )
    return review_changed(
        request, event_type, by, now, assignment=assignment, assignments=assignments
    )


def release(request: Request, by: str, now: datetime) -> Change | None:
    """End the assignment of the case.

    Returns:
        The change; ``None`` where the case is not assigned.

    Raises:
        ActionNotAllowedError: no cycle is open for review, or the case is assigned to another reviewer.
    """
    review = waiting_review(request)
    require_not_assigned_to_others(request, by, now)
    if review.assignment is None:
        return None
    return review_changed(request, EventType.CASE_RELEASED, by, now, assignment=None)
