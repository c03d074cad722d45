"""Service lines and their decisions, with reasons, persons and deciding roles (W3, W4, W10)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from precert.domain.codes import code_types_of
from precert.domain.content import Procedure, Service, numbered_lines
from precert.domain.dates import ApprovedDate, Moment
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.statuses import NOT_REQUIRED_ACTION, EnteredStatus, LineStatus
from precert.domain.values import (
    MULTILINE,
    NO_PLACEHOLDERS,
    CodeType,
    Diagnosis,
    EnteredCode,
    Reason,
    Text,
    Tin,
    Units,
    UnitType,
    Value,
)

SYSTEM: Final = "precert"
"""The actor of changes that the payer's rules made, without a person."""

CERTIFICATION_NOT_REQUIRED: Final = "0H"
"""X12 886: the reason of an approval for which the rules require no precertification."""


class DecidingRole(StrEnum):
    """The role in which a decision was made. Rules only approve; licensed persons may deny (W10)."""

    RULES = "RULES"
    REVIEWER = "REVIEWER"
    PHYSICIAN = "PHYSICIAN"
    VENDOR = "VENDOR"
    """A delegated vendor, whose own reviewers are licensed."""

    @property
    def may_refuse(self) -> bool:
        """Whether a decision in this role may deny or reduce."""
        return self is not DecidingRole.RULES


class Approval(Value):
    """The approved values of a service line (W3). An absent value is approved as requested.

    ``from_date`` and ``to_date`` are the first and last day of the approved period.
    """

    code: EnteredCode | None = None
    units: Units | None = None
    unit_type: UnitType | None = None
    from_date: ApprovedDate | None = None
    to_date: ApprovedDate | None = None


class Approved(Approval):
    """The approved values of a service line, with the complete period."""

    from_date: date
    to_date: date


class DecisionEntry(Value):
    """The members of a decision that are stored and returned as they were entered."""

    reason_code: Annotated[Text, Field(max_length=4)] | None = None
    """The X12 886 code."""
    rationale: Annotated[str, Field(max_length=2000), MULTILINE] | None = None
    criterion: Annotated[str, Field(max_length=500), MULTILINE] | None = None
    """The clinical criterion or plan provision."""
    diagnosis: Diagnosis | None = None
    """The adjudicated ICD-10-CM code, where it differs from the submitted one (W9)."""


class LineDecision(DecisionEntry):
    """The decision of one service line, as a reviewer or a delegated vendor enters it (W4).

    A reason code (X12 886), a rationale and a criterion are required for a denial, and for an approval
    of fewer units, a shorter period or another code than requested. An approval as requested has no
    reason code. An approval of more than requested has the status MODIFIED and states the changed
    values. Words in [brackets] from a rationale's template must be replaced. ``diagnosis`` is the
    adjudicated one, where it differs from the submitted one (W9).
    """

    line_id: Text
    status: EnteredStatus
    rationale: Annotated[str, Field(max_length=2000), MULTILINE, NO_PLACEHOLDERS] | None = None
    criterion: Annotated[str, Field(max_length=500), MULTILINE, NO_PLACEHOLDERS] | None = None
    approved: Approval | None = None


class ApprovedElsewhere(Value):
    """A service line of another request that approves the same service, as that was at the decision."""

    request_id: Text
    number: Text
    line_id: Text
    first_day: date
    last_day: date
    plan_id: Text
    """Its reviewers can read that request."""
    seen_by: frozenset[Tin]
    """TINs that could read that request (A2)."""


class Decision(DecisionEntry):
    """A recorded decision of one service line, with reasons and persons (W4).

    ``approved`` is ``None`` only for a denial.
    """

    status: LineStatus
    cycle: Annotated[int, Field(ge=1)]
    decided_at: Moment
    decided_by: Text
    decided_as: DecidingRole = DecidingRole.REVIEWER
    signed_by: Text | None = None
    """The reviewer who signed second, where the payer requires a second signature."""
    proposed_by: Text | None = None
    """The reviewer who proposed the decision that a physician confirmed."""
    dates_changed_by: Text | None = None
    """The operator who changed the approved period (W5)."""
    favorable: bool = False
    """Whether a MODIFIED line refuses nothing that was requested: then it is not adverse."""
    approved: Approved | None = None
    approved_also_in: tuple[ApprovedElsewhere, ...] = ()
    """Other requests with an approval of the same service, as confirmed or reported (S2)."""
    date_change_reason: Reason | None = None
    """Why an operator changed the approved period (W5)."""

    @model_validator(mode="after")
    def _is_licensed(self) -> Self:
        if self.adverse and (not self.decided_as.may_refuse or self.decided_by == SYSTEM):
            raise ValueError(
                "must be made by a licensed person, because it denies or reduces (W10)"
            )
        return self

    @property
    def adverse(self) -> bool:
        """Whether it denies or reduces what was requested, so that it can be appealed (W4, W7)."""
        return self.status.rule.adverse and not self.favorable

    @property
    def counts_as(self) -> LineStatus:
        """The status from which those of the whole request and its notices are derived (W3)."""
        return LineStatus.APPROVED if self.favorable else self.status

    @property
    def outcome(self) -> str:
        """The decision in the words of a determination notice."""
        return "Approved with changes" if self.favorable else self.status.rule.outcome

    @property
    def persons(self) -> frozenset[str]:
        """The persons who made the decision, who may not decide its appeal (W7)."""
        persons = {self.decided_by, self.signed_by, self.proposed_by}
        return frozenset(one for one in persons if one is not None and one != SYSTEM)


class ServiceLine(Value):
    """One code of one service. ``line_id`` is ``<service>.<line>``, counted from 1.

    A stay without a procedure is one service line without a code.
    """

    line_id: Text
    code: Text | None
    code_type: CodeType | None
    decisions: tuple[Decision, ...] = ()
    sequence: Annotated[int, Field(ge=1)] | None = None
    """The number of its item in the submitter's claim, where an update stated it."""
    added_in: Annotated[int, Field(ge=1)] = 1
    """The determination cycle for which the line was added."""
    replaces: Text | None = None
    """The id of the line that this one changes; both have the same item number."""
    cancelled_at: Moment | None = None

    @property
    def status(self) -> LineStatus:
        """CANCELLED, the status of the last decision, or OPEN without a decision."""
        if self.cancelled_at is not None:
            return LineStatus.CANCELLED
        return self.decisions[-1].status if self.decisions else LineStatus.OPEN

    def before(self, cycle: int) -> Decision | None:
        """The decision in effect before a determination cycle; ``None`` without one."""
        earlier = (one for one in reversed(self.decisions) if one.cycle < cycle)
        return next(earlier, None)

    @property
    def adverse(self) -> bool:
        """Whether the decision in effect denies or reduces what was requested."""
        return self.cancelled_at is None and bool(self.decisions) and self.decisions[-1].adverse

    @property
    def counts_as(self) -> LineStatus:
        """The status from which that of the whole request is derived (W3)."""
        if self.cancelled_at is not None:
            return LineStatus.CANCELLED
        return self.decisions[-1].counts_as if self.decisions else LineStatus.OPEN

    @property
    def approved(self) -> Approved | None:
        """The approved values in effect; ``None`` if nothing is approved."""
        if self.cancelled_at is not None:
            return None
        return self.decisions[-1].approved if self.decisions else None

    @property
    def review_action(self) -> str:
        """The X12 306 code (HCR01): NA if no certification was required, else that of the status."""
        last = self.decisions[-1] if self.decisions and self.cancelled_at is None else None
        if last is not None and last.reason_code == CERTIFICATION_NOT_REQUIRED:
            return NOT_REQUIRED_ACTION
        return self.status.rule.review_action

    @property
    def diagnosis(self) -> str | None:
        """The last adjudicated diagnosis; ``None`` where the submitted one applies (W9)."""
        adjudicated = (
            one.diagnosis for one in reversed(self.decisions) if one.diagnosis is not None
        )
        return next(adjudicated, None)


def service_lines_of(services: Sequence[Service]) -> tuple[ServiceLine, ...]:
    """The service lines of a submission, without decisions."""
    return tuple(
        ServiceLine(
            line_id=line_id,
            code=procedure.code if procedure else None,
            code_type=_code_type(procedure) if procedure else None,
        )
        for line_id, _, procedure in numbered_lines(services)
    )


def _code_type(procedure: Procedure) -> CodeType | None:
    """The code set that the content states, or the first whose format the code has."""
    return procedure.code_type or next(iter(code_types_of(procedure.code)), None)


def with_decisions(
    lines: Sequence[ServiceLine], decisions: Mapping[str, Decision], line_ids: Sequence[str]
) -> tuple[ServiceLine, ...]:
    """The lines with the decisions added, by line id.

    Raises:
        InvalidInputError: not exactly the lines of ``line_ids`` have a decision.
    """
    require_lines(decisions, line_ids)
    return tuple(
        line.model_copy(update={"decisions": (*line.decisions, decisions[line.line_id])})
        if line.line_id in decisions
        else line
        for line in lines
    )


def without_replaced(lines: Sequence[ServiceLine], now: datetime) -> tuple[ServiceLine, ...]:
    """The lines, with those cancelled at ``now`` whose replacement is approved (W10)."""
    replaced = {line.replaces for line in lines if line.replaces and line.status.rule.approves}
    return tuple(
        line.model_copy(update={"cancelled_at": now})
        if line.line_id in replaced and line.cancelled_at is None
        else line
        for line in lines
    )


def require_lines(decisions: Mapping[str, Decision], line_ids: Sequence[str]) -> None:
    """Require one decision for each line of ``line_ids``, and no others.

    Raises:
        InvalidInputError: a line has no decision, or a decision is of another line.
    """
    errors = [
        FieldError("/lines", "line_missing", f"must include a decision for line {line_id}")
        for line_id in line_ids
        if line_id not in decisions
    ] + [
        FieldError(
            "/lines", "line_unknown", f"line {line_id} is not part of this determination cycle"
        )
        for line_id in decisions
        if line_id not in line_ids
    ]
    if errors:
        raise InvalidInputError(errors)
