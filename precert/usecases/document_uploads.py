"""Uploads of documents: reserve a slot of a request and create the presigned form."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

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
    FieldError,
    InvalidInputError,
    PrecertError,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.domain.values import FileName, Sha256, Text, Tin, Value
from precert.domain.wording import counted
from precert.names import Entitlement
from precert.usecases.access import expired, has_expired, retained, visible
from precert.usecases.intake import registered
from precert.usecases.ports.documents import (
    DocumentBytes,
    DocumentChangedError,
    DocumentRecords,
    OfferRefusedError,
    UploadForm,
)
from precert.usecases.ports.requests import RequestStore


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
    """Reserve one upload slot of a draft or pended request. One database write.

    If all slots are in use, a slot whose upload form expired unused is freed and taken.

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

    The document belongs to the requesting provider, or to the provider with ``tin``.

    Raises:
        NotEntitledError, NotFoundError, ActionNotAllowedError, DocumentLimitError.
        InvalidInputError: also if ``tin`` is the TIN of neither provider.
    """
    caller.require(Entitlement.INTAKE)
    request = registered(requests.read(request_id))
    requesting = request.content.requesting_provider
    sender = requesting.tin if requesting and requesting.tin else min(request.tins)
    errors = _errors(requested, payer)
    if requested.tin is not None and requested.tin not in request.tins:
        message = "must be the TIN of one of the request's providers, or be omitted"
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
    """Record a document and reserve its slot; if necessary, free one whose upload form expired unused.

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
        message = "must be one of the payer's document type codes, or be omitted"
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
    """Free expired slots one by one until one can be reserved; returns whether one was.

    A concurrent call may reserve a freed slot first.

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
    return limit_reached(request, payer)


def limit_reached(request: Request, payer: Payer) -> DocumentLimitError:
    """The error of a document beyond the limit: states the limit and the alternatives."""
    limits = payer.documents
    megabytes = f"{limits.max_bytes // 2**20} MB"
    if request.status is Status.INCOMPLETE:
        limit = limits.max_at_submission
        return DocumentLimitError(
            f"A draft has at most {counted(limit, 'documents')}, including uploads that are not "
            "finished. Delete one that is not needed, or combine several into one file of up to "
            f"{megabytes}. "
            f"If the request is pended later, {limits.max_while_pending} more can be attached.",
            limit=limit,
        )
    limit = limits.max_while_pending
    contact = payer.provider_services
    return DocumentLimitError(
        f"A pended request has at most {counted(limit, 'more documents')}, including uploads that are "
        f"not finished. Before you upload the last one, combine the rest into one file of up to "
        f"{megabytes}. If all {limit} are attached, call {contact.name} at {contact.phone}.",
        limit=limit,
    )


def _not_taken(request: Request, now: datetime) -> ActionNotAllowedError:
    return ActionNotAllowedError(
        "Documents can be added to drafts and pended requests only.",
        request_status=request.status.value,
        allowed_actions=[action.value for action in request.provider_actions(now)],
    )
