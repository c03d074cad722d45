"""Drafts, their documents, and what comes of submitting one."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.answers.unmatched import TemporaryProviderAnswer
from precert.api.labels import RequestLabels, label_of, labels_of
from precert.api.models import DocumentResponse, RuleListResponse
from precert.api.problems import ErrorItem
from precert.domain.clocks import draft_time_left
from precert.domain.code_lists import code_lists_of
from precert.domain.content import RequestContent
from precert.domain.documents import Document
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.rows import DashboardRow
from precert.domain.rules import Requirement
from precert.domain.statuses import (
    Action,
    Status,
    WaitingOn,
    allowed_actions,
)
from precert.domain.values import Purpose
from precert.domain.wording import written_time_left
from precert.usecases.drafts import ReviewedDraft, SavedDraft, StartedDraft
from precert.usecases.ports.listings import Page
from precert.usecases.ports.reference import CodeSets
from precert.usecases.submission import SubmittedRequest


class _Draft(AnswerModel):
    draft_id: str
    version: int
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    expires_at: datetime | None
    time_left: str | None
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")
    content: RequestContent
    content_labels: dict[str, str]
    documents: list[DocumentResponse]


def _told(
    draft: Request,
    documents: tuple[Document, ...],
    payer: Payer,
    labels: RequestLabels,
    now: datetime,
) -> dict[str, Any]:
    return {
        "draft_id": draft.request_id,
        "version": draft.version,
        "status": draft.status,
        "expires_at": draft.expires_at,
        "time_left": _time_left(draft.expires_at, payer, now),
        "waiting_on": draft.waiting_on,
        "allowed_actions": list(allowed_actions(draft.status)),
        "content": draft.content,
        "content_labels": labels.content(draft.content),
        "documents": [
            DocumentResponse.of(document, payer, draft.content) for document in documents
        ],
    }


def _time_left(expires_at: datetime | None, payer: Payer, now: datetime) -> str | None:
    if expires_at is None:
        return None
    clock = payer.draft_clock
    left = draft_time_left(now, expires_at, clock, payer.zone)
    return written_time_left(left, clock.resting_weekdays)


class DraftAnswer(_Draft):
    """A draft with everything entered; ``version`` is also its ETag.

    ``time_left`` is in words, without the days on which the clock stands still.
    """

    @classmethod
    def of(
        cls,
        draft: Request,
        documents: tuple[Document, ...],
        payer: Payer,
        code_sets: CodeSets,
        now: datetime,
    ) -> "DraftAnswer":
        labels = RequestLabels.of(draft, payer, code_sets)
        return cls(**_told(draft, documents, payer, labels, now))


class DraftRow(AnswerModel):
    """A line of the list of drafts; resume it for all of it."""

    draft_id: str
    purpose: Purpose
    purpose_label: str | None
    patient: str | None
    date_of_birth: date | None
    first_day: date | None
    last_day: date | None
    requesting_provider: str | None
    requesting_tin: str | None
    servicing_provider: str | None
    place_of_service: str | None
    place_of_service_label: str | None
    saved_at: datetime
    expires_at: datetime | None
    time_left: str | None
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")

    @classmethod
    def of(cls, row: DashboardRow, payer: Payer, now: datetime) -> "DraftRow":
        return cls(
            draft_id=row.request_id,
            purpose=row.purpose,
            patient=row.patient,
            date_of_birth=row.date_of_birth,
            first_day=row.first_day,
            last_day=row.last_day,
            requesting_provider=row.requesting_provider,
            requesting_tin=row.requesting_tin,
            servicing_provider=row.servicing_provider,
            place_of_service=row.place_of_service,
            **code_lists_of(payer).labels(
                purpose=row.purpose, place_of_service=row.place_of_service
            ),
            saved_at=row.updated_at,
            expires_at=row.expires_at,
            time_left=_time_left(row.expires_at, payer, now),
            allowed_actions=list(allowed_actions(row.status)),
        )


class DraftsAnswer(AnswerModel):
    drafts: list[DraftRow]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[DashboardRow], payer: Payer, now: datetime) -> "DraftsAnswer":
        return cls(drafts=[DraftRow.of(row, payer, now) for row in page.rows], cursor=page.cursor)


class ValidatedDraftAnswer(AnswerModel):
    """What keeps a draft from being submitted: nothing where ``errors`` is empty (D6).

    Pointers are those of a submission's body. ``version`` is also its ETag.
    """

    draft_id: str
    version: int
    errors: list[ErrorItem]

    @classmethod
    def of(cls, reviewed: ReviewedDraft) -> "ValidatedDraftAnswer":
        return cls(
            draft_id=reviewed.draft.request_id,
            version=reviewed.draft.version,
            errors=[ErrorItem.of(error) for error in reviewed.errors],
        )


class StartedFrom(AnswerModel):
    """The check that a draft was started from (D1).

    ``assertion_id`` is what this answer is quoted by; ``assertion_valid`` says whether the id that was
    quoted in the content is one of this question, answered by this list.
    """

    requirement: Requirement
    requirement_label: ClassVar[Any] = label_of("requirement")
    rule_list: RuleListResponse
    assertion_id: str | None
    assertion_valid: bool | None


class StartedDraftAnswer(_Draft):
    """A draft as it was started, and the check behind it; ``version`` is also its ETag."""

    check: StartedFrom

    @classmethod
    def of(cls, started: StartedDraft, payer: Payer, code_sets: CodeSets) -> "StartedDraftAnswer":
        answer = started.answer
        labels = RequestLabels.of(started.draft, payer, code_sets)
        labels = replace(labels, payers_words=answer.payers_words)
        return cls(
            **_told(started.draft, (), payer, labels, answer.checked_at),
            check=StartedFrom(
                requirement=answer.requirement,
                rule_list=RuleListResponse.of(answer.rule_list, payer),
                assertion_id=answer.assertion_id,
                assertion_valid=answer.assertion_valid,
            ),
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
    status_label: ClassVar[Any] = label_of("status")
    submitted_at: datetime
    temporary_providers: list[TemporaryProviderAnswer]
    """Sides whose provider was typed in (S3)."""

    @classmethod
    def of(cls, submitted: SubmittedRequest) -> "SubmissionAnswer":
        temporary = TemporaryProviderAnswer.of(submitted.temporary_providers)
        return cls(**{**vars(submitted), "temporary_providers": temporary})
