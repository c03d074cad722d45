"""What reviewers are told beyond what the offices are; of a colleague only that it is one (A3)."""

from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.labels import label_of, labels_of
from precert.domain.request import Request
from precert.domain.statuses import Action, Status, WaitingOn, Who


class AssignmentAnswer(AnswerModel):
    """Who holds the case, and until when nobody else can change it."""

    assigned_to: Who
    assigned_to_label: ClassVar[Any] = label_of("assigned_to")
    until: datetime

    @classmethod
    def running(
        cls, assigned_to: str | None, until: datetime | None, caller: str, now: datetime
    ) -> "AssignmentAnswer | None":
        if assigned_to is None or until is None or until <= now:
            return None
        return cls(assigned_to=Who.of(assigned_to, caller), until=until)

    @classmethod
    def of(cls, request: Request, caller: str, now: datetime) -> "AssignmentAnswer | None":
        assignment = request.review.assignment if request.review else None
        return (
            cls.running(assignment.assigned_to, assignment.until, caller, now)
            if assignment
            else None
        )


class ReviewedCaseAnswer(AnswerModel):
    """A case after a reviewer's move, short; read it for all of it.

    ``awaits_signature`` says that decisions wait for a colleague.
    """

    request_id: str
    number: str
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    cycle: int
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    due_at: datetime | None
    awaits_signature: bool
    assignment: AssignmentAnswer | None
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")

    @classmethod
    def of(cls, request: Request, caller: str, now: datetime) -> "ReviewedCaseAnswer":
        review = request.submitted
        return cls(
            request_id=request.request_id,
            number=review.number,
            status=request.status,
            cycle=review.cycle,
            waiting_on=request.waiting_on,
            due_at=request.due_at,
            awaits_signature=review.proposal is not None,
            assignment=AssignmentAnswer.of(request, caller, now),
            allowed_actions=list(request.reviewer_actions(caller, now)),
        )
