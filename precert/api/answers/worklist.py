"""Open rounds: the reviewers' worklist and the operators' queue."""

from datetime import datetime

from precert.api.answers.model import AnswerModel
from precert.api.answers.reviewed import LeaseAnswer
from precert.domain.statuses import WaitingOn
from precert.domain.values import Urgency
from precert.usecases.ports.listings import Page, WorklistRow


class WorklistRowAnswer(AnswerModel):
    """An open round: how urgent it is, until when, whose turn it is, and who works on it."""

    request_id: str
    number: str
    plan_id: str
    urgency: Urgency
    round: int
    due_at: datetime
    waiting_on: WaitingOn
    awaits_signature: bool
    lease: LeaseAnswer | None
    suspected_duplicate: bool
    late_notification: bool
    level: int | None

    @classmethod
    def of(cls, row: WorklistRow, caller: str, now: datetime) -> "WorklistRowAnswer":
        told = row.model_dump(exclude={"held_by", "held_until"})
        lease = LeaseAnswer.running(row.held_by, row.held_until, caller, now)
        return cls(**told, lease=lease)


class WorklistAnswer(AnswerModel):
    rounds: list[WorklistRowAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[WorklistRow], caller: str, now: datetime) -> "WorklistAnswer":
        rows = [WorklistRowAnswer.of(row, caller, now) for row in page.rows]
        return cls(rounds=rows, cursor=page.cursor)
