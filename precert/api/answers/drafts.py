"""Drafts, their documents, and what comes of submitting one."""

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.answers.unmatched import TemporaryProviderAnswer
from precert.api.labels import RequestLabels, label_of, labels_of
from precert.api.models import DocumentResponse, RuleListResponse, draft_time_left_in_words
from precert.api.problems import ErrorItem
from precert.domain.content import RequestContent
from precert.domain.documents import Document
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.rules import Requirement
from precert.domain.statuses import (
    Action,
    Status,
    WaitingOn,
    allowed_actions,
)
from precert.usecases.drafts import ReviewedDraft, SavedDraft, StartedDraft
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
        "time_left": draft_time_left_in_words(draft.expires_at, payer, now),
        "waiting_on": draft.waiting_on,
        "allowed_actions": list(allowed_actions(draft.status)),
        "content": draft.content,
        "content_labels": labels.content(draft.content),
        "documents": [
            DocumentResponse.of(document, payer, draft.content) for document in documents
        ],
    }


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
