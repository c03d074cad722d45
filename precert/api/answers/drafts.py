"""Drafts, their documents, and what comes of submitting one."""

from datetime import datetime
from typing import Any

from precert.api.answers.check import RuleListAnswer
from precert.api.answers.model import AnswerModel
from precert.domain.content import RequestContent
from precert.domain.documents import Document, DocumentStatus, Refusal, Sender
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.rules import Requirement
from precert.domain.statuses import (
    Action,
    Status,
    WaitingOn,
    allowed_actions,
)
from precert.usecases.offer_document import OfferedDocument
from precert.usecases.save_draft import SavedDraft
from precert.usecases.start_draft import StartedDraft
from precert.usecases.submit_draft import SubmittedRequest


class DocumentAnswer(AnswerModel):
    """Where a document stands, since when, and which side sent it.

    ``sent_by`` is ``null`` while the draft does not name the sender's TIN as one of its sides, and in
    the answer to an offer, which reads no draft.
    ``refusal_code`` is stable; ``refusal`` says it in words.
    """

    document_id: str
    file_name: str
    content_type: str
    document_type: str | None
    status: DocumentStatus
    sent_by_tin: str
    sent_by: Sender | None
    offered_at: datetime
    upload_until: datetime
    settled_at: datetime | None
    size: int | None
    sha256: str | None
    refusal_code: Refusal | None
    refusal: str | None

    @classmethod
    def of(cls, document: Document, content: RequestContent | None = None) -> "DocumentAnswer":
        refusal = document.refusal
        return cls(
            document_id=document.document_id,
            file_name=document.file_name,
            content_type=document.content_type,
            document_type=document.document_type,
            status=document.status,
            sent_by_tin=document.sent_by_tin,
            sent_by=document.sender(content) if content else None,
            offered_at=document.offered_at,
            upload_until=document.upload_until,
            settled_at=document.settled_at,
            size=document.size,
            sha256=document.sha256,
            refusal_code=refusal,
            refusal=refusal.words if refusal else None,
        )


class _Draft(AnswerModel):
    draft_id: str
    version: int
    status: Status
    expires_at: datetime | None
    waiting_on: WaitingOn
    allowed_actions: list[Action]
    content: RequestContent
    documents: list[DocumentAnswer]


def _told(draft: Request, documents: tuple[Document, ...] = ()) -> dict[str, Any]:
    return {
        "draft_id": draft.request_id,
        "version": draft.version,
        "status": draft.status,
        "expires_at": draft.expires_at,
        "waiting_on": draft.waiting_on,
        "allowed_actions": list(allowed_actions(draft.status)),
        "content": draft.content,
        "documents": [DocumentAnswer.of(document, draft.content) for document in documents],
    }


class DraftAnswer(_Draft):
    """A draft with everything entered; ``version`` is also its ETag."""

    @classmethod
    def of(cls, draft: Request, documents: tuple[Document, ...] = ()) -> "DraftAnswer":
        return cls(**_told(draft, documents))


class StartedFrom(AnswerModel):
    """The check that a draft was started from (D1).

    ``assertion_id`` is what this answer is quoted by; ``quoted_id_fits`` says whether the id that was
    quoted in the content is one of this question, answered by this list.
    """

    requirement: Requirement
    rule_list: RuleListAnswer
    assertion_id: str | None
    quoted_id_fits: bool | None


class StartedDraftAnswer(_Draft):
    """A draft as it was started, and the check behind it; ``version`` is also its ETag."""

    check: StartedFrom

    @classmethod
    def of(cls, started: StartedDraft, payer: Payer) -> "StartedDraftAnswer":
        answer = started.answer
        return cls(
            **_told(started.draft),
            check=StartedFrom(
                requirement=answer.requirement,
                rule_list=RuleListAnswer.of(answer.rule_list, payer),
                assertion_id=answer.assertion_id,
                quoted_id_fits=answer.quoted_id_fits,
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
