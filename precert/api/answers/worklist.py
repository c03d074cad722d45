"""Open rounds: the reviewers' worklist and the operators' queue."""

from datetime import datetime

from precert.api.answers.model import AnswerModel
from precert.api.answers.reviewed import AssignmentAnswer
from precert.domain.rows import WorklistRow
from precert.domain.statuses import WaitingOn
from precert.domain.values import Urgency
from precert.usecases.ports.listings import Page


class WorklistRowAnswer(AnswerModel):
    """An open round: how urgent it is, until when, whose turn it is, and who works on it."""

    request_id: str
    number: str
    plan_id: str
    urgency: Urgency
    cycle: int
    due_at: datetime
    waiting_on: WaitingOn
    awaits_signature: bool
    assignment: AssignmentAnswer | None
    suspected_duplicate: bool
    late_notification: bool
    level: int | None

    @classmethod
    def of(cls, row: WorklistRow, caller: str, now: datetime) -> "WorklistRowAnswer":
        told = row.model_dump(exclude={"assigned_to", "held_until"})
        assignment = AssignmentAnswer.running(row.assigned_to, row.held_until, caller, now)
        return cls(**told, assignment=assignment)


class WorklistAnswer(AnswerModel):
    cycles: list[WorklistRowAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[WorklistRow], caller: str, now: datetime) -> "WorklistAnswer":
        rows = [WorklistRowAnswer.of(row, caller, now) for row in page.rows]
        return cls(cycles=rows, cursor=page.cursor)
