"""Documents: verify and scan uploaded files, download and delete them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.documents import (
    SHOWN_BY_BROWSERS,
    Document,
    DocumentStatus,
    Refusal,
    ScanResult,
)
from precert.domain.errors import DocumentNotAvailableError, NotFoundError, TransientError
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.statuses import Status
from precert.domain.values import Value
from precert.names import Entitlement
from precert.usecases.access import live_draft, not_found
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentChangedError,
    DocumentRecords,
    StoredObject,
)
from precert.usecases.ports.requests import RequestFile, RequestStore

Inspect = Callable[[bytes, str], Refusal | None]
"""Returns why bytes are refused for a content type, or ``None``."""


def verify_document(
    request_id: str,
    document_id: str,
    *,
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    requests: RequestStore,
    inspect: Inspect,
    payer: Payer,
    scanned: bool,
    now: datetime,
) -> Document | None:
    """Verify an uploaded document. A second delivery of the same event changes nothing.

    If documents are ``scanned``, a verified document is CHECKING until the scan result of its
    version arrives. Bytes of an unknown document, or of a request that no longer accepts documents,
    are removed. Returns the changed document, or ``None`` if nothing changed.
    """
    request = requests.read(request_id)
    document = documents.document(request_id, document_id)
    if request is None or document is None:
        document_bytes.remove(request_id, document_id)
        return None
    if document.status is not DocumentStatus.AWAITING_UPLOAD:
        remove_leftovers(request_id, document_id, document, document_bytes)
        return None
    arrived = document_bytes.fetch(request_id, document_id)
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
    # A document that was received within a call is not counted as an upload that arrived later.
    arrived_late = not document.received
    try:
        event = _settled_event(request, settled, now)
        documents.settle(request_id, settled, event, arrived=arrived_late)
    except DocumentChangedError:
        # A concurrent delivery was faster, perhaps of another file uploaded with the same form.
        current = documents.document(request_id, document_id)
        if current == document:
            # The request changed: verify the document against its current state.
            raise TransientError("The request was changed concurrently. Try again.") from None
        remove_leftovers(request_id, document_id, current, document_bytes)
        return None
    if settled.status is DocumentStatus.REFUSED:
        document_bytes.remove(request_id, document_id)
    return settled


def remove_leftovers(
    request_id: str, document_id: str, document: Document | None, document_bytes: DocumentBytes
) -> None:
    """Remove every object version except the verified one; all of them if there is none."""
    if document is None or document.status is DocumentStatus.REFUSED:
        document_bytes.remove(request_id, document_id)
    elif document.version_id:
        # The upload form is still valid: a later upload never replaces the verified version.
        document_bytes.keep_only(request_id, document_id, document.version_id)


def _refusal(
    arrived: StoredObject,
    digest: str,
    document: Document,
    request: Request,
    inspect: Inspect,
    payer: Payer,
) -> Refusal | None:
    # An upload started on a draft may arrive after the submission and is added to the request (U5).
    closed = request.status is not Status.INCOMPLETE and not request.cycle_is_open
    if closed and not document.received:
        return Refusal.CLOSED
    if arrived.size == 0:
        return Refusal.EMPTY
    if arrived.size > payer.documents.max_bytes:
        return Refusal.TOO_LARGE
    if document.announced_sha256 not in (None, digest):
        return Refusal.CHECKSUM
    return inspect(arrived.body, document.content_type)


def _settled_event(request: Request, document: Document, now: datetime) -> Event | None:
    """No event is published before the document is ATTACHED or REFUSED."""
    if document.status is DocumentStatus.CHECKING:
        return None
    return document_event(request, document, now)


def document_event(request: Request, document: Document, now: datetime) -> Event:
    """The event of a document that is ATTACHED or REFUSED."""
    attached = document.status is DocumentStatus.ATTACHED
    return Event(
        event_id=event_id(request.request_id, document.document_id),
        type=EventType.DOCUMENT_ATTACHED if attached else EventType.DOCUMENT_REFUSED,
        request_id=request.request_id,
        cycle=request.review.cycle if request.review else 0,
        at=now,
        status=request.status,
        number=request.review.number if request.review else None,
        tins=tuple(sorted(request.tins)),
        document_id=document.document_id,
        refusal_code=document.refusal,
    )


DOCUMENT_BUSY: Final = "The document is being changed concurrently. Try again."


def scan_document(
    request_id: str,
    document_id: str,
    version_id: str | None,
    result: ScanResult,
    *,
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    requests: RequestStore,
    inspect: Inspect,
    payer: Payer,
    now: datetime,
) -> Document | None:
    """Apply the malware scan result of one object version to its document.

    If the upload event is late, the document is verified first. A result for another version than
    the verified one is ignored, and so is one for a document that is ATTACHED or REFUSED. Returns the
    document of the result, still CHECKING if the scan was inconclusive, or ``None`` if the result was
    ignored.

    Raises:
        TransientError: the document is being changed concurrently; deliver the result again.
    """

    def attempt() -> Document | None:
        document = documents.document(request_id, document_id)
        if document is not None and document.status is DocumentStatus.AWAITING_UPLOAD:
            # A scan result arrived, so documents are scanned, whatever the configuration states.
            verify_document(
                request_id,
                document_id,
                documents=documents,
                document_bytes=document_bytes,
                requests=requests,
                inspect=inspect,
                payer=payer,
                scanned=True,
                now=now,
            )
            document = documents.document(request_id, document_id)
        request = requests.read(request_id)
        if request is None or document is None or document.status is not DocumentStatus.CHECKING:
            # An earlier delivery may have failed before it removed the refused bytes.
            remove_leftovers(request_id, document_id, document, document_bytes)
            return None
        if document.version_id != version_id:
            return None
        settled = document.scanned(result, now)
        if settled is None:
            return document
        documents.settle(request_id, settled, document_event(request, settled, now))
        if settled.status is DocumentStatus.REFUSED:
            document_bytes.remove(request_id, document_id)
        return settled

    return retry(attempt, on=DocumentChangedError, message=DOCUMENT_BUSY)


class DocumentLink(Value):
    """Presigned links to a file: one to download it with its name, one to show it."""

    url: Annotated[str, Field(description="Downloads the file. GET it without a token.")]
    inline_url: Annotated[
        str | None,
        Field(
            description="Shows the file in a browser. Null if it is neither a PDF, nor plain text, nor "
            "a JPEG, PNG or GIF image."
        ),
    ]
    expires_at: Annotated[
        datetime, Field(description="When the links expire. Request new ones after that.")
    ]


def document_in(file: RequestFile, document_id: str) -> Document:
    """The document of the request.

    Raises:
        NotFoundError: the request does not have this document.
    """
    for document in file.documents:
        if document.document_id == document_id:
            return document
    raise NotFoundError("This request does not have a document with this ID.")


def link_to_document(
    file: RequestFile,
    document_id: str,
    *,
    document_bytes: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """Links to an attached document of a request that the caller can read. No AWS call.

    Raises:
        NotFoundError: the request does not have this document.
        DocumentNotAvailableError: the document is not ATTACHED.
    """
    document = document_in(file, document_id)
    if document.status is not DocumentStatus.ATTACHED:
        raise DocumentNotAvailableError(
            "Only attached documents can be downloaded. The request shows the status of each document.",
            document_status=document.status.value,
        )
    return link_to(file.request.request_id, document, document_bytes, payer, now)


def link_to(
    request_id: str, document: Document, document_bytes: DocumentBytes, payer: Payer, now: datetime
) -> DocumentLink:
    """Links to an attached document. No AWS call."""
    seconds, version_id = payer.documents.download_seconds, document.version_id

    def link(shown_as: str | None = None) -> str:
        return document_bytes.download_url(
            request_id,
            document.document_id,
            version_id=version_id,
            seconds=seconds,
            shown_as=shown_as,
        )

    shown_as = SHOWN_BY_BROWSERS.get(document.content_type)
    return DocumentLink(
        url=link(),
        inline_url=link(shown_as) if shown_as else None,
        expires_at=now + timedelta(seconds=seconds),
    )


def delete_document(
    request_id: str,
    document_id: str,
    caller: Caller,
    *,
    new_id: Callable[[], str],
    documents: DocumentRecords,
    requests: RequestStore,
    now: datetime,
) -> None:
    """Delete a draft's document and free its slot; the DynamoDB stream handler removes the bytes.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        ActionNotAllowedError: the draft was submitted; submitted documents cannot be deleted.
        TransientError: the document is being changed concurrently.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    deletion_id = new_id()

    def attempt() -> None:
        file = requests.read_file(request_id)
        draft = live_draft(file.request if file else None, caller.tins, now)
        if file is None:
            raise not_found()
        document = document_in(file, document_id)
        event = _deleted_event(draft, document, caller, now, deletion_id)
        documents.delete(request_id, document, event, callers_tins=caller.tins, now=now)

    retry(attempt, on=DocumentChangedError, message=DOCUMENT_BUSY)


def remove_document(
    request_id: str, document_id: str, *, documents: DocumentRecords, document_bytes: DocumentBytes
) -> None:
    """Remove the bytes of a document whose record was deleted. Idempotent."""
    if documents.document(request_id, document_id) is None:
        document_bytes.remove(request_id, document_id)


def _deleted_event(
    draft: Request, document: Document, caller: Caller, now: datetime, deletion_id: str
) -> Event:
    return Event(
        event_id=event_id(draft.request_id, deletion_id),
        type=EventType.DOCUMENT_DELETED,
        request_id=draft.request_id,
        cycle=0,
        at=now,
        status=draft.status,
        tins=tuple(sorted(draft.tins)),
        document_id=document.document_id,
        actor=caller.subject,
    )
