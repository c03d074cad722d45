"""Expiry of drafts and retention of requests: warnings, cleanup, archive (D5, T4, X2).

The cleanup follows the table's stream. Where a record of the stream was lost, the orphans that it
left are found and removed by an operator's command.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from precert.domain.clocks import draft_warning
from precert.domain.errors import DamagedRecordError
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.access import has_expired
from precert.usecases.ports.documents import DocumentBytes, DocumentRecords
from precert.usecases.ports.requests import (
    Archive,
    DeletedDraft,
    DraftChangedError,
    DraftCleanup,
    DraftWarnings,
    DueWarning,
    FileCleanup,
    HistoryCleanup,
    RequestStore,
)


def warn_of_expiry(
    *, warnings: DraftWarnings, requests: RequestStore, payer: Payer, now: datetime
) -> int:
    """Send the expiry warning of every draft that is due; returns how many were sent.

    Safe to run twice and to fail at any point: a version of a draft has one warning id. The list has
    the time of an earlier version, so the draft decides: one that was saved since then is listed at
    its own time, a deleted or expired one is removed from the list. A draft that cannot be read does
    not delay the others.
    """
    sent = 0
    for warning in warnings.due(now):
        try:
            draft = requests.read(warning.request_id)
        except DamagedRecordError:
            # It is reported. It stays on the list until it is repaired or deleted.
            continue
        if draft is None or draft.status is not Status.INCOMPLETE or has_expired(draft, now):
            warnings.take_off(warning)
            continue
        warn_at = draft_warning(draft.updated_at, payer.draft_clock, payer.zone)
        if warn_at is None:
            warnings.take_off(warning)
        elif warn_at > now:
            warnings.put_off(warning, warn_at)
        elif _gave(warning, draft, warnings, now):
            sent += 1
    return sent


def expiring_event(draft: Request, now: datetime) -> Event:
    """The expiry warning of this version of the draft."""
    return Event(
        event_id=event_id(draft.request_id, draft.version, "warning"),
        type=EventType.DRAFT_EXPIRING,
        request_id=draft.request_id,
        cycle=0,
        at=now,
        status=draft.status,
        tins=tuple(sorted(draft.tins)),
    )


def _gave(warning: DueWarning, draft: Request, warnings: DraftWarnings, now: datetime) -> bool:
    try:
        warnings.record(warning, draft, expiring_event(draft, now))
    except DraftChangedError:
        return False
    return True


def remove_draft(
    deleted: DeletedDraft, *, requests: RequestStore, cleanup: DraftCleanup, store: DocumentBytes
) -> None:
    """Delete the documents and dashboard rows of a deleted draft, then record its event.

    A draft that a user deleted already has its event under the same version. Safe to repeat from any
    point. A request with the same id is not touched. Events stay as the audit trail.
    """
    if requests.read(deleted.request_id) is not None:
        return
    store.remove_all(deleted.request_id)
    cleanup.remove(deleted.request_id)
    if deleted.expires_at is not None:
        cleanup.record(expired_event(deleted))


def expired_event(deleted: DeletedDraft) -> Event:
    """The expiry event of a draft; the same at every repetition."""
    if deleted.expires_at is None:
        raise ValueError("this was no draft")
    return Event(
        event_id=event_id(deleted.request_id, deleted.version + 1),
        type=EventType.DRAFT_EXPIRED,
        request_id=deleted.request_id,
        cycle=0,
        at=deleted.expires_at,
        status=Status.INCOMPLETE,
        tins=tuple(sorted(deleted.tins)),
    )


def archive_request(
    request: Request,
    *,
    requests: RequestStore,
    cleanup: HistoryCleanup,
    archive: Archive,
    files: FileCleanup,
) -> bool:
    """Archive a request past retention and delete the rest of it; returns whether it did.

    ``request`` is the deleted item. Safe to repeat from any point: nothing is deleted before everything
    is stored, and the first stored copy stays. A request with the same id is not touched.

    Raises:
        DamagedRecordError: the deleted item lacks what was submitted.
    """
    if request.review is None:
        raise DamagedRecordError("A removed request has no review.")
    if requests.read(request.request_id) is not None:
        return False
    archive.store(cleanup.file_of(request))
    files.remove_files(request.request_id)
    cleanup.remove_request(request)
    return True


@dataclass(frozen=True)
class Leftovers:
    """Records of a request whose own item is deleted.

    Events of drafts are retained as their audit trail.
    """

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


CLEANED_UP_WITHIN: Final = timedelta(days=2)
"""The stream delivers a removed item for one day; until then the cleanup can still do it."""


@dataclass(frozen=True)
class Orphan:
    """Records or files without their request, and whether they can be removed."""

    request_id: str
    what: str
    removable: bool
    records: Leftovers | None = None
    document_id: str | None = None


def find_orphans(
    *,
    leftover_records: LeftoverRecords,
    leftover_files: LeftoverFiles,
    archived_requests: ArchivedRequests,
    requests: RequestStore,
    documents: DocumentRecords,
    now: datetime,
) -> Iterator[Orphan]:
    """What belongs to no request. Reads the whole table and lists all files.

    A request that was submitted is not removable before its history is in the archive.
    """
    seen: set[str] = set()
    for found in leftover_records.orphaned():
        seen.add(found.request_id)
        if found.last_event_at is not None and found.last_event_at > now - CLEANED_UP_WITHIN:
            continue
        removable = not found.submitted or _is_archived(found, archived_requests)
        what = ", ".join(found.kinds) or "EVENT"
        yield Orphan(found.request_id, what, removable, records=found)
    exists: dict[str, bool] = {}
    for file in leftover_files.stored():
        if file.request_id in seen or file.stored_at > now - CLEANED_UP_WITHIN:
            continue
        if file.request_id not in exists:
            exists[file.request_id] = requests.read(file.request_id) is not None
        if orphan := _orphaned_file(file, documents, exists=exists[file.request_id]):
            if orphan.document_id is None:
                seen.add(file.request_id)
            yield orphan


def _is_archived(found: Leftovers, archived_requests: ArchivedRequests) -> bool:
    if found.last_event_at is None:
        return False
    return archived_requests.holds(found.request_id, found.last_event_at.astimezone(UTC).year)


def _orphaned_file(file: StoredFile, documents: DocumentRecords, *, exists: bool) -> Orphan | None:
    if not exists:
        return Orphan(file.request_id, "files", removable=True)
    if file.document_id is None or documents.document(file.request_id, file.document_id):
        return None
    return Orphan(
        file.request_id, f"file {file.document_id}", removable=True, document_id=file.document_id
    )


def remove_orphan(
    orphan: Orphan,
    *,
    leftover_records: LeftoverRecords,
    requests: RequestStore,
    document_bytes: DocumentBytes,
    files: FileCleanup,
) -> bool:
    """Remove files, then records; returns whether it did. A request that exists is not touched."""
    if not orphan.removable:
        return False
    if orphan.document_id is not None:
        document_bytes.remove(orphan.request_id, orphan.document_id)
        return True
    if requests.read(orphan.request_id) is not None:
        return False
    files.remove_files(orphan.request_id)
    if orphan.records is not None:
        leftover_records.remove_all(orphan.records)
    return True
