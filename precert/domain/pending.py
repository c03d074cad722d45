"""What a worklist row shows of the services of a pended request, and why it needs a reviewer."""

from enum import StrEnum
from typing import Final, assert_never

from precert.domain.assessment import Assessment
from precert.domain.content import numbered_lines
from precert.domain.request import Request
from precert.domain.rules import Requirement
from precert.domain.values import CodeType, Purpose, Text, Urgency, Value

MOST_LINES: Final = 5
"""Service lines in a row; the details have all of them."""


class PendReason(StrEnum):
    """Why a request is in review instead of determined by the rules (W1). Codes never change."""

    DISPUTED = "DISPUTED"
    NOT_AUTOMATIC = "NOT_AUTOMATIC"
    UNDETERMINED = "UNDETERMINED"
    DOCUMENTATION_MISSING = "DOCUMENTATION_MISSING"
    POTENTIAL_DUPLICATE = "POTENTIAL_DUPLICATE"
    EMERGENCY = "EMERGENCY"
    LATE_NOTIFICATION = "LATE_NOTIFICATION"
    PREDETERMINATION = "PREDETERMINATION"


class RowLine(Value):
    """A service line in a worklist row."""

    line_id: Text
    type_of_service: Text | None = None
    code: Text | None = None
    """Absent for a stay without a procedure."""
    code_type: CodeType | None = None
    label: Text | None = None
    """The payer's text for the code, from the rule list."""


def pend_reasons(request: Request) -> tuple[PendReason, ...]:
    """Why the open cycle needs a reviewer; none before the assessment."""
    review = request.submitted
    if review.open_appeal is not None:
        return (PendReason.DISPUTED,)
    if review.assessment is None:
        return ()
    return tuple(one for one in PendReason if _applies(one, request, review.assessment))


def _applies(reason: PendReason, request: Request, assessment: Assessment) -> bool:
    match reason:
        case PendReason.DISPUTED:
            return False
        case PendReason.NOT_AUTOMATIC:
            return _has_line(assessment, Requirement.REQUIRED)
        case PendReason.UNDETERMINED:
            return _has_line(assessment, Requirement.UNABLE_TO_DETERMINE)
        case PendReason.DOCUMENTATION_MISSING:
            return bool(assessment.required_documentation)
        case PendReason.POTENTIAL_DUPLICATE:
            return bool(assessment.potential_duplicates)
        case PendReason.EMERGENCY:
            return request.urgency is Urgency.EMERGENCY
        case PendReason.LATE_NOTIFICATION:
            return assessment.late_notification
        case PendReason.PREDETERMINATION:
            return request.content.purpose is Purpose.PREDETERMINATION
        case other:
            assert_never(other)


def _has_line(assessment: Assessment, requirement: Requirement) -> bool:
    """Whether the rules do not approve a line with this answer."""
    return any(not line.automatic and line.requirement is requirement for line in assessment.lines)


def row_lines(request: Request) -> tuple[RowLine, ...]:
    """The first service lines of the open cycle."""
    review = request.submitted
    assessed = {line.line_id: line for line in review.assessment.lines} if review.assessment else {}
    services = {
        line_id: service for line_id, service, _ in numbered_lines(request.content.services)
    }
    row_lines: list[RowLine] = []
    for line in request.lines_to_decide[:MOST_LINES]:
        service, rule = services.get(line.line_id), assessed.get(line.line_id)
        row_lines.append(
            RowLine(
                line_id=line.line_id,
                type_of_service=service.type_of_service if service else None,
                code=line.code,
                code_type=line.code_type,
                label=rule.label if rule else None,
            )
        )
    return tuple(row_lines)
