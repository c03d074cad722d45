"""Rebuild the service on restored tables, and report what the backup did not have (X2).

All steps can be repeated: correct records are not changed. The progress states where an interrupted
run continues.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from pydantic import Field

from precert.domain.audit import AccessOutcome, AuditRecord, Basis, record_of_event
from precert.domain.clocks import draft_warning
from precert.domain.dates import Moment
from precert.domain.documents import DocumentStatus, document_key
from precert.domain.errors import DamagedRecordError
from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.domain.notices import Notice, notice_key
from precert.domain.payer import Payer
from precert.domain.values import Text, Value
from precert.usecases.audit import AuditLog, StoredAudit
from precert.usecases.orphans import LeftoverFiles
from precert.usecases.ports.documents import DocumentChangedError, DocumentRecords
from precert.usecases.ports.listings import Listings
from precert.usecases.ports.requests import RequestFile, RequestStore
from precert.usecases.ports.workflow import EventBus, Workflow
from precert.usecases.relay import EventRecords


class Derived(StrEnum):
    """Kinds of records that are derived from a request, and verified against it."""

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
    """One page of the table: ids of requests, TINs with an inbox, and recent events."""

    request_ids: tuple[str, ...]
    tins: tuple[str, ...]
    events: tuple[Event, ...]
    position: str | None
    """Where the next page begins; ``None`` after the last one."""


class DerivedRecords(Protocol):
    def part(self, after: str | None, *, events_since: datetime) -> TablePart:
        """The next page of the table. One AWS call."""

    def repair(
        self, request_id: str, *, warn_at: Callable[[datetime], datetime | None]
    ) -> list[Derived]:
        """Write the derived records of a request that are missing or do not match its state.

        ``warn_at`` returns when the expiry warning of a draft is due that was saved at a time. Returns
        the kinds of records that were written or are reported.
        """

    def recount(self, tin: str) -> bool:
        """Correct the number of unread messages; returns whether it was wrong."""

    def set_notice(self, request_id: str, notice: Notice) -> None:
        """Store the changed record of a notice."""


class FileState(StrEnum):
    """The state of a file that a record names."""

    STORED = "STORED"
    UNDELETED = "UNDELETED"
    """The version exists; a delete marker that hid it was removed."""
    COPIED = "COPIED"
    """The version is missing; the file was copied from the other bucket."""
    MISSING = "MISSING"


@dataclass(frozen=True)
class FoundFile:
    """A file after the verification; ``version_id`` is its new version if it was copied."""

    state: FileState
    version_id: str | None = None


class RestoredFiles(Protocol):
    def ensure(self, key: str, version_id: str | None, *, copies: str | None) -> FoundFile:
        """Find the version of an object, or copy it from the bucket ``copies``.

        Two AWS calls if it exists.
        """


class Replays(Protocol):
    def replay_reports(self, name: str, since: datetime, until: datetime) -> bool:
        """Deliver the vendors' reports of the period again; returns whether the bus has an archive.

        A second replay with the same name changes nothing.
        """


class UnfitTableError(Exception):
    """The service cannot run on the table; the message states the reason and what to do."""


@dataclass(frozen=True)
class PreparedTable:
    """A table on which the service can be deployed, with the changes that were made to it."""

    name: str
    stream_arn: str | None
    changed: tuple[str, ...]


class RestoredTables(Protocol):
    def prepare(
        self, table: str, *, requests: bool, key_arn: str | None, protect: bool
    ) -> PreparedTable:
        """Wait until the table is active, verify its keys, indexes and encryption, and repair them.

        Raises:
            UnfitTableError: it is not a backup of this table, or the service may not use its key.
            TransientError: DynamoDB did not respond.
        """


UNDELIVERED_WITHIN: Final = timedelta(hours=24)
"""Longest time that the lost stream and the queues could have delayed an event."""
AUDITED_WITHIN: Final = timedelta(minutes=1)
"""Tolerance for the recovery point: a backup can contain writes from a few seconds around it."""
_EVENT_TYPES: Final = frozenset(one.value for one in EventType)
_FILED: Final = frozenset({DocumentStatus.ATTACHED, DocumentStatus.CHECKING})


class Step(StrEnum):
    """The steps of a rebuild, in their order: first those that providers and reviewers wait for."""

    EXECUTIONS = "EXECUTIONS"
    REPORTS = "REPORTS"
    LOST = "LOST"
    RECORDS = "RECORDS"
    FILES = "FILES"


class LostChange(Value):
    """A change that the audit has and the restored table lacks: ids and codes only."""

    event_id: Text
    type: Text
    at: Moment
    by: Text | None = None


class LostRequest(Value):
    """A request with lost changes; ``missing`` if it was created after the recovery point."""

    request_id: Text
    missing: bool
    changes: tuple[LostChange, ...] = ()
    tins: tuple[Text, ...] = ()
    """The TINs for which it was read or changed, so that their providers can be informed."""


class LostFile(Value):
    """A file without its record, or a record without its file."""

    request_id: Text
    name: Text


class RestoreProgress(Value):
    """The progress and the findings of a rebuild. The command stores it after each page."""

    form: int = 1
    table: Text
    recovery_point: Moment
    failed_at: Moment
    started_at: Moment
    finished_at: Moment | None = None
    done: tuple[Step, ...] = ()
    position: str | None = None
    open_cycles: int = 0
    executions_started: int = 0
    reports_replayed: bool = False
    """False if the bus has no archive: vendors must report again."""
    requests: int = 0
    repaired: dict[Derived, int] = Field(default_factory=dict)
    inboxes_recounted: int = 0
    events_published: int = 0
    files: dict[FileState, int] = Field(default_factory=dict)
    lost: tuple[LostRequest, ...] = ()
    missing_files: tuple[LostFile, ...] = ()
    files_without_record: tuple[LostFile, ...] = ()


Save = Callable[[RestoreProgress], None]


@dataclass(frozen=True, kw_only=True)
class Rebuild:
    """The steps of a rebuild, with their dependencies."""

    save: Save
    before: Callable[[Sequence[str]], None]
    """Called with the ids of requests before they are read and repaired, to record them."""
    copies: str | None
    """A bucket with copies of the documents."""
    audit: StoredAudit
    """The table or the archive."""
    executor: Executor
    now: datetime
    listings: Listings
    requests: RequestStore
    documents: DocumentRecords
    workflow: Workflow
    event_records: EventRecords
    bus: EventBus
    replays: Replays
    audit_log: AuditLog
    derived_records: DerivedRecords
    restored_files: RestoredFiles
    leftover_files: LeftoverFiles
    payer: Payer

    def run(self, progress: RestoreProgress) -> RestoreProgress:
        """Run the steps that are not done, and return the complete report.

        Raises:
            TransientError: AWS did not respond; a further run continues from the last saved progress.
        """
        steps = {
            Step.EXECUTIONS: self._start_executions,
            Step.REPORTS: self._replay_reports,
            Step.LOST: self._find_lost,
            Step.RECORDS: self._verify_records,
            Step.FILES: self._find_files_without_record,
        }
        for step, run in steps.items():
            if step not in progress.done:
                progress = run(progress)
                progress = progress.model_copy(update={"done": (*progress.done, step)})
                self.save(progress)
        if progress.finished_at is None:
            progress = progress.model_copy(update={"finished_at": self.now})
            self.save(progress)
        return progress

    def _start_executions(self, progress: RestoreProgress) -> RestoreProgress:
        """Start an execution of each open cycle: the token of a running one is in the lost table."""
        opened = started = 0
        for request_id in self.listings.open_cycles():
            try:
                request = self.requests.read(request_id)
            except DamagedRecordError:
                continue
            if request is None or request.review is None or not request.cycle_is_open:
                continue
            opened += 1
            cycle = request.review.cycle
            started += self.workflow.renew(request_id, cycle, before=progress.started_at)
        return progress.model_copy(update={"open_cycles": opened, "executions_started": started})

    def _replay_reports(self, progress: RestoreProgress) -> RestoreProgress:
        since = progress.recovery_point - UNDELIVERED_WITHIN
        name = f"precert-restore-{int(progress.started_at.timestamp())}"
        replayed = self.replays.replay_reports(name, since, progress.started_at)
        return progress.model_copy(update={"reports_replayed": replayed})

    def _find_lost(self, progress: RestoreProgress) -> RestoreProgress:
        """Compare the audit, which has its own store, with the table since the recovery point."""
        changes: dict[str, list[LostChange]] = {}
        accessed: dict[str, set[str]] = {}
        since = progress.recovery_point - AUDITED_WITHIN
        for record in self.audit.between(since, progress.failed_at):
            if record.operation in _EVENT_TYPES and record.requests:
                if self.event_records.by_id(record.access_id) is None:
                    changes.setdefault(record.requests[0], []).append(_change(record))
            elif record.outcome is AccessOutcome.ALLOWED:
                for request_id in record.requests:
                    accessed.setdefault(request_id, set()).update(_tins(record))
        lost = []
        for request_id in sorted({*changes, *accessed}):
            missing = not self._exists(request_id)
            if missing or request_id in changes:
                lost.append(
                    LostRequest(
                        request_id=request_id,
                        missing=missing,
                        changes=tuple(changes.get(request_id, ())),
                        tins=tuple(sorted(accessed.get(request_id, ()))),
                    )
                )
        return progress.model_copy(update={"lost": tuple(lost)})

    def _exists(self, request_id: str) -> bool:
        """Whether it exists, or existed and was deleted: the events of a deleted draft are retained."""
        try:
            if self.requests.read(request_id) is not None:
                return True
        except DamagedRecordError:
            return True
        return next(iter(self.event_records.of_request(request_id)), None) is not None

    def _verify_records(self, progress: RestoreProgress) -> RestoreProgress:
        """Verify the derived records and files of each request, and the inboxes, page by page."""
        while True:
            part = self.derived_records.part(
                progress.position, events_since=progress.recovery_point - UNDELIVERED_WITHIN
            )
            progress = self._verify_part(part, progress)
            if part.position is None:
                return progress
            self.save(progress)

    def _verify_part(self, part: TablePart, progress: RestoreProgress) -> RestoreProgress:
        repaired, files = Counter(progress.repaired), Counter(progress.files)
        missing = list(progress.missing_files)
        if part.request_ids:
            self.before(part.request_ids)
        results = self.executor.map(self._verify, part.request_ids)
        for request_id, (kinds, found) in zip(part.request_ids, results, strict=True):
            repaired.update(kinds)
            files.update(state for state, _ in found)
            missing += [
                LostFile(request_id=request_id, name=name)
                for state, name in found
                if state is FileState.MISSING
            ]
        recounted = sum(self.executor.map(self.derived_records.recount, part.tins))
        for event in sorted(part.events, key=lambda event: (event.at, event.event_id)):
            self.bus.publish(event)
            self.audit_log.append(record_of_event(event))
        return progress.model_copy(
            update={
                "position": part.position,
                "requests": progress.requests + len(part.request_ids),
                "repaired": dict(repaired),
                "files": dict(files),
                "missing_files": tuple(missing),
                "inboxes_recounted": progress.inboxes_recounted + recounted,
                "events_published": progress.events_published + len(part.events),
            }
        )

    def _verify(self, request_id: str) -> tuple[list[Derived], list[tuple[FileState, str]]]:
        kinds = self.derived_records.repair(request_id, warn_at=self._warn_at)
        if Derived.DAMAGED in kinds:
            return kinds, []
        file = self.requests.read_file(request_id)
        return kinds, [] if file is None else list(self._ensured_files(file))

    def _warn_at(self, saved_at: datetime) -> datetime | None:
        return draft_warning(saved_at, self.payer.draft_clock, self.payer.zone)

    def _ensured_files(self, file: RequestFile) -> Iterator[tuple[FileState, str]]:
        """The state and the key of the file of each record; stores the version of copied files."""
        request_id = file.request.request_id
        for document in file.documents:
            if document.status not in _FILED:
                continue
            key = document_key(request_id, document.document_id)
            found = self.restored_files.ensure(key, document.version_id, copies=self.copies)
            if found.state is FileState.COPIED:
                copied = document.changed(version_id=found.version_id)
                try:
                    self.documents.settle(request_id, copied, None)
                except DocumentChangedError:
                    continue
            yield found.state, key
        for notice in file.notices:
            key = notice_key(request_id, notice.notice_id)
            found = self.restored_files.ensure(key, notice.version_id, copies=self.copies)
            if found.state is FileState.COPIED:
                copy = notice.model_copy(update={"version_id": found.version_id})
                self.derived_records.set_notice(request_id, copy)
            yield found.state, key

    def _find_files_without_record(self, progress: RestoreProgress) -> RestoreProgress:
        """Find files that were stored after the recovery point and have no record in the table."""
        found = []
        since = progress.recovery_point - AUDITED_WITHIN
        for file in self.leftover_files.stored():
            if file.stored_at < since or file.stored_at >= progress.started_at:
                continue
            if file.document_id is not None:
                if self.documents.document(file.request_id, file.document_id) is None:
                    found.append(LostFile(request_id=file.request_id, name=file.document_id))
            elif self.requests.read(file.request_id) is None:
                found.append(LostFile(request_id=file.request_id, name="notices"))
        return progress.model_copy(update={"files_without_record": tuple(found)})


def _change(record: AuditRecord) -> LostChange:
    return LostChange(
        event_id=record.access_id, type=record.operation, at=record.at, by=record.subject
    )


def _tins(record: AuditRecord) -> Iterator[str]:
    prefix = f"{Basis.TIN.value}:"
    return (one.removeprefix(prefix) for one in record.basis if one.startswith(prefix))
