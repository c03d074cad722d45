"""Submitted requests, for both providers and their reviewers."""

from collections.abc import Iterable
from datetime import datetime

from precert.api.answers.drafts import DocumentAnswer
from precert.api.answers.model import AnswerModel
from precert.contract import EventType
from precert.domain.clocks import Deadline
from precert.domain.content import RequestContent
from precert.domain.coverage import Plan
from precert.domain.delegates import CareCoordination, Delegate
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import CERTIFICATION_NOT_REQUIRED, Appeal, Decision, Line
from precert.domain.statuses import (
    Action,
    AppealStatus,
    LineStatus,
    Status,
    WaitingOn,
)
from precert.domain.values import CodeType
from precert.usecases.ports.requests import RequestFile
from precert.usecases.run_round import deadline_of


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
            reason=_reason(decision.reason_code, payer),
            rationale=decision.rationale,
            criterion=decision.criterion,
        )


def _reason(code: str | None, payer: Payer) -> str | None:
    """What a reason code means, in words."""
    if code == CERTIFICATION_NOT_REQUIRED:
        return payer.notices["not_required"]
    return payer.reason_codes.get(code or "")


class DelegateAnswer(AnswerModel):
    """The vendor who decides the request, as published with the list that delegated it (W8)."""

    delegate_id: str
    name: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    care_coordination: CareCoordination | None

    @classmethod
    def of(cls, delegate: Delegate) -> "DelegateAnswer":
        return cls.model_validate(delegate.model_dump(include=set(cls.model_fields)))


class LineAnswer(AnswerModel):
    """A line and its decisions; ``review_action`` is X12 306."""

    line_id: str
    code: str | None
    code_type: CodeType | None
    status: LineStatus
    review_action: str | None
    decisions: list[DecisionAnswer]

    @classmethod
    def of(cls, line: Line, payer: Payer) -> "LineAnswer":
        return cls(
            line_id=line.line_id,
            code=line.code,
            code_type=line.code_type,
            status=line.status,
            review_action=line.review_action,
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
    void_reason: str | None
    delegate: DelegateAnswer | None
    plan: Plan
    content: RequestContent
    lines: list[LineAnswer]
    appeals: list[AppealAnswer]
    documents: list[DocumentAnswer]
    history: list[HistoryEntry]
    notices: list[str]

    @classmethod
    def of(
        cls, file: RequestFile, payer: Payer, actions: Iterable[Action] | None = None
    ) -> "RequestAnswer":
        """``actions`` are the caller's, where it is not one of the offices."""
        request, review = file.request, file.request.review
        return cls(
            request_id=request.request_id,
            number=review.number if review else None,
            status=request.status,
            status_reason=_status_reason(request, payer),
            review_action=request.review_action,
            waiting_on=request.waiting_on,
            due_at=_due_at(request, payer),
            allowed_actions=list(request.offices_actions if actions is None else actions),
            round=review.round if review else 0,
            submitted_at=review.submitted_at if review else None,
            determined_at=review.determined_at if review else None,
            void_reason=review.void_reason if review else None,
            delegate=_delegate(request),
            plan=request.plan,
            content=request.content,
            lines=[LineAnswer.of(line, payer) for line in review.lines] if review else [],
            appeals=[AppealAnswer.of(appeal) for appeal in review.appeals] if review else [],
            documents=[DocumentAnswer.of(one, request.content) for one in file.documents],
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


def _delegate(request: Request) -> DelegateAnswer | None:
    assessment = request.review.assessment if request.review else None
    delegate = assessment.delegate if assessment else None
    return DelegateAnswer.of(delegate) if delegate else None


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


class ChangedRequestAnswer(AnswerModel):
    """A request after a change, short; read it for all of it."""

    request_id: str
    number: str | None
    status: Status
    round: int
    waiting_on: WaitingOn
    due_at: datetime | None
    allowed_actions: list[Action]

    @classmethod
    def of(
        cls, request: Request, actions: Iterable[Action] | None = None
    ) -> "ChangedRequestAnswer":
        """``actions`` are the caller's, where it is not one of the offices."""
        review = request.review
        return cls(
            request_id=request.request_id,
            number=review.number if review else None,
            status=request.status,
            round=review.round if review else 0,
            waiting_on=request.waiting_on,
            due_at=request.due_at,
            allowed_actions=list(request.offices_actions if actions is None else actions),
        )
