"""Load a payer's plans, members, SSNs, providers and ZIP codes (P1, C1).

A file has a date: data of a later date stays, whatever the order in which files are loaded. A load
that was interrupted continues where it stopped, and loading a file again changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final, TypeVar

from pydantic import SecretStr

from precert.domain.coverage import Member, Plan, ssn_text
from precert.domain.directory import DirectoryEntry
from precert.domain.errors import PrecertError
from precert.domain.loading import MemberSsn, ZipPlace
from precert.domain.loads import (
    Checkpoint,
    Items,
    LoadKind,
    LoadOutcome,
    Refused,
    RejectedRow,
    Unit,
    rejected,
)
from precert.usecases.ports.loading import LoadMonitor, LoadRecords, LoadStore
from precert.usecases.ports.reference import Places

WINDOW: Final = 1000
"""Units and rejected rows between two checkpoints."""
_CLOCKS_DIFFER: Final = timedelta(days=1)

Value = TypeVar("Value")
Result = LoadOutcome | Refused


class FutureFileError(PrecertError):
    """The date of a file is in the future: no later file could replace its data."""

    code: ClassVar[str] = "file_in_future"
    title: ClassVar[str] = "The file's date is in the future"

    def __init__(self) -> None:
        super().__init__("The file's date is in the future. State its date with --as-of.")


@dataclass(frozen=True)
class Load:
    """One load of one file.

    ``load_id`` is the same whenever this file is loaded in this way. ``dated`` if the operator stated
    the date: then a load of the same file with another date starts from its first line.
    """

    load_id: str
    as_of: datetime
    monitor: LoadMonitor
    records: LoadRecords | None = None
    dated: bool = False


def load_plans(
    plans: Items[Plan], load: Load, *, loads: LoadStore, now: Callable[[], datetime]
) -> Checkpoint:
    """Store plans; members have the attributes that their plan had when they were loaded."""

    def write(units: Sequence[Unit[Plan]], as_of: datetime) -> list[Result]:
        return _outcomes(loads.put_plans([unit.value for unit in units], as_of))

    return _load(plans, write, LoadKind.PLANS, load, now)


def load_members(
    members: Items[Member], load: Load, *, loads: LoadStore, now: Callable[[], datetime]
) -> Checkpoint:
    """Store members, each with exactly the spans of coverage in the file."""

    def write(units: Sequence[Unit[Member]], as_of: datetime) -> list[Result]:
        return _outcomes(loads.put_members([unit.value for unit in units], as_of))

    return _load(members, write, LoadKind.MEMBERS, load, now)


def load_ssns(
    ssns: Items[MemberSsn], load: Load, *, loads: LoadStore, now: Callable[[], datetime]
) -> Checkpoint:
    """Make members findable by their SSN, of which only a keyed hash is stored (P1).

    The members are loaded before; after a change of name or birth date the SSN must be loaded again.
    One call to the key for each row.
    """

    def write(units: Sequence[Unit[MemberSsn]], as_of: datetime) -> list[Result]:
        members = loads.members({unit.value.member_id for unit in units})
        found = [
            (member.member_id, _hashed_text(unit.value.ssn, member))
            for unit in units
            if (member := members.get(unit.value.member_id.upper()))
        ]
        stored = iter(_outcomes(loads.put_ssns(found, as_of)))
        missing = Refused("member_id", "must be the member_id of a member that is loaded")
        return [
            next(stored) if unit.value.member_id.upper() in members else missing for unit in units
        ]

    return _load(ssns, write, LoadKind.SSNS, load, now)


def _hashed_text(ssn: SecretStr, member: Member) -> SecretStr:
    return SecretStr(ssn_text(ssn, member.date_of_birth, member.last_name, member.first_name))


def load_providers(
    entries: Items[DirectoryEntry],
    load: Load,
    *,
    loads: LoadStore,
    zip_codes: Places,
    now: Callable[[], datetime],
) -> Checkpoint:
    """File directory entries under their search keys (C1)."""

    def write(units: Sequence[Unit[DirectoryEntry]], as_of: datetime) -> list[Result]:
        places = [zip_codes.place(unit.value.address.zip_code) for unit in units]
        located = [(unit.value, place) for unit, place in zip(units, places, strict=True) if place]
        stored = iter(_outcomes(loads.put_entries(located, as_of)))
        unknown = Refused("zip_code", "has no known center; load it with precert zips load")
        return [next(stored) if place else unknown for place in places]

    return _load(entries, write, LoadKind.PROVIDERS, load, now)


def load_zips(
    zips: Items[ZipPlace], load: Load, *, loads: LoadStore, now: Callable[[], datetime]
) -> Checkpoint:
    """Store the centers of ZIP codes that the shipped code sets lack."""

    def write(units: Sequence[Unit[ZipPlace]], as_of: datetime) -> list[Result]:
        return _outcomes(loads.put_zips([unit.value for unit in units], as_of))

    return _load(zips, write, LoadKind.ZIPS, load, now)


def _outcomes(stored: Iterable[bool]) -> list[Result]:
    return [LoadOutcome.STORED if one else LoadOutcome.NEWER_STORED for one in stored]


def _load(
    items: Items[Value],
    write: Callable[[Sequence[Unit[Value]], datetime], list[Result]],
    kind: LoadKind,
    load: Load,
    now: Callable[[], datetime],
) -> Checkpoint:
    """Store all units that are not stored yet, with a checkpoint after each window.

    Raises:
        FutureFileError: the file's date is in the future.
    """
    at = _started(kind, load, now())
    if at.finished_at is not None:
        return at
    load.monitor.begins(at)
    units, rows = list[Unit[Value]](), list[RejectedRow]()
    for item in items:
        if item.line <= at.line:
            continue
        if isinstance(item, Unit):
            units.append(item)
        else:
            rows.append(item)
        if len(units) + len(rows) >= WINDOW:
            at = _stored(units, rows, at, write, kind, load)
            units, rows = [], []
    at = replace(_stored(units, rows, at, write, kind, load), finished_at=now())
    _save(kind, load, at)
    return at


def _started(kind: LoadKind, load: Load, now: datetime) -> Checkpoint:
    before = load.records.checkpoint(kind, load.load_id) if load.records else None
    if before is not None and not (load.dated and before.as_of != load.as_of):
        return before
    if load.as_of > now + _CLOCKS_DIFFER:
        raise FutureFileError
    return Checkpoint(load.as_of)


def _stored(
    units: Sequence[Unit[Value]],
    rows: Sequence[RejectedRow],
    at: Checkpoint,
    write: Callable[[Sequence[Unit[Value]], datetime], list[Result]],
    kind: LoadKind,
    load: Load,
) -> Checkpoint:
    """Store one window; returns the checkpoint after it, which is saved."""
    results = write(units, at.as_of) if units else []
    refused = [
        row
        for unit, result in zip(units, results, strict=True)
        if isinstance(result, Refused)
        for row in rejected(unit, result)
    ]
    for row in sorted([*rows, *refused], key=lambda row: row.line):
        load.monitor.rejected(row)
    lines = [*(unit.line for unit in units), *(row.line for row in rows)]
    last = max(lines, default=at.line)
    counts = at.counts.plus(
        stored=results.count(LoadOutcome.STORED),
        newer_stored=results.count(LoadOutcome.NEWER_STORED),
        rejected=len(rows) + len(refused),
    )
    after = replace(at, line=last, counts=counts)
    _save(kind, load, after)
    load.monitor.advanced(after)
    return after


def _save(kind: LoadKind, load: Load, at: Checkpoint) -> None:
    if load.records is not None:
        load.records.save(kind, load.load_id, at)
