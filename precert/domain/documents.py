"""Documents of a request: what may be uploaded, and where each stands (U1-U6)."""

from datetime import datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Final

from precert.contract import DOCUMENT_PREFIX
from precert.domain.values import Text, Tin, Value

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
"""File name endings that are taken, each with the one content type it may carry (U1)."""


class DocumentStatus(StrEnum):
    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    ATTACHED = "ATTACHED"
    REFUSED = "REFUSED"


class Document(Value):
    """One document. It belongs to its request the moment it is ATTACHED (U5)."""

    document_id: Text
    file_name: Text
    content_type: Text
    status: DocumentStatus
    sent_by_tin: Tin
    offered_at: datetime
    settled_at: datetime | None = None
    size: int | None = None
    sha256: Text | None = None
    version_id: Text | None = None
    """The version of the object that was verified: no other is ever given out."""
    refusal: Text | None = None


def content_type_of(file_name: str) -> str | None:
    """The content type that a file name stands for, or ``None`` where it is not taken (U1)."""
    return CONTENT_TYPES.get(PurePath(file_name).suffix.lower())


def document_key(request_id: str, document_id: str) -> str:
    """The S3 key of a document: ids only, never the file's name."""
    return f"{DOCUMENT_PREFIX}{request_id}/{document_id}"


def ids_of_key(key: str) -> tuple[str, str] | None:
    """Request id and document id of an S3 key; ``None`` where it is no document's."""
    parts = key.removeprefix(DOCUMENT_PREFIX).split("/")
    if not key.startswith(DOCUMENT_PREFIX) or len(parts) != 2 or not all(parts):
        return None
    return parts[0], parts[1]
