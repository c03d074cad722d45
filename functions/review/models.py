"""Request and response models of the reviewers' operations, and of what operators share with them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from precert.api.details import (
    DecisionResponse,
    PotentialDuplicateResponse,
    RequiredDocumentResponse,
    SharedDetails,
    history_of,
    members_of,
)
from precert.api.labels import RequestLabels, label_of, labels_of, optional_label_of
from precert.api.models import (
    Damaged,
    DamagedResponse,
    PageQuery,
    PlanResponse,
    ResponseModel,
)
from precert.api.rows import PlanRowResponse
from precert.domain.caller import Caller
from precert.domain.code_lists import CodeLists, code_lists_of
from precert.domain.code_sets import CodeSet, PublicCode
from precert.domain.content import Provider
from precert.domain.dates import Instant
from precert.domain.decision_clocks import MAX_AMOUNT, ExtensionRequester
from precert.domain.documents import DocumentStatus
from precert.domain.duplicates import RequestedService
from precert.domain.payer import Payer
from precert.domain.pending import MOST_LINES, PendReason, RowLine
from precert.domain.request import Request
from precert.domain.review import (
    AssertionStatus,
    Assessment,
    Assignment,
    Channel,
    DiscussionOutcome,
    DisputeKind,
    DuplicateReason,
    IntakeException,
    LineAssessment,
    LineDecision,
    Note,
    Proposal,
    Reason,
    ReturnedProposal,
    Words,
)
from precert.domain.rows import WorklistRow, worklist_row
from precert.domain.rules import Requirement
from precert.domain.statuses import Action, LineStatus, Status, WaitingOn, Who
from precert.domain.values import WHOLE, CodeType, Text, UnitType, Urgency, Value
from precert.domain.worklist import NotDecidable, QueueCounts, QueueView, not_decidable
from precert.names import Entitlement
from precert.usecases.duplicates import ComparedDuplicate
from precert.usecases.next_case import CaseCoverage
from precert.usecases.ports.listings import Page
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile

Cycle = Annotated[
    int,
    Field(ge=1, description="The `cycle` of the case as the reviewer read it; another is refused."),
    WHOLE,
]

# -- Requests ----------------------------------------------------------------------------------------


PlanId = Annotated[Text | None, Field(description="One of the caller's plans. All, if omitted.")]


class WorklistQuery(PageQuery):
    """A page of the queue of the caller's plans."""

    plan_id: PlanId = None
    mine: Annotated[bool, Field(description="Only cases that are assigned to the caller.")] = False
    view: Annotated[
        QueueView | None, Field(description="Only this part of the queue, which is also counted.")
    ] = None


class CountsQuery(Value):
    """Which plans to count."""

    plan_id: PlanId = None


SeenDocuments = Annotated[
    tuple[Text, ...],
    Field(
        max_length=100,
        description="Ids of `new_documents` of the case that the reviewer has seen: they are no longer "
        "new. A denial or a reduction is refused while another document is new.",
    ),
]


class RequestInformationBody(Value):
    """What the providers are requested to send: documents, a text response, or both (W2)."""

    documents: Annotated[
        tuple[Text, ...],
        Field(max_length=20, description="Codes of the payer's `required_documentation`."),
    ] = ()
    text: Words | None = None
    seen_documents: SeenDocuments = ()


class ExtendBody(Value):
    """Why the decision needs more time, and who requests it (W2)."""

    reason: Annotated[
        Reason,
        Field(
            description="Both providers can read it, and the notice to member and provider states it. "
            "If the payer requests the extension: why it is in the member's interest."
        ),
    ]
    days: Annotated[
        int | None,
        Field(ge=1, le=MAX_AMOUNT, description="Calendar days. Null for as many as are allowed."),
        WHOLE,
    ] = None
    requested_by: ExtensionRequester = ExtensionRequester.PAYER
    seen_documents: SeenDocuments = ()


BeforeResponse = Annotated[
    bool,
    Field(
        description="Whether to refuse something although the providers' time to respond to a request "
        "for information is not over. Without it, such decisions are refused."
    ),
]


class DecideBody(Value):
    """The decisions of all service lines of the open cycle."""

    cycle: Cycle
    lines: Annotated[tuple[LineDecision, ...], Field(max_length=100)]
    before_response: BeforeResponse = False
    seen_documents: SeenDocuments = ()


class PeerToPeerOutcomeBody(Value):
    """How a peer-to-peer discussion ended (W12)."""

    cycle: Cycle
    outcome: DiscussionOutcome
    lines: Annotated[
        tuple[LineDecision, ...],
        Field(
            max_length=100,
            description="With OVERTURNED after a determination: new decisions of the discussed lines.",
        ),
    ] = ()
    seen_documents: SeenDocuments = ()


class SignBody(Value):
    """A physician's confirmation or the second signature of proposed decisions."""

    cycle: Cycle
    proposed_at: Annotated[
        Instant,
        Field(
            description="The `proposed_at` of the proposal as the reviewer read it. Decisions that "
            "replaced them since are refused."
        ),
    ]
    accept: Annotated[bool, Field(description="False returns the decisions to the case.")]
    comment: Annotated[
        Words | None,
        Field(
            description="Required to return another reviewer's decisions: what they should change. "
            "Reviewers read it with the case, and it stays in `notes`."
        ),
    ] = None
    before_response: BeforeResponse = False
    seen_documents: SeenDocuments = ()

    @model_validator(mode="after")
    def _comments_on_a_return(self) -> Self:
        if self.accept and self.comment is not None:
            raise ValueError("send a comment only with accept false, or add a note")
        return self


class NextCaseBody(Value):
    """Which part of the queue to take the next case from."""

    plan_id: PlanId = None
    view: Annotated[QueueView | None, Field(description="Only from this part of the queue.")] = None
    skip: Annotated[
        tuple[Text, ...],
        Field(max_length=50, description="Ids of requests that the reviewer does not want next."),
    ] = ()


class ReassignBody(Value):
    """The reviewer to assign a case to."""

    reviewer: Annotated[
        Text | None,
        Field(
            description="The subject (`sub`) of the colleague at the identity provider, which is the "
            "directory of reviewers. Null takes the case back."
        ),
    ]


class AddNoteBody(Value):
    """A note for other reviewers. No provider or delegated vendor reads it."""

    text: Words
    seen_documents: SeenDocuments = ()


# -- Lists -------------------------------------------------------------------------------------------


class AssignmentResponse(ResponseModel):
    """Who the case is assigned to. Until then no other reviewer can change it."""

    assigned_to: Who
    assigned_to_label: ClassVar[Any] = label_of("assigned_to")
    until: datetime
    by_lead: bool = Field(description="Whether a lead assigned it.")
    reviewer: str | None = Field(
        description="The subject of that reviewer at the identity provider. Only leads read it."
    )

    @classmethod
    def current(
        cls, assignment: Assignment | None, caller: Caller, now: datetime
    ) -> "AssignmentResponse | None":
        if assignment is None or assignment.until <= now:
            return None
        leads = Entitlement.REVIEW_LEAD in caller.entitlements
        return cls(
            assigned_to=Who.of(assignment.assigned_to, caller.subject),
            until=assignment.until,
            by_lead=assignment.assigned_by is not None,
            reviewer=assignment.assigned_to if leads else None,
        )

    @classmethod
    def of(cls, request: Request, caller: Caller, now: datetime) -> "AssignmentResponse | None":
        return cls.current(request.submitted.assignment, caller, now)


class RowLineResponse(ResponseModel):
    """A service line in the worklist, with its codes in words."""

    line_id: str
    type_of_service: str | None
    type_of_service_label: str | None
    code: str | None = Field(description="Null for a stay without a procedure.")
    code_label: str | None
    code_type: CodeType | None
    code_type_label: str | None

    @classmethod
    def of(
        cls, line: RowLine, lists: CodeLists, descriptions: Mapping[PublicCode, str]
    ) -> "RowLineResponse":
        public = _public_code(line)
        return cls(
            **line.model_dump(exclude={"label"}),
            code_label=descriptions.get(public) if public else line.label,
            **lists.labels(type_of_service=line.type_of_service, code_type=line.code_type),
        )


def _public_code(line: RowLine) -> PublicCode | None:
    return (CodeSet.MS_DRG, line.code) if line.code and line.code_type is CodeType.DRG else None


class WorklistRowResponse(ResponseModel):
    """An open determination cycle."""

    request_id: str
    version: int = Field(description="Of the request. Send it as If-Match with an action.")
    number: str
    plan_id: str
    urgency: Urgency
    urgency_label: str | None
    cycle: int
    submitted_at: datetime | None
    due_at: datetime
    warn_at: datetime | None = Field(description="From when on the case is due soon.")
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    patient: str | None
    date_of_birth: date | None
    requesting_provider: str | None
    servicing_provider: str | None
    place_of_service: str | None
    place_of_service_label: str | None
    first_day: date | None
    last_day: date | None
    lines: list[RowLineResponse] = Field(
        description=f"The first {MOST_LINES} service lines of the cycle."
    )
    line_count: int = Field(description="The number of all service lines of the cycle.")
    vendor_line_count: int = Field(
        description="The number of other service lines, which a delegated vendor decides."
    )
    pend_reasons: list[PendReason] = Field(description="Why the cycle needs a reviewer.")
    pend_reasons_labels: ClassVar[Any] = labels_of("pend_reasons")
    new_documents: list[str] = Field(
        description="Ids of the attached documents that no reviewer has seen. Empty in "
        "`listOverdue`."
    )
    awaits_signature: bool = Field(description="Whether proposed decisions wait for a signature.")
    awaits_physician: bool = Field(description="Whether that must be a physician's.")
    returned_proposal_of: Who | None = Field(
        description="Whose proposed decisions were returned last. Null if no return is open."
    )
    returned_proposal_of_label: ClassVar[Any] = optional_label_of("returned_proposal_of")
    note_count: int = Field(description="The number of notes between reviewers.")
    assignment: AssignmentResponse | None
    not_decidable: list[NotDecidable] = Field(
        description="Why the case is not the caller's to decide. Empty if it is, and in `listOverdue`."
    )
    not_decidable_labels: ClassVar[Any] = labels_of("not_decidable")
    suspected_duplicate: bool
    late_notification: bool
    intake_exceptions: list[IntakeException]
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")
    level: int | None = Field(description="The level of the appeal. Null if it is none.")
    dispute: DisputeKind | None = Field(
        description="What the providers filed after the determination. Null in the first cycle."
    )
    dispute_label: ClassVar[Any] = optional_label_of("dispute")
    deemed_denial: bool = Field(
        description="Whether the passed deadline counts as a denial: a reviewer must decide today."
    )

    @classmethod
    def of(
        cls,
        row: WorklistRow,
        caller: Caller,
        now: datetime,
        payer: Payer,
        descriptions: Mapping[PublicCode, str],
    ) -> "WorklistRowResponse":
        lists = code_lists_of(payer)
        reviews = Entitlement.REVIEWER in caller.entitlements
        fields = row.model_dump(include=set(cls.model_fields), exclude={"lines"})
        return cls(
            **fields,
            lines=[RowLineResponse.of(line, lists, descriptions) for line in row.lines],
            assignment=AssignmentResponse.current(row.assignment, caller, now),
            not_decidable=list(not_decidable(row, caller, now)) if reviews else [],
            returned_proposal_of=Who.of(row.returned_to, caller.subject)
            if row.returned_to
            else None,
            **lists.labels(place_of_service=row.place_of_service),
            urgency_label=lists.label_of(row.urgency),
        )


class WorklistResponse(ResponseModel):
    """A page of open determination cycles."""

    cycles: list[WorklistRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(
        cls,
        page: Page[WorklistRow],
        caller: Caller,
        *,
        now: datetime,
        payer: Payer,
        code_sets: CodeSets,
    ) -> "WorklistResponse":
        codes = {code for row in page.rows for line in row.lines if (code := _public_code(line))}
        descriptions = code_sets.descriptions(codes)
        rows = [WorklistRowResponse.of(row, caller, now, payer, descriptions) for row in page.rows]
        return cls(cycles=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


class ViewCount(ResponseModel):
    """The number of cases in a part of the queue. `listWorklist` lists them with `view`."""

    view: QueueView
    view_label: ClassVar[Any] = label_of("view")
    count: int


class PlanCount(ResponseModel):
    """The number of cases of one plan."""

    plan_id: str
    count: int


class WorklistCountsResponse(ResponseModel):
    """The number of cases in the caller's queue. One case can be in several views."""

    open: int = Field(description="All cases, of which `plans` has the parts.")
    mine: int = Field(description="Cases that are assigned to the caller.")
    views: list[ViewCount]
    plans: list[PlanCount]
    complete: bool = Field(
        description="False if the queue is too long to read all of it: then there are at least these."
    )
    damaged: Damaged

    @classmethod
    def of(cls, counts: QueueCounts) -> "WorklistCountsResponse":
        return cls(
            open=counts.open,
            mine=counts.mine,
            views=[ViewCount(view=view, count=count) for view, count in counts.views.items()],
            plans=[PlanCount(plan_id=one, count=count) for one, count in counts.plans.items()],
            complete=counts.complete,
            damaged=DamagedResponse.of(counts.damaged),
        )


# -- Other requests ----------------------------------------------------------------------------------


class FoundRequestsResponse(ResponseModel):
    """A page of drafts and requests."""

    requests: list[PlanRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def for_operator(
        cls, page: Page[Request], *, payer: Payer, now: datetime
    ) -> "FoundRequestsResponse":
        rows = [
            PlanRowResponse.of_request(request, request.operator_actions, payer, now)
            for request in page.rows
        ]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)

    @classmethod
    def for_reviewer(
        cls, page: Page[Request], caller: Caller, *, payer: Payer, now: datetime
    ) -> "FoundRequestsResponse":
        rows = [
            PlanRowResponse.of_request(request, request.reviewer_actions(caller, now), payer, now)
            for request in page.rows
        ]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


# -- The case ----------------------------------------------------------------------------------------


class LineAssessmentResponse(ResponseModel):
    """What the rule list requires for one service line, and by which rule."""

    line_id: str
    label: str | None = Field(description="The payer's text for the code, from that rule.")
    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    rule_id: str | None
    vendor_id: str | None
    required_documentation: list[RequiredDocumentResponse] = Field(
        description="What the rule requires, attached or not. `documentation` of the case has the "
        "documents beside it."
    )
    automatic: bool = Field(
        description="Whether the rule's limits allow an approval without a reviewer."
    )

    @classmethod
    def of(cls, line: LineAssessment, payer: Payer) -> "LineAssessmentResponse":
        required = [RequiredDocumentResponse.of(one, payer) for one in line.required_documentation]
        return cls(**{**dict(line), "required_documentation": required})


class DocumentationResponse(ResponseModel):
    """A document that the rules require for the case, and the documents that answer it."""

    code: str
    label: str
    line_ids: list[str] = Field(description="The service lines whose rule requires it.")
    document_ids: list[str] = Field(
        description="Attached documents of this type, last attached first. Empty if it is missing."
    )
    requested: bool = Field(description="Whether the open request for information requests it.")

    @classmethod
    def all_of(cls, file: RequestFile, payer: Payer) -> "list[DocumentationResponse]":
        review = file.request.submitted
        lines: dict[str, list[str]] = {}
        for line in review.assessment.lines if review.assessment else ():
            for code in line.required_documentation:
                lines.setdefault(code, []).append(line.line_id)
        rfi = review.open_information_request
        requested = rfi.documents if rfi else ()
        attached = sorted(
            (one for one in file.documents if one.status is DocumentStatus.ATTACHED),
            key=lambda one: one.settled_at or one.offered_at,
            reverse=True,
        )
        return [
            cls(
                code=code,
                label=payer.required_documentation.get(code, code),
                line_ids=lines.get(code, []),
                document_ids=[one.document_id for one in attached if one.document_type == code],
                requested=code in requested,
            )
            for code in dict.fromkeys([*lines, *requested])
        ]


class SuggestedInformationRequest(ResponseModel):
    """A request for information filled with what is missing, as `requestInformation` takes it."""

    documents: list[str] = Field(description="Codes of required documents that are missing.")
    text: str

    @classmethod
    def of(
        cls, documentation: Sequence[DocumentationResponse]
    ) -> "SuggestedInformationRequest | None":
        missing = [one for one in documentation if not one.document_ids and not one.requested]
        if not missing:
            return None
        names = "; ".join(one.label for one in missing)
        return cls(
            documents=[one.code for one in missing],
            text=f"Please send what the review of this request requires: {names}.",
        )


class ComparedServiceResponse(ResponseModel):
    """One requested service, as it is compared with that of another request."""

    code_type: CodeType | None
    code_type_label: str | None
    code: str = Field(
        description="The procedure code, or the type of service of a stay without one."
    )
    modifiers: list[str]
    units: int | None
    unit_type: UnitType | None
    unit_type_label: str | None
    days: int | None = Field(description="Requested days of a stay.")
    place_of_service: str | None
    place_of_service_label: str | None
    medication: str | None
    first_day: date
    last_day: date

    @classmethod
    def of(
        cls, service: RequestedService | None, lists: CodeLists
    ) -> "ComparedServiceResponse | None":
        if service is None:
            return None
        return cls(
            **service.model_dump(exclude={"place"}),
            code_type_label=lists.label_of(service.code_type),
            unit_type_label=lists.label_of(service.unit_type),
            place_of_service=service.place,
            place_of_service_label=lists.label("places_of_service", service.place),
        )


class ComparedServicesResponse(ResponseModel):
    """The same code in both requests, or a service of one of them only."""

    this: ComparedServiceResponse | None
    other: ComparedServiceResponse | None


class DuplicateComparisonResponse(ResponseModel):
    """A potential duplicate beside this request, as it is now. Neither ends for that reason."""

    reason_code: DuplicateReason = Field(description="How the two requests match.")
    reason_code_label: ClassVar[Any] = label_of("reason_code")
    visible: bool = Field(
        description="Whether the caller can read the other request with `readCase`. If not, it is of "
        "another plan and the members below are null or empty."
    )
    contact: str | None = Field(description="Whom to call about a request that is not visible.")
    request_id: str | None
    number: str | None
    status: Status | None
    status_label: ClassVar[Any] = optional_label_of("status")
    submitted_at: datetime | None
    requesting_provider: Provider | None
    servicing_provider: Provider | None
    services: list[ComparedServicesResponse] = Field(
        description="The services of both requests side by side."
    )

    @classmethod
    def of(cls, compared: ComparedDuplicate, payer: Payer) -> "DuplicateComparisonResponse":
        other, lists = compared.other, code_lists_of(payer)
        contact = payer.provider_services
        return cls(
            reason_code=compared.reason,
            visible=other is not None,
            contact=None if other else f"{contact.name}, {contact.phone}",
            request_id=other.request_id if other else None,
            number=other.submitted.number if other else None,
            status=other.status if other else None,
            submitted_at=other.submitted.submitted_at if other else None,
            requesting_provider=other.content.requesting_provider if other else None,
            servicing_provider=other.content.servicing_provider if other else None,
            services=[
                ComparedServicesResponse(
                    this=ComparedServiceResponse.of(one, lists),
                    other=ComparedServiceResponse.of(another, lists),
                )
                for one, another in compared.services
            ],
        )


class AssessmentResponse(ResponseModel):
    """The assessment of the request by the payer's rules, when it was received (W1)."""

    rule_list: str
    assessed_at: datetime
    lines: list[LineAssessmentResponse]
    required_documentation: list[RequiredDocumentResponse] = Field(
        description="The required documents that were missing."
    )
    assertion: AssertionStatus = Field(
        description="Whether the quoted assertion id is that of this request."
    )
    assertion_label: ClassVar[Any] = label_of("assertion")
    potential_duplicates: list[PotentialDuplicateResponse]
    late_notification: bool

    @classmethod
    def of(
        cls, assessment: Assessment, payer: Payer, plan_ids: Collection[str]
    ) -> "AssessmentResponse":
        return cls(
            rule_list=assessment.rule_list,
            assessed_at=assessment.assessed_at,
            lines=[LineAssessmentResponse.of(line, payer) for line in assessment.lines],
            required_documentation=[
                RequiredDocumentResponse.of(code, payer)
                for code in assessment.required_documentation
            ],
            assertion=assessment.assertion,
            potential_duplicates=[
                PotentialDuplicateResponse.of(one, visible=one.plan_id in plan_ids)
                for one in assessment.potential_duplicates
            ],
            late_notification=assessment.late_notification,
        )


class ProposedLine(ResponseModel):
    """A proposed decision of one service line."""

    line_id: str
    decision: DecisionResponse


class ProposalResponse(ResponseModel):
    """Decisions that wait for a physician's confirmation or a second signature."""

    proposed_by: Who
    proposed_by_label: ClassVar[Any] = label_of("proposed_by")
    proposed_at: datetime
    awaits_physician: bool
    lines: list[ProposedLine]

    @classmethod
    def of(cls, proposal: Proposal, caller: str, labels: RequestLabels) -> "ProposalResponse":
        return cls(
            proposed_by=Who.of(proposal.proposed_by, caller),
            proposed_at=proposal.proposed_at,
            awaits_physician=proposal.awaits_physician,
            lines=_proposed_lines(proposal, labels),
        )


class ReturnedProposalResponse(ResponseModel):
    """Decisions that were returned to the case without a signature."""

    proposed_by: Who
    proposed_by_label: ClassVar[Any] = label_of("proposed_by")
    proposed_at: datetime
    returned_by: Who
    returned_by_label: ClassVar[Any] = label_of("returned_by")
    returned_at: datetime
    comment: str | None = Field(description="Null if the reviewer withdrew the own proposal.")
    lines: list[ProposedLine]

    @classmethod
    def of(
        cls, returned: ReturnedProposal, caller: str, labels: RequestLabels
    ) -> "ReturnedProposalResponse":
        return cls(
            proposed_by=Who.of(returned.proposed_by, caller),
            proposed_at=returned.proposed_at,
            returned_by=Who.of(returned.returned_by, caller),
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
    written_by_label: ClassVar[Any] = label_of("written_by")
    written_at: datetime
    cycle: int
    text: str

    @classmethod
    def of(cls, note: Note, caller: str) -> "NoteResponse":
        return cls(
            written_by=Who.of(note.written_by, caller),
            **note.model_dump(exclude={"written_by", "version"}),
        )


class CaseDetails(SharedDetails):
    """A request as its reviewers read it. It does not name other reviewers (A3)."""

    version: int = Field(
        description="Increases with every change. Send it as If-Match with an action."
    )
    channel: Channel
    channel_label: ClassVar[Any] = label_of("channel")
    reference: str | None = Field(
        description="The number that the channel assigned to the request."
    )
    intake_exceptions: list[IntakeException] = Field(
        description="What providers cannot enter, of a registered request."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")
    intake_note: str | None = Field(description="The note of the operator who confirmed it.")
    assessment: AssessmentResponse | None
    documentation: list[DocumentationResponse] = Field(
        description="What the rules and the open request for information ask for, with the documents "
        "that answer it."
    )
    suggested_information_request: SuggestedInformationRequest | None = Field(
        description="Null if nothing that the rules require is missing."
    )
    potential_duplicates: list[DuplicateComparisonResponse] = Field(
        description="Requests that this one may repeat or that may repeat it, each beside this one."
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
        description="Ids of the attached documents that no reviewer has seen: send them as "
        "`seen_documents`."
    )
    not_decidable: list[NotDecidable] = Field(
        description="Why the case is not the caller's to decide. Empty if it is, or if none is open."
    )
    not_decidable_labels: ClassVar[Any] = labels_of("not_decidable")

    @classmethod
    def of(
        cls,
        file: RequestFile,
        caller: Caller,
        compared: Collection[ComparedDuplicate],
        *,
        payer: Payer,
        code_sets: CodeSets,
        now: datetime,
    ) -> "CaseDetails":
        request, review = file.request, file.request.submitted
        labels = RequestLabels.of(request, payer, code_sets)
        members = members_of(file, payer, labels, now=now)
        members["allowed_actions"] = list(request.reviewer_actions(caller, now))
        members["history"] = history_of(file, for_reviewer=True)
        proposal = review.proposal
        documentation = DocumentationResponse.all_of(file, payer)
        return cls(
            **members,
            documentation=documentation,
            suggested_information_request=SuggestedInformationRequest.of(documentation),
            **_queue_members(file, caller, labels, now),
            channel=review.channel,
            reference=review.reference,
            intake_exceptions=list(review.intake_exceptions),
            intake_note=review.intake_confirmation.note if review.intake_confirmation else None,
            assessment=AssessmentResponse.of(review.assessment, payer, caller.plan_ids)
            if review.assessment
            else None,
            potential_duplicates=[DuplicateComparisonResponse.of(one, payer) for one in compared],
            assignment=AssignmentResponse.of(request, caller, now),
            proposal=ProposalResponse.of(proposal, caller.subject, labels) if proposal else None,
            notes=[NoteResponse.of(note, caller.subject) for note in review.notes],
        )


def _queue_members(
    file: RequestFile, caller: Caller, labels: RequestLabels, now: datetime
) -> dict[str, Any]:
    """The members that the case shares with its row in the worklist; most need an open cycle."""
    request, review = file.request, file.request.submitted
    row = worklist_row(request, request.due_at) if request.due_at else None
    returned = review.returned_proposal if row and row.returned_to else None
    return {
        "version": request.version,
        "pend_reasons": row.pend_reasons if row else (),
        "new_documents": file.new_documents if row else (),
        "not_decidable": not_decidable(row, caller, now) if row else (),
        "returned_proposal": (
            ReturnedProposalResponse.of(returned, caller.subject, labels) if returned else None
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
    """The coverage of the case's member as it is loaded now."""

    member_id: str
    active: bool = Field(description="Whether coverage is active today.")
    plan: PlanResponse | None = Field(description="Today's plan. Null if coverage is not active.")
    spans: list[CoverageSpanResponse] = Field(
        description="All coverage, earliest first. Empty if the member is not loaded any more."
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
    """A text to begin a rationale with. Words in brackets are to be replaced."""

    name: str
    text: str


class DecisionReasonResponse(ResponseModel):
    """A reason of a denial or a reduction."""

    code: str
    label: str
    statuses: list[LineStatus] = Field(description="The decisions that it fits.")
    statuses_labels: ClassVar[Any] = labels_of("statuses")
    needs_information_request: bool = Field(
        description="Whether it states that requested information was not received."
    )
    rationale_templates: list[RationaleTemplateResponse]


class DecisionReasonsResponse(ResponseModel):
    """What reviewers choose from when they decide; the payer's data."""

    reasons: list[DecisionReasonResponse]
    criteria: list[str] = Field(
        description="Names of criteria that are often cited. Any other can be entered."
    )
    required_documentation: list[RequiredDocumentResponse] = Field(
        description="What a request for information can ask for."
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
    """A summary of the case after the change. `readCase` returns all of it."""

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
    awaits_physician: bool = Field(description="Whether that must be a physician's.")
    assignment: AssignmentResponse | None
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")

    @classmethod
    def of(cls, request: Request, caller: Caller, *, now: datetime) -> "ReviewedCase":
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
            assignment=AssignmentResponse.of(request, caller, now),
            allowed_actions=list(request.reviewer_actions(caller, now)),
        )


class NextCaseResponse(ResponseModel):
    """The case that is assigned to the caller now."""

    case: ReviewedCase | None = Field(
        description="Null if the queue has no case that the caller may decide now."
    )

    @classmethod
    def of(cls, request: Request | None, caller: Caller, *, now: datetime) -> "NextCaseResponse":
        return cls(case=ReviewedCase.of(request, caller, now=now) if request else None)
