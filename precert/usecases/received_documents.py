"""Documents that a partner sends within a call: stored, inspected and scanned like uploads.

The call does not wait for the inspection. The id of a document is derived from its request, content and
type, so that a repeated call stores nothing twice, whichever operation repeats it. Content that was
uploaded before is not stored again either. A document is recorded before its file is stored; if the
call ends between the two, the sweep of uploads refuses the document.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import PurePath
from typing import Final

from precert.domain.caller import Caller
from precert.domain.documents import (
    CONTENT_TYPES,
    Document,
    DocumentStatus,
    Refusal,
    content_type_of,
    sent_before,
)
from precert.domain.errors import FieldError, InvalidInputError, NotFoundError
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.retry import retry
from precert.domain.text import file_name_of
from precert.names import Entitlement
from precert.usecases.access import visible
from precert.usecases.changes import change_as_provider
from precert.usecases.document_uploads import reserve_slot
from precert.usecases.ports.documents import DocumentBytes, DocumentChangedError, DocumentRecords
from precert.usecases.ports.requests import Registrations, RequestFile, RequestStore

_EXTENSION_OF: Final = {
    **{content_type: extension for extension, content_type in reversed(CONTENT_TYPES.items())},
    "image/jpg": ".jpg",
    "image/tif": ".tif",
}
UNKNOWN_TYPE: Final = "application/octet-stream"
STORED_WITHIN: Final = timedelta(minutes=1)
"""The call that records a document stores its file, and ends within seconds."""


def _usable(title: str | None) -> str | None:
    """The title as a file name; ``None`` if it has characters that file names cannot have."""
    try:
        return file_name_of(title) if title else None
    except ValueError:
        return None


@dataclass(frozen=True)
class ReceivedFile:
    """A file of a call. ``body`` is ``None`` if it could not be decoded."""

    place: str
    """JSON pointer or FHIR path of the file in the input."""
    title: str | None
    content_type: str
    body: bytes | None
    document_type: str | None = None
    of_questionnaire: bool = False
    """Whether it is a questionnaire response, or a file within one."""

    @property
    def media_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    def file_name(self, position: int) -> str:
        """Its title with the extension of its type; ``attachment-<position>`` if it has no title."""
        title = _usable(self.title) or f"attachment-{position}"
        extension = _EXTENSION_OF.get(self.media_type)
        if extension is None or content_type_of(title) == CONTENT_TYPES[extension]:
            return title
        return f"{title}{extension}"

    @property
    def refusal(self) -> Refusal | None:
        """Why it is refused before it is stored."""
        if self.body is None:
            return Refusal.DAMAGED
        if not self.body:
            return Refusal.EMPTY
        return None


def received_document(
    request_id: str,
    file: ReceivedFile,
    position: int,
    *,
    sender: str,
    document_id_of: Callable[[str], str],
    now: datetime,
    more_to_come: bool = False,
) -> Document:
    """The record of a file: REFUSED if its type is not accepted, otherwise AWAITING_UPLOAD."""
    digest = sha256(file.body or b"").hexdigest()
    name = file.file_name(position)
    # The type is part of the id: content that was refused as one type can be sent as another.
    kind = PurePath(name).suffix.lower() if file.body else name
    content = f"{digest}#{kind}#{file.document_type or ''}"
    document = Document(
        document_id=document_id_of(f"{request_id}#{content}"),
        file_name=name,
        content_type=UNKNOWN_TYPE,
        document_type=file.document_type,
        status=DocumentStatus.AWAITING_UPLOAD,
        sent_by_tin=sender,
        offered_at=now,
        upload_until=now + STORED_WITHIN,
        announced_sha256=digest,
        received=True,
        more_to_come=more_to_come,
        of_questionnaire=file.of_questionnaire,
    )
    content_type = content_type_of(document.file_name)
    refusal = file.refusal or (Refusal.NOT_ACCEPTED if content_type is None else None)
    if refusal is not None:
        return document.refused(refusal, now)
    return document.model_copy(update={"content_type": content_type})


def received_records(
    request_id: str,
    files: Sequence[ReceivedFile],
    *,
    sender: str,
    document_id_of: Callable[[str], str],
    now: datetime,
) -> tuple[Document, ...]:
    """The records of files. A file that occurs twice in a bundle has one record."""
    records = [
        received_document(
            request_id, one, position, sender=sender, document_id_of=document_id_of, now=now
        )
        for position, one in enumerate(files, start=1)
    ]
    found: list[Document] = []
    for record in records:
        before = sent_before(record, found)
        if before is None:
            found.append(record)
        elif before.document_type is None:
            found[found.index(before)] = record
    return tuple(found)


def is_recorded(file: ReceivedFile, documents: Iterable[Document]) -> bool:
    """Whether a request has the content of a file, as a document of its type."""
    digest = sha256(file.body or b"").hexdigest()
    return any(
        one.digest == digest
        and file.document_type in (None, one.document_type)
        and (one.refusal is None or one.refusal.of_content)
        for one in documents
    )


def _under_new_id(
    record: Document, known: Sequence[Document], document_id_of: Callable[[str], str]
) -> Document:
    """The record with a new id, if a document with its id was refused before it was examined."""
    ids = {one.document_id for one in known}
    while record.document_id in ids:
        again = document_id_of(f"{record.document_id}#again")
        record = record.model_copy(update={"document_id": again})
    return record


def store_received_files(
    file: RequestFile,
    files: Sequence[ReceivedFile],
    *,
    document_bytes: DocumentBytes,
) -> None:
    """Store the bytes of the recorded documents that are AWAITING_UPLOAD. One AWS call for each."""
    bodies = {sha256(one.body).hexdigest(): one.body for one in files if one.body}
    for document in file.documents:
        body = bodies.get(document.announced_sha256 or "")
        if body and document.received and document.status is DocumentStatus.AWAITING_UPLOAD:
            document_bytes.put(file.request.request_id, document, body)


_NOT_FOUND: Final = (
    "None of your TINs has a request of this member with this tracking id. TrackingId must be the "
    "precertification number or the identifier of the claim, and the member id that of the "
    "response. Submit the claim before its attachments."
)


@dataclass(frozen=True)
class Attached:
    """A request with the documents that were made of the sent files."""

    request: Request
    documents: tuple[Document, ...]


def find_for_attachment(
    numbers: Sequence[str],
    request_ids: Sequence[str],
    member_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    registrations: Registrations,
) -> RequestFile:
    """The member's request with one of these numbers or ids, if the caller may see it (A2).

    Raises:
        NotEntitledError.
        NotFoundError: there is none, or the caller may not see it.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    named = [registrations.request_id_of(number) for number in numbers]
    candidates = [*(one for one in named if one), *request_ids]
    file = _of_member(candidates, member_id, caller, requests)
    if file is None:
        # The identifier can be that of an update of the claim.
        updated = [registrations.request_id_of(one) for one in request_ids]
        file = _of_member([one for one in updated if one], member_id, caller, requests)
    if file is None:
        raise NotFoundError(_NOT_FOUND)
    return file


def _of_member(
    candidates: Sequence[str], member_id: str, caller: Caller, requests: RequestStore
) -> RequestFile | None:
    """The first of the requests that is the member's and that the caller may read."""
    for request in requests.read_all(list(dict.fromkeys(candidates))[:100]).requests:
        if request.review is not None and request.content.member_id == member_id:
            if request.tins.isdisjoint(caller.tins):
                continue
            file = requests.read_file(request.request_id)
            if file is not None:
                visible(file.request, caller.tins)
                return file
    return None


def attach_received_files(
    file: RequestFile,
    files: Sequence[ReceivedFile],
    caller: Caller,
    *,
    final: bool,
    document_id_of: Callable[[str], str],
    requests: RequestStore,
    documents: DocumentRecords,
    document_bytes: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> Attached:
    """Attach files to a pended request or an open appeal, each like an upload (U1-U4).

    The open request for information is answered as soon as a file that can answer it is verified;
    without ``final`` it remains open for more files. A file that the request has already is not stored
    again: its record gets the document type if it had none, and it counts as an answer from now on.

    Raises:
        InvalidInputError: files that are not accepted; nothing is stored.
        ActionNotAllowedError: the request does not accept documents in its status.
        DocumentLimitError: all slots are in use; the files before that one are stored.
    """
    request = file.request
    tins = sorted(caller.tins & request.tins)
    records = [
        received_document(
            request.request_id,
            one,
            position,
            sender=tins[0],
            document_id_of=document_id_of,
            now=now,
            more_to_come=not final,
        )
        for position, one in enumerate(files, start=1)
    ]
    refused = [
        FieldError(one.place, "not_taken", record.refusal.words)
        for one, record in zip(files, records, strict=True)
        if record.refusal is not None
    ]
    if refused:
        raise InvalidInputError(refused)
    known = list(file.documents)
    stored: dict[str, Document] = {}
    for sent in records:
        before = sent_before(sent, known)
        if before is None:
            document = _under_new_id(sent, known, document_id_of)
            reserve_slot(
                request.request_id,
                document,
                readable_by=caller.tins,
                documents=documents,
                document_bytes=document_bytes,
                payer=payer,
                now=now,
            )
        else:
            document = _sent_again(before, sent, request, documents)
            known.remove(before)
        known.append(document)
        stored[document.document_id] = document
    attached = tuple(stored.values())
    store_received_files(replace(file, documents=attached), files, document_bytes=document_bytes)
    if final and all(one.status is DocumentStatus.ATTACHED for one in attached):
        # No verification follows that would answer the request for information, so answer it here.
        def received(current: Request) -> Change | Request:
            rfi = current.submitted.open_information_request
            if rfi is None or not any(map(rfi.concerns, attached)):
                return current
            return current.receive_information(now, payer, by=caller.subject) or current

        request = change_as_provider(
            request.request_id, received, caller, requests=requests, now=now
        )
    return Attached(request, attached)


def _sent_again(
    before: Document, sent: Document, request: Request, documents: DocumentRecords
) -> Document:
    """The document of an earlier call or upload, updated with what this call states about it."""
    rfi = request.submitted.open_information_request
    since = rfi.requested_at if rfi else None
    if not request.takes_documents or before.sent_again(sent, since) is before:
        return before

    def attempt() -> Document:
        current = documents.document(request.request_id, before.document_id) or before
        renewed = current.sent_again(sent, since)
        if renewed is not current:
            documents.settle(request.request_id, renewed, None, arrived=True)
        return renewed

    return retry(attempt, on=DocumentChangedError)
