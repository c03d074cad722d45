"""Open rounds: the reviewers' worklist and the operators' queue."""

from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.answers.reviewed import AssignmentAnswer
from precert.api.labels import label_of
from precert.domain.code_lists import code_lists_of
from precert.domain.payer import Payer
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
    urgency_label: str | None
    cycle: int
    due_at: datetime
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    awaits_signature: bool
    assignment: AssignmentAnswer | None
    suspected_duplicate: bool
    late_notification: bool
    level: int | None

    @classmethod
    def of(cls, row: WorklistRow, caller: str, now: datetime, payer: Payer) -> "WorklistRowAnswer":
        told = row.model_dump(exclude={"assigned_to", "held_until"})
        assignment = AssignmentAnswer.running(row.assigned_to, row.held_until, caller, now)
        urgency_label = code_lists_of(payer).label_of(row.urgency)
        return cls(**told, assignment=assignment, urgency_label=urgency_label)


class WorklistAnswer(AnswerModel):
    cycles: list[WorklistRowAnswer]
    cursor: str | None

    @classmethod
    def of(
        cls, page: Page[WorklistRow], caller: str, now: datetime, payer: Payer
    ) -> "WorklistAnswer":
        rows = [WorklistRowAnswer.of(row, caller, now, payer) for row in page.rows]
        return cls(cycles=rows, cursor=page.cursor)
