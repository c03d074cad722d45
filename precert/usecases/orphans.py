"""Find and remove records and files whose request no longer exists (X2).

They are left if the stream lost the record that starts the cleanup. A scheduled sweep removes older
ones and reads a part of the records and files in each run; an operator's command removes all at once.

Records and files of a submitted request are removed only once its history is in the archive.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeVar

from precert.domain.clocks import history_end
from precert.domain.payer import Payer
from precert.usecases.ports.listings import Page, SweepPositions

Row = TypeVar("Row")


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

    @property
    def is_draft_history(self) -> bool:
        """Whether only the events of a draft are left, or nothing."""
        return not self.kinds and not self.submitted


class StoredFile(NamedTuple):
    """A file of a request: a document, or a notice, which has no document id."""

    request_id: str
    document_id: str | None
    stored_at: datetime
    key: str


class LeftoverRecords(Protocol):
    """Records that can remain after their request was removed."""

    def page(self, after: str | None) -> Page[str]:
        """Ids of requests that a page of the table has records of, but not the request itself.

        The request may be in another page: see :meth:`of`. One AWS call, which reads 1 MB.
        """

    def of(self, request_id: str) -> Leftovers | None:
        """The records left of a request; ``None`` if it exists. One AWS call."""

    def lacking(self, files: Sequence[StoredFile]) -> Sequence[StoredFile]:
        """Documents without a record, and notices without a request. One AWS call per 100 files."""

    def remove_all(self, leftovers: Leftovers) -> None:
        """Delete the records, except the events of a draft."""


class LeftoverFiles(Protocol):
    """Files that can remain after their request was removed."""

    def stored(self) -> Iterator[StoredFile]:
        """The documents and notices of all requests. One AWS call per 1,000 files."""

    def page(self, after: str | None) -> Page[StoredFile]:
        """At most 1,000 documents and notices, from a position. One AWS call."""

    def of(self, request_id: str) -> Sequence[StoredFile]:
        """The documents and notices of one request. Two AWS calls."""

    def hide(self, file: StoredFile) -> None:
        """Delete a file; the bucket retains its versions for another 30 days. One AWS call."""

    def remove(self, request_id: str, document_id: str) -> None:
        """Delete every version of a document."""

    def remove_files(self, request_id: str) -> None:
        """Delete every version of all documents and notices of a request."""


class ArchivedRequests(Protocol):
    """The archive of requests past retention."""

    def has(self, request_id: str, year: int) -> bool:
        """Whether the history and files of a request that was last changed in the year are archived.

        One AWS call.
        """


class OrphanSource(StrEnum):
    """Where a sweep looks for orphans. The values are the names of stored positions."""

    RECORDS = "ORPHAN_RECORDS"
    FILES = "ORPHAN_FILES"


CLEANED_UP_WITHIN: Final = timedelta(days=2)
"""The stream retains records for one day; until then the cleanup can still remove the leftovers."""
SWEPT_AFTER: Final = timedelta(days=14)
"""Until then, a failed cleanup can be redelivered from its dead-letter queue."""
ARCHIVED_WITHIN: Final = timedelta(days=7)
"""The time from the end of retention to the archive: TTL removes an item within a few days."""
PAGES: Final = {OrphanSource.RECORDS: 50, OrphanSource.FILES: 20}
"""Pages per run, of 1 MB of records or 1,000 files; the next run continues after them."""
MAX_REMOVED: Final = 100
"""After this number of orphans, a run ends with the current page."""
FEW: Final = 20
"""If one page has more orphans than this, and more than 5 percent of its files, they are not removed:
the table may have been lost or restored.
"""
SHARE: Final = 0.05
"""The 5 percent of :data:`FEW`."""


@dataclass(frozen=True)
class Orphan:
    """Records or files without their request, and whether they can be removed."""

    request_id: str
    what: str
    removable: bool
    records: Leftovers | None = None
    file: StoredFile | None = None
    """The file to remove if the request itself exists."""


def find_orphans(
    *,
    leftover_records: LeftoverRecords,
    leftover_files: LeftoverFiles,
    archived_requests: ArchivedRequests,
    now: datetime,
) -> Iterator[Orphan]:
    """All records and files without a request. Reads the whole table and lists all files."""
    finder = _Finder(leftover_records, archived_requests, now - CLEANED_UP_WITHIN)
    seen: set[str] = set()
    for ids in _pages(leftover_records.page):
        for request_id in ids.rows:
            if request_id not in seen:
                seen.add(request_id)
                yield from finder.records(request_id)
    for files in _pages(leftover_files.page):
        for file in finder.files(files.rows):
            if file.request_id in seen:
                continue
            for orphan in finder.file(file):
                if orphan.file is None:
                    seen.add(file.request_id)
                yield orphan


def remove_orphan(
    orphan: Orphan, *, leftover_records: LeftoverRecords, leftover_files: LeftoverFiles
) -> bool:
    """Remove files, then records; returns whether it did. Nothing is removed if the request exists."""
    if not _may_remove(orphan, leftover_records):
        return False
    if orphan.file is not None and orphan.file.document_id is not None:
        leftover_files.remove(orphan.request_id, orphan.file.document_id)
        return True
    leftover_files.remove_files(orphan.request_id)
    if orphan.records is not None:
        leftover_records.remove_all(orphan.records)
    return True


@dataclass
class SweptOrphans:
    """The result of a run."""

    removed: list[Orphan] = field(default_factory=list)
    not_archived: list[str] = field(default_factory=list)
    """Ids of requests whose cleanup is overdue; nothing is removed until they are archived."""
    held: int = 0
    """Number of orphans that were not removed because their page had too many."""

    @property
    def is_full(self) -> bool:
        return len(self.removed) + len(self.not_archived) >= MAX_REMOVED


def sweep_orphans(
    *,
    leftover_records: LeftoverRecords,
    leftover_files: LeftoverFiles,
    archived_requests: ArchivedRequests,
    sweep_positions: SweepPositions,
    payer: Payer,
    now: datetime,
) -> SweptOrphans:
    """Remove older orphans from a part of the table and of the files; the next run continues there.

    Versions of deleted files are retained. Safe to run twice, concurrently, and to fail at any point.

    Raises:
        TransientError: the next run repeats the page that failed.
    """
    swept = SweptOrphans()
    finder = _Finder(leftover_records, archived_requests, now - SWEPT_AFTER)
    run = _Run(finder, leftover_records, leftover_files, payer, now, swept)
    for source, read in ((OrphanSource.RECORDS, run.records), (OrphanSource.FILES, run.files)):
        position = sweep_positions.read(source)
        for _ in range(PAGES[source]):
            following = read(position)
            if following != position:
                sweep_positions.write(source, following)
            position = following
            if position is None or swept.is_full:
                break
    return swept


@dataclass(frozen=True)
class _Run:
    """One run of the sweep. Each method processes a page and returns the next position."""

    finder: "_Finder"
    leftover_records: LeftoverRecords
    leftover_files: LeftoverFiles
    payer: Payer
    now: datetime
    swept: SweptOrphans

    def records(self, position: str | None) -> str | None:
        page = self.leftover_records.page(position)
        found = [one for request_id in page.rows for one in self.finder.records(request_id)]
        self._remove(found, most=FEW)
        return page.cursor

    def files(self, position: str | None) -> str | None:
        page = self.leftover_files.page(position)
        most = max(FEW, int(SHARE * len(page.rows)))
        lacking = self.finder.files(page.rows)
        if len(lacking) > most:
            self.swept.held += len(lacking)
        else:
            self._remove([one for file in lacking for one in self.finder.file(file)], most=most)
        return page.cursor

    def _remove(self, found: Sequence[Orphan], *, most: int) -> None:
        overdue = {one.request_id for one in found if self._is_overdue(one)}
        self.swept.not_archived += sorted(overdue.difference(self.swept.not_archived))
        removable = [one for one in found if one.removable]
        if len(removable) > most:
            self.swept.held += len(removable)
            return
        for orphan in removable:
            if _may_remove(orphan, self.leftover_records):
                self._hide(orphan)
                self.swept.removed.append(orphan)

    def _hide(self, orphan: Orphan) -> None:
        files = [orphan.file] if orphan.file else self.leftover_files.of(orphan.request_id)
        for file in files:
            self.leftover_files.hide(file)
        if orphan.records is not None:
            self.leftover_records.remove_all(orphan.records)

    def _is_overdue(self, orphan: Orphan) -> bool:
        if orphan.removable or orphan.records is None or orphan.records.last_event_at is None:
            return False
        since = orphan.records.last_event_at
        end = history_end(since, self.payer.history_years, self.payer.zone)
        return self.now - end > ARCHIVED_WITHIN


def _may_remove(orphan: Orphan, leftover_records: LeftoverRecords) -> bool:
    """Whether the orphan is removable, and still without its request."""
    if not orphan.removable:
        return False
    if orphan.file is not None:
        return bool(leftover_records.lacking([orphan.file]))
    return leftover_records.of(orphan.request_id) is not None


@dataclass(frozen=True)
class _Finder:
    """Finds orphans among records and files that have not changed since ``until``."""

    leftover_records: LeftoverRecords
    archived_requests: ArchivedRequests
    until: datetime

    def records(self, request_id: str) -> Iterator[Orphan]:
        found = self.leftover_records.of(request_id)
        if found is not None and not found.is_draft_history:
            yield from self._records(found)

    def files(self, files: Sequence[StoredFile]) -> Sequence[StoredFile]:
        """Files without a record, among those that are older than ``until``."""
        return self.leftover_records.lacking([one for one in files if one.stored_at <= self.until])

    def file(self, file: StoredFile) -> Iterator[Orphan]:
        found = self.leftover_records.of(file.request_id)
        if found is None:
            if file.document_id is not None:
                what = f"file {file.document_id}"
                yield Orphan(file.request_id, what, removable=True, file=file)
        elif found.is_draft_history:
            yield Orphan(file.request_id, "files", removable=True)
        else:
            yield from self._records(found)

    def _records(self, found: Leftovers) -> Iterator[Orphan]:
        if found.last_event_at is not None and found.last_event_at > self.until:
            return
        removable = not found.submitted or self._is_archived(found)
        what = ", ".join(found.kinds) or "EVENT"
        yield Orphan(found.request_id, what, removable, records=found)

    def _is_archived(self, found: Leftovers) -> bool:
        if found.last_event_at is None:
            return False
        year = found.last_event_at.astimezone(UTC).year
        return self.archived_requests.has(found.request_id, year)


def _pages(read: Callable[[str | None], Page[Row]]) -> Iterator[Page[Row]]:
    page = read(None)
    yield page
    while page.cursor is not None:
        page = read(page.cursor)
        yield page
