"""What a restored table, the files and the bus's archive need after a disaster (X2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from precert.domain.events import Event
from precert.domain.notices import Notice


class Derived(StrEnum):
    """Kinds of records that follow from a request, and are verified against it."""

    INDEXES = "INDEXES"
    """The attributes by which indexes list an open cycle."""
    LIST_ENTRY = "LIST_ENTRY"
    QUEUE_ENTRY = "QUEUE_ENTRY"
    NUMBER = "NUMBER"
    NUMBER_OF_ANOTHER = "NUMBER_OF_ANOTHER"
    """Another request has the precertification number. It is reported and not changed."""
    DUPLICATE_LOCK = "DUPLICATE_LOCK"
    FINGERPRINT = "FINGERPRINT"
    FLAG = "FLAG"
    DAMAGED = "DAMAGED"
    """The request cannot be read. It is reported and not changed."""


@dataclass(frozen=True)
class TablePart:
    """What one page of the table has: requests, TINs with an inbox, and recent events."""

    request_ids: tuple[str, ...]
    tins: tuple[str, ...]
    events: tuple[Event, ...]
    position: str | None
    """Where the next page begins; ``None`` after the last one."""


class DerivedRecords(Protocol):
    def part(self, after: str | None, *, events_since: datetime) -> TablePart:
        """The next page of the table. One call."""

    def repair(
        self, request_id: str, *, warn_at: Callable[[datetime], datetime | None]
    ) -> list[Derived]:
        """Write the records of a request that are missing or not those of its state.

        ``warn_at`` returns when a draft that was saved then is to be warned of its expiry. Returns the
        kinds of what was written or is reported.
        """

    def recount(self, tin: str) -> bool:
        """Correct the number of unread messages; returns whether it was wrong."""

    def set_notice(self, request_id: str, notice: Notice) -> None:
        """Store the changed record of a notice."""


class FileState(StrEnum):
    """What was found for a file that a record names."""

    STORED = "STORED"
    UNDELETED = "UNDELETED"
    """The version exists; a delete marker that hid it was removed."""
    COPIED = "COPIED"
    """The version is missing; the file was copied from the other bucket."""
    MISSING = "MISSING"


@dataclass(frozen=True)
class FoundFile:
    """A file after the reconciliation; ``version_id`` is its version where it was copied."""

    state: FileState
    version_id: str | None = None


class RestoredFiles(Protocol):
    def ensure(self, key: str, version_id: str | None, *, copies: str | None) -> FoundFile:
        """Find the version of an object, or copy it from the bucket ``copies``.

        Two calls if it exists.
        """


class Replays(Protocol):
    def replay_reports(self, name: str, since: datetime, until: datetime) -> bool:
        """Deliver what vendors reported in the period again; returns whether there is an archive.

        A second replay of the same name changes nothing.
        """
