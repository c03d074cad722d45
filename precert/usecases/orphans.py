"""Find and remove what is stored for requests that no longer exist (X2).

The cleanup removes it through the table's stream. Where a record of the stream was lost, this does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from precert.usecases.ports.documents import DocumentBytes, DocumentRecords
from precert.usecases.ports.requests import FileCleanup, RequestStore


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
