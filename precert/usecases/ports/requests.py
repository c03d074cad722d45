"""Requests and drafts in the store, with what is written in their transactions."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, Protocol

from pydantic import Field

from precert.domain.content import Patient, RequestContent
from precert.domain.documents import Document
from precert.domain.duplicates import Fingerprint
from precert.domain.events import Event
from precert.domain.notices import Notice
from precert.domain.request import Change, Request
from precert.domain.review import Review
from precert.domain.values import Instant, Text, Tin, Value


class ConcurrentChangeError(Exception):
    """The request was changed since it was read; nothing was written. Read and try again."""


class RequestClosedError(Exception):
    """The cycle is not open any more; nothing was written."""


@dataclass(frozen=True)
class RequestFile:
    """A request with all that belongs to it: one query."""

    request: Request
    documents: tuple[Document, ...]
    events: tuple[Event, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Cycle:
    """One cycle of a request, and the task token its execution waits with."""

    request_id: str
    number: int
    task_token: str


class RequestStore(Protocol):
    def read_file(self, request_id: str) -> RequestFile | None:
        """Everything about a request, consistent. One call for up to 1 MB."""

    def read(self, request_id: str) -> Request | None:
        """The request alone, consistent. One call."""

    def record(self, change: Change, cycle: Cycle | None = None) -> None:
        """Store a change with its event and its lines on the lists, in one transaction.

        Raises:
            ConcurrentChangeError: the version is not what the change was based on.
        """

    def renew_cycle(self, cycle: Cycle) -> None:
        """Store a new task token of an open cycle.

        Raises:
            RequestClosedError: a decision stands already, or the cycle is another.
        """

    def cycle(self, request_id: str, number: int) -> Cycle | None:
        """A cycle's workflow, or ``None`` while it does not wait yet. One call."""


class DuplicateFoundError(Exception):
    """A request that asks for the same on the same days stands; nothing was written."""

    def __init__(self, existing: Fingerprint) -> None:
        super().__init__("the same is asked for already")
        self.existing = existing


class Fingerprints(Protocol):
    def of_member(self, member_id: str) -> tuple[Fingerprint, ...]:
        """Footprints of the member's requests, but for void ones; consistent. One call."""


class DraftRefusedError(Exception):
    """A condition of a write did not hold.

    ``current`` is what the store holds instead, or ``None`` where there is nothing.
    """

    def __init__(self, current: Request | None) -> None:
        super().__init__("a condition did not hold")
        self.current = current


class NumberTakenError(Exception):
    """The precertification number exists already: draw another."""


class CoverageChangedError(Exception):
    """The member's coverage is not what the submission was made for, or not active."""


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
    """What it is told from other requests by (S2)."""


@dataclass(frozen=True)
class Saving:
    """What one save writes: the parts named, as they stand in ``content``; others stay as they are."""

    request_id: str
    based_on: int
    content: RequestContent
    parts: frozenset[str]
    expires_at: datetime
    callers_tins: Collection[str]
    now: datetime


class DeletedDraft(Value):
    """What the stream still tells of a draft that is gone: ids and when its time was over."""

    request_id: Text
    version: Annotated[int, Field(ge=1)]
    tins: frozenset[Tin]
    expires_at: Instant | None = None

    @classmethod
    def of(cls, draft: Request) -> "DeletedDraft":
        return cls(
            request_id=draft.request_id,
            version=draft.version,
            tins=draft.tins,
            expires_at=draft.expires_at,
        )


class DraftChangedError(Exception):
    """The draft was saved, submitted or removed in the meantime: nothing was written."""


@dataclass(frozen=True)
class DueWarning:
    """A draft that is listed to be warned of, and under which key it is listed."""

    request_id: str
    listed_at: str


class DraftWarnings(Protocol):
    """Drafts in the order in which they have to be warned of."""

    def due(self, now: datetime) -> Iterator[DueWarning]:
        """Those whose time to warn has come; one call for each page."""

    def give(self, warning: DueWarning, draft: Request, event: Event) -> None:
        """Record the event of a warning of this version of the draft, and take it off the list.

        May be repeated: a version is warned of once.

        Raises:
            DraftChangedError: nothing was written; the list follows the draft by itself.
        """

    def take_off(self, warning: DueWarning) -> None:
        """Take it off the list, if it is listed there still."""


class DraftStore(Protocol):
    """Drafts by id. Conditions are the store's; explaining a refusal is the use case's."""

    def start(self, request: Request, event: Event, warn_at: datetime | None) -> None:
        """Store a new draft, which is to be warned of at ``warn_at``.

        Raises:
            DraftRefusedError: the id exists; ``current`` is what it names.
        """

    def show(self, draft: Request, warn_at: datetime | None) -> None:
        """Bring the draft's line up to date; a newer line, or none, is left alone.

        The line is also where the warning finds the draft, from ``warn_at`` on.
        """

    def save(self, saving: Saving) -> None:
        """Replace parts of a live draft's content and start its clock again (D3, D7).

        Raises:
            DraftRefusedError: it is gone, expired, submitted, not the caller's, another
                patient's, or newer.
        """

    def delete(
        self, draft: Request, event: Event, *, callers_tins: Collection[str], now: datetime
    ) -> None:
        """Remove a draft; its event stays as the audit entry (D5).

        Raises:
            DraftRefusedError: as for :meth:`save`.
        """

    def submit(self, submission: Submission) -> None:
        """Turn a live draft into a submitted request (S1).

        Raises:
            DraftRefusedError: as for :meth:`save`.
            NumberTakenError: nothing was written; draw another number.
            CoverageChangedError: nothing was written (A6).
            DuplicateFoundError: nothing was written; a request for the same stands (S2).
        """


class DraftCleanup(Protocol):
    def remove(self, request_id: str) -> None:
        """Remove document records and dashboard lines of a draft that is gone; events stay."""

    def record(self, event: Event) -> None:
        """Record what became of the draft; where its version has an event already, that one stays."""


class RegisteredAlreadyError(Exception):
    """The id exists; ``current`` is what it names. Nothing was written."""

    def __init__(self, current: Request | None) -> None:
        super().__init__("the id exists")
        self.current = current


class Registrations(Protocol):
    def register(
        self,
        request: Request,
        event: Event,
        *,
        covered_on: date | None,
        fingerprint: Fingerprint | None,
    ) -> None:
        """Store a submitted request with its number, its event and its lines, in one transaction.

        With ``covered_on`` only while the patient is covered that day (A6), with ``fingerprint`` only
        while nothing else asks for the same (S2).

        Raises:
            RegisteredAlreadyError: the id exists.
            DuplicateFoundError: the same is asked for already.
            NumberTakenError, CoverageChangedError: as for a submission; nothing was written.
        """

    def request_id_of(self, number: str) -> str | None:
        """The request that a precertification number was given to. One call."""


MOST_FLAGGED: Final = 15


class FlagsFullError(Exception):
    """The TIN has flagged as many as it may; nothing was written."""


class Flags(Protocol):
    def flag(self, request: Request, tin: str, *, now: datetime) -> None:
        """Flag the request for the TIN; one that is flagged already stays as it is. One call.

        Raises:
            FlagsFullError: it would be one too many.
            ConcurrentChangeError: the request is on no list of the TIN as it was read.
        """

    def unflag(self, request: Request, tin: str) -> None:
        """Take the flag away; one that has none stays as it is. One call.

        Raises:
            ConcurrentChangeError: the request is on no list of the TIN as it was read.
        """

    def drop_deleted(self, tin: str) -> bool:
        """Stop counting what is on no list of the TIN any more; answers whether there was any."""


class Archive(Protocol):
    def store(self, file: RequestFile) -> None:
        """Store a request with its history as one object, and its documents and notices beside it.

        What is stored stays as it is: the first to be stored is whole, later ones may not be.
        """


class HistoryCleanup(Protocol):
    def file_of(self, request: Request) -> RequestFile:
        """What is still there of a request that is gone. One call for up to 1 MB."""

    def remove_request(self, request: Request) -> None:
        """Remove everything of a request that is gone: lines, flags, records, cycles, events last.

        What it was compared by goes too; its number stays, so that none is given twice.
        """


class FileCleanup(Protocol):
    def remove_files(self, request_id: str) -> None:
        """Remove every version of all documents and notices of a request."""
