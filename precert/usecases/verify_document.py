"""Verify what arrived: attach it, or refuse it and say why (U1, U5)."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from precert.contract import EventType
from precert.domain.documents import Document, DocumentStatus, Refusal
from precert.domain.errors import TransientError
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentChangedError,
    DocumentRecords,
    StoredObject,
)
from precert.usecases.ports.requests import RequestStore

Inspect = Callable[[bytes, str], Refusal | None]
"""What is wrong with bytes that are to be of a content type, if anything."""


def verify_document(
    request_id: str,
    document_id: str,
    *,
    records: DocumentRecords,
    store: DocumentBytes,
    requests: RequestStore,
    inspect: Inspect,
    payer: Payer,
    scanned: bool,
    now: datetime,
) -> Document | None:
    """Settle an awaited document. A second delivery of the same arrival changes nothing.

    Where documents are ``scanned``, what is verified is CHECKING until the scan of its version has
    told. Bytes that belong to no awaited document, or to a request that takes none any more, are
    removed. Answers the changed document, or ``None`` where there was nothing to change.
    """
    request = requests.read(request_id)
    document = records.document(request_id, document_id)
    if request is None or document is None:
        store.remove(request_id, document_id)
        return None
    if document.status is not DocumentStatus.AWAITING_UPLOAD:
        remove_leftovers(request_id, document_id, document, store)
        return None
    arrived = store.fetch(request_id, document_id)
    if arrived is None:
        return None
    digest = sha256(arrived.body).hexdigest()
    settled = document.verified(
        size=arrived.size,
        sha256=digest,
        version_id=arrived.version_id,
        scanned=scanned,
        now=now,
    )
    if refusal := _refusal(arrived, digest, document, request, inspect, payer):
        settled = document.refused(refusal, now).model_copy(update={"size": arrived.size})
    try:
        records.settle(request_id, settled, _event(request, settled, now), arrived=True)
    except DocumentChangedError:
        # Another delivery was quicker, perhaps of another file sent with the same form.
        quicker = records.document(request_id, document_id)
        if quicker == document:
            # It is the request that changed: look at the arrival as it stands now.
            raise TransientError("The request was changed meanwhile. Try again.") from None
        remove_leftovers(request_id, document_id, quicker, store)
        return None
    if settled.status is DocumentStatus.REFUSED:
        store.remove(request_id, document_id)
    return settled


def remove_leftovers(
    request_id: str, document_id: str, document: Document | None, store: DocumentBytes
) -> None:
    """Remove what stands in the store beside the verified version, or beside no document."""
    if document is None or document.status is DocumentStatus.REFUSED:
        store.remove(request_id, document_id)
    elif document.version_id:
        # Its form lives on for minutes: what is sent over a verified document never replaces it.
        store.keep_only(request_id, document_id, document.version_id)


def _refusal(
    arrived: StoredObject,
    digest: str,
    document: Document,
    request: Request,
    inspect: Inspect,
    payer: Payer,
) -> Refusal | None:
    # An upload offered to a draft may arrive after its submission: it belongs to the request (U5).
    if request.status is not Status.INCOMPLETE and not request.round_is_open:
        return Refusal.CLOSED
    if arrived.size == 0:
        return Refusal.EMPTY
    if arrived.size > payer.documents.max_bytes:
        return Refusal.TOO_LARGE
    if document.announced_sha256 not in (None, digest):
        return Refusal.CHECKSUM
    return inspect(arrived.body, document.content_type)


def _event(request: Request, document: Document, now: datetime) -> Event | None:
    """Nobody is told of a document before it came to rest."""
    if document.status is DocumentStatus.CHECKING:
        return None
    return document_event(request, document, now)


def document_event(request: Request, document: Document, now: datetime) -> Event:
    """The event of a document that came to rest."""
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
