"""Offer an upload: take a slot, and give a presigned form for exactly one file (U1-U4)."""

from dataclasses import dataclass
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.documents import CONTENT_TYPES, Document, DocumentStatus, content_type_of
from precert.domain.errors import (
    ActionNotAllowedError,
    DocumentLimitError,
    Fault,
    InvalidInputError,
    PrecertError,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status, Transition, allowed_actions, allows
from precert.usecases.explain_refusal import expired, has_expired, visible
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentRecords,
    OfferRefusedError,
    UploadForm,
)


@dataclass(frozen=True)
class OfferedDocument:
    document: Document
    form: UploadForm
    max_bytes: int


def offer_document(
    request_id: str,
    file_name: str,
    caller: Caller,
    *,
    tin: str | None,
    document_id: str,
    records: DocumentRecords,
    store: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> OfferedDocument:
    """Take one upload slot of a draft or pended request. One call, the slot's write.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
        InvalidInputError: the file's ending is none that is taken; says which are.
        ActionNotAllowedError: the request takes no documents in its status.
        DocumentLimitError: all slots are taken.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    content_type = content_type_of(file_name)
    if content_type is None:
        endings = ", ".join(ending[1:] for ending in CONTENT_TYPES)
        raise InvalidInputError([Fault("/file_name", "not_taken", f"send one of: {endings}")])
    document = Document(
        document_id=document_id,
        file_name=file_name,
        content_type=content_type,
        status=DocumentStatus.AWAITING_UPLOAD,
        sent_by_tin=caller.acting_tin(tin),
        offered_at=now,
    )
    try:
        records.offer(request_id, document, callers_tins=(document.sent_by_tin,), now=now)
    except OfferRefusedError as refusal:
        raise _why(refusal, caller, now) from refusal
    limits = payer.documents
    form = store.upload_form(
        request_id, document, max_bytes=limits.max_bytes, seconds=limits.upload_seconds
    )
    return OfferedDocument(document, form, limits.max_bytes)


def _why(refusal: OfferRefusedError, caller: Caller, now: datetime) -> PrecertError:
    try:
        request = visible(refusal.current, caller.tins)
    except PrecertError as error:
        return error
    if request.status is Status.INCOMPLETE and has_expired(request, now):
        return expired()
    if not allows(request.status, Transition.ATTACH):
        return _not_taken(request)
    return DocumentLimitError("All upload slots of this request are taken.")


def _not_taken(request: Request) -> ActionNotAllowedError:
    return ActionNotAllowedError(
        "Only drafts and pending requests take documents.",
        request_status=request.status.value,
        allowed_actions=[action.value for action in allowed_actions(request.status)],
    )
