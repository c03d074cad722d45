"""Verify what arrived: attach it, or refuse it and say why (U1, U5)."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from precert.contract import EventType
from precert.domain.documents import Document, DocumentStatus
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentRecords,
    SettledAlreadyError,
    StoredObject,
)
from precert.usecases.ports.requests import RequestStore

Sniff = Callable[[bytes, str], bool]
"""Whether bytes are what the content type says."""

_TAKES_ARRIVALS = frozenset({Status.INCOMPLETE, Status.PROCESSING, Status.PENDING})
"""An upload offered to a draft may arrive after its submission: it belongs to the request (U5)."""


def verify_document(
    request_id: str,
    document_id: str,
    *,
    records: DocumentRecords,
    store: DocumentBytes,
    requests: RequestStore,
    sniff: Sniff,
    payer: Payer,
    now: datetime,
) -> Document | None:
    """Settle an awaited document. A second delivery of the same arrival changes nothing.

    Bytes that belong to no awaited document, or to a request that takes none any more, are removed.
    Answers the settled document, or ``None`` where there was nothing to settle.
    """
    request = requests.read(request_id)
    document = records.document(request_id, document_id)
    if request is None or document is None:
        store.remove(request_id, document_id)
        return None
    if document.status is DocumentStatus.REFUSED:
        store.remove(request_id, document_id)
    if document.status is DocumentStatus.ATTACHED and document.version_id:
        # Its form lives on for minutes: what is sent over a verified document never replaces it.
        store.keep_only(request_id, document_id, document.version_id)
    if document.status is not DocumentStatus.AWAITING_UPLOAD:
        return None
    arrived = store.fetch(request_id, document_id)
    if arrived is None:
        return None
    refusal = _refusal(arrived, document, request, sniff, payer)
    settled = document.model_copy(
        update={
            "status": DocumentStatus.REFUSED if refusal else DocumentStatus.ATTACHED,
            "settled_at": now,
            "size": arrived.size,
            "version_id": None if refusal else arrived.version_id,
            "sha256": None if refusal else sha256(arrived.body).hexdigest(),
            "refusal": refusal,
        }
    )
    try:
        records.settle(request_id, settled, _event(request, settled, now))
    except SettledAlreadyError:
        return None
    if refusal:
        store.remove(request_id, document_id)
    return settled


def _refusal(
    arrived: StoredObject, document: Document, request: Request, sniff: Sniff, payer: Payer
) -> str | None:
    if request.status not in _TAKES_ARRIVALS:
        return "The request takes no documents any more."
    if arrived.size == 0:
        return "The file is empty."
    if arrived.size > payer.documents.max_bytes:
        return "The file is too large."
    if not sniff(arrived.body, document.content_type):
        return "The content is not what the file's name says."
    return None


def _event(request: Request, document: Document, now: datetime) -> Event:
    attached = document.status is DocumentStatus.ATTACHED
    return Event(
        event_id=f"{request.request_id}.{document.document_id}",
        type=EventType.DOCUMENT_ATTACHED if attached else EventType.DOCUMENT_REFUSED,
        request_id=request.request_id,
        round=request.review.round if request.review else 0,
        at=now,
        status=request.status,
        number=request.review.number if request.review else None,
        tins=tuple(sorted(request.tins)),
        document_id=document.document_id,
    )
