"""Lines of a request, with everything that was decided of them."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from precert.api.answers.model import AnswerModel
from precert.api.labels import RequestLabels, label_of
from precert.domain.content import RequestContent
from precert.domain.determination import RequestedLine, requested_lines
from precert.domain.review import Approved, Decision, Review, ServiceLine
from precert.domain.statuses import LineStatus
from precert.domain.values import CodeType, Text


class ApprovedAnswer(Approved):
    """What is approved of a service line; the last day is included."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    unit_type_label: str | None

    @classmethod
    def of(cls, approved: Approved, labels: RequestLabels) -> "ApprovedAnswer":
        return cls(**dict(approved), **labels.lists.labels(unit_type=approved.unit_type))


class DecisionAnswer(Decision):
    """A decision, without the persons who made it (A3).

    ``date_change_reason`` is of one that only moved the approved period (W5).
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    decided_by: Text = Field(exclude=True)
    signed_by: Text | None = Field(default=None, exclude=True)
    approved: ApprovedAnswer | None = None
    status_label: ClassVar[Any] = label_of("status")
    reason_code_label: str | None
    diagnosis_label: str | None

    @classmethod
    def of(cls, decision: Decision, labels: RequestLabels) -> "DecisionAnswer":
        approved = decision.approved and ApprovedAnswer.of(decision.approved, labels)
        return cls(
            **{**dict(decision), "approved": approved},
            reason_code_label=labels.lists.label("decision_reasons", decision.reason_code),
            diagnosis_label=labels.diagnosis(decision.diagnosis),
        )


class LineAnswer(AnswerModel):
    """One code of one service: where it stands, what is approved of it, and why.

    ``review_action`` is X12 306. The diagnosis that was decided by may differ from the one submitted;
    both are told (W9), the adjudicated one once there is a decision.
    """

    line_id: str
    code: str | None
    code_label: str | None
    code_type: CodeType | None
    code_type_label: str | None
    status: LineStatus
    status_label: ClassVar[Any] = label_of("status")
    review_action: str | None
    review_action_label: str | None
    approved: ApprovedAnswer | None
    submitted_diagnosis: str | None
    submitted_diagnosis_label: str | None
    adjudicated_diagnosis: str | None
    adjudicated_diagnosis_label: str | None
    decisions: list[DecisionAnswer]

    @classmethod
    def of(
        cls, line: ServiceLine, asked: RequestedLine | None, labels: RequestLabels
    ) -> "LineAnswer":
        approved = line.decisions[-1].approved if line.decisions else None
        submitted = asked.service.primary_diagnosis if asked else None
        adjudicated = (line.diagnosis or submitted) if line.decisions else None
        return cls(
            line_id=line.line_id,
            code=line.code,
            code_label=labels.code_of(line),
            code_type=line.code_type,
            status=line.status,
            review_action=line.review_action,
            **labels.lists.labels(code_type=line.code_type, review_action=line.review_action),
            approved=ApprovedAnswer.of(approved, labels) if approved else None,
            submitted_diagnosis=submitted,
            submitted_diagnosis_label=labels.diagnosis(submitted),
            adjudicated_diagnosis=adjudicated,
            adjudicated_diagnosis_label=labels.diagnosis(adjudicated),
            decisions=[DecisionAnswer.of(decision, labels) for decision in line.decisions],
        )


def line_answers(
    review: Review, content: RequestContent, labels: RequestLabels
) -> list[LineAnswer]:
    """The lines of a submitted request, in the order of entry."""
    asked = requested_lines(content)
    return [LineAnswer.of(line, asked.get(line.line_id), labels) for line in review.lines]
