"""Loading a file of any size in units that are stored as one: a plan, a member with all its spans.

A file's units come in the order of its lines, so that a load that was interrupted continues after the
last line that was stored.
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
"""The cells of a row as the file has them."""


class LoadKind(StrEnum):
    """What a file contains."""

    MEMBERS = "members"
    SSNS = "ssns"
    PLANS = "plans"
    PROVIDERS = "providers"
    ZIPS = "zips"


class LoadOutcome(StrEnum):
    """What became of a unit."""

    STORED = "stored"
    NEWER_STORED = "newer stored"
    """The table has data of a later date; it stays."""
    SAME = "same"
    """Compared only: it is what is stored."""


@dataclass(frozen=True)
class Refused:
    """A unit that does not fit what is stored; column and remedy as in a row's error."""

    column: str
    message: str


@dataclass(frozen=True)
class Unit(Generic[Value]):
    """What is stored as one, with the rows that it was read from, the last one in ``line``."""

    line: int
    value: Value
    rows: tuple[tuple[int, Record], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class RejectedRow:
    """A row that is not loaded, and why."""

    line: int
    record: Record = field(repr=False)
    errors: tuple[RowError, ...]


@dataclass(frozen=True)
class StoredMember:
    """A member as stored, and the date of the file that it came from."""

    member: Member
    as_of: str | None


@dataclass(frozen=True)
class StoredRecord:
    """The id of a plan or a provider as stored, and the date of the file that it came from."""

    record_id: str
    as_of: str | None


@dataclass(frozen=True)
class MemberChange:
    """A member that replaces, or with none removes, what was read of it."""

    member_id: str
    member: Member | None
    before: StoredMember | None


Items = Iterable[Unit[Value] | RejectedRow]


@dataclass(frozen=True)
class Counts:
    """Units by outcome, and rejected rows."""

    stored: int = 0
    newer_stored: int = 0
    rejected: int = 0
    ended: int = 0
    same: int = 0

    def plus(self, **counts: int) -> "Counts":
        return replace(self, **{name: getattr(self, name) + n for name, n in counts.items()})


@dataclass(frozen=True)
class Checkpoint:
    """How far a load has come: everything up to a line is stored; no data of persons."""

    as_of: datetime
    line: int = 0
    counts: Counts = Counts()
    finished_at: datetime | None = None


def rejected(unit: Unit[Value], refused: Refused) -> Iterator[RejectedRow]:
    """The rows of a refused unit."""
    for line, record in unit.rows:
        yield RejectedRow(line, record, (RowError(line, refused.column, refused.message),))


def units_of_rows(reader: TableReader[Model]) -> Iterator[Unit[Model] | RejectedRow]:
    """A unit for each row."""
    for row in reader.rows():
        if row.errors or row.model is None:
            yield RejectedRow(row.line, row.record, row.errors)
        else:
            yield Unit(row.line, row.model, ((row.line, row.record),))


def units_of_members(reader: TableReader[Coverage]) -> Iterator[Unit[Member] | RejectedRow]:
    """A unit for each member: the rows of one member follow one another.

    If a row of a member is invalid, all of them are rejected, as storing the others would remove
    a span of coverage.
    """
    seen: set[str] = set()
    for key, rows in _groups(reader):
        again = key in seen
        seen.add(key)
        yield from _member_unit(rows, again=again)


def _groups(reader: TableReader[Coverage]) -> Iterator[tuple[str, list[Row[Coverage]]]]:
    """Rows by the member id in them; a row without one is a group of its own."""
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
