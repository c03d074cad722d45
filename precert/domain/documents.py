"""Documents of a request: what can be uploaded, and the status of each (U1-U7)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Final, assert_never
from urllib.parse import quote

from pydantic import Field

from precert.domain.content import RequestContent
from precert.domain.dates import Moment
from precert.domain.matching import ProviderRole
from precert.domain.values import FileName, Sha256, Text, Tin, Value
from precert.names import DOCUMENT_PREFIX

CONTENT_TYPES: Final = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tiff": "image/tiff",
    ".tif": "image/tiff",
    ".png": "image/png",
    ".gif": "image/gif",
    ".txt": "text/plain",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Accepted file name extensions with their content type (U1)."""


SHOWN_BY_BROWSERS: Final = {
    **{one: one for one in ("application/pdf", "image/jpeg", "image/png", "image/gif")},
    "text/plain": "text/plain; charset=utf-8",
}
"""Content types that every browser displays and that cannot contain a page of their own, each with the
type that it is sent as. A byte order mark takes precedence over the character set."""


class DocumentStatus(StrEnum):
    """Status of a document; ATTACHED and REFUSED are final."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    CHECKING = "CHECKING"
    """Its content matches its name; the malware scan is not complete."""
    ATTACHED = "ATTACHED"
    REFUSED = "REFUSED"


class Refusal(StrEnum):
    """Why a document was refused; a code never changes once published."""

    EMPTY = "empty_file"
    TOO_LARGE = "too_large"
    CHECKSUM = "checksum_mismatch"
    CONTENT = "content_mismatch"
    DAMAGED = "damaged_file"
    PROTECTED = "password_protected"
    MACROS = "macro_enabled"
    UNSUPPORTED = "unsupported_encoding"
    """The type is right, but few programs can display this variant of it."""
    TOO_COMPLEX = "too_complex"
    """The inspection of documents has limits, so that no file can block it."""
    THREAT = "threat_found"
    NOT_ACCEPTED = "type_not_accepted"
    """A document within a partner's call whose type uploads do not have either (U1)."""
    NOT_SCANNED = "not_scanned"
    """The scanner does not support the file. One whose scan failed stays CHECKING."""
    CLOSED = "request_closed"
    NOT_UPLOADED = "not_uploaded"
    NOT_STORED = "not_stored"
    """A document within a partner's call that ended before the file was stored."""

    @property
    def words(self) -> str:
        """The reason and what to do."""
        return _WORDS[self]

    @property
    def of_content(self) -> bool:
        """Whether the same content is refused again."""
        return self not in _NOT_EXAMINED


_WORDS: Final[Mapping[Refusal, str]] = MappingProxyType(
    {
        Refusal.EMPTY: "The file is empty. Upload the original file.",
        Refusal.TOO_LARGE: "The file is too large. Divide it, or scan it at a lower resolution.",
        Refusal.CHECKSUM: "The uploaded file does not match the sha256 that was sent. Upload it again.",
        Refusal.CONTENT: (
            "The content does not match the file name extension. Open the file in the program that "
            "created it, print it to a PDF and upload the PDF."
        ),
        Refusal.DAMAGED: (
            "The file is incomplete or damaged. If it opens, print it to a PDF and upload the PDF; "
            "otherwise create it again."
        ),
        Refusal.PROTECTED: (
            "The file is protected by a password or a certificate. Save it without protection, or "
            "print it to a PDF, and upload that."
        ),
        Refusal.MACROS: (
            "The file has the format of a document with macros. Save it without macros, or print it "
            "to a PDF, and upload that."
        ),
        Refusal.UNSUPPORTED: (
            "The image has an encoding that few programs display. Print it to a PDF, or save it as "
            "a JPEG or PNG, and upload that."
        ),
        Refusal.TOO_COMPLEX: (
            "The file is too complex to be checked. Print it to a PDF, if necessary in parts, and "
            "upload that."
        ),
        Refusal.THREAT: "The file contains malware and was removed. Create a clean file and upload it.",
        Refusal.NOT_ACCEPTED: (
            "This type of file is not accepted. Print it to a PDF and send that. Accepted are "
            f"{', '.join(extension[1:] for extension in CONTENT_TYPES)}."
        ),
        Refusal.NOT_SCANNED: (
            "The file cannot be scanned for malware. Print it to a PDF, if necessary in parts, and "
            "upload that."
        ),
        Refusal.CLOSED: "The request no longer accepts documents.",
        Refusal.NOT_UPLOADED: "No file was uploaded in time. Create a new upload.",
        Refusal.NOT_STORED: (
            "The file was received and could not be stored. Send it again, or upload it."
        ),
    }
)


_NOT_EXAMINED: Final = frozenset(
    {
        Refusal.CHECKSUM,
        Refusal.NOT_SCANNED,
        Refusal.CLOSED,
        Refusal.NOT_UPLOADED,
        Refusal.NOT_STORED,
    }
)
"""Refusals of documents whose content did not arrive, or was not examined."""


class ScanResult(StrEnum):
    """Result of a malware scan (``scanResultStatus`` of GuardDuty).

    The last two mean that the scan had no result.
    """

    NO_THREATS_FOUND = "NO_THREATS_FOUND"
    THREATS_FOUND = "THREATS_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    ACCESS_DENIED = "ACCESS_DENIED"
    FAILED = "FAILED"


NO_CONTENT: Final = sha256(b"").hexdigest()
"""The digest of a file that is empty or could not be decoded: each of these is its own."""


class Document(Value):
    """One document. It belongs to its request once it is ATTACHED (U5).

    ``revision`` increases by one with every change; writes are conditional on it.
    """

    document_id: Text
    file_name: FileName
    content_type: Text
    document_type: Text | None = None
    """Which required documentation it is, by its code."""
    status: DocumentStatus
    sent_by_tin: Tin
    offered_at: Moment
    upload_until: Moment
    """When the upload form expires; without an upload its slot is free again."""
    revision: Annotated[int, Field(ge=1)] = 1
    announced_sha256: Sha256 | None = None
    received: bool = False
    """Whether it was within a partner's call, while the request took documents: it is verified whatever
    the status of the request is by then."""
    more_to_come: bool = False
    """Whether its sender announced further documents: it does not close a request for information."""
    of_questionnaire: bool = False
    """Whether it has answers to a questionnaire, or a file among them. If these are no required
    documentation that is requested, it does not close a request for information."""
    settled_at: Moment | None = None
    size: int | None = None
    sha256: Sha256 | None = None
    version_id: Text | None = None
    """The verified S3 object version; no other version can be downloaded."""
    scan: ScanResult | None = None
    """Scan result of that version, where documents are scanned."""
    refusal: Refusal | None = None

    def changed(self, **update: object) -> "Document":
        return self.model_copy(update={"revision": self.revision + 1, **update})

    def verified(
        self, *, size: int, sha256: str, version_id: str | None, scanned: bool, now: datetime
    ) -> "Document":
        """Verified: attached, or waiting for the malware scan."""
        return self.changed(
            status=DocumentStatus.CHECKING if scanned else DocumentStatus.ATTACHED,
            settled_at=None if scanned else now,
            size=size,
            sha256=sha256,
            version_id=version_id,
        )

    def scanned(self, result: ScanResult, now: datetime) -> "Document | None":
        """Attached or refused by the scan result; ``None`` where it has none."""
        match result:
            case ScanResult.NO_THREATS_FOUND:
                return self.changed(status=DocumentStatus.ATTACHED, settled_at=now, scan=result)
            case ScanResult.THREATS_FOUND:
                return self.refused(Refusal.THREAT, now).model_copy(update={"scan": result})
            case ScanResult.UNSUPPORTED:
                # A property of the file, such as its compression: a later scan has the same result.
                return self.refused(Refusal.NOT_SCANNED, now).model_copy(update={"scan": result})
            case ScanResult.ACCESS_DENIED | ScanResult.FAILED:
                return None
            case other:
                assert_never(other)

    def refused(self, refusal: Refusal, now: datetime) -> "Document":
        """Refused: the uploaded bytes are not retained."""
        return self.changed(
            status=DocumentStatus.REFUSED,
            refusal=refusal,
            settled_at=now,
            sha256=None,
            version_id=None,
        )

    def precedes(self, at: datetime) -> bool:
        """Whether it was received before, so that it is no answer to what was requested then."""
        return self.received and self.offered_at <= at

    def sent_again(self, again: "Document", requested_at: datetime | None) -> "Document":
        """With what a repetition states: its type, and that it answers what was requested since.

        The document itself where that is nothing new.
        """
        update: dict[str, object] = {}
        if self.document_type is None and self.refusal is None and again.document_type:
            update["document_type"] = again.document_type
        waiting = self.status in (DocumentStatus.AWAITING_UPLOAD, DocumentStatus.CHECKING)
        is_answer = requested_at is not None and (self.more_to_come or self.precedes(requested_at))
        if waiting and is_answer and not again.more_to_come:
            update |= {
                "more_to_come": False,
                "offered_at": again.offered_at,
                "upload_until": max(self.upload_until, again.upload_until),
            }
        return self.changed(**update) if update else self

    @property
    def digest(self) -> str | None:
        """SHA-256 of its content: as verified, or as its sender announced it."""
        return self.sha256 or self.announced_sha256

    def has_content_of(self, other: "Document") -> bool:
        """Whether it is the other one, sent before: same content, and not another documentation.

        Without a document type it can be any documentation. If its content was never examined, or was
        refused as a file of another type, the content can be sent again.
        """
        if self.digest is None or self.digest != other.digest:
            return False
        if self.status is DocumentStatus.AWAITING_UPLOAD and not self.received:
            return False
        if self.digest == NO_CONTENT and self.file_name != other.file_name:
            return False
        types = {one.document_type for one in (self, other)} - {None}
        if self.refusal is None:
            return len(types) <= 1
        suffixes = {PurePath(one.file_name).suffix.lower() for one in (self, other)}
        return self.refusal.of_content and len(types) <= 1 and len(suffixes) == 1

    def sender(self, *contents: RequestContent) -> ProviderRole | None:
        """The provider that sent it, by the first content that names its TIN.

        ``None`` while a draft does not name that provider.
        """
        named = ((role, role.of(content)) for content in contents for role in ProviderRole)
        return next(
            (s for s, provider in named if provider and provider.tin == self.sent_by_tin), None
        )


def sent_before(document: Document, known: Iterable[Document]) -> Document | None:
    """The known document with the same content; one of the same type precedes one without a type."""
    same = [one for one in known if one.has_content_of(document)]
    same.sort(key=lambda one: (one.refusal is not None, one.document_type is None))
    return same[0] if same else None


def content_type_of(file_name: str) -> str | None:
    """The content type of a file name, or ``None`` where it is not accepted (U1)."""
    return CONTENT_TYPES.get(PurePath(file_name).suffix.lower())


def content_disposition(file_name: str) -> str:
    """Content-Disposition with the file name (RFC 6266, RFC 8187), in ASCII."""
    plain = "".join(c if c.isascii() and c not in '"\\/%' else "_" for c in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def document_key(request_id: str, document_id: str) -> str:
    """The S3 key of a document: ids only, never the file name."""
    return f"{DOCUMENT_PREFIX}{request_id}/{document_id}"


def ids_of_key(key: str) -> tuple[str, str] | None:
    """Request id and document id of an S3 key; ``None`` for other keys."""
    parts = key.removeprefix(DOCUMENT_PREFIX).split("/")
    if not key.startswith(DOCUMENT_PREFIX) or len(parts) != 2 or not all(parts):
        return None
    return parts[0], parts[1]
