"""The sweep of orphans: what is old enough, how much a run does, and where the next one continues."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import pytest

from precert.domain.payer import Payer
from precert.usecases import orphans
from precert.usecases.orphans import (
    Leftovers,
    OrphanSource,
    StoredFile,
    SweptOrphans,
    sweep_orphans,
)
from precert.usecases.ports.listings import Page
from tests.fakes.samples import payer

pytestmark = pytest.mark.rule("X2")

NOW: Final = datetime(2030, 3, 1, 12, tzinfo=UTC)
OLD: Final = NOW - timedelta(days=15)


@dataclass
class Stored:
    """Records and files of requests that no longer exist, in pages of two; both ports and positions."""

    records: dict[str, Leftovers] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    positions: dict[str, str | None] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    existing: set[str] = field(default_factory=set)
    page_size: int = 2

    def file(self, name: str, stored_at: datetime = OLD, request_id: str | None = None) -> None:
        key = f"documents/{request_id or name}/{name}"
        self.files[key] = StoredFile(request_id or name, name, stored_at, key)

    # -- LeftoverRecords, ArchivedRequests, SweepPositions ---------------------------------------------

    def page(self, after: str | None) -> Page[str]:
        return self._page(sorted(self.records), after)

    def of(self, request_id: str) -> Leftovers | None:
        if request_id in self.existing:
            return None
        return self.records.get(request_id, Leftovers(request_id, (), None, submitted=False))

    def lacking(self, files: Sequence[StoredFile]) -> Sequence[StoredFile]:
        return [file for file in files if file.key in self.files]

    def remove_all(self, leftovers: Leftovers) -> None:
        del self.records[leftovers.request_id]

    def has(self, request_id: str, year: int) -> bool:
        return (request_id, year) in {(one, OLD.year) for one in self.archived}

    def read(self, queue: StrEnum) -> str | None:
        return self.positions.get(queue.value)

    def write(self, queue: StrEnum, position: str | None) -> None:
        self.positions[queue.value] = position

    def _page(self, names: list[str], after: str | None) -> Page[Any]:
        rest = [name for name in names if after is None or name > after]
        page = rest[: self.page_size]
        return Page(tuple(page), page[-1] if len(rest) > self.page_size else None)

    def sweep(self, now: datetime = NOW, payer: Payer | None = None) -> SweptOrphans:
        return sweep_orphans(
            leftover_records=self,
            leftover_files=Files(self),  # type: ignore[arg-type]
            archived_requests=self,
            sweep_positions=self,
            payer=payer or PAYER,
            now=now,
        )


@dataclass
class Files:
    """The files of :class:`Stored`."""

    stored: Stored

    def page(self, after: str | None) -> Page[StoredFile]:
        page = self.stored._page(sorted(self.stored.files), after)
        return Page(tuple(self.stored.files[key] for key in page.rows), page.cursor)

    def of(self, request_id: str) -> Sequence[StoredFile]:
        return [one for one in self.stored.files.values() if one.request_id == request_id]

    def hide(self, file: StoredFile) -> None:
        del self.stored.files[file.key]


PAYER: Final = payer()


def left(request_id: str, last: datetime = OLD, *, submitted: bool = False) -> Leftovers:
    return Leftovers(request_id, ("PARTY",), last, submitted)


def test_nothing_is_removed_when_it_was_stored_within_two_weeks() -> None:
    """A failed cleanup can be sent again for so long."""
    recent = NOW - timedelta(days=13, hours=23)
    stored = Stored(records={"a": left("a", recent)})
    stored.file("b", recent)
    stored.file("a-file", OLD, request_id="a")
    assert stored.sweep().removed == []
    assert stored.sweep(NOW + timedelta(days=1)).removed
    assert (stored.records, stored.files) == ({}, {})


def test_run_continues_where_the_last_one_ended_when_there_are_more_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orphans, "PAGES", dict.fromkeys(OrphanSource, 1))
    stored = Stored(records={name: left(name) for name in "abc"})
    for name in "xyz":
        stored.file(name)
    assert [one.request_id for one in stored.sweep().removed] == ["a", "b", "x", "y"]
    assert stored.positions == {"ORPHAN_RECORDS": "b", "ORPHAN_FILES": "documents/y/y"}
    assert [one.request_id for one in stored.sweep().removed] == ["c", "z"]
    assert set(stored.positions.values()) == {None}


def test_run_ends_with_its_page_when_it_removed_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "MAX_REMOVED", 3)
    stored = Stored(records={name: left(name) for name in "abcdef"})
    assert len(stored.sweep().removed) == 4
    assert stored.positions["ORPHAN_RECORDS"] == "d"


def test_records_are_held_when_a_page_has_too_many() -> None:
    names = [f"{number:02}" for number in range(21)]
    stored = Stored(records={name: left(name) for name in names}, page_size=30)
    assert stored.sweep() == SweptOrphans(held=21)
    del stored.records["00"]
    assert len(stored.sweep().removed) == 20


def test_files_are_removed_when_they_are_few_of_a_large_page() -> None:
    """More than twenty, and not more than 5 percent."""
    stored = Stored(page_size=1000)
    for number in range(50):
        stored.file(f"{number:03}")
    for number in range(950):
        stored.file(f"recent-{number:03}", NOW)
    assert len(stored.sweep().removed) == 50
    for number in range(51):
        stored.file(f"{number:03}")
    assert stored.sweep() == SweptOrphans(held=51)


def test_submitted_request_is_removed_when_it_is_archived() -> None:
    stored = Stored(records={"a": left("a", submitted=True), "b": left("b", submitted=True)})
    stored.file("a-file", request_id="a")
    stored.file("b-file", request_id="b")
    stored.archived = {"a"}
    swept = stored.sweep()
    assert [one.request_id for one in swept.removed] == ["a"]
    assert swept.not_archived == [], "its retention has not ended"
    assert list(stored.files) == ["documents/b/b-file"]


def test_request_is_reported_when_its_retention_ended_a_week_ago_without_an_archive() -> None:
    stored = Stored(records={"a": left("a", submitted=True)})
    stored.file("a-file", request_id="a")
    end = OLD.replace(year=OLD.year + PAYER.history_years)
    assert stored.sweep(end + timedelta(days=6)).not_archived == []
    assert stored.sweep(end + timedelta(days=8)).not_archived == ["a"]
    assert stored.files


def test_file_stays_when_it_has_a_record_at_the_moment_of_its_removal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = Stored(existing={"a"})
    stored.file("found", request_id="a")
    answers = iter([list(stored.files.values()), []])
    monkeypatch.setattr(stored, "lacking", lambda _files: next(answers))
    assert stored.sweep().removed == []
    assert stored.files


def test_only_the_file_is_removed_when_its_request_exists() -> None:
    stored = Stored(existing={"a"})
    stored.file("lost", request_id="a")
    [removed] = stored.sweep().removed
    assert removed.file is not None
    assert removed.what == "file lost"
