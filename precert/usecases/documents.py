"""Documents: create an upload, verify and scan the upload, download and delete (U1-U7)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.documents import (
    CONTENT_TYPES,
    SHOWN_BY_BROWSERS,
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
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.statuses import Status
from precert.domain.values import FileName, Sha256, Text, Tin, Value
from precert.names import Entitlement
from precert.usecases.access import expired, has_expired, live_draft, not_found, retained, visible
from precert.usecases.intake import registered
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentChangedError,
    DocumentRecords,
    OfferRefusedError,
    StoredObject,
    UploadForm,
)
from precert.usecases.ports.requests import RequestFile, RequestStore


class RequestedUpload(Value):
    """The file to upload."""

    file_name: Annotated[
        FileName,
        Field(
            description="As any operating system writes it. Reserved characters are replaced, and a "
            "long name is shortened before its extension."
        ),
    ]
    document_type: Annotated[
        Text | None, Field(description="A code of the payer's `required_documentation`.")
    ] = None
    sha256: Annotated[
        Sha256 | None,
        Field(description="SHA-256 of the file in hexadecimal. S3 then rejects any other content."),
    ] = None
    tin: Annotated[
        Tin | None,
        Field(description="The TIN that sends the document. Optional for callers with one TIN."),
    ] = None


@dataclass(frozen=True)
class CreatedUpload:
    """A document with its upload slot, and the form to upload it with."""

    document: Document
    form: UploadForm


def create_document_upload(
    request_id: str,
    requested: RequestedUpload,
    caller: Caller,
    *,
    new_id: Callable[[], str],
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> CreatedUpload:
    """Reserve one upload slot of a draft or pended request. One call, the write of the slot.

    If all slots are in use, slots whose upload form has expired unused are freed first.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        InvalidInputError: the file name extension or the document type is not accepted.
        ActionNotAllowedError: the request does not accept documents in its status.
        DocumentLimitError: all slots are in use.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if errors := [*_errors(requested, payer), *caller.errors_of_tin(requested.tin)]:
        raise InvalidInputError(errors)
    return _created_upload(
        request_id,
        requested,
        sender=caller.acting_tin(requested.tin),
        readable_by=caller.tins,
        new_id=new_id,
        documents=documents,
        document_bytes=document_bytes,
        payer=payer,
        now=now,
    )


def create_registered_upload(
    request_id: str,
    requested: RequestedUpload,
    caller: Caller,
    *,
    new_id: Callable[[], str],
    requests: RequestStore,
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> CreatedUpload:
    """As :func:`create_document_upload`, for pages of a request that the payer's staff registered.

    The document is that of the requesting provider, or of the provider with ``tin``.

    Raises:
        NotEntitledError, NotFoundError, ActionNotAllowedError, DocumentLimitError.
        InvalidInputError: also where ``tin`` is of neither provider.
    """
    caller.require(Entitlement.INTAKE)
    request = registered(requests.read(request_id))
    requesting = request.content.requesting_provider
    sender = requesting.tin if requesting and requesting.tin else min(request.tins)
    errors = _errors(requested, payer)
    if requested.tin is not None and requested.tin not in request.tins:
        message = "name the TIN of one of the request's providers, or leave it out"
        errors.append(FieldError("/tin", "not_a_choice", message, tuple(sorted(request.tins))))
    if errors:
        raise InvalidInputError(errors)
    return _created_upload(
        request_id,
        requested,
        sender=requested.tin or sender,
        readable_by=request.tins,
        new_id=new_id,
        documents=documents,
        document_bytes=document_bytes,
        payer=payer,
        now=now,
    )


def _created_upload(
    request_id: str,
    requested: RequestedUpload,
    *,
    sender: str,
    readable_by: Collection[str],
    new_id: Callable[[], str],
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> CreatedUpload:
    """The upload of a provider with the TIN ``sender``; the request is visible to ``readable_by``."""
    limits = payer.documents
    document = Document(
        document_id=new_id(),
        file_name=requested.file_name,
        content_type=content_type_of(requested.file_name) or "",
        document_type=requested.document_type,
        status=DocumentStatus.AWAITING_UPLOAD,
        sent_by_tin=sender,
        offered_at=now,
        upload_until=now + timedelta(seconds=limits.upload_seconds),
        announced_sha256=requested.sha256,
    )
    reserve_slot(
        request_id,
        document,
        readable_by=readable_by,
        documents=documents,
        document_bytes=document_bytes,
        payer=payer,
        now=now,
    )
    form = document_bytes.upload_form(
        request_id, document, max_bytes=limits.max_bytes, seconds=limits.upload_seconds
    )
    return CreatedUpload(document, form)


def reserve_slot(
    request_id: str,
    document: Document,
    *,
    readable_by: Collection[str],
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> None:
    """Record a document with its slot, if necessary one whose upload form has expired unused.

    Raises:
        NotFoundError, DraftExpiredError, ActionNotAllowedError, DocumentLimitError.
    """
    try:
        _take_slot(request_id, document, documents, now)
    except OfferRefusedError as refusal:
        error = _offer_error(retained(refusal.current, payer, now), readable_by, payer, now)
        if not isinstance(error, DocumentLimitError) or not _took_abandoned_slot(
            request_id, document, documents, document_bytes, now
        ):
            raise error from refusal


def _errors(requested: RequestedUpload, payer: Payer) -> list[FieldError]:
    errors: list[FieldError] = []
    if content_type_of(requested.file_name) is None:
        extensions = tuple(extension[1:] for extension in CONTENT_TYPES)
        message = f"use a file with one of these extensions: {', '.join(extensions)}"
        errors.append(FieldError("/file_name", "not_taken", message, extensions))
    document_type, codes = requested.document_type, tuple(payer.required_documentation)
    if document_type is not None and document_type not in codes:
        message = "send one of the payer's document type codes, or omit it"
        errors.append(FieldError("/document_type", "not_offered", message, codes))
    return errors


def _take_slot(
    request_id: str, document: Document, documents: DocumentRecords, now: datetime
) -> None:
    documents.offer(request_id, document, callers_tins=(document.sent_by_tin,), now=now)


def _took_abandoned_slot(
    request_id: str,
    document: Document,
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    now: datetime,
) -> bool:
    """Free expired slots one by one until one can be reserved; concurrent calls may get it first.

    The slot of an uploaded document is not freed, even if its S3 event is late.
    """
    awaited = [
        one
        for one in documents.of_request(request_id)
        if one.status is DocumentStatus.AWAITING_UPLOAD and one.upload_until <= now
    ]
    arrived = document_bytes.arrived(request_id) if awaited else frozenset()
    for abandoned in awaited:
        if abandoned.document_id in arrived:
            continue
        try:
            documents.settle(request_id, abandoned.refused(Refusal.NOT_UPLOADED, now), None)
            _take_slot(request_id, document, documents, now)
        except (DocumentChangedError, OfferRefusedError):
            continue
        return True
    return False


def _offer_error(
    current: Request | None, readable_by: Collection[str], payer: Payer, now: datetime
) -> PrecertError:
    try:
        request = visible(current, readable_by)
    except PrecertError as error:
        return error
    if request.status is Status.INCOMPLETE and has_expired(request, now):
        return expired()
    if not request.takes_documents:
        return _not_taken(request, now)
    return _limit_reached(request, payer)


def _limit_reached(request: Request, payer: Payer) -> DocumentLimitError:
    """The error for one document too many: the limit, and what to do with the document."""
    limits = payer.documents
    megabytes = f"{limits.max_bytes // 2**20} MB"
    if request.status is Status.INCOMPLETE:
        limit = limits.max_at_submission
        return DocumentLimitError(
            f"A draft has at most {limit} documents, including uploads that are not finished. "
            f"Delete one that is not needed, or combine several into one file of up to {megabytes}. "
            f"If the request is pended later, {limits.max_while_pending} more can be attached.",
            limit=limit,
        )
    limit = limits.max_while_pending
    contact = payer.provider_services
    return DocumentLimitError(
        f"A pended request has at most {limit} more documents, including uploads that are not "
        f"finished. Before you upload the last one, combine the rest into one file of up to "
        f"{megabytes}. If all {limit} are attached, call {contact.name} at {contact.phone}.",
        limit=limit,
    )


def _not_taken(request: Request, now: datetime) -> ActionNotAllowedError:
    return ActionNotAllowedError(
        "Documents can be added to drafts and pended requests only.",
        request_status=request.status.value,
        allowed_actions=[action.value for action in request.provider_actions(now)],
    )


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
    # What was received within a call was accepted by that call.
    arrived_late = not document.received
    try:
        event = _settled_event(request, settled, now)
        documents.settle(request_id, settled, event, arrived=arrived_late)
    except DocumentChangedError:
        # Another delivery was first, perhaps of another file uploaded with the same form.
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
            # A scan result arrived, so this document is scanned, independent of the configuration.
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
    """A link to an attached document of a request that the caller can read. No call.

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
    """A link to an attached document. No call."""
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
