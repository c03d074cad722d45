"""Documents and determination notices: their records beside the request, their bytes, and printing."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field

from precert.domain.documents import Document
from precert.domain.events import Event
from precert.domain.notices import Notice
from precert.domain.request import Request
from precert.domain.values import Value


class OfferRefusedError(Exception):
    """No slot was reserved. ``current`` is the current request, or ``None``."""

    def __init__(self, current: Request | None) -> None:
        super().__init__("a condition did not hold")
        self.current = current


class DocumentChangedError(Exception):
    """The document or its request was changed or deleted since it was read; nothing was written."""


class UploadForm(Value):
    """A presigned S3 POST form."""

    url: Annotated[str, Field(description="POST the form to it as multipart/form-data.")]
    fields: Annotated[
        dict[str, str],
        Field(description="Form fields to send unchanged, followed by the file as `file`."),
    ]
    max_bytes: Annotated[int, Field(description="Maximum file size in bytes.")]


@dataclass(frozen=True)
class StoredObject:
    """What arrived: the bytes, their count, and which version of the object they are."""

    body: bytes
    size: int
    version_id: str | None


class DocumentRecords(Protocol):
    def offer(
        self,
        request_id: str,
        document: Document,
        *,
        callers_tins: Collection[str],
        now: datetime,
    ) -> None:
        """Take a slot and record the awaited document, in one transaction (U3, U4).

        Raises:
            OfferRefusedError: not the caller's, expired, of a status that takes none, or full.
        """

    def document(self, request_id: str, document_id: str) -> Document | None:
        """One document's record. One call."""

    def of_request(self, request_id: str) -> tuple[Document, ...]:
        """All documents of a request, oldest first. One call."""

    def settle(
        self, request_id: str, document: Document, event: Event | None, *, arrived: bool = False
    ) -> None:
        """Record a changed document, with the event that tells of it; a refused one frees its slot.

        What has just ``arrived`` is taken only while its request waits for something (W5).

        Raises:
            DocumentChangedError: it was changed before, or its request is gone or decided.
        """

    def delete(
        self,
        request_id: str,
        document: Document,
        event: Event,
        *,
        callers_tins: Collection[str],
        now: datetime,
    ) -> None:
        """Remove a draft's document with the event that tells of it, and free its slot.

        Raises:
            DocumentChangedError: it was changed, or the draft is not the caller's or none any more.
        """


class DocumentBytes(Protocol):
    def upload_form(
        self, request_id: str, document: Document, *, max_bytes: int, seconds: int
    ) -> UploadForm:
        """A presigned POST for exactly this document (U2). No call."""

    def download_url(
        self, request_id: str, document_id: str, *, version_id: str | None, seconds: int
    ) -> str:
        """A presigned GET of exactly this version, under the name it was sent with. No call."""

    def arrived(self, request_id: str) -> Set[str]:
        """Ids of the documents of which there are bytes. One call."""

    def fetch(self, request_id: str, document_id: str) -> StoredObject | None:
        """The bytes that arrived, or ``None`` where there are none."""

    def keep_only(self, request_id: str, document_id: str, version_id: str) -> None:
        """Remove every version but this one."""

    def remove(self, request_id: str, document_id: str) -> None:
        """Remove every version of a document's bytes."""

    def remove_all(self, request_id: str) -> None:
        """Remove every version of all documents of a request."""


class NoticeRecords(Protocol):
    def record(self, request_id: str, notices: Sequence[Notice], event: Event) -> None:
        """Record the notices of a cycle with their event, once: a second time changes nothing."""


class NoticeBytes(Protocol):
    def put(self, request_id: str, notice_id: str, document: bytes, sha256: str) -> str | None:
        """Store a notice's PDF; answers the version of the object. One call."""

    def download_url(self, request_id: str, notice: Notice, *, seconds: int) -> str:
        """A presigned address of exactly this notice, ids alone. No call."""


class Printer(Protocol):
    def print(self, template: str, data: Mapping[str, object]) -> bytes:
        """A PDF of the data, which stands in it as typed. No call.

        ``data`` is what JSON can hold; the template says what it reads of it.
        """
