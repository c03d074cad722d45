"""Lines of a request, with everything that was decided of them."""

from datetime import date, datetime

from precert.api.answers.model import AnswerModel
from precert.domain.content import RequestContent
from precert.domain.determination import Asked, requested_lines
from precert.domain.payer import Payer
from precert.domain.review import (
    CERTIFICATION_NOT_REQUIRED,
    Approved,
    Decision,
    Review,
    ServiceLine,
)
from precert.domain.statuses import LineStatus
from precert.domain.values import CodeType, UnitType


class ApprovedAnswer(AnswerModel):
    """What is approved of a line; the last day is included."""

    code: str | None
    units: int | None
    unit_type: UnitType | None
    from_date: date
    to_date: date

    @classmethod
    def of(cls, approved: Approved) -> "ApprovedAnswer":
        return cls(**dict(approved))


class DecisionAnswer(AnswerModel):
    """A decision; who made it is not told (A3).

    ``date_change_reason`` is of one that only moved the approved period (W5).
    """

    status: LineStatus
    cycle: int
    decided_at: datetime
    reason_code: str | None
    reason: str | None
    rationale: str | None
    criterion: str | None
    approved: ApprovedAnswer | None
    diagnosis: str | None
    date_change_reason: str | None

    @classmethod
    def of(cls, decision: Decision, payer: Payer) -> "DecisionAnswer":
        return cls(
            status=decision.status,
            cycle=decision.cycle,
            decided_at=decision.decided_at,
            reason_code=decision.reason_code,
            reason=_reason(decision.reason_code, payer),
            rationale=decision.rationale,
            criterion=decision.criterion,
            approved=ApprovedAnswer.of(decision.approved) if decision.approved else None,
            diagnosis=decision.diagnosis,
            date_change_reason=decision.date_change_reason,
        )


def _reason(code: str | None, payer: Payer) -> str | None:
    """What a reason code means, in words."""
    if code == CERTIFICATION_NOT_REQUIRED:
        return payer.notices["not_required"]
    return payer.reason_codes.get(code or "")


class LineAnswer(AnswerModel):
    """One code of one service: where it stands, what is approved of it, and why.

    ``review_action`` is X12 306. The diagnosis that was decided by may differ from the one submitted;
    both are told (W9), the adjudicated one once there is a decision.
    """

    line_id: str
    code: str | None
    code_type: CodeType | None
    status: LineStatus
    review_action: str | None
    approved: ApprovedAnswer | None
    submitted_diagnosis: str | None
    adjudicated_diagnosis: str | None
    decisions: list[DecisionAnswer]

    @classmethod
    def of(cls, line: ServiceLine, asked: Asked | None, payer: Payer) -> "LineAnswer":
        approved = line.decisions[-1].approved if line.decisions else None
        submitted = asked.service.primary_diagnosis if asked else None
        return cls(
            line_id=line.line_id,
            code=line.code,
            code_type=line.code_type,
            status=line.status,
            review_action=line.review_action,
            approved=ApprovedAnswer.of(approved) if approved else None,
            submitted_diagnosis=submitted,
            adjudicated_diagnosis=(line.diagnosis or submitted) if line.decisions else None,
            decisions=[DecisionAnswer.of(decision, payer) for decision in line.decisions],
        )


def line_answers(review: Review, content: RequestContent, payer: Payer) -> list[LineAnswer]:
    """The lines of a submitted request, in the order of entry."""
    asked = requested_lines(content)
    return [LineAnswer.of(line, asked.get(line.line_id), payer) for line in review.lines]
