"""Documents: offer an upload, verify and scan what arrived, give it out, delete it (U1-U6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from precert.domain.caller import Caller
from precert.domain.documents import (
    CONTENT_TYPES,
    Document,
    DocumentStatus,
    Refusal,
    ScanResult,
    content_type_of,
)
from precert.domain.errors import (
    ActionNotAllowedError,
    DocumentLimitError,
    DocumentNotAvailableError,
    FieldError,
    InvalidInputError,
    NotFoundError,
    PrecertError,
    TransientError,
)
from precert.domain.events import Event, event_id
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.statuses import Status
from precert.names import Entitlement, EventType
from precert.usecases.access import expired, has_expired, kept, live_draft, not_found, visible
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentChangedError,
    DocumentRecords,
    OfferRefusedError,
    StoredObject,
    UploadForm,
)
from precert.usecases.ports.requests import RequestFile, RequestStore
from precert.usecases.requests import read_request
from precert.usecases.review import read_case


@dataclass(frozen=True)
class RequestedUpload:
    """The file that somebody wants to upload; ``sha256`` is of its bytes, ``tin`` the side's."""

    file_name: str
    document_type: str | None = None
    sha256: str | None = None
    tin: str | None = None


@dataclass(frozen=True)
class OfferedDocument:
    document: Document
    form: UploadForm
    max_bytes: int


def create_document_upload(
    request_id: str,
    asked: RequestedUpload,
    caller: Caller,
    *,
    document_id: str,
    records: DocumentRecords,
    store: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> OfferedDocument:
    """Take one upload slot of a draft or pended request. One call, the slot's write.

    Where all slots are taken, those whose form ended without an upload are freed first.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        InvalidInputError: the file's ending, or the kind of document, is none that is taken.
        ActionNotAllowedError: the request takes no documents in its status.
        DocumentLimitError: all slots are taken.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    content_type = content_type_of(asked.file_name)
    if errors := _errors(asked, content_type, payer):
        raise InvalidInputError(errors)
    limits = payer.documents
    document = Document(
        document_id=document_id,
        file_name=asked.file_name,
        content_type=content_type or "",
        document_type=asked.document_type,
        status=DocumentStatus.AWAITING_UPLOAD,
        sent_by_tin=caller.acting_tin(asked.tin),
        offered_at=now,
        upload_until=now + timedelta(seconds=limits.upload_seconds),
        announced_sha256=asked.sha256,
    )
    try:
        _take_slot(request_id, document, records, now)
    except OfferRefusedError as refusal:
        why = _why(kept(refusal.current, payer, now), caller, now)
        if not isinstance(why, DocumentLimitError) or not _took_abandoned_slot(
            request_id, document, records, store, now
        ):
            raise why from refusal
    form = store.upload_form(
        request_id, document, max_bytes=limits.max_bytes, seconds=limits.upload_seconds
    )
    return OfferedDocument(document, form, limits.max_bytes)


def _errors(asked: RequestedUpload, content_type: str | None, payer: Payer) -> list[FieldError]:
    errors: list[FieldError] = []
    if content_type is None:
        endings = tuple(ending[1:] for ending in CONTENT_TYPES)
        words = f"send one of: {', '.join(endings)}"
        errors.append(FieldError("/file_name", "not_taken", words, endings))
    if asked.document_type is not None and asked.document_type not in payer.required_documentation:
        kinds = tuple(payer.required_documentation)
        words = "choose one of the payer's kinds of documents, or leave it out"
        errors.append(FieldError("/document_type", "not_offered", words, kinds))
    return errors


def _take_slot(
    request_id: str, document: Document, records: DocumentRecords, now: datetime
) -> None:
    records.offer(request_id, document, callers_tins=(document.sent_by_tin,), now=now)


def _took_abandoned_slot(
    request_id: str,
    document: Document,
    records: DocumentRecords,
    store: DocumentBytes,
    now: datetime,
) -> bool:
    """Free slots one by one until one is ours; others may be quicker, and nobody gets one too many.

    What has arrived keeps its slot, however late the event of it is.
    """
    awaited = [
        one
        for one in records.documents(request_id)
        if one.status is DocumentStatus.AWAITING_UPLOAD and one.upload_until <= now
    ]
    arrived = store.arrived(request_id) if awaited else frozenset()
    for abandoned in awaited:
        if abandoned.document_id in arrived:
            continue
        try:
            records.settle(request_id, abandoned.refused(Refusal.NOT_UPLOADED, now), None)
            _take_slot(request_id, document, records, now)
        except (DocumentChangedError, OfferRefusedError):
            continue
        return True
    return False


def _why(current: Request | None, caller: Caller, now: datetime) -> PrecertError:
    try:
        request = visible(current, caller.tins)
    except PrecertError as error:
        return error
    if request.status is Status.INCOMPLETE and has_expired(request, now):
        return expired()
    if not request.takes_documents:
        return _not_taken(request)
    return DocumentLimitError("All upload slots of this request are taken.")


def _not_taken(request: Request) -> ActionNotAllowedError:
    return ActionNotAllowedError(
        "Only drafts and pending requests take documents.",
        request_status=request.status.value,
        allowed_actions=[action.value for action in request.provider_actions],
    )


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
        records.settle(request_id, settled, _settled_event(request, settled, now), arrived=True)
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
    if request.status is not Status.INCOMPLETE and not request.cycle_is_open:
        return Refusal.CLOSED
    if arrived.size == 0:
        return Refusal.EMPTY
    if arrived.size > payer.documents.max_bytes:
        return Refusal.TOO_LARGE
    if document.announced_sha256 not in (None, digest):
        return Refusal.CHECKSUM
    return inspect(arrived.body, document.content_type)


def _settled_event(request: Request, document: Document, now: datetime) -> Event | None:
    """Nobody is told of a document before it came to rest."""
    if document.status is DocumentStatus.CHECKING:
        return None
    return document_event(request, document, now)


def document_event(request: Request, document: Document, now: datetime) -> Event:
    """The event of a document that came to rest."""
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
    )


DOCUMENT_BUSY: Final = "The document is being changed by others. Try again."


def scan_document(
    request_id: str,
    document_id: str,
    version_id: str | None,
    result: ScanResult,
    *,
    records: DocumentRecords,
    store: DocumentBytes,
    requests: RequestStore,
    inspect: Inspect,
    payer: Payer,
    now: datetime,
) -> Document | None:
    """Settle a document by what the scan of one version of its object told.

    A result tells as well that something arrived: where the arrival's own event is late, the document
    is verified first. A result for another version than the verified one counts for nothing, and so
    does one for a document that came to rest. Answers the document that the result was about, still
    CHECKING where the scan could not tell, or ``None`` where it counted for nothing.

    Raises:
        TransientError: the document is being changed by others; deliver the result again.
    """

    def attempt() -> Document | None:
        document = records.document(request_id, document_id)
        if document is not None and document.status is DocumentStatus.AWAITING_UPLOAD:
            # Whatever the stage's switch says, this document is being scanned.
            verify_document(
                request_id,
                document_id,
                records=records,
                store=store,
                requests=requests,
                inspect=inspect,
                payer=payer,
                scanned=True,
                now=now,
            )
            document = records.document(request_id, document_id)
        request = requests.read(request_id)
        if request is None or document is None or document.status is not DocumentStatus.CHECKING:
            # An earlier delivery may have died before it removed what it refused.
            remove_leftovers(request_id, document_id, document, store)
            return None
        if document.version_id != version_id:
            return None
        settled = document.scanned(result, now)
        if settled is None:
            return document
        records.settle(request_id, settled, document_event(request, settled, now))
        if settled.status is DocumentStatus.REFUSED:
            store.remove(request_id, document_id)
        return settled

    return retry(attempt, on=DocumentChangedError, message=DOCUMENT_BUSY)


@dataclass(frozen=True)
class DocumentLink:
    """Where the bytes that were verified can be fetched, and until when."""

    url: str
    expires_at: datetime


def download_document(
    request_id: str,
    document_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    store: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """A link for one of the request's providers; for a draft, its office alone. One call.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        DocumentNotAvailableError: the document is not attached, or not yet.
    """
    file = read_request(request_id, caller, requests=requests, now=now)
    return _link(file, document_id, store, payer, now)


def download_case_document(
    request_id: str,
    document_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    store: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """The same for a reviewer of the request's plan. One call.

    Raises:
        NotEntitledError, NotFoundError, DocumentNotAvailableError.
    """
    file = read_case(request_id, caller, requests=requests)
    return _link(file, document_id, store, payer, now)


def document_in(file: RequestFile, document_id: str) -> Document:
    """The document of the request.

    Raises:
        NotFoundError: it has no such document.
    """
    for document in file.documents:
        if document.document_id == document_id:
            return document
    raise NotFoundError("There is no such document with this request.")


def _link(
    file: RequestFile, document_id: str, store: DocumentBytes, payer: Payer, now: datetime
) -> DocumentLink:
    document = document_in(file, document_id)
    if document.status is not DocumentStatus.ATTACHED:
        raise DocumentNotAvailableError(
            "Only attached documents can be downloaded: read the request for where this one stands.",
            document_status=document.status.value,
        )
    seconds = payer.documents.download_seconds
    url = store.download_url(
        file.request.request_id, document_id, version_id=document.version_id, seconds=seconds
    )
    return DocumentLink(url, now + timedelta(seconds=seconds))


def delete_document(
    request_id: str,
    document_id: str,
    caller: Caller,
    *,
    deletion_id: str,
    records: DocumentRecords,
    requests: RequestStore,
    now: datetime,
) -> None:
    """Remove a draft's document and free its slot; its bytes follow by way of the stream.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        ActionNotAllowedError: the draft was submitted: what was sent stays.
        TransientError: the document is being changed by others.
    """
    caller.require(Entitlement.PATIENT_SEARCH)

    def attempt() -> None:
        file = requests.read_file(request_id)
        draft = live_draft(file.request if file else None, caller.tins, now)
        if file is None:
            raise not_found()
        document = document_in(file, document_id)
        event = _deleted_event(draft, document, caller, now, deletion_id)
        records.delete(request_id, document, event, callers_tins=caller.tins, now=now)

    retry(attempt, on=DocumentChangedError, message=DOCUMENT_BUSY)


def remove_document(
    request_id: str, document_id: str, *, records: DocumentRecords, store: DocumentBytes
) -> None:
    """Remove the bytes of a document whose record is gone. May be repeated."""
    if records.document(request_id, document_id) is None:
        store.remove(request_id, document_id)


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
