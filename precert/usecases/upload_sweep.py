"""Verify documents that were not verified or scanned in time, because an event can be lost (X2).

A document that a partner sends within a call is recorded before its file is stored. If the call ended
between the two, the document is refused here, so that the providers receive a message, and required
documentation is requested again.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from precert.domain.documents import Document, DocumentStatus, Refusal
from precert.domain.payer import Payer
from precert.usecases.documents import Inspect, document_event, verify_document
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentChangedError,
    DocumentRecords,
    WaitingUpload,
)
from precert.usecases.ports.requests import RequestStore

SWEPT_AFTER: Final = timedelta(minutes=5)
"""Time for the event of the upload, which S3 delivers within seconds."""
SCANNED_WITHIN: Final = timedelta(minutes=30)
"""A scan takes seconds to minutes."""


class Swept(StrEnum):
    """The result of a sweep for a document. The values are names in the log and of metrics."""

    VERIFIED = "upload_recovered"
    NOT_UPLOADED = "upload_abandoned"
    NOT_STORED = "document_not_stored"
    UNSCANNED = "scan_missing"
    UNCHANGED = "upload_awaited"


def sweep_upload(
    waiting: WaitingUpload,
    *,
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    requests: RequestStore,
    inspect: Inspect,
    payer: Payer,
    scanned: bool,
    now: datetime,
) -> Swept:
    """Verify the document if its file arrived. Safe to repeat, also while the event is processed.
    A document whose upload form expired unused is not swept again. A missing scan result is only
    reported: an operator must repeat the scan.
    """
    request_id, document_id = waiting
    document = documents.document(request_id, document_id)
    if document is None:
        return Swept.UNCHANGED
    if document.status is DocumentStatus.CHECKING:
        late = document.offered_at <= now - SCANNED_WITHIN
        return Swept.UNSCANNED if late else Swept.UNCHANGED
    if document.status is not DocumentStatus.AWAITING_UPLOAD:
        return Swept.UNCHANGED
    verified = verify_document(
        request_id,
        document_id,
        documents=documents,
        document_bytes=document_bytes,
        requests=requests,
        inspect=inspect,
        payer=payer,
        scanned=scanned,
        now=now,
    )
    if verified is not None:
        return Swept.VERIFIED
    if document.upload_until > now - SWEPT_AFTER:
        return Swept.UNCHANGED
    if document.received:
        return _refused(request_id, document, documents, requests, now)
    documents.stop_waiting(request_id, document)
    return Swept.NOT_UPLOADED


def _refused(
    request_id: str,
    document: Document,
    documents: DocumentRecords,
    requests: RequestStore,
    now: datetime,
) -> Swept:
    """Refuse a received document whose file was not stored, with its event."""
    request = requests.read(request_id)
    if request is None:
        return Swept.UNCHANGED
    refused = document.refused(Refusal.NOT_STORED, now)
    try:
        documents.settle(request_id, refused, document_event(request, refused, now))
    except DocumentChangedError:
        return Swept.UNCHANGED
    return Swept.NOT_STORED
