"""What callers get: one model for each answer, made from what the use cases give back.

The name of the user who did something appears in none of them (A3).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from precert.api.routes import ROUTES
from precert.contract import EventType
from precert.domain.clocks import Deadline
from precert.domain.content import Provider, RequestContent, Service
from precert.domain.coverage import Plan
from precert.domain.delegates import CareCoordination, Delegate
from precert.domain.documents import Document, DocumentStatus
from precert.domain.frequent import FrequentProvider
from precert.domain.next_steps import NextAction, NextStep, next_step_without_codes, notices_of
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
from precert.usecases.search_patients import FoundPatients
from precert.usecases.search_providers import FoundProviders
from precert.usecases.submit_draft import SubmittedRequest

FHIR_JSON: Final = "application/fhir+json"


class AnswerModel(BaseModel):
    """Base of all answers; a cold start builds those that its first call gives."""

    model_config = ConfigDict(defer_build=True)


class PatientAnswer(AnswerModel):
    """A member's coverage context (P2); ``next_steps`` where no check can be started (A4).

    Where coverage is not active it tells no plan, but the days: of the coverage that begins next, or
    of the last one that ended.
    """

    member_id: str
    date_of_birth: date
    last_name: str
    first_name: str
    account: str
    account_name: str
    plan: Plan | None
    active: bool
    active_from: date
    active_to: date | None
    check_available: bool
    referral_needed: bool | None
    next_steps: str | None
    notices: list[str]

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
            plan=member.plan if confirmed.active else None,
            active=confirmed.active,
            active_from=member.active_from,
            active_to=member.active_to,
            check_available=confirmed.active and confirmed.next_steps is None,
            referral_needed=member.plan.referral_needed if confirmed.active else None,
            next_steps=confirmed.next_steps,
            notices=list(confirmed.notices),
        )


class FoundPatientAnswer(AnswerModel):
    """A member who fits, with the account of the coverage nearest to today."""

    member_id: str
    date_of_birth: date
    last_name: str
    first_name: str
    account: str
    account_name: str


class PatientsAnswer(AnswerModel):
    """Nobody, one member, or one person's several memberships (P1); ``notices`` if nobody."""

    patients: list[FoundPatientAnswer]
    notices: list[str]

    @classmethod
    def of(cls, found: FoundPatients) -> "PatientsAnswer":
        names = FoundPatientAnswer.model_fields
        patients = [{name: getattr(one, name) for name in names} for one in found.patients]
        return cls(
            patients=[FoundPatientAnswer(**fields) for fields in patients],
            notices=list(found.notices),
        )


class FoundProviderAnswer(AnswerModel):
    """A directory entry, ready to be entered as a provider, and how far it is."""

    provider: Provider
    miles: float


class CorrectionsAnswer(AnswerModel):
    """How to have the directory corrected, each case its own way, and how to go on until then (C16)."""

    own: str
    other: str
    tax_id: str

    @classmethod
    def of(cls, payer: Payer) -> "CorrectionsAnswer":
        return cls(
            own=payer.notices["directory_own"],
            other=payer.notices["directory_other"],
            tax_id=payer.notices["directory_tax_id"],
        )


class ProvidersAnswer(AnswerModel):
    """One row for each address and TIN; ``more`` where others fit as well."""

    providers: list[FoundProviderAnswer]
    more: bool
    notices: list[str]
    corrections: CorrectionsAnswer

    @classmethod
    def of(cls, found: FoundProviders, payer: Payer) -> "ProvidersAnswer":
        return cls(
            providers=[
                FoundProviderAnswer(provider=one.entry.as_provider(), miles=one.miles)
                for one in found.providers
            ],
            more=found.more,
            notices=list(found.notices),
            corrections=CorrectionsAnswer.of(payer),
        )


class FrequentProviderAnswer(AnswerModel):
    """A provider as last selected, ready to be entered, and how often it was."""

    provider: Provider
    selected: int
    selected_at: datetime


class FrequentProvidersAnswer(AnswerModel):
    """Most selected first, at most ten (C2)."""

    providers: list[FrequentProviderAnswer]

    @classmethod
    def of(cls, found: tuple[FrequentProvider, ...]) -> "FrequentProvidersAnswer":
        return cls(providers=[FrequentProviderAnswer(**dict(one)) for one in found])


class NextStepAnswer(AnswerModel):
    """What to do next, and the payer's words for it; show them as they are."""

    action: NextAction
    text: str

    @classmethod
    def of(cls, step: NextStep) -> "NextStepAnswer":
        return cls(action=step.action, text=step.text)


class CodeAnswerModel(AnswerModel):
    """What one code was answered, by which rule and since when that is effective (C6)."""

    code: str
    code_type: CodeType
    requirement: Requirement
    rule_id: str | None
    effective_from: date | None
    label: str | None
    delegate_id: str | None
    predetermination: bool
    next_step: NextStepAnswer

    @classmethod
    def of(cls, answer: CodeAnswer, step: NextStep) -> "CodeAnswerModel":
        return cls(
            code=answer.code,
            code_type=answer.code_type,
            requirement=answer.requirement,
            rule_id=answer.rule_id,
            effective_from=answer.effective_from,
            label=answer.label,
            delegate_id=answer.delegate_id,
            predetermination=answer.predetermination,
            next_step=NextStepAnswer.of(step),
        )


class ServiceAnswer(AnswerModel):
    """A service's codes, in the order asked; ``service`` counts from 1.

    ``next_step`` is there for a stay without codes, of which no rule could be asked.
    """

    service: int
    codes: list[CodeAnswerModel]
    next_step: NextStepAnswer | None

    @classmethod
    def of(
        cls,
        number: int,
        asked: Service,
        codes: Sequence[CodeAnswer],
        steps: Sequence[NextStep],
        payer: Payer,
    ) -> "ServiceAnswer":
        own = None if codes else NextStepAnswer.of(next_step_without_codes(asked, payer))
        told = map(CodeAnswerModel.of, codes, steps)
        return cls(service=number, codes=list(told), next_step=own)


class DelegatedCode(AnswerModel):
    """A code that a third party decides on; ``service`` counts from 1."""

    service: int
    code: str
    code_type: CodeType


class HandoverLink(AnswerModel):
    """How to get what was entered as a document for the third party.

    Send ``{"content": …, "delegate_id": …}`` with the content that was checked.
    """

    method: str
    path: str
    media_type: str


class ThirdPartyAnswer(AnswerModel):
    """A third party that decides on some codes: where to ask it, and what it wants (C8, C12)."""

    delegate_id: str
    name: str
    services: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    requirements: list[str]
    care_coordination: CareCoordination | None
    codes: list[DelegatedCode]
    handover: HandoverLink

    @classmethod
    def of(cls, delegate: Delegate, codes: list[DelegatedCode]) -> "ThirdPartyAnswer":
        route = next(route for route in ROUTES if route.operation_id == "handOver")
        return cls(
            delegate_id=delegate.delegate_id,
            name=delegate.name,
            services=delegate.services,
            url=delegate.url,
            phone=delegate.phone,
            fax=delegate.fax,
            hours=delegate.hours,
            requirements=list(delegate.requirements),
            care_coordination=delegate.care_coordination,
            codes=codes,
            handover=HandoverLink(method=route.method, path=route.path, media_type=FHIR_JSON),
        )


class RuleListAnswer(AnswerModel):
    """Whose list answered, and which version of it.

    ``effective_from`` is the first service date that the list speaks of.
    """

    payer: str
    version: str
    effective_from: date
    published_at: datetime


class CheckAnswerModel(AnswerModel):
    """An answer for each code, and what follows from all of them.

    ``assertion_id`` is what the answer is quoted by; send it on within the content of the draft.
    """

    requirement: Requirement
    services: list[ServiceAnswer]
    third_parties: list[ThirdPartyAnswer]
    rule_list: RuleListAnswer
    assertion_id: str | None
    quoted_id_fits: bool | None
    confirmation_available: bool
    referral_needed: bool
    predetermination_available: bool
    checked_at: datetime
    as_of: datetime | None
    notices: list[str]

    @classmethod
    def of(cls, answer: CheckAnswer, payer: Payer) -> "CheckAnswerModel":
        steps, asked, plan = answer.next_steps(payer), answer.content, answer.coverage.plan
        codes = [code for service in answer.services for code in service]
        return cls(
            requirement=answer.requirement,
            services=[
                ServiceAnswer.of(number, *service, payer)
                for number, service in enumerate(
                    zip(asked.services, answer.services, steps, strict=True), start=1
                )
            ],
            third_parties=_third_parties(answer, steps),
            rule_list=RuleListAnswer(
                payer=payer.name,
                version=answer.rule_list.version,
                effective_from=answer.rule_list.effective_from,
                published_at=answer.rule_list.published_at,
            ),
            assertion_id=answer.assertion_id,
            quoted_id_fits=answer.quoted_id_fits,
            confirmation_available=answer.requirement is Requirement.NOT_REQUIRED,
            referral_needed=plan.referral_needed,
            predetermination_available=any(code.predetermination for code in codes),
            checked_at=answer.checked_at,
            as_of=answer.as_of,
            notices=list(notices_of(codes, asked.services, plan, answer.requirement, payer)),
        )


def _third_parties(
    answer: CheckAnswer, steps: Sequence[Sequence[NextStep]]
) -> list[ThirdPartyAnswer]:
    """Each third party that some code goes to, in the order of the codes."""
    decided: dict[str, list[DelegatedCode]] = {}
    for number, (codes, ways) in enumerate(zip(answer.services, steps, strict=True), start=1):
        for code, way in zip(codes, ways, strict=True):
            known = code.delegate_id if code.delegate_id in answer.delegates else None
            if known and way.action is NextAction.GO_TO_THIRD_PARTY:
                told = DelegatedCode(service=number, code=code.code, code_type=code.code_type)
                decided.setdefault(known, []).append(told)
    return [ThirdPartyAnswer.of(answer.delegates[one], codes) for one, codes in decided.items()]


class DocumentAnswer(AnswerModel):
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


class DraftAnswer(AnswerModel):
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


class SavedDraftAnswer(AnswerModel):
    draft_id: str
    version: int
    expires_at: datetime

    @classmethod
    def of(cls, draft_id: str, saved: SavedDraft) -> "SavedDraftAnswer":
        return cls(draft_id=draft_id, version=saved.version, expires_at=saved.expires_at)


class SubmissionAnswer(AnswerModel):
    """The number (S1). PROCESSING passes: the workflow is about to look at the request (S4)."""

    request_id: str
    number: str
    status: Status
    submitted_at: datetime

    @classmethod
    def of(cls, submitted: SubmittedRequest) -> "SubmissionAnswer":
        return cls(**vars(submitted))


class UploadAnswer(AnswerModel):
    """A form to POST as multipart/form-data, the file last as ``file``."""

    url: str
    fields: dict[str, str]
    max_bytes: int


class OfferedDocumentAnswer(AnswerModel):
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


class DecisionAnswer(AnswerModel):
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


class LineAnswer(AnswerModel):
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


class AppealAnswer(AnswerModel):
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


class HistoryEntry(AnswerModel):
    """What happened, and the status after it."""

    type: EventType
    at: datetime
    status: Status
    round: int
    document_id: str | None


class RequestAnswer(AnswerModel):
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


class DashboardAnswer(AnswerModel):
    requests: list[DashboardRowAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[DashboardRow]) -> "DashboardAnswer":
        return cls(requests=[DashboardRowAnswer.of(row) for row in page.rows], cursor=page.cursor)


class MessageAnswer(AnswerModel):
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


class MessagesAnswer(AnswerModel):
    messages: list[MessageAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[Message], payer: Payer) -> "MessagesAnswer":
        return cls(
            messages=[MessageAnswer.of(message, payer) for message in page.rows],
            cursor=page.cursor,
        )


class WorklistAnswer(AnswerModel):
    rounds: list[WorklistRow]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[WorklistRow]) -> "WorklistAnswer":
        return cls(rounds=list(page.rows), cursor=page.cursor)


class ChangedRequestAnswer(AnswerModel):
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
