"""The whole case, for its reviewers: what the offices see, and how it is judged and worked on."""

from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.history import history_of
from precert.api.answers.lines import DecisionAnswer
from precert.api.answers.model import AnswerModel
from precert.api.answers.progress import RequiredDocumentAnswer
from precert.api.answers.requests import RequestMembers, members_of
from precert.api.answers.reviewed import AssignmentAnswer
from precert.api.labels import RequestLabels, label_of
from precert.domain.code_lists import code_lists_of
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.review import AssertionStatus, Assessment, Channel, PotentialDuplicate, Proposal
from precert.domain.rules import Requirement
from precert.domain.statuses import Who
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile


class LineAssessmentAnswer(AnswerModel):
    """What the rule list says of one line, and which of its rules."""

    line_id: str
    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    rule_id: str | None
    vendor_id: str | None
    automatic: bool


class PotentialDuplicateAnswer(AnswerModel):
    """Another request that this one may repeat (S2); ``reason_codes`` is a stable code."""

    request_id: str
    number: str
    reason_codes: str
    reason_codes_label: str | None

    @classmethod
    def of(cls, found: PotentialDuplicate, payer: Payer) -> "PotentialDuplicateAnswer":
        label = code_lists_of(payer).label("duplicate_reasons", found.reason_codes)
        return cls(**dict(found), reason_codes_label=label)


class AssessmentAnswer(AnswerModel):
    """How the request was judged when it came in (W1).

    ``required_documentation`` were not there; ``assertion`` says whether the quoted assertion id
    is that of this request.
    """

    rule_list: str
    assessed_at: datetime
    lines: list[LineAssessmentAnswer]
    required_documentation: list[RequiredDocumentAnswer]
    assertion: AssertionStatus
    assertion_label: ClassVar[Any] = label_of("assertion")
    potential_duplicates: list[PotentialDuplicateAnswer]
    late_notification: bool

    @classmethod
    def of(cls, assessment: Assessment, payer: Payer) -> "AssessmentAnswer":
        return cls(
            rule_list=assessment.rule_list,
            assessed_at=assessment.assessed_at,
            lines=[LineAssessmentAnswer(**dict(line)) for line in assessment.lines],
            required_documentation=[
                RequiredDocumentAnswer.of(code, payer) for code in assessment.required_documentation
            ],
            assertion=assessment.assertion,
            potential_duplicates=[
                PotentialDuplicateAnswer.of(one, payer) for one in assessment.potential_duplicates
            ],
            late_notification=assessment.late_notification,
        )


class ProposedLineAnswer(AnswerModel):
    line_id: str
    decision: DecisionAnswer


class ProposalAnswer(AnswerModel):
    """Decisions that wait for a second signature."""

    proposed_by: Who
    proposed_by_label: ClassVar[Any] = label_of("proposed_by")
    proposed_at: datetime
    lines: list[ProposedLineAnswer]

    @classmethod
    def of(cls, proposal: Proposal, caller: str, labels: RequestLabels) -> "ProposalAnswer":
        return cls(
            proposed_by=Who.of(proposal.proposed_by, caller),
            proposed_at=proposal.proposed_at,
            lines=[
                ProposedLineAnswer(line_id=line_id, decision=DecisionAnswer.of(decision, labels))
                for line_id, decision in proposal.decisions.items()
            ],
        )


class CaseAnswer(RequestMembers):
    """A request as its reviewers see it; of a colleague they learn that it is one, and not who.

    ``new_documents`` are ids of those that arrived since the caller claimed the case.
    """

    channel: Channel
    channel_label: ClassVar[Any] = label_of("channel")
    reference: str | None
    assessment: AssessmentAnswer | None
    assignment: AssignmentAnswer | None
    proposal: ProposalAnswer | None
    new_documents: list[str]

    @classmethod
    def of(
        cls, file: RequestFile, payer: Payer, code_sets: CodeSets, caller: str, now: datetime
    ) -> "CaseAnswer":
        request, review = file.request, file.request.submitted
        labels = RequestLabels.of(request, payer, code_sets)
        told = members_of(file, payer, labels)
        return cls(
            **{
                **told,
                "allowed_actions": list(request.reviewer_actions(caller, now)),
                "history": history_of(file, told["due_at"], for_reviewer=True),
            },
            channel=review.channel,
            reference=review.reference,
            assessment=AssessmentAnswer.of(review.assessment, payer) if review.assessment else None,
            assignment=AssignmentAnswer.of(request, caller, now),
            proposal=ProposalAnswer.of(review.proposal, caller, labels)
            if review.proposal
            else None,
            new_documents=_new_documents(file, caller),
        )


def _new_documents(file: RequestFile, caller: str) -> list[str]:
    assignment = file.request.submitted.assignment
    if assignment is None or assignment.assigned_to != caller:
        return []
    claimed = [e.at for e in file.events if e.type is EventType.CASE_ASSIGNED and e.actor == caller]
    return [
        event.document_id
        for event in file.events
        if event.type is EventType.DOCUMENT_ATTACHED and event.document_id
        if claimed and event.at > claimed[-1]
    ]
