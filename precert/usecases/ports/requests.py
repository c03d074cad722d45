"""Requests and drafts in the store, and what their transactions write."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Final, Protocol

from pydantic import Field

from precert.domain.content import Patient, RequestContent
from precert.domain.damage import Readable
from precert.domain.dates import Moment
from precert.domain.documents import Document
from precert.domain.duplicates import Fingerprint
from precert.domain.events import Event
from precert.domain.notices import Notice
from precert.domain.request import Change, Comparison, Request
from precert.domain.review import Review
from precert.domain.values import Text, Tin, Value


class ConcurrentChangeError(Exception):
    """The request changed since it was read; nothing was written. Read it and retry."""


class RequestClosedError(Exception):
    """The cycle is closed; nothing was written."""


@dataclass(frozen=True)
class RequestFile:
    """A request with its documents, events and notices.

    ``damaged`` are ids of documents, events and notices that cannot be read; ``damaged_documents``
    those of documents alone. ``new_documents`` are ids of the attached ones that no reviewer has seen.
    """

    request: Request
    documents: tuple[Document, ...]
    events: tuple[Event, ...]
    notices: tuple[Notice, ...] = ()
    damaged: tuple[str, ...] = ()
    new_documents: tuple[str, ...] = ()
    original: bytes | None = field(default=None, repr=False)
    """The FHIR bundle as the submitter sent it, compressed by gzip; absent for other channels."""
    updates: tuple[bytes, ...] = field(default=(), repr=False)
    """The bundles of its updates as they were sent, compressed by gzip, in their order."""
    damaged_documents: tuple[str, ...] = ()

    @property
    def subjects(self) -> frozenset[str]:
        """The subjects of users in the audit trail and in the reviewers' notes."""
        review = self.request.review
        found = {one.actor for one in self.events} | {one.assigned_to for one in self.events}
        found |= {note.written_by for note in review.notes} if review else set()
        return frozenset(one for one in found if one is not None)


@dataclass(frozen=True)
class Cycle:
    """A determination cycle and the task token of its execution."""

    request_id: str
    number: int
    task_token: str


@dataclass(frozen=True)
class FoundRequests:
    """Requests that were read by id; ``damaged`` are ids of those that cannot be read."""

    requests: tuple[Request, ...]
    damaged: tuple[str, ...] = ()


class RequestStore(Protocol):
    """Requests with their events and documents; each change is one conditional transaction."""

    def read_file(self, request_id: str) -> RequestFile | None:
        """Read a request with everything that belongs to it, consistently. One AWS call per 1 MB."""

    def read(self, request_id: str) -> Request | None:
        """Read the request alone, consistently. One AWS call."""

    def read_all(self, request_ids: Sequence[str]) -> FoundRequests:
        """Read at most 100 requests, in this order; those that do not exist are left out.

        One AWS call.
        """

    def record(self, change: Change, cycle: Cycle | None = None) -> None:
        """Store a change with its event and rows in one transaction.

        Raises:
            ConcurrentChangeError: the version is not what the change was based on.
        """

    def renew_cycle(self, cycle: Cycle) -> None:
        """Store a new task token of an open cycle.

        Raises:
            RequestClosedError: the cycle is decided or another one is open.
        """

    def cycle(self, request_id: str, number: int) -> Cycle | None:
        """The cycle's task token, or ``None`` before the execution waits. One AWS call."""


class DuplicateFoundError(Exception):
    """A request for the same services on the same days exists; nothing was written."""

    def __init__(self, existing: Fingerprint) -> None:
        super().__init__("an open request has the same services")
        self.existing = existing


@dataclass(frozen=True)
class MemberFingerprints(Readable[Fingerprint]):
    """The duplicate fingerprints of one member."""

    last_approval: str | None = None
    """Identifies the last automatic approval of a request of the member."""


class Fingerprints(Protocol):
    """Duplicate fingerprints of requests, by member."""

    def of_member(self, member_id: str) -> MemberFingerprints:
        """Duplicate fingerprints of the member's requests except void ones. One consistent AWS call.

        ``damaged`` are ids of requests whose fingerprint cannot be read.
        """


class DraftRefusedError(Exception):
    """A condition of a write did not hold.

    ``current`` is the stored state, or ``None`` if there is none.
    """

    def __init__(self, current: Request | None) -> None:
        super().__init__("a condition did not hold")
        self.current = current


class NumberTakenError(Exception):
    """The precertification number is in use; try another one."""


class CoverageChangedError(Exception):
    """The member's coverage changed or is not active."""


@dataclass(frozen=True)
class Submission:
    """Everything that a submission writes, in one transaction."""

    request_id: str
    based_on: int
    content: RequestContent
    review: Review
    event: Event
    callers_tins: Collection[str]
    patient: Patient
    eligible_on: date
    document_slots: int
    now: datetime
    fingerprint: Fingerprint
    """The duplicate fingerprint (S2)."""


@dataclass(frozen=True)
class Saving:
    """What one save writes: the named parts of ``content``. Other parts are unchanged."""

    request_id: str
    based_on: int
    content: RequestContent
    parts: frozenset[str]
    expires_at: datetime
    callers_tins: Collection[str]
    now: datetime


class DeletedDraft(Value):
    """The ids and the expiration of a deleted draft, from its stream record."""

    request_id: Text
    version: Annotated[int, Field(ge=1)]
    tins: frozenset[Tin]
    expires_at: Moment | None = None

    @classmethod
    def of(cls, draft: Request) -> "DeletedDraft":
        return cls(
            request_id=draft.request_id,
            version=draft.version,
            tins=draft.tins,
            expires_at=draft.expires_at,
        )


class DraftChangedError(Exception):
    """The draft was saved, submitted or deleted meanwhile; nothing was written."""


@dataclass(frozen=True)
class DueWarning:
    """A draft on the list of due warnings, with its list key."""

    request_id: str
    listed_at: str


class DraftWarnings(Protocol):
    """Drafts in the order of their expiry warnings."""

    def due(self, now: datetime) -> Iterator[DueWarning]:
        """Drafts with a due warning; one AWS call per page."""

    def record(self, warning: DueWarning, draft: Request, event: Event) -> None:
        """Record the warning of this version of the draft, and remove it from the list.

        Safe to repeat: a version has one warning.

        Raises:
            DraftChangedError: nothing was written; the stream's handler updates the list.
        """

    def remove(self, warning: DueWarning) -> None:
        """Remove the warning from the list, if it is still listed."""

    def reschedule(self, warning: DueWarning, until: datetime) -> None:
        """List the warning at a later time, if it is still listed."""


class DraftStore(Protocol):
    """Drafts by id. The store enforces conditions; use cases determine the error of a refusal."""

    def start(self, request: Request, event: Event, warn_at: datetime | None) -> None:
        """Store a new draft with its warning at ``warn_at``.

        Raises:
            DraftRefusedError: the id exists; ``current`` has it.
        """

    def show(self, draft: Request, warn_at: datetime | None) -> None:
        """Update the draft's dashboard row, unless it is newer or was deleted.

        The row also has the time of the expiry warning.
        """

    def save(self, saving: Saving) -> None:
        """Replace parts of a draft's content and postpone its expiration (D3, D7).

        Raises:
            DraftRefusedError: it is deleted, expired, submitted, not the caller's, another
                patient's, or newer.
        """

    def delete(
        self, draft: Request, event: Event, *, callers_tins: Collection[str], now: datetime
    ) -> None:
        """Remove a draft; its events are retained as the audit trail (D5).

        Raises:
            DraftRefusedError: as for :meth:`save`.
        """

    def submit(self, submission: Submission) -> None:
        """Turn a draft into a submitted request (S1).

        Raises:
            DraftRefusedError: as for :meth:`save`.
            NumberTakenError: nothing was written; try another number.
            CoverageChangedError: nothing was written (A6).
            DuplicateFoundError: nothing was written; a duplicate exists (S2).
        """


class DraftCleanup(Protocol):
    """Deletes the other records of a deleted draft."""

    def remove(self, request_id: str) -> None:
        """Delete document records and dashboard rows of a deleted draft; events are retained."""

    def record(self, event: Event) -> None:
        """Record the event of the deletion, unless that version has one."""


class RegisteredAlreadyError(Exception):
    """The id exists; ``current`` is its request. Nothing was written."""

    def __init__(self, current: Request | None) -> None:
        super().__init__("the id exists")
        self.current = current


class Registrations(Protocol):
    """Stores requests that are submitted without a draft, and looks up precertification numbers."""

    def register(
        self,
        request: Request,
        event: Event,
        *,
        covered_on: date | None,
        fingerprint: Fingerprint,
        unique: bool = True,
        original: bytes | None = None,
        documents: Sequence[Document] = (),
        document_events: Sequence[Event] = (),
        changes: Sequence[Change] = (),
        compared: Comparison | None = None,
    ) -> None:
        """Store a submitted request with its number, its event and its lines, in one transaction.

        ``changes`` are those of its assessment: the request is stored in the state after them, with
        their events. None of them may release the duplicate lock. ``compared`` is set where the request
        is approved already, and was compared with the member's others.

        ``original`` is the FHIR bundle as it was sent, compressed by gzip. It is stored with the
        request, and so are records of the ``documents`` that were sent with it, with their events.

        The transaction fails unless the patient is covered on the day ``covered_on``, if set (A6), and,
        if ``unique``, unless no open request has the same services (S2).

        Raises:
            RegisteredAlreadyError: the id exists.
            ConcurrentChangeError: another request of the member was approved meanwhile.
            DuplicateFoundError: a duplicate exists.
            NumberTakenError, CoverageChangedError: as for a submission; nothing was written.
        """

    def request_id_of(self, number: str) -> str | None:
        """The id of the request with a precertification number. One AWS call."""


MAX_FLAGGED: Final = 15


class FlagsFullError(Exception):
    """The flag limit of the TIN is reached; nothing was written."""


class Flags(Protocol):
    """Requests that a TIN flagged."""

    def flag(self, request: Request, tin: str, *, now: datetime) -> None:
        """Flag the request for the TIN; a repetition changes nothing. One AWS call.

        Raises:
            FlagsFullError: the limit is reached.
            ConcurrentChangeError: the TIN's list entry of the request was changed since it was read.
        """

    def unflag(self, request: Request, tin: str) -> None:
        """Remove the flag; a repetition changes nothing. One AWS call.

        Raises:
            ConcurrentChangeError: the TIN's list entry of the request was changed since it was read.
        """

    def drop_deleted(self, tin: str) -> bool:
        """Remove flags of deleted rows from the count; returns whether there were any."""


class Archive(Protocol):
    """The history of removed requests."""

    def store(self, file: RequestFile) -> None:
        """Store a request with its history as one object, and its documents and notices with it.

        An existing object is not overwritten: the first copy is complete, later ones may not be.
        """

    def store_removed(self, image: Mapping[str, Any], sequence_number: str) -> None:
        """Store a removed request as the stream delivered it, before it is processed.

        It is the only copy until :meth:`store` has stored the request. An existing object is not
        overwritten.
        """


class ArchivedBundles(Protocol):
    """The FHIR bundles in the history of removed requests, which commands read."""

    def bundles_of(self, request_id: str) -> tuple[str, ...] | None:
        """The original bundle and then those of the updates, as JSON texts.

        Empty if the request was not submitted as a bundle; ``None`` if it is not in the archive.

        Raises:
            TransientError.
        """


class HistoryCleanup(Protocol):
    """The other items of a removed request in the table."""

    def file_of(self, request: Request) -> RequestFile:
        """The request with its other items. One AWS call per 1 MB."""

    def remove_request(self, request: Request) -> None:
        """Delete rows, flags, records, cycles, the duplicate fingerprint and, last, the events.

        The precertification number remains reserved.
        """


class FileCleanup(Protocol):
    """The files of a removed draft or request."""

    def remove_files(self, request_id: str) -> None:
        """Delete every version of all documents and notices of a request."""
