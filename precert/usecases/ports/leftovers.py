"""What is stored for requests that no longer exist."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class Leftovers:
    """Records of a request whose own item is gone. Events of drafts stay as their audit trail."""

    request_id: str
    kinds: tuple[str, ...]
    """Kinds of the items besides events, such as ``DOCUMENT`` and ``PARTY``."""
    last_event_at: datetime | None
    submitted: bool


class StoredFile(NamedTuple):
    """A file of a request: the request and the document, or the notice without a document."""

    request_id: str
    document_id: str | None
    stored_at: datetime


class LeftoverRecords(Protocol):
    """Records that can remain after their request was removed."""

    def orphaned(self) -> Iterator[Leftovers]:
        """Records without their request, except events of drafts. Reads the whole table."""

    def remove_all(self, leftovers: Leftovers) -> None:
        """Delete the records; those of a draft without its events."""


class LeftoverFiles(Protocol):
    """Files that can remain after their request was removed."""

    def stored(self) -> Iterator[StoredFile]:
        """The documents and notices of all requests. One call for a thousand."""


class ArchivedRequests(Protocol):
    """Which removed requests have their history in the archive."""

    def holds(self, request_id: str, year: int) -> bool:
        """Whether the history of a request that was last changed in the year is archived. One call."""
