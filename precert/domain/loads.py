"""Units of a file that are stored together: for example a plan, or a member with all coverage spans.

Units are read in the order of the lines of the file, so that an interrupted load continues after the
last stored line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from precert.domain.coverage import Coverage, Member, members_of
from precert.domain.loading import span_errors
from precert.domain.loading_table import Model, Row, RowError, TableReader

Value = TypeVar("Value")
Record = tuple[str, ...]
"""The cells of a row as in the file."""


class LoadKind(StrEnum):
    """The type of the records in a file."""

    MEMBERS = "members"
    SSNS = "ssns"
    PLANS = "plans"
    PROVIDERS = "providers"
    ZIPS = "zips"


class LoadOutcome(StrEnum):
    """The result of loading a unit."""

    STORED = "stored"
    NEWER_STORED = "newer stored"
    """Not stored: the table has data of a later date."""
    SAME = "same"
    """Not stored: the file is only compared with the table, and the unit equals what is stored."""


@dataclass(frozen=True)
class Refused:
    """Why a unit conflicts with what is stored: column and message as in :class:`RowError`."""

    column: str
    message: str


@dataclass(frozen=True)
class Unit(Generic[Value]):
    """A value that is stored at once, with the rows it was read from; ``line`` is the last row's."""

    line: int
    value: Value
    rows: tuple[tuple[int, Record], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class RejectedRow:
    """A row that is not loaded, with its errors."""

    line: int
    record: Record = field(repr=False)
    errors: tuple[RowError, ...]


@dataclass(frozen=True)
class StoredMember:
    """A stored member; ``as_of`` is the ISO 8601 date and time of the file it was loaded from."""

    member: Member
    as_of: str | None


@dataclass(frozen=True)
class StoredRecord:
    """The id of a stored plan or provider; ``as_of`` as for :class:`StoredMember`."""

    record_id: str
    as_of: str | None


@dataclass(frozen=True)
class MemberChange:
    """The new state of a member, based on ``before``; ``member`` is ``None`` if it is removed."""

    member_id: str
    member: Member | None
    before: StoredMember | None


Items = Iterable[Unit[Value] | RejectedRow]


@dataclass(frozen=True)
class Counts:
    """The number of units by outcome, and of rejected rows.

    ``ended`` counts records that were removed, or whose coverage ended, because the file lacks them.
    """

    stored: int = 0
    newer_stored: int = 0
    rejected: int = 0
    ended: int = 0
    same: int = 0

    def plus(self, **counts: int) -> "Counts":
        """These counts, increased by ``counts``, by field."""
        return replace(self, **{name: getattr(self, name) + n for name, n in counts.items()})


@dataclass(frozen=True)
class Checkpoint:
    """The progress of a load: every unit up to ``line`` is stored. Contains no personal data."""

    as_of: datetime
    line: int = 0
    counts: Counts = Counts()
    finished_at: datetime | None = None


def rejected(unit: Unit[Value], refused: Refused) -> Iterator[RejectedRow]:
    """Yield the rows of a refused unit, each with the same error."""
    for line, record in unit.rows:
        yield RejectedRow(line, record, (RowError(line, refused.column, refused.message),))


def units_of_rows(reader: TableReader[Model]) -> Iterator[Unit[Model] | RejectedRow]:
    """Yield a unit for each row."""
    for row in reader.rows():
        if row.errors or row.model is None:
            yield RejectedRow(row.line, row.record, row.errors)
        else:
            yield Unit(row.line, row.model, ((row.line, row.record),))


def units_of_members(reader: TableReader[Coverage]) -> Iterator[Unit[Member] | RejectedRow]:
    """Yield a unit for each member, whose rows must follow one another in the file.

    If one row of a member is invalid, all of them are rejected: storing only the others would remove a
    coverage span.
    """
    seen: set[str] = set()
    for key, rows in _groups(reader):
        again = key in seen
        seen.add(key)
        yield from _member_unit(rows, again=again)


def _groups(reader: TableReader[Coverage]) -> Iterator[tuple[str, list[Row[Coverage]]]]:
    """Successive rows with the same member id; a row without one is a group of its own."""
    at = reader.header.index("member_id")
    key, rows = "", list[Row[Coverage]]()
    for row in reader.rows():
        own = row.record[at].upper() if len(row.record) > at else ""
        if rows and (own != key or not own):
            yield key, rows
            rows = []
        key = own
        rows.append(row)
    if rows:
        yield key, rows


def _member_unit(rows: list[Row[Coverage]], *, again: bool) -> Iterator[Unit[Member] | RejectedRow]:
    errors = {row.line: list(row.errors) for row in rows}
    models = [(row.line, row.model) for row in rows if row.model is not None]
    if again and rows[0].model is not None:
        for row in rows:
            message = "must follow the other rows of this member: sort the file by member_id"
            errors[row.line].append(RowError(row.line, "member_id", message))
    elif not any(errors.values()):
        for line, name, message in span_errors(models):
            errors[line].append(RowError(line, name, message))
    if not any(errors.values()):
        [member] = members_of(model for _, model in models)
        yield Unit(rows[-1].line, member, tuple((row.line, row.record) for row in rows))
        return
    for row in rows:
        message = "is not loaded, as another row of this member is rejected"
        own = tuple(errors[row.line]) or (RowError(row.line, "", message),)
        yield RejectedRow(row.line, row.record, own)
