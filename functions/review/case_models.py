"""Response models of one case: its details, its coverage, and a summary after each action."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import Field

from functions.review.assessment_models import (
    AssessmentResponse,
    DocumentationResponse,
    DuplicateComparisonResponse,
    SuggestedInformationRequest,
)
from functions.review.worklist_models import REVIEWER_NAME, AssignmentResponse, name_of
from precert.api.cycles import RequiredDocumentResponse
from precert.api.details import SharedDetails, history_of, members_of
from precert.api.labels import RequestLabels, label_of, labels_of
from precert.api.models import DamagedResponse, PlanResponse, ResponseModel
from precert.api.service_lines import DecisionResponse
from precert.domain.assessing import PendReason
from precert.domain.caller import Caller
from precert.domain.decisions import ApprovedElsewhere
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Channel, IntakeException, Note, Proposal, ReturnedProposal
from precert.domain.rows import worklist_row
from precert.domain.statuses import Action, LineStatus, Status, WaitingOn, Who
from precert.domain.worklist import NotDecidable, not_decidable
from precert.usecases.duplicates import ComparedDuplicate
from precert.usecases.next_case import CaseCoverage
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile


class ProposedLine(ResponseModel):
    """A proposed decision of one service line."""

    line_id: str
    decision: DecisionResponse


class ProposalResponse(ResponseModel):
    """Proposed decisions that need a physician's confirmation or a second signature."""

    proposed_by: Who
    proposed_by_label: str = Field(description=REVIEWER_NAME)
    proposed_at: datetime
    awaits_physician: bool
    lines: list[ProposedLine]

    @classmethod
    def of(
        cls, proposal: Proposal, caller: Caller, users: Mapping[str, str], labels: RequestLabels
    ) -> "ProposalResponse":
        return cls(
            proposed_by=Who.of(proposal.proposed_by, caller.subject),
            proposed_by_label=name_of(proposal.proposed_by, caller, users),
            proposed_at=proposal.proposed_at,
            awaits_physician=proposal.awaits_physician,
            lines=_proposed_lines(proposal, labels),
        )


class ReturnedProposalResponse(ResponseModel):
    """Decisions that were returned to the case without a signature."""

    proposed_by: Who
    proposed_by_label: str = Field(description=REVIEWER_NAME)
    proposed_at: datetime
    returned_by: Who
    returned_by_label: str = Field(description=REVIEWER_NAME)
    returned_at: datetime
    comment: str | None = Field(description="Null if the author withdrew the proposal.")
    lines: list[ProposedLine]

    @classmethod
    def of(
        cls,
        returned: ReturnedProposal,
        caller: Caller,
        users: Mapping[str, str],
        labels: RequestLabels,
    ) -> "ReturnedProposalResponse":
        return cls(
            proposed_by=Who.of(returned.proposed_by, caller.subject),
            proposed_by_label=name_of(returned.proposed_by, caller, users),
            proposed_at=returned.proposed_at,
            returned_by=Who.of(returned.returned_by, caller.subject),
            returned_by_label=name_of(returned.returned_by, caller, users),
            returned_at=returned.returned_at,
            comment=returned.comment,
            lines=_proposed_lines(returned, labels),
        )


def _proposed_lines(proposal: Proposal, labels: RequestLabels) -> list[ProposedLine]:
    return [
        ProposedLine(line_id=line_id, decision=DecisionResponse.of(decision, labels))
        for line_id, decision in proposal.decisions.items()
    ]


class NoteResponse(ResponseModel):
    """A note between reviewers."""

    written_by: Who
    written_by_label: str = Field(description=REVIEWER_NAME)
    written_at: datetime
    cycle: int
    text: str

    @classmethod
    def of(cls, note: Note, caller: Caller, users: Mapping[str, str]) -> "NoteResponse":
        return cls(
            written_by=Who.of(note.written_by, caller.subject),
            written_by_label=name_of(note.written_by, caller, users),
            **note.model_dump(exclude={"written_by", "version"}),
        )


class CaseDetails(SharedDetails):
    """A request as reviewers read it, with reviewers' names but no user of a provider (A3)."""

    version: int = Field(
        description="Increases with every change. Send it as If-Match with an action."
    )
    channel: Channel
    channel_label: ClassVar[Any] = label_of("channel")
    reference: str | None = Field(
        description="The number that the channel assigned to the request."
    )
    intake_exceptions: list[IntakeException] = Field(
        description="The contents of a registered request that providers cannot enter."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")
    intake_note: str | None = Field(description="The note of the operator who confirmed it.")
    assessment: AssessmentResponse | None
    documentation: list[DocumentationResponse] = Field(
        description="Documentation required by the rules and by the open request for information, "
        "with the attached documents of its type."
    )
    suggested_information_request: SuggestedInformationRequest | None = Field(
        description="Null if no required documentation is missing."
    )
    potential_duplicates: list[DuplicateComparisonResponse] = Field(
        description="Requests that may be duplicates of this one, each compared with it."
    )
    assignment: AssignmentResponse | None
    proposal: ProposalResponse | None
    returned_proposal: ReturnedProposalResponse | None = Field(
        description="The last proposal of the open cycle, if it was returned."
    )
    notes: list[NoteResponse] = Field(description="Notes between reviewers, oldest first.")
    pend_reasons: list[PendReason] = Field(description="Why the open cycle needs a reviewer.")
    pend_reasons_labels: ClassVar[Any] = labels_of("pend_reasons")
    new_documents: list[str] = Field(
        description="Ids of the attached documents that no reviewer has read. After reading them, "
        "send them as `seen_documents`."
    )
    not_decidable: list[NotDecidable] = Field(
        description="Why the caller must not decide the case. Empty if the caller can decide it, or if "
        "no cycle is open."
    )
    not_decidable_labels: ClassVar[Any] = labels_of("not_decidable")

    @classmethod
    def of(
        cls,
        file: RequestFile,
        caller: Caller,
        users: Mapping[str, str],
        compared: Collection[ComparedDuplicate],
        *,
        payer: Payer,
        code_sets: CodeSets,
        now: datetime,
    ) -> "CaseDetails":
        request, review = file.request, file.request.submitted
        labels = RequestLabels.of(request, payer, code_sets)
        members = members_of(file, payer, labels, reads=_reads(caller), now=now)
        members["allowed_actions"] = list(request.reviewer_actions(caller, now))
        members["history"] = history_of(file, for_reviewer=True)
        members["damaged"] = DamagedResponse.of([*file.damaged, *_damaged_of(compared)])
        documentation = DocumentationResponse.all_of(file, payer)
        return cls(
            **members,
            documentation=documentation,
            suggested_information_request=SuggestedInformationRequest.of(documentation),
            **_queue_members(file, caller, users, labels, now),
            channel=review.channel,
            reference=review.reference,
            intake_exceptions=list(review.intake_exceptions),
            intake_note=review.intake_confirmation.note if review.intake_confirmation else None,
            assessment=AssessmentResponse.of(review.assessment, payer, caller.plan_ids),
            potential_duplicates=DuplicateComparisonResponse.all_of(
                compared, labels.of_codes(review.lines), payer=payer, code_sets=code_sets
            ),
            assignment=AssignmentResponse.of(request, caller, users, now),
            proposal=_proposal_of(review.proposal, caller, users, labels),
            notes=[NoteResponse.of(note, caller, users) for note in review.notes],
        )


def _reads(caller: Caller) -> Callable[[ApprovedElsewhere], bool]:
    """Whether the reviewer may read a request that approves the same: one of the same plans."""
    return lambda other: other.plan_id in caller.plan_ids


def _damaged_of(compared: Collection[ComparedDuplicate]) -> list[str]:
    """Ids of the requests that cannot be compared, because their records are damaged."""
    return [one.damaged for one in compared if one.damaged]


def _proposal_of(
    proposal: Proposal | None, caller: Caller, users: Mapping[str, str], labels: RequestLabels
) -> ProposalResponse | None:
    return ProposalResponse.of(proposal, caller, users, labels) if proposal else None


def _queue_members(
    file: RequestFile,
    caller: Caller,
    users: Mapping[str, str],
    labels: RequestLabels,
    now: datetime,
) -> dict[str, Any]:
    """The members that a row of the worklist has too. Most are empty without an open cycle."""
    request, review = file.request, file.request.submitted
    row = worklist_row(request, request.due_at) if request.due_at else None
    returned = review.returned_proposal if row and row.returned_to else None
    return {
        "version": request.version,
        "pend_reasons": row.pend_reasons if row else (),
        "new_documents": file.new_documents if row else (),
        "not_decidable": not_decidable(row, caller, now) if row else (),
        "returned_proposal": (
            ReturnedProposalResponse.of(returned, caller, users, labels) if returned else None
        ),
    }


class CoverageSpanResponse(ResponseModel):
    """A period in which the member is covered under one plan."""

    account: str
    account_name: str
    plan: PlanResponse
    active_from: date
    active_to: date | None = Field(description="The last day. Null if no end is known.")


class CaseCoverageResponse(ResponseModel):
    """The coverage of the case's member, from the enrollment data loaded last."""

    member_id: str
    active: bool = Field(description="Whether coverage is active today.")
    plan: PlanResponse | None = Field(description="Today's plan. Null if coverage is not active.")
    spans: list[CoverageSpanResponse] = Field(
        description="All coverage, earliest first. Empty if the member is no longer in the enrollment "
        "data."
    )

    @classmethod
    def of(cls, found: CaseCoverage, *, payer: Payer) -> "CaseCoverageResponse":
        member, current = found.member, found.current
        return cls(
            member_id=found.member_id,
            active=current is not None,
            plan=PlanResponse.of(current.plan, payer) if current else None,
            spans=[
                CoverageSpanResponse(
                    account=span.account,
                    account_name=span.account_name,
                    plan=PlanResponse.of(span.plan, payer),
                    active_from=span.active_from,
                    active_to=span.active_to,
                )
                for span in (member.spans if member else ())
            ],
        )


class RationaleTemplateResponse(ResponseModel):
    """A template for a rationale. A decision is refused while the text has words in brackets."""

    name: str
    text: str


class DecisionReasonResponse(ResponseModel):
    """A reason of a denial or a reduction."""

    code: str
    label: str
    statuses: list[LineStatus] = Field(description="The decisions for which it can be used.")
    statuses_labels: ClassVar[Any] = labels_of("statuses")
    needs_information_request: bool = Field(
        description="Whether the reason is that requested information was not received."
    )
    rationale_templates: list[RationaleTemplateResponse]


class DecisionReasonsResponse(ResponseModel):
    """The payer's lists from which reviewers choose for a decision."""

    reasons: list[DecisionReasonResponse]
    criteria: list[str] = Field(
        description="Names of criteria that are often cited. Any other can be entered."
    )
    required_documentation: list[RequiredDocumentResponse] = Field(
        description="The documents that a request for information can name."
    )

    @classmethod
    def of(cls, *, payer: Payer) -> "DecisionReasonsResponse":
        return cls(
            reasons=[
                DecisionReasonResponse(
                    code=code,
                    label=label,
                    statuses=sorted(payer.reason_rule(code).statuses),
                    needs_information_request=payer.reason_rule(code).needs_information_request,
                    rationale_templates=[
                        RationaleTemplateResponse(name=one.name, text=one.text)
                        for one in payer.rationale_templates.get(code, ())
                    ],
                )
                for code, label in payer.reason_codes.items()
            ],
            criteria=list(payer.criteria),
            required_documentation=[
                RequiredDocumentResponse.of(code, payer) for code in payer.required_documentation
            ],
        )


class ReviewedCase(ResponseModel):
    """A summary of the case after the change. `readCase` returns all details."""

    request_id: str
    version: int = Field(
        description="Increases with every change. Send it as If-Match with an action."
    )
    number: str
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    cycle: int
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    due_at: datetime | None
    awaits_signature: bool = Field(description="Whether proposed decisions wait for a signature.")
    awaits_physician: bool = Field(description="Whether only a physician can sign.")
    assignment: AssignmentResponse | None
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")

    @classmethod
    def of(
        cls, request: Request, caller: Caller, users: Mapping[str, str], *, now: datetime
    ) -> "ReviewedCase":
        review = request.submitted
        return cls(
            request_id=request.request_id,
            version=request.version,
            number=review.number,
            status=request.status,
            cycle=review.cycle,
            waiting_on=request.waiting_on,
            due_at=request.due_at,
            awaits_signature=review.proposal is not None,
            awaits_physician=review.proposal is not None and review.proposal.awaits_physician,
            assignment=AssignmentResponse.of(request, caller, users, now),
            allowed_actions=list(request.reviewer_actions(caller, now)),
        )


class NextCaseResponse(ResponseModel):
    """The case that the call assigned."""

    case: ReviewedCase | None = Field(
        description="Null if the queue has no case that the caller can decide now."
    )
