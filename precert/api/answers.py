"""What callers get: one model for each answer, made from what the use cases give back.

The name of the user who did something appears in none of them (A3).
"""

from datetime import date, datetime

from pydantic import BaseModel

from precert.contract import EventType
from precert.domain.clocks import Deadline
from precert.domain.content import Provider, RequestContent
from precert.domain.coverage import Plan
from precert.domain.documents import Document, DocumentStatus
from precert.domain.payer import Payer
from precert.domain.request import Appeal, Decision, Line, Request
from precert.domain.rules import CodeAnswer, Requirement
from precert.domain.statuses import (
    REVIEW_ACTIONS,
    Action,
    AppealStatus,
    LineStatus,
    Status,
    WaitingOn,
    allowed_actions,
)
from precert.domain.values import CodeType
from precert.usecases.check_requirements import CheckAnswer
from precert.usecases.confirm_patient import ConfirmedPatient
from precert.usecases.offer_document import OfferedDocument
from precert.usecases.ports.inbox import Message
from precert.usecases.ports.listings import DashboardRow, Page, WorklistRow
from precert.usecases.ports.requests import RequestFile
from precert.usecases.run_round import deadline_of
from precert.usecases.save_draft import SavedDraft
from precert.usecases.search_providers import FoundProvider
from precert.usecases.submit_draft import SubmittedRequest


class PatientAnswer(BaseModel):
    """A member's coverage context (P2); ``next_steps`` where no check can be started (A4)."""

    member_id: str
    date_of_birth: date
    last_name: str
    first_name: str
    account: str
    account_name: str
    plan: Plan
    active: bool
    check_available: bool
    referral_needed: bool
    next_steps: str | None

    @classmethod
    def of(cls, confirmed: ConfirmedPatient) -> "PatientAnswer":
        member = confirmed.coverage
        return cls(
            member_id=member.member_id,
            date_of_birth=member.date_of_birth,
            last_name=member.last_name,
            first_name=member.first_name,
            account=member.account,
            account_name=member.account_name,
            plan=member.plan,
            active=confirmed.active,
            check_available=confirmed.active and confirmed.next_steps is None,
            referral_needed=member.plan.referral_needed,
            next_steps=confirmed.next_steps,
        )


class FoundProviderAnswer(BaseModel):
    """A directory entry, ready to be entered as a provider, and how far it is."""

    provider: Provider
    miles: float


class ProvidersAnswer(BaseModel):
    providers: list[FoundProviderAnswer]

    @classmethod
    def of(cls, found: tuple[FoundProvider, ...]) -> "ProvidersAnswer":
        return cls(
            providers=[
                FoundProviderAnswer(provider=one.entry.as_provider(), miles=one.miles)
                for one in found
            ]
        )


class CodeAnswerModel(BaseModel):
    """What one code was answered, and by which rule (C6)."""

    code: str
    code_type: CodeType
    requirement: Requirement
    rule_id: str | None
    delegate_id: str | None

    @classmethod
    def of(cls, answer: CodeAnswer) -> "CodeAnswerModel":
        return cls(**vars(answer))


class ServiceAnswer(BaseModel):
    """A service's codes, in the order asked; ``service`` counts from 1."""

    service: int
    codes: list[CodeAnswerModel]


class RuleListAnswer(BaseModel):
    """Whose list answered, and which version of it."""

    payer: str
    version: str
    effective_from: date


class CheckAnswerModel(BaseModel):
    requirement: Requirement
    services: list[ServiceAnswer]
    rule_list: RuleListAnswer
    checked_at: datetime
    notices: list[str]

    @classmethod
    def of(cls, answer: CheckAnswer, payer: Payer) -> "CheckAnswerModel":
        found = {code.requirement for codes in answer.services for code in codes}
        notices = [payer.notices["no_guarantee"]]
        if Requirement.UNABLE_TO_DETERMINE in found:
            notices.append(payer.notices["unable_to_determine"])
        return cls(
            requirement=answer.requirement,
            services=[
                ServiceAnswer(service=number, codes=[CodeAnswerModel.of(code) for code in codes])
                for number, codes in enumerate(answer.services, start=1)
            ],
            rule_list=RuleListAnswer(
                payer=payer.name,
                version=answer.rule_list.version,
                effective_from=answer.rule_list.effective_from,
            ),
            checked_at=answer.checked_at,
            notices=notices,
        )


class DocumentAnswer(BaseModel):
    """Where a document stands, and which side sent it."""

    document_id: str
    file_name: str
    content_type: str
    status: DocumentStatus
    sent_by_tin: str
    offered_at: datetime
    settled_at: datetime | None
    size: int | None
    sha256: str | None
    refusal: str | None

    @classmethod
    def of(cls, document: Document) -> "DocumentAnswer":
        return cls.model_validate(document.model_dump())


class DraftAnswer(BaseModel):
    """A draft with everything entered; ``version`` is also its ETag."""

    draft_id: str
    version: int
    status: Status
    expires_at: datetime | None
    waiting_on: WaitingOn
    allowed_actions: list[Action]
    content: RequestContent
    documents: list[DocumentAnswer]

    @classmethod
    def of(cls, draft: Request, documents: tuple[Document, ...] = ()) -> "DraftAnswer":
        return cls(
            draft_id=draft.request_id,
            version=draft.version,
            status=draft.status,
            expires_at=draft.expires_at,
            waiting_on=draft.waiting_on,
            allowed_actions=list(allowed_actions(draft.status)),
            content=draft.content,
            documents=[DocumentAnswer.of(document) for document in documents],
        )


class SavedDraftAnswer(BaseModel):
    draft_id: str
    version: int
    expires_at: datetime

    @classmethod
    def of(cls, draft_id: str, saved: SavedDraft) -> "SavedDraftAnswer":
        return cls(draft_id=draft_id, version=saved.version, expires_at=saved.expires_at)


class SubmissionAnswer(BaseModel):
    """The number (S1). PROCESSING passes: the workflow is about to look at the request (S4)."""

    request_id: str
    number: str
    status: Status
    submitted_at: datetime

    @classmethod
    def of(cls, submitted: SubmittedRequest) -> "SubmissionAnswer":
        return cls(**vars(submitted))


class UploadAnswer(BaseModel):
    """A form to POST as multipart/form-data, the file last as ``file``."""

    url: str
    fields: dict[str, str]
    max_bytes: int


class OfferedDocumentAnswer(BaseModel):
    document: DocumentAnswer
    upload: UploadAnswer

    @classmethod
    def of(cls, offered: OfferedDocument) -> "OfferedDocumentAnswer":
        return cls(
            document=DocumentAnswer.of(offered.document),
            upload=UploadAnswer(
                url=offered.form.url, fields=offered.form.fields, max_bytes=offered.max_bytes
            ),
        )


class DecisionAnswer(BaseModel):
    """A decision; who made it is not told (A3)."""

    status: LineStatus
    round: int
    decided_at: datetime
    reason_code: str | None
    reason: str | None
    rationale: str | None
    criterion: str | None

    @classmethod
    def of(cls, decision: Decision, payer: Payer) -> "DecisionAnswer":
        return cls(
            status=decision.status,
            round=decision.round,
            decided_at=decision.decided_at,
            reason_code=decision.reason_code,
            reason=payer.reason_codes.get(decision.reason_code or ""),
            rationale=decision.rationale,
            criterion=decision.criterion,
        )


class LineAnswer(BaseModel):
    line_id: str
    code: str | None
    code_type: CodeType | None
    status: LineStatus
    decisions: list[DecisionAnswer]

    @classmethod
    def of(cls, line: Line, payer: Payer) -> "LineAnswer":
        return cls(
            line_id=line.line_id,
            code=line.code,
            code_type=line.code_type,
            status=line.status,
            decisions=[DecisionAnswer.of(decision, payer) for decision in line.decisions],
        )


class AppealAnswer(BaseModel):
    round: int
    status: AppealStatus
    line_ids: list[str]
    expedited: bool
    reason: str
    filed_at: datetime
    due_at: datetime | None

    @classmethod
    def of(cls, appeal: Appeal) -> "AppealAnswer":
        return cls.model_validate(appeal.model_dump())


class HistoryEntry(BaseModel):
    """What happened, and the status after it."""

    type: EventType
    at: datetime
    status: Status
    round: int
    document_id: str | None


class RequestAnswer(BaseModel):
    """A request as both providers and its reviewers see it.

    ``review_action`` is X12 306. ``due_at`` and ``waiting_on`` say whose turn it is and until when.
    """

    request_id: str
    number: str | None
    status: Status
    status_reason: str | None
    review_action: str | None
    waiting_on: WaitingOn
    due_at: datetime | None
    allowed_actions: list[Action]
    round: int
    submitted_at: datetime | None
    determined_at: datetime | None
    plan: Plan
    content: RequestContent
    lines: list[LineAnswer]
    appeals: list[AppealAnswer]
    documents: list[DocumentAnswer]
    history: list[HistoryEntry]
    notices: list[str]

    @classmethod
    def of(cls, file: RequestFile, payer: Payer) -> "RequestAnswer":
        request, review = file.request, file.request.review
        appeal_open = review is not None and review.open_appeal is not None
        return cls(
            request_id=request.request_id,
            number=review.number if review else None,
            status=request.status,
            status_reason=_status_reason(request, payer),
            review_action=REVIEW_ACTIONS[request.status],
            waiting_on=request.waiting_on,
            due_at=_due_at(request, payer),
            allowed_actions=list(allowed_actions(request.status, appeal_open=appeal_open)),
            round=review.round if review else 0,
            submitted_at=review.submitted_at if review else None,
            determined_at=review.determined_at if review else None,
            plan=request.plan,
            content=request.content,
            lines=[LineAnswer.of(line, payer) for line in review.lines] if review else [],
            appeals=[AppealAnswer.of(appeal) for appeal in review.appeals] if review else [],
            documents=[DocumentAnswer.of(document) for document in file.documents],
            history=[
                HistoryEntry(
                    type=event.type,
                    at=event.at,
                    status=event.status,
                    round=event.round,
                    document_id=event.document_id,
                )
                for event in file.events
            ],
            notices=_notices(request, payer),
        )


def _status_reason(request: Request, payer: Payer) -> str | None:
    """Why a passing state has not passed yet (S4)."""
    if request.status is Status.PROCESSING:
        return payer.notices["processing"]
    return None


def _due_at(request: Request, payer: Payer) -> datetime | None:
    """The open round's deadline, known from the submission on, before the workflow recorded it."""
    if request.review is None or not request.round_is_open:
        return None
    deadline: Deadline = deadline_of(request, payer)
    return request.due_at or deadline.due_at


def _notices(request: Request, payer: Payer) -> list[str]:
    notices = [payer.notices["no_guarantee"]]
    if request.status in (Status.DENIED, Status.PARTIALLY_APPROVED):
        notices.append(payer.notices["appeal_rights"])
    return notices


class DashboardRowAnswer(DashboardRow):
    """A dashboard line with what can be done next (T1, T2)."""

    allowed_actions: tuple[Action, ...]

    @classmethod
    def of(cls, row: DashboardRow) -> "DashboardRowAnswer":
        actions = allowed_actions(row.status, appeal_open=row.appeal_open)
        return cls(**dict(row), allowed_actions=actions)


class DashboardAnswer(BaseModel):
    requests: list[DashboardRowAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[DashboardRow]) -> "DashboardAnswer":
        return cls(requests=[DashboardRowAnswer.of(row) for row in page.rows], cursor=page.cursor)


class MessageAnswer(BaseModel):
    """A message; its text is the payer's (T5)."""

    message_id: str
    type: EventType
    request_id: str
    number: str | None
    status: Status
    at: datetime
    text: str

    @classmethod
    def of(cls, message: Message, payer: Payer) -> "MessageAnswer":
        text = payer.messages[message.type.value].format(
            number=message.number or "", status=message.status.value
        )
        return cls(**dict(message), text=text)


class MessagesAnswer(BaseModel):
    messages: list[MessageAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[Message], payer: Payer) -> "MessagesAnswer":
        return cls(
            messages=[MessageAnswer.of(message, payer) for message in page.rows],
            cursor=page.cursor,
        )


class WorklistAnswer(BaseModel):
    rounds: list[WorklistRow]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[WorklistRow]) -> "WorklistAnswer":
        return cls(rounds=list(page.rows), cursor=page.cursor)


class ChangedRequestAnswer(BaseModel):
    """A request after a change, short; read it for all of it."""

    request_id: str
    number: str | None
    status: Status
    round: int
    waiting_on: WaitingOn
    allowed_actions: list[Action]

    @classmethod
    def of(cls, request: Request) -> "ChangedRequestAnswer":
        review = request.review
        appeal_open = review is not None and review.open_appeal is not None
        return cls(
            request_id=request.request_id,
            number=review.number if review else None,
            status=request.status,
            round=review.round if review else 0,
            waiting_on=request.waiting_on,
            allowed_actions=list(allowed_actions(request.status, appeal_open=appeal_open)),
        )
