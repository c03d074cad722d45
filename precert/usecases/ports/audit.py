"""The audit log of access to health information (X1)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from precert.domain.audit import AuditRecord


class AuditLog(Protocol):
    """Append-only: no method changes or deletes a record."""

    def append(self, record: AuditRecord) -> None:
        """Store the record; one with the same time and id remains as it is.

        Raises:
            TransientError: it may not be stored.
        """


class StoredAudit(Protocol):
    """Reads what was appended, in the order of time."""

    def between(self, since: datetime, until: datetime) -> Iterator[AuditRecord]: ...


class LockedAudit(Protocol):
    """The store of which no object can be changed or deleted before its retention ends."""

    def store(self, records: tuple[AuditRecord, ...], name: str) -> None:
        """Store the records under a name; storing them again under the name changes nothing.

        Raises:
            TransientError: they may not be stored.
        """
