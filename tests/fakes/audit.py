"""The audit in memory: it passes the same tests as the table."""

from collections.abc import Iterator
from datetime import datetime

from precert.domain.audit import AuditRecord
from precert.usecases.ports.writes import require_writes


class MemoryAudit:
    def __init__(self) -> None:
        self.records: dict[tuple[datetime, str], AuditRecord] = {}

    def append(self, record: AuditRecord) -> None:
        require_writes()
        self.records.setdefault((record.at, record.access_id), record)

    def between(self, since: datetime, until: datetime) -> Iterator[AuditRecord]:
        for (at, _), record in sorted(self.records.items()):
            if since <= at < until:
                yield record
