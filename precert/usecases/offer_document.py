"""Offer an upload: take a slot, and give a presigned form for exactly one file (U1-U4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.documents import (
    CONTENT_TYPES,
    Document,
    DocumentStatus,
    Refusal,
    content_type_of,
)
from precert.domain.errors import (
    ActionNotAllowedError,
    DocumentLimitError,
    Fault,
    InvalidInputError,
    PrecertError,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.explain_refusal import expired, has_expired, visible
from precert.usecases.kept_requests import kept
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentChangedError,
    DocumentRecords,
    OfferRefusedError,
    UploadForm,
)


@dataclass(frozen=True)
class AskedUpload:
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


def offer_document(
    request_id: str,
    asked: AskedUpload,
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
    if faults := _faults(asked, content_type, payer):
        raise InvalidInputError(faults)
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


def _faults(asked: AskedUpload, content_type: str | None, payer: Payer) -> list[Fault]:
    faults: list[Fault] = []
    if content_type is None:
        endings = tuple(ending[1:] for ending in CONTENT_TYPES)
        words = f"send one of: {', '.join(endings)}"
        faults.append(Fault("/file_name", "not_taken", words, endings))
    if asked.document_type is not None and asked.document_type not in payer.wanted_documents:
        kinds = tuple(payer.wanted_documents)
        words = "choose one of the payer's kinds of documents, or leave it out"
        faults.append(Fault("/document_type", "not_offered", words, kinds))
    return faults


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
        allowed_actions=[action.value for action in request.offices_actions],
    )
