"""What reviewers are told beyond what the offices are; of a colleague only that it is one (A3)."""

from datetime import datetime

from precert.api.answers.model import AnswerModel
from precert.domain.request import Request
from precert.domain.statuses import Action, Status, WaitingOn, Who


class LeaseAnswer(AnswerModel):
    """Who holds the case, and until when nobody else can change it."""

    held_by: Who
    until: datetime

    @classmethod
    def running(
        cls, held_by: str | None, until: datetime | None, caller: str, now: datetime
    ) -> "LeaseAnswer | None":
        if held_by is None or until is None or until <= now:
            return None
        return cls(held_by=Who.of(held_by, caller), until=until)

    @classmethod
    def of(cls, request: Request, caller: str, now: datetime) -> "LeaseAnswer | None":
        lease = request.review.lease if request.review else None
        return cls.running(lease.held_by, lease.until, caller, now) if lease else None


class ReviewedCaseAnswer(AnswerModel):
    """A case after a reviewer's move, short; read it for all of it.

    ``awaits_signature`` says that decisions wait for a colleague.
    """

    request_id: str
    number: str
    status: Status
    round: int
    waiting_on: WaitingOn
    due_at: datetime | None
    awaits_signature: bool
    lease: LeaseAnswer | None
    allowed_actions: list[Action]

    @classmethod
    def of(cls, request: Request, caller: str, now: datetime) -> "ReviewedCaseAnswer":
        review = request.submitted
        return cls(
            request_id=request.request_id,
            number=review.number,
            status=request.status,
            round=review.round,
            waiting_on=request.waiting_on,
            due_at=request.due_at,
            awaits_signature=review.proposal is not None,
            lease=LeaseAnswer.of(request, caller, now),
            allowed_actions=list(request.reviewers_actions(caller, now)),
        )
