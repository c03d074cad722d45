"""Storing drafts: every write is one call, conditional on all that must hold."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Protocol

from pydantic import Field

from precert.domain.content import Patient, RequestContent
from precert.domain.duplicates import Footprint
from precert.domain.events import Event
from precert.domain.request import Request
from precert.domain.review import Review
from precert.domain.values import Instant, Text, Tin, Value


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
    footprint: Footprint
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


class GoneDraft(Value):
    """What the stream still tells of a draft that is gone: ids and when its time was over."""

    request_id: Text
    version: Annotated[int, Field(ge=1)]
    tins: frozenset[Tin]
    expires_at: Instant | None = None

    @classmethod
    def of(cls, draft: Request) -> "GoneDraft":
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
        """Replace parts of a live draft's content and start its clock anew (D3, D7).

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


class DraftRemains(Protocol):
    def remove(self, request_id: str) -> None:
        """Remove document records and dashboard lines of a draft that is gone; events stay."""

    def record(self, event: Event) -> None:
        """Record what became of the draft; where its version has an event already, that one stays."""
