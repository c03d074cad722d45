"""Tables that AWS restored under a new name."""

from dataclasses import dataclass
from typing import Protocol


class UnfitTableError(Exception):
    """The service cannot run on the table; the message says why, and what to do."""


@dataclass(frozen=True)
class PreparedTable:
    """A table on which the service can be deployed, and what was changed on it."""

    name: str
    stream_arn: str | None
    changed: tuple[str, ...]


class RestoredTables(Protocol):
    def prepare(
        self, table: str, *, requests: bool, key_arn: str | None, protect: bool
    ) -> PreparedTable:
        """Wait until the table is active, verify keys, indexes and encryption, add what is missing.

        Raises:
            UnfitTableError: it is not a backup of this table, or the service may not use its key.
            TransientError: DynamoDB did not respond.
        """
