"""Documents and determination notices: records, bytes, and printing."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple, Protocol

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
    """An upload: the bytes, their count, and the object's version."""

    body: bytes
    size: int
    version_id: str | None


class WaitingUpload(NamedTuple):
    """A document that waits for its upload, its verification or its scan."""

    request_id: str
    document_id: str


class DocumentRecords(Protocol):
    """The records of uploaded documents; their files are in ``DocumentBytes``."""

    def offer(
        self,
        request_id: str,
        document: Document,
        *,
        callers_tins: Collection[str],
        now: datetime,
    ) -> None:
        """Reserve a slot and record the document of the upload, in one transaction (U3, U4).

        Raises:
            OfferRefusedError: the request is not the caller's, has expired, does not accept documents,
                or has no free slot.
        """

    def document(self, request_id: str, document_id: str) -> Document | None:
        """One document's record. One AWS call."""

    def of_request(self, request_id: str) -> tuple[Document, ...]:
        """All documents of a request, oldest first. One AWS call."""

    def waiting(self, offered_before: datetime) -> Iterator[WaitingUpload]:
        """Documents of all requests that are AWAITING_UPLOAD or CHECKING, the oldest offer first.

        One AWS call for each page. The list can lag behind the documents.
        """

    def stop_waiting(self, request_id: str, document: Document) -> None:
        """Remove a document that was never uploaded from that list. One AWS call."""

    def settle(
        self, request_id: str, document: Document, event: Event | None, *, arrived: bool = False
    ) -> None:
        """Record a changed document with its event; a refused document frees its slot.

        A document that just ``arrived`` is accepted only while its request waits for information (W5).

        Raises:
            DocumentChangedError: it was changed before, or its request is deleted or decided.
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
        """Remove a draft's document with its event, and free its slot.

        Raises:
            DocumentChangedError: it was changed, or the draft was submitted or deleted, or is not the
                caller's.
        """


class DocumentBytes(Protocol):
    """The files of documents."""

    def upload_form(
        self, request_id: str, document: Document, *, max_bytes: int, seconds: int
    ) -> UploadForm:
        """A presigned POST for this document only (U2). No AWS call."""

    def download_url(
        self,
        request_id: str,
        document_id: str,
        *,
        version_id: str | None,
        seconds: int,
        shown_as: str | None = None,
    ) -> str:
        """A presigned GET of this version only, with the name of the upload. No AWS call.

        With a content type as ``shown_as``, a browser shows the file instead of downloading it.
        """

    def put(self, request_id: str, document: Document, body: bytes) -> None:
        """Store a received file like an upload, so that it has the same events. One AWS call."""

    def arrived(self, request_id: str) -> Set[str]:
        """Ids of the documents whose bytes exist. One AWS call."""

    def fetch(self, request_id: str, document_id: str) -> StoredObject | None:
        """The uploaded bytes, or ``None`` if there are none."""

    def keep_only(self, request_id: str, document_id: str, version_id: str) -> None:
        """Remove every version except this one."""

    def remove(self, request_id: str, document_id: str) -> None:
        """Remove every version of a document's bytes."""

    def remove_all(self, request_id: str) -> None:
        """Remove every version of all documents of a request."""


class NoticeRecords(Protocol):
    """The records of issued notices."""

    def record(self, request_id: str, notices: Sequence[Notice], event: Event) -> None:
        """Record the notices of a cycle with their event; a repetition changes nothing."""

    def issued(self, request: Request) -> None:
        """Record that all notices of this version of the request are issued. One AWS call."""


class NoticeBytes(Protocol):
    """The PDF files of notices."""

    def put(self, request_id: str, notice_id: str, document: bytes, sha256: str) -> str | None:
        """Store a notice's PDF; returns the object's version. One AWS call."""

    def download_url(
        self, request_id: str, notice: Notice, *, seconds: int, shown_as: str | None = None
    ) -> str:
        """A presigned GET of this notice only; its path contains only ids. No AWS call.

        With a content type as ``shown_as``, a browser shows the notice instead of downloading it.
        """


class Printer(Protocol):
    """Prints templates as PDF."""

    def print(self, template: str, data: Mapping[str, object]) -> bytes:
        """A PDF of the data; entered text is printed unchanged. No AWS call.

        ``data`` must be serializable as JSON; the template selects from it.
        """
