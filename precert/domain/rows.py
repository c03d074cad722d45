"""Read models: the rows of the dashboard, the worklist and the queues of operators and vendors."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import Field

from precert.domain.assessing import PendReason, RowLine, pend_reasons, row_lines
from precert.domain.content import Provider, RequestContent
from precert.domain.dates import Moment
from precert.domain.delegation import Delegation, DelegationStatus
from precert.domain.disputes import DisputeKind
from precert.domain.matching import Mismatch, ProviderRole, unmatched
from precert.domain.request import Request
from precert.domain.request_state import DISPUTE_ACTIONS
from precert.domain.requested_lines import active_services, authorized_days
from precert.domain.review import Assignment, Channel, IntakeException, Review
from precert.domain.statuses import Action, Status, WaitingOn
from precert.domain.values import Npi, Purpose, Text, Tin, Urgency, Value

_DISPUTES: Final = frozenset(DISPUTE_ACTIONS.values())


class DashboardRow(Value):
    """A row of the providers' dashboard (T2).

    Long names are shortened and end in an ellipsis; the details have the full names.
    """

    request_id: Text
    number: Text | None = None
    status: Status
    purpose: Purpose = Purpose.PRECERTIFICATION
    patient: str | None = None
    date_of_birth: date | None = None
    first_day: Annotated[
        date | None, Field(description="First day of service: as approved, else as requested.")
    ] = None
    last_day: Annotated[
        date | None, Field(description="Last day of service: as approved, else as requested.")
    ] = None
    requesting_provider: Text | None = None
    requesting_tin: Tin | None = None
    servicing_provider: Text | None = None
    place_of_service: Text | None = None
    channel: Channel = Channel.PORTAL
    """The channel of the request. Lists contain requests of all channels (S5)."""
    delegated: bool = False
    """Whether delegated vendors decide all of its service lines (W8)."""
    allowed_actions: tuple[Action, ...] | None = None
    """For a request that the payer and a vendor decide: the providers' actions, except disputes. For
    other requests they follow from the other fields."""
    appeal_open: bool
    dispute: Annotated[
        DisputeKind | None,
        Field(description="How the providers dispute the determination at present, if they do."),
    ] = None
    waiting_on: WaitingOn
    due_at: Moment | None = None
    """When the party of ``waiting_on`` must act next; for a draft, when it expires."""
    updated_at: Annotated[Moment, Field(description="The last change that providers see.")]
    expires_at: Moment | None = None
    """For a draft: when it expires. Then no list has the row, even if it is still stored (D5)."""
    flagged_at: Moment | None = None
    """When the TIN flagged it for its home list (T3)."""
    peer_to_peer_until: Moment | None = None
    reconsideration_until: Moment | None = None
    appeal_until: Moment | None = None
    """The ends of the times for each kind of dispute of the adverse lines (W7, W12)."""
    unmatched_providers: tuple[ProviderRole, ...] = ()
    """Roles of the providers with a temporary id that are not reconciled (S3)."""

    def until(self, kind: DisputeKind) -> datetime | None:
        """The end of the time for this kind of dispute; ``None`` if it is not possible."""
        return {
            DisputeKind.PEER_TO_PEER: self.peer_to_peer_until,
            DisputeKind.RECONSIDERATION: self.reconsideration_until,
            DisputeKind.APPEAL: self.appeal_until,
        }[kind]


class WorklistRow(Value):
    """A row of the reviewers' worklist."""

    request_id: Text
    version: int = 0
    """The version of the request at the last write of the row."""
    number: Text
    plan_id: Text
    plan_name: Text | None = None
    """``None`` in rows that earlier releases stored."""
    urgency: Urgency
    cycle: int
    due_at: Moment
    """When the party of ``waiting_on`` must act: the payer, or the providers during an RFI."""
    waiting_on: WaitingOn = WaitingOn.PAYER
    awaits_signature: bool = False
    awaits_physician: bool = False
    """Whether a physician must confirm decisions that another reviewer proposed (W10)."""
    assigned_to: Text | None = None
    """Subject of the reviewer to whom it is assigned; in no response."""
    assigned_until: Moment | None = None
    assigned_by: Text | None = None
    """Subject of the lead who assigned it; in no response."""
    suspected_duplicate: bool = False
    late_notification: bool = False
    intake_exceptions: tuple[IntakeException, ...] = ()
    level: int | None = None
    """The level of an appeal; ``None`` in other cycles."""
    dispute: DisputeKind | None = None
    """The kind of dispute that the cycle decides; ``None`` if it decides none."""
    deemed_denial: bool = False
    """Whether the deadline passed and this counts as a denial by law (W11)."""
    warn_at: Moment | None = None
    """When the reminder of the deadline is due."""
    submitted_at: Moment | None = None
    patient: str | None = None
    date_of_birth: date | None = None
    requesting_provider: Text | None = None
    servicing_provider: Text | None = None
    place_of_service: Text | None = None
    first_day: date | None = None
    last_day: date | None = None
    lines: tuple[RowLine, ...] = ()
    """The first service lines of the cycle."""
    line_count: int = 0
    """The number of all service lines of the cycle."""
    vendor_line_count: int = 0
    """The number of service lines that delegated vendors decide, which the cycle does not have (W8)."""
    pend_reasons: tuple[PendReason, ...] = ()
    new_documents: tuple[Text, ...] = ()
    """Ids of attached documents that no reviewer has seen."""
    note_count: int = 0
    proposed_by: Text | None = None
    """Subject of the reviewer who proposed decisions; in no response."""
    returned_to: Text | None = None
    """Subject of the reviewer whose proposal was returned in this cycle; in no response."""
    earlier_reviewers: tuple[Text, ...] = ()
    """Subjects of those who decided or signed what is appealed; in no response."""
    provider_persons: tuple[Text, ...] = ()
    """Subjects of those who submitted or appealed it; in no response."""
    tins: tuple[Tin, ...] = ()
    """TINs of the providers. A reviewer who acts for one of them may not review it."""

    @property
    def assignment(self) -> Assignment | None:
        """The last assignment of the cycle, which can have expired; ``None`` if there is none."""
        if self.assigned_to is None or self.assigned_until is None:
            return None
        return Assignment(
            assigned_to=self.assigned_to, until=self.assigned_until, assigned_by=self.assigned_by
        )


class UnmatchedRow(Value):
    """A row of the operators' list of providers that do not match the directory (S3)."""

    request_id: Text
    number: Text
    role: ProviderRole
    temporary_id: Text
    reason_codes: tuple[Mismatch, ...]
    provider_id: Text | None = None
    name: Text | None = None
    npi: Npi | None = None
    tin: Tin | None = None
    submitted: Provider | None = None
    """All data of the provider as submitted."""
    submitted_at: Moment


class IntakeExceptionRow(Value):
    """A row of the operators' list of registered requests that await a confirmation (S5)."""

    request_id: Text
    number: Text
    plan_id: Text
    plan_name: Text | None = None
    channel: Channel
    reference: Text | None = None
    exceptions: tuple[IntakeException, ...]
    submitted_at: datetime


def intake_exception_row(request: Request) -> IntakeExceptionRow:
    """The row of a request in the operators' list of intake exceptions."""
    review = request.submitted
    return IntakeExceptionRow(
        request_id=request.request_id,
        number=review.number,
        plan_id=request.plan.plan_id,
        plan_name=request.plan.name,
        channel=review.channel,
        reference=review.reference,
        exceptions=review.intake_exceptions,
        submitted_at=review.submitted_at,
    )


class DelegationRow(Value):
    """A row of a vendor's list and of the operators' backlog: one delegation of a request (W8)."""

    request_id: Text
    number: Text
    vendor_id: Text
    vendor_name: Text
    status: DelegationStatus
    line_ids: tuple[Text, ...]
    codes: tuple[Text, ...]
    codes_labels: Annotated[
        tuple[Text | None, ...],
        Field(
            description="The payer's text for each of `codes`, in their order. Null where the rule "
            "list has none. Empty for rows that an earlier release stored."
        ),
    ] = ()
    plan_id: Text
    plan_name: Text | None = None
    line_of_business: Text
    urgency: Urgency
    patient: str | None = None
    date_of_birth: Annotated[date | None, Field(description="The patient's.")] = None
    member_id: Text | None = None
    delegated_at: Moment | None = None
    due_at: Moment | None = None
    overdue: Annotated[
        bool, Field(description="Whether the due date passed without a determination.")
    ] = False
    reported_at: Moment | None = None


def delegation_row(request: Request, delegation: Delegation) -> DelegationRow:
    """The row of one delegation, in the vendor's list and the operators' backlog (W8)."""
    patient, review = request.content.patient, request.submitted
    lines = review.lines_of_vendor(delegation)
    assessed = review.assessment.lines if review.assessment else ()
    labels = {line.line_id: line.label for line in assessed}
    status = DelegationStatus.REPORTED if delegation.reports else DelegationStatus.OPEN
    if (request.status is Status.VOID or not lines) and not delegation.reports:
        status = DelegationStatus.WITHDRAWN
    return DelegationRow(
        request_id=request.request_id,
        number=review.number,
        vendor_id=delegation.vendor_id,
        vendor_name=delegation.vendor.name,
        status=status,
        line_ids=tuple(line.line_id for line in lines) or delegation.line_ids,
        codes=tuple(line.code for line in lines if line.code),
        codes_labels=tuple(labels.get(line.line_id) for line in lines if line.code),
        plan_id=request.plan.plan_id,
        plan_name=request.plan.name,
        line_of_business=request.plan.line_of_business,
        urgency=request.urgency,
        patient=f"{patient.first_name} {patient.last_name}" if patient else None,
        date_of_birth=patient.date_of_birth if patient else None,
        member_id=patient.member_id if patient else None,
        delegated_at=delegation.delegated_at,
        due_at=delegation.due_at,
        overdue=delegation.escalated,
        reported_at=delegation.reported_at,
    )


def worklist_row(request: Request, due_at: datetime) -> WorklistRow:
    """The row of an open cycle in the reviewers' worklist; ``due_at`` as in :class:`WorklistRow`."""
    review = request.submitted
    assessment, assignment, appeal = review.assessment, review.assignment, review.open_appeal
    return WorklistRow(
        request_id=request.request_id,
        version=request.version,
        number=review.number,
        plan_id=request.plan.plan_id,
        plan_name=request.plan.name,
        urgency=request.cycle_urgency,
        cycle=review.cycle,
        due_at=due_at,
        waiting_on=request.waiting_on,
        awaits_signature=review.proposal is not None,
        awaits_physician=review.proposal is not None and review.proposal.awaits_physician,
        assigned_to=assignment.assigned_to if assignment else None,
        assigned_until=assignment.until if assignment else None,
        assigned_by=assignment.assigned_by if assignment else None,
        suspected_duplicate=assessment is not None and bool(assessment.potential_duplicates),
        late_notification=assessment is not None and assessment.late_notification,
        intake_exceptions=review.intake_exceptions,
        level=appeal.level or None if appeal else None,
        dispute=appeal.kind if appeal else None,
        deemed_denial=review.deemed_cycle == review.cycle,
        **_columns_of(request),
    )


def _columns_of(request: Request) -> dict[str, Any]:
    """The columns of a worklist row that describe the request and its open cycle."""
    review, content, deadline = request.submitted, request.content, request.deadline
    first_day, last_day = authorized_days(content, review.lines)
    places = [s.place_of_service for s in request.active_services if s.place_of_service]
    patient, requesting = content.patient, content.requesting_provider
    servicing, returned = content.servicing_provider, review.returned_proposal
    return {
        "warn_at": deadline.warn_at if deadline else None,
        "submitted_at": review.submitted_at,
        "patient": f"{patient.first_name} {patient.last_name}" if patient else None,
        "date_of_birth": patient.date_of_birth if patient else None,
        "requesting_provider": requesting.name if requesting else None,
        "servicing_provider": servicing.name if servicing else None,
        "place_of_service": places[0] if places else None,
        "first_day": first_day,
        "last_day": last_day,
        "lines": row_lines(request),
        "line_count": len(request.lines_to_decide),
        "vendor_line_count": len(review.vendor_lines),
        "pend_reasons": pend_reasons(request),
        "note_count": len(review.notes),
        "proposed_by": review.proposal.proposed_by if review.proposal else None,
        "returned_to": returned.proposed_by
        if returned and returned.cycle == review.cycle
        else None,
        "earlier_reviewers": tuple(sorted(request.earlier_reviewers)),
        "provider_persons": tuple(sorted(request.provider_persons)),
        "tins": tuple(sorted(request.tins)),
    }


def unmatched_row(
    request_id: str, role: ProviderRole, content: RequestContent, review: Review
) -> UnmatchedRow:
    """The row of a provider that is not reconciled; ``role`` is in ``review.temporary_providers``."""
    temporary, provider = review.temporary_providers[role], role.of(content)
    return UnmatchedRow(
        request_id=request_id,
        number=review.number,
        role=role,
        temporary_id=temporary.temporary_id,
        reason_codes=temporary.reason_codes,
        provider_id=provider.provider_id if provider else None,
        name=provider.name if provider else None,
        npi=provider.npi if provider else None,
        tin=provider.tin if provider else None,
        submitted=provider,
        submitted_at=review.submitted_at,
    )


def dashboard_row(
    request_id: str,
    status: Status,
    content: RequestContent,
    review: Review | None,
    updated_at: datetime,
    *,
    waiting_on: WaitingOn,
    due_at: datetime | None = None,
) -> DashboardRow:
    """The row of a request on the dashboard (T2), without the ends of disputes.

    ``due_at`` is the due date of ``waiting_on``; for a draft, when it expires.
    """
    lines = review.lines if review else ()
    first_day, last_day = authorized_days(content, lines)
    places = [s.place_of_service for s in active_services(content, lines) if s.place_of_service]
    patient, requesting = content.patient, content.requesting_provider
    servicing = content.servicing_provider
    dispute = review.open_appeal if review else None
    return DashboardRow(
        request_id=request_id,
        number=review.number if review else None,
        status=status,
        purpose=content.purpose,
        patient=f"{patient.first_name} {patient.last_name}" if patient else None,
        date_of_birth=patient.date_of_birth if patient else None,
        first_day=first_day,
        last_day=last_day,
        requesting_provider=requesting.name if requesting else None,
        requesting_tin=requesting.tin if requesting else None,
        servicing_provider=servicing.name if servicing else None,
        place_of_service=places[0] if places else None,
        channel=review.channel if review else Channel.PORTAL,
        delegated=review is not None and bool(review.delegations) and not review.own_lines,
        appeal_open=dispute is not None,
        dispute=dispute.kind if dispute else None,
        waiting_on=waiting_on,
        due_at=due_at,
        updated_at=updated_at,
        expires_at=due_at if status is Status.INCOMPLETE else None,
        unmatched_providers=unmatched(review.temporary_providers) if review else (),
    )


def _ends_of_rights(request: Request) -> dict[str, datetime | None]:
    """The ends of the times for disputes, by field of the row; empty if none is possible now."""
    rights = request.review.rights if request.review else None
    if rights is None or not set(request.provider_actions(request.updated_at)) & _DISPUTES:
        return {}
    return {
        "peer_to_peer_until": rights.peer_to_peer_until,
        "reconsideration_until": rights.reconsideration_until,
        "appeal_until": rights.appeal_until,
    }


def row_of_request(request: Request) -> DashboardRow:
    """The row of a request on the dashboard, in its current state."""
    row = dashboard_row(
        request.request_id,
        request.status,
        request.content,
        request.review,
        request.shown_at,
        waiting_on=request.waiting_on,
        due_at=request.expires_at or request.due_at or request.vendor_due_at,
    )
    row = row.model_copy(update=_ends_of_rights(request))
    if not request.is_mixed:
        return row
    actions = request.provider_actions(request.updated_at)
    lasting = tuple(action for action in actions if action not in _DISPUTES)
    return row.model_copy(update={"allowed_actions": lasting})
