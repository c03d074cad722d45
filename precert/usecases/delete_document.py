"""Take a document off a draft again: the wrong file was chosen."""

from datetime import datetime

from precert.contract import Entitlement, EventType
from precert.domain.caller import Caller
from precert.domain.documents import Document
from precert.domain.errors import TransientError
from precert.domain.events import Event
from precert.domain.request import Request
from precert.usecases.download_document import document_in
from precert.usecases.explain_refusal import live_draft, not_found
from precert.usecases.ports.documents import DocumentBytes, DocumentChangedError, DocumentRecords
from precert.usecases.ports.requests import RequestStore

ATTEMPTS = 5


def delete_document(
    request_id: str,
    document_id: str,
    caller: Caller,
    *,
    event_id: str,
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
    for _ in range(ATTEMPTS):
        file = requests.read_file(request_id)
        draft = live_draft(file.request if file else None, caller.tins, now)
        if file is None:
            raise not_found()
        document = document_in(file, document_id)
        event = _event(draft, document, caller, now, event_id)
        try:
            records.delete(request_id, document, event, callers_tins=caller.tins, now=now)
        except DocumentChangedError:
            continue
        return
    raise TransientError("The document is being changed by others. Try again.")


def remove_document(
    request_id: str, document_id: str, *, records: DocumentRecords, store: DocumentBytes
) -> None:
    """Remove the bytes of a document whose record is gone. May be repeated."""
    if records.document(request_id, document_id) is None:
        store.remove(request_id, document_id)


def _event(
    draft: Request, document: Document, caller: Caller, now: datetime, event_id: str
) -> Event:
    return Event(
        event_id=f"{draft.request_id}.{event_id}",
        type=EventType.DOCUMENT_DELETED,
        request_id=draft.request_id,
        round=0,
        at=now,
        status=draft.status,
        tins=tuple(sorted(draft.tins)),
        document_id=document.document_id,
        actor=caller.subject,
    )
