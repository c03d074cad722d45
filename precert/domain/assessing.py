"""Assess a request by the rule list: delegated, automatically approved, or pended, and why (W1, W8).

The results of the rules are parameters: this module reads nothing. Each service line is decided by a
delegated vendor or by the payer. A request is approved automatically only if each line that the payer
decides qualifies. It is pended for review if a requirement cannot be determined, required documentation
is missing, or another request is a potential duplicate.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from precert.domain.assessment import Assessment, LineAssessment
from precert.domain.clocks import business_day_after, local_date
from precert.domain.content import RequestContent, numbered_lines
from precert.domain.decisions import CERTIFICATION_NOT_REQUIRED, SYSTEM, DecidingRole, Decision
from precert.domain.documents import Document, DocumentStatus
from precert.domain.next_steps import requirement_without_codes
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.requested_lines import RequestedLine, as_requested
from precert.domain.rules import CodeResult, Requirement, Rule
from precert.domain.statuses import LineStatus
from precert.domain.values import AuthorizationType, CodeType, Purpose, Text, Urgency, Value


@dataclass(frozen=True)
class EvaluatedLine:
    """A requested service line with the result of its rule; a stay without a code has no result."""

    line_id: str
    requested: RequestedLine
    answer: CodeResult | None = None
    rule: Rule | None = None
    vendor_id: str | None = None
    """The delegated vendor that decides the line; ``None`` where the payer does."""

    @property
    def requirement(self) -> Requirement:
        if self.answer is None:
            return requirement_without_codes(self.requested.service)
        return self.answer.requirement


def missing_documents(
    lines: Collection[EvaluatedLine], documents: Collection[Document]
) -> tuple[str, ...]:
    """Codes of the required documentation of the lines that is not attached, each once."""
    attached = attached_types(documents)
    required = (code for line in lines for code in required_documents(line))
    return tuple(code for code in dict.fromkeys(required) if code not in attached)


def required_documents(line: EvaluatedLine) -> tuple[str, ...]:
    """Codes of the documentation that the line's rule requires; none if a vendor decides the line."""
    own = line.requirement is Requirement.REQUIRED and line.vendor_id is None
    return line.rule.required_documentation if own and line.rule else ()


def attached_types(documents: Collection[Document]) -> frozenset[str]:
    """Required documentation that is attached, by code."""
    return frozenset(
        document.document_type
        for document in documents
        if document.status is DocumentStatus.ATTACHED and document.document_type
    )


def sent_types(documents: Collection[Document]) -> frozenset[str]:
    """Required documentation, by code, that is attached or received and not yet verified."""
    unverified = frozenset(
        document.document_type
        for document in documents
        if document.document_type
        and (
            document.status is DocumentStatus.CHECKING
            or (document.received and document.status is DocumentStatus.AWAITING_UPLOAD)
        )
    )
    return attached_types(documents) | unverified


def assessed_lines(lines: Sequence[EvaluatedLine]) -> tuple[LineAssessment, ...]:
    """The assessment of each line, as it is stored with the request."""
    automatic = _automatic_lines(lines)
    return tuple(
        LineAssessment(
            line_id=line.line_id,
            requirement=line.requirement,
            rule_id=line.answer.rule_id if line.answer else None,
            vendor_id=line.vendor_id,
            label=line.answer.label if line.answer else None,
            required_documentation=required_documents(line),
            automatic=line.line_id in automatic,
        )
        for line in lines
    )


def is_automatic(request: Request, assessment: Assessment, line_ids: Collection[str]) -> bool:
    """Whether the rules approve, without a reviewer, those of the lines that the payer decides (W1).

    Emergencies (C10), predeterminations (C14) and requests with intake exceptions always need a
    reviewer, and so do requests with missing documentation or potential duplicates.
    """
    content = request.content
    urgencies = {service.urgency for service in content.services}
    return (
        content.purpose is Purpose.PRECERTIFICATION
        and not request.submitted.intake_exceptions
        and Urgency.EMERGENCY not in urgencies
        and not assessment.required_documentation
        and not assessment.potential_duplicates
        and all(
            line.automatic
            for line in assessment.lines
            if line.vendor_id is None and line.line_id in line_ids
        )
    )


def automatic_decisions(
    lines: Sequence[EvaluatedLine], *, approval_days: int, cycle: int, now: datetime
) -> dict[str, Decision]:
    """Approvals as requested of the lines that the payer decides, by line id.

    The criterion is the id of the rule. ``approval_days`` is the length of an approved period for which
    no days were requested.
    """
    return {
        line.line_id: Decision(
            status=LineStatus.APPROVED,
            cycle=cycle,
            decided_at=now,
            decided_by=SYSTEM,
            decided_as=DecidingRole.RULES,
            reason_code=(
                CERTIFICATION_NOT_REQUIRED if line.requirement is Requirement.NOT_REQUIRED else None
            ),
            criterion=line.rule.rule_id if line.rule else None,
            approved=as_requested(line.requested, approval_days=approval_days),
        )
        for line in lines
        if line.vendor_id is None
    }


def is_late_notification(content: RequestContent, received_at: datetime, payer: Payer) -> bool:
    """Whether an emergency admission is reported after the time limit (C10).

    The limit is in business days of the payer's calendar, by the servicing provider's state.
    """
    received_on = local_date(received_at, payer.zone)
    servicing = content.servicing_provider
    state = servicing.address.state if servicing and servicing.address else None
    days = payer.emergency_notice.days_in(state)
    return any(
        received_on > business_day_after(service.admission_date, days, payer.business_calendar)
        for service in content.services
        if service.urgency is Urgency.EMERGENCY
        and service.authorization_type is AuthorizationType.INPATIENT
        and service.admission_date
    )


def _automatic_lines(lines: Sequence[EvaluatedLine]) -> frozenset[str]:
    """Ids of lines that need no reviewer: without a requirement, or within the limits of the rule.

    A limit applies to the request as a whole: the units and days of lines with the same code are added.
    """
    units: Counter[str | None] = Counter()
    days: Counter[str | None] = Counter()
    for line in lines:
        units[line.requested.code] += line.requested.units or 0
        days[line.requested.code] += line.requested.days or 0
    return frozenset(
        line.line_id
        for line in lines
        if line.vendor_id is None
        if line.requirement is Requirement.NOT_REQUIRED
        or (
            line.requirement is Requirement.REQUIRED
            and line.rule is not None
            and line.rule.requirement is Requirement.REQUIRED
            and _is_within_limits(
                line.rule, line.requested, units[line.requested.code], days[line.requested.code]
            )
        )
    )


def _is_within_limits(rule: Rule, requested: RequestedLine, units: int, days: int) -> bool:
    """Whether the rule has limits, and the totals of the code are within each of them."""
    limits = (
        (rule.auto_approve_max_units, requested.units, units),
        (rule.auto_approve_max_days, requested.days, days),
    )
    limited = [(limit, own, total) for limit, own, total in limits if limit is not None]
    return bool(limited) and all(
        own is not None and total <= limit for limit, own, total in limited
    )


MAX_ROW_LINES: Final = 5
"""The maximum number of service lines in a worklist row; the details list all lines."""


class PendReason(StrEnum):
    """Why a request is pended for review instead of approved by the rules (W1). Codes never change."""

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
    """Why the open cycle needs a reviewer; empty before the assessment."""
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
    """Whether a line has this requirement and is not approved by the rules."""
    return any(not line.automatic and line.requirement is requirement for line in assessment.lines)


def row_lines(request: Request) -> tuple[RowLine, ...]:
    """The service lines to decide in the open cycle, at most :data:`MAX_ROW_LINES`."""
    review = request.submitted
    assessed = {line.line_id: line for line in review.assessment.lines} if review.assessment else {}
    services = {
        line_id: service for line_id, service, _ in numbered_lines(request.content.services)
    }
    row_lines: list[RowLine] = []
    for line in request.lines_to_decide[:MAX_ROW_LINES]:
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
