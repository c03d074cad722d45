"""What migrations read and write."""

from dataclasses import dataclass
from typing import Protocol

from precert.domain.request import Request


@dataclass(frozen=True)
class Progress:
    """How far a migration is."""

    position: str | None = None
    """Where it continues; ``None`` at the beginning, and when it is complete."""
    complete: bool = False
    seen: int = 0
    changed: int = 0
    damaged: int = 0
    """Requests that cannot be read, and were not changed."""


@dataclass(frozen=True)
class RequestPage:
    """Some requests, and where the next ones follow; ``None`` after the last ones."""

    request_ids: tuple[str, ...]
    position: str | None


class MigrationRecords(Protocol):
    def progress(self, name: str) -> Progress:
        """How far the migration is; the beginning of one that was never run. One call."""

    def store(self, name: str, progress: Progress) -> None:
        """Store how far the migration is. One call."""

    def requests_after(self, position: str | None) -> RequestPage:
        """Read ids of requests, in no order. One call, which reads at most 1 MB of the table."""

    def index_cycle(self, request: Request) -> bool:
        """Add an open cycle to the index of checks; return whether it was not in it. One call.

        Changes nothing if the request has changed since it was read: the change has added it.
        """
