"""The service lines of a request, with their decisions."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, Field

from precert.api.labels import RequestLabels, label_of, optional_label_of
from precert.api.models import DelegatedVendorResponse, ResponseModel
from precert.domain.content import RequestContent
from precert.domain.decisions import Approved, ApprovedElsewhere, Decision, ServiceLine
from precert.domain.delegation import DecidedBy
from precert.domain.overlaps import recorded_overlaps
from precert.domain.request import Request
from precert.domain.requested_lines import RequestedLine, requested_lines
from precert.domain.review import Review
from precert.domain.statuses import DELEGATED_ACTION, LineStatus
from precert.domain.values import CodeType, Text


class ApprovedResponse(Approved):
    """The approved part of a service line (W3). The last day is included."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    unit_type_label: str | None

    @classmethod
    def of(cls, approved: Approved, labels: RequestLabels) -> "ApprovedResponse":
        return cls(**dict(approved), **labels.lists.labels(unit_type=approved.unit_type))


class DecisionResponse(Decision):
    """A decision on a service line (W4). It does not name the persons who made it (A3).

    `date_change_reason` is set if the decision changed only the approved period (W5).
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    decided_by: Text = Field(exclude=True)
    signed_by: Text | None = Field(default=None, exclude=True)
    proposed_by: Text | None = Field(default=None, exclude=True)
    dates_changed_by: Text | None = Field(default=None, exclude=True)
    approved_also_in: tuple[ApprovedElsewhere, ...] = Field(default=(), exclude=True)
    decided_as_label: ClassVar[Any] = label_of("decided_as")
    approved: ApprovedResponse | None = None
    status_label: ClassVar[Any] = label_of("status")
    reason_code_label: str | None
    diagnosis_label: str | None

    @classmethod
    def of(cls, decision: Decision, labels: RequestLabels) -> "DecisionResponse":
        approved = decision.approved and ApprovedResponse.of(decision.approved, labels)
        return cls(
            **{**dict(decision), "approved": approved},
            reason_code_label=labels.lists.label("decision_reasons", decision.reason_code),
            diagnosis_label=labels.diagnosis(decision.diagnosis),
        )


class ApprovedElsewhereResponse(ResponseModel):
    """A service of this request that another request approves too, on overlapping dates (S2).

    The members are those of that request at the time of the decision.
    """

    line_id: str = Field(description="The service line of this request.")
    request_id: str | None = Field(description="Null if the caller cannot read that request.")
    number: str | None = Field(description="Null if the caller cannot read that request.")
    other_line_id: str | None = Field(
        description="The service line of that request. Null if the caller cannot read it."
    )
    first_day: date | None = Field(
        description="The first date of that service. Null if the caller cannot read that request."
    )
    last_day: date | None = Field(
        description="The last date, included. Null if the caller cannot read that request."
    )

    @classmethod
    def all_of(
        cls, request: Request, reads: Callable[[ApprovedElsewhere], bool]
    ) -> "list[ApprovedElsewhereResponse]":
        """``reads`` states which requests the caller can read."""
        return [
            cls(
                line_id=line_id,
                request_id=one.request_id,
                number=one.number,
                other_line_id=one.line_id,
                first_day=one.first_day,
                last_day=one.last_day,
            )
            if reads(one)
            else cls(line_id=line_id, **dict.fromkeys(_OF_THE_OTHER))
            for line_id, one in recorded_overlaps(request)
        ]


_OF_THE_OTHER: Final = ("request_id", "number", "other_line_id", "first_day", "last_day")


class ServiceLineResponse(ResponseModel):
    """One code of one service (X12 2000F), with its decisions; the last decision applies."""

    line_id: str
    code: str | None = Field(description="Null for a stay without a procedure.")
    code_label: str | None
    code_type: CodeType | None
    code_type_label: str | None
    status: LineStatus
    status_label: ClassVar[Any] = label_of("status")
    review_action: str | None
    review_action_label: str | None
    decided_by: DecidedBy | None = Field(
        description="Who decides the line: the payer, or the delegated vendor `vendor`. Null until the "
        "rule list is applied."
    )
    decided_by_label: ClassVar[Any] = optional_label_of("decided_by")
    vendor: DelegatedVendorResponse | None = Field(
        description="The delegated vendor that decides the line, with its contacts."
    )
    approved: ApprovedResponse | None
    submitted_diagnosis: str | None
    submitted_diagnosis_label: str | None
    adjudicated_diagnosis: str | None = Field(
        description="The diagnosis on which the decision is based. Null before a decision (W9)."
    )
    adjudicated_diagnosis_label: str | None
    decisions: list[DecisionResponse]
    replaces: str | None = Field(
        description="The line that this one replaces, if the submitter updated the request."
    )
    cancelled_at: datetime | None

    @classmethod
    def of(
        cls,
        line: ServiceLine,
        requested: RequestedLine | None,
        labels: RequestLabels,
        review: Review,
    ) -> "ServiceLineResponse":
        delegation = review.delegation_of(line.line_id)
        action = line.review_action
        if delegation is not None and line.status is LineStatus.OPEN:
            action = DELEGATED_ACTION
        approved = line.approved
        submitted = requested.service.primary_diagnosis if requested else None
        adjudicated = (line.diagnosis or submitted) if line.decisions else None
        return cls(
            line_id=line.line_id,
            code=line.code,
            code_label=labels.code_of(line),
            code_type=line.code_type,
            status=line.status,
            review_action=action,
            **labels.lists.labels(code_type=line.code_type, review_action=action),
            decided_by=review.decided_by(line.line_id),
            vendor=DelegatedVendorResponse.of(delegation.vendor) if delegation else None,
            approved=ApprovedResponse.of(approved, labels) if approved else None,
            submitted_diagnosis=submitted,
            submitted_diagnosis_label=labels.diagnosis(submitted),
            adjudicated_diagnosis=adjudicated,
            adjudicated_diagnosis_label=labels.diagnosis(adjudicated),
            decisions=[DecisionResponse.of(decision, labels) for decision in line.decisions],
            replaces=line.replaces,
            cancelled_at=line.cancelled_at,
        )


def service_lines(
    review: Review, content: RequestContent, labels: RequestLabels
) -> list[ServiceLineResponse]:
    """The service lines of a submitted request, in the order of entry."""
    requested = requested_lines(content)
    return [
        ServiceLineResponse.of(line, requested.get(line.line_id), labels, review)
        for line in review.lines
    ]
