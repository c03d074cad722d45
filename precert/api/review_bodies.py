"""What reviewers and operators send."""

from typing import Annotated, Literal

from pydantic import Field

from precert.domain.determination import Approval, LineDecision
from precert.domain.matching import ProviderRole
from precert.domain.review import Reason, Words
from precert.domain.statuses import LineStatus
from precert.domain.values import Day, Diagnosis, ProcedureCode, Text, UnitType, Value
from precert.usecases.operations import DateChange

Cycle = Annotated[int, Field(ge=1)]


class RequestInformationBody(Value):
    """What is asked of the providers: codes of ``required_documentation``, words, or both."""

    documents: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    text: Words | None = None


class ExtendBody(Value):
    """Why more time is needed; both sides read it (W2)."""

    reason: Reason


class ApprovalBody(Value):
    """What is approved of a line (W3); what is left out is approved as it was asked for.

    ``to_date`` is the last day of the period.
    """

    code: ProcedureCode | None = None
    units: Annotated[int, Field(ge=1, le=9999)] | None = None
    unit_type: UnitType | None = None
    from_date: Day | None = None
    to_date: Day | None = None


class LineDecisionBody(Value):
    """The decision of one line (W4).

    A denial needs reason code (X12 886), rationale and criterion; so does an approval of fewer units,
    a shorter period or another code than was asked for. ``diagnosis`` is the adjudicated one, where
    it differs from the submitted one (W9).
    """

    line_id: Text
    status: Literal[LineStatus.APPROVED, LineStatus.DENIED]
    reason_code: Annotated[Text, Field(max_length=4)] | None = None
    rationale: Annotated[str, Field(max_length=2000)] | None = None
    criterion: Annotated[str, Field(max_length=500)] | None = None
    approved: ApprovalBody | None = None
    diagnosis: Diagnosis | None = None

    @property
    def said(self) -> LineDecision:
        approved = Approval(**dict(self.approved)) if self.approved else None
        return LineDecision(**{**dict(self), "approved": approved})


class DecideBody(Value):
    """Decisions of every open line; ``cycle`` is the one the reviewer read."""

    cycle: Cycle
    lines: Annotated[tuple[LineDecisionBody, ...], Field(max_length=100)]


class SignBody(Value):
    """Whether the proposed decisions are signed, or given back; ``cycle`` is the one that was read."""

    cycle: Cycle
    accept: bool


class LineDatesBody(Value):
    """The new period of an approved line; the last day is included."""

    line_id: Text
    from_date: Day
    to_date: Day

    @property
    def change(self) -> DateChange:
        return DateChange(**dict(self))


class ChangeDatesBody(Value):
    """Which approved periods move, and why (W5)."""

    lines: Annotated[tuple[LineDatesBody, ...], Field(min_length=1, max_length=100)]
    reason: Reason


class ReconcileProviderBody(Value):
    """Which directory entry the provider of a side is (S3).

    ``provider_id`` names an entry: one address of a provider under one TIN.
    """

    role: ProviderRole
    provider_id: Text
