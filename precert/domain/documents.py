"""Documents of a request: accepted types, statuses, and reasons of refusals (U1-U7)."""

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
"""Content types that browsers display and that cannot contain HTML, each with its ``Content-Type`` in a
download. A byte order mark in a text takes precedence over the character set."""


class DocumentStatus(StrEnum):
    """Status of a document; ATTACHED and REFUSED are final."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    CHECKING = "CHECKING"
    """The content matches the file name extension; the malware scan is not complete."""
    ATTACHED = "ATTACHED"
    REFUSED = "REFUSED"


class Refusal(StrEnum):
    """Why a document was refused. Codes never change."""

    EMPTY = "empty_file"
    TOO_LARGE = "too_large"
    CHECKSUM = "checksum_mismatch"
    CONTENT = "content_mismatch"
    DAMAGED = "damaged_file"
    PROTECTED = "password_protected"
    MACROS = "macro_enabled"
    UNSUPPORTED = "unsupported_encoding"
    """The type is accepted, but few programs can display this variant of it."""
    TOO_COMPLEX = "too_complex"
    """The verification of the file would exceed its limits."""
    THREAT = "threat_found"
    NOT_ACCEPTED = "type_not_accepted"
    """A document within a partner's call, of a type that is not accepted (U1)."""
    NOT_SCANNED = "not_scanned"
    """The scanner does not support the file. A file whose scan failed stays CHECKING."""
    CLOSED = "request_closed"
    NOT_UPLOADED = "not_uploaded"
    NOT_STORED = "not_stored"
    """A document within a partner's call that failed before the file was stored."""

    @property
    def words(self) -> str:
        """The reason and the correction, as sentences for users."""
        return _WORDS[self]

    @property
    def of_content(self) -> bool:
        """Whether the reason is the content, which would be refused again."""
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
            "The file was received but could not be stored. Send it again, or upload it."
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
"""Refusals of documents whose content was not received, or not verified."""


class ScanResult(StrEnum):
    """Result of a malware scan (``scanResultStatus`` of GuardDuty).

    ACCESS_DENIED and FAILED mean that the file was not scanned.
    """

    NO_THREATS_FOUND = "NO_THREATS_FOUND"
    THREATS_FOUND = "THREATS_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    ACCESS_DENIED = "ACCESS_DENIED"
    FAILED = "FAILED"


NO_CONTENT: Final = sha256(b"").hexdigest()
"""The SHA-256 of an empty file, and of one that could not be decoded. Such files are the same document
only if they have the same name."""


class Document(Value):
    """One document. It belongs to its request once it is ATTACHED (U5).

    ``revision`` increases by one with every change; writes are conditional on it.
    """

    document_id: Text
    file_name: FileName
    content_type: Text
    document_type: Text | None = None
    """The code of the required documentation that it is."""
    status: DocumentStatus
    sent_by_tin: Tin
    offered_at: Moment
    upload_until: Moment
    """When the upload form expires; without an upload, the slot is available again."""
    revision: Annotated[int, Field(ge=1)] = 1
    announced_sha256: Sha256 | None = None
    received: bool = False
    """Whether it was within a partner's call while the request accepted documents. It is verified even
    if the request has another status by then."""
    more_to_come: bool = False
    """Whether its sender announced further documents: then it does not close a request for
    information."""
    of_questionnaire: bool = False
    """Whether it is a questionnaire response, or a file within one. Unless it is documentation that was
    requested, it does not close a request for information."""
    settled_at: Moment | None = None
    size: int | None = None
    sha256: Sha256 | None = None
    version_id: Text | None = None
    """The S3 object version that was verified; no other version can be downloaded."""
    scan: ScanResult | None = None
    """The scan result of that version, where documents are scanned."""
    refusal: Refusal | None = None

    def changed(self, **update: object) -> "Document":
        """The document with changed members, in the next revision."""
        return self.model_copy(update={"revision": self.revision + 1, **update})

    def verified(
        self, *, size: int, sha256: str, version_id: str | None, scanned: bool, now: datetime
    ) -> "Document":
        """The document after its verification.

        It is CHECKING if documents are ``scanned`` for malware, otherwise ATTACHED. ``size`` is in
        bytes, ``sha256`` in hexadecimal.
        """
        return self.changed(
            status=DocumentStatus.CHECKING if scanned else DocumentStatus.ATTACHED,
            settled_at=None if scanned else now,
            size=size,
            sha256=sha256,
            version_id=version_id,
        )

    def scanned(self, result: ScanResult, now: datetime) -> "Document | None":
        """The document after its malware scan, ATTACHED or REFUSED; ``None`` if it was not scanned."""
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
        """The refused document, without the digest and version of the file, which is not retained."""
        return self.changed(
            status=DocumentStatus.REFUSED,
            refusal=refusal,
            settled_at=now,
            sha256=None,
            version_id=None,
        )

    def precedes(self, at: datetime) -> bool:
        """Whether it was received within a call until ``at``: it does not answer a later request."""
        return self.received and self.offered_at <= at

    def sent_again(self, again: "Document", requested_at: datetime | None) -> "Document":
        """The document with what is new when its content is received ``again``.

        That is its document type, and that it answers the information that was requested at
        ``requested_at``. The document is unchanged if nothing is new.
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
        """The SHA-256 of its content in hexadecimal, as verified or else as announced by the sender."""
        return self.sha256 or self.announced_sha256

    def has_content_of(self, other: "Document") -> bool:
        """Whether the other document repeats it: the same content, and no other document type.

        A document without a type can be any required documentation. Content that was not verified, or
        that was refused under another file name extension, can be sent again.
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
        """The role of the provider that sent it, by the first content with the TIN of the sender.

        ``None`` if no content has that TIN, as in a draft without that provider.
        """
        named = ((role, role.of(content)) for content in contents for role in ProviderRole)
        return next(
            (s for s, provider in named if provider and provider.tin == self.sent_by_tin), None
        )


def sent_before(document: Document, known: Iterable[Document]) -> Document | None:
    """The known document with the same content; ``None`` if there is none.

    Documents that were not refused precede refused ones, and those with a document type others.
    """
    same = [one for one in known if one.has_content_of(document)]
    same.sort(key=lambda one: (one.refusal is not None, one.document_type is None))
    return same[0] if same else None


def content_type_of(file_name: str) -> str | None:
    """The content type of a file name, or ``None`` where it is not accepted (U1)."""
    return CONTENT_TYPES.get(PurePath(file_name).suffix.lower())


def content_disposition(file_name: str) -> str:
    """The ``Content-Disposition`` of a download with the file name, in ASCII (RFC 6266, RFC 8187)."""
    plain = "".join(c if c.isascii() and c not in '"\\/%' else "_" for c in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def document_key(request_id: str, document_id: str) -> str:
    """The S3 key of a document. It has ids only: a file name can contain PHI."""
    return f"{DOCUMENT_PREFIX}{request_id}/{document_id}"


def ids_of_key(key: str) -> tuple[str, str] | None:
    """The request id and document id of an S3 key; ``None`` if it is not the key of a document."""
    parts = key.removeprefix(DOCUMENT_PREFIX).split("/")
    if not key.startswith(DOCUMENT_PREFIX) or len(parts) != 2 or not all(parts):
        return None
    return parts[0], parts[1]
