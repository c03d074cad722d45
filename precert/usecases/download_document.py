"""Give a document out: both providers of its request, and the reviewers of its plan (U6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from precert.domain.caller import Caller
from precert.domain.documents import Document, DocumentStatus
from precert.domain.errors import DocumentNotAvailableError, NotFoundError
from precert.domain.payer import Payer
from precert.usecases.ports.documents import DocumentBytes
from precert.usecases.ports.requests import RequestFile, RequestStore
from precert.usecases.read_case import read_case
from precert.usecases.read_request import read_request


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
