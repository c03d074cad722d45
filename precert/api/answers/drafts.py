"""Drafts, their documents, and what comes of submitting one."""

from datetime import datetime

from precert.api.answers.model import AnswerModel
from precert.domain.content import RequestContent
from precert.domain.documents import Document, DocumentStatus
from precert.domain.request import Request
from precert.domain.statuses import (
    Action,
    Status,
    WaitingOn,
    allowed_actions,
)
from precert.usecases.offer_document import OfferedDocument
from precert.usecases.save_draft import SavedDraft
from precert.usecases.submit_draft import SubmittedRequest


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
