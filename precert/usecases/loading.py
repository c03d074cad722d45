"""Load a payer's plans, providers and ZIP codes, with the parts that loading members shares (P1, C1).

Each file has a date, and a file never replaces data of a later date, in whatever order files are
loaded. An interrupted load continues where it stopped, and loading a file again changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Final, TypeVar
from zoneinfo import ZoneInfo

from precert.domain.clocks import local_date
from precert.domain.coverage import Plan
from precert.domain.directory import DirectoryEntry
from precert.domain.errors import PrecertError
from precert.domain.loading import ZipPlace
from precert.domain.loads import (
    Checkpoint,
    Items,
    LoadKind,
    LoadOutcome,
    Refused,
    RejectedRow,
    StoredMember,
    StoredRecord,
    Unit,
    rejected,
)
from precert.domain.wording import counted
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


MAX_ENDING: Final = 5
"""Percent of the covered members whose coverage a file may end, or of the plans or providers that it
may remove, without a confirmation.
"""


class TooManyRemovalsError(PrecertError):
    """A full file would remove many plans or providers, which suggests that it is truncated."""

    code: ClassVar[str] = "too_many_removals"
    title: ClassVar[str] = "The file would remove many records"

    def __init__(self, what: str, absent: int, stored: int) -> None:
        super().__init__(
            f"Of {counted(stored, f'stored {what}')}, the file does not contain {absent}. Its {what} "
            "are stored, and none was removed. If this is intended, run the command again with "
            "--allow-removing."
        )


class PlansInUseError(PrecertError):
    """A full file lacks plans that covered members have."""

    code: ClassVar[str] = "plans_in_use"
    title: ClassVar[str] = "The file lacks plans of covered members"

    def __init__(self, plan_ids: Sequence[str]) -> None:
        super().__init__(
            "Covered members have plans that are not in the file, so no plan was removed: "
            f"{', '.join(plan_ids)}. Load the members with other plans first, or add the plans."
        )


class RejectedRowsError(PrecertError):
    """A full file has rejected rows, so that absent records cannot be determined."""

    code: ClassVar[str] = "rejected_rows"
    title: ClassVar[str] = "The file has rejected rows"

    def __init__(self, consequence: str = "no member was ended") -> None:
        super().__init__(
            f"The file has rejected rows, so {consequence}. Correct them in the file and load it again."
        )


@dataclass(frozen=True)
class Removal:
    """Remove records that a file does not contain; ``allowed`` permits more than ``MAX_ENDING``."""

    zone: ZoneInfo
    allowed: bool = False


def load_plans(
    plans: Items[Plan],
    load: Load,
    *,
    loads: LoadStore,
    now: Callable[[], datetime],
    removal: Removal | None = None,
) -> Checkpoint:
    """Store plans; members have the attributes that their plan had when they were loaded.

    Raises:
        RejectedRowsError: no plan was removed because of rejected rows.
        TooManyRemovalsError: no plan was removed because they would be too many.
        PlansInUseError: no plan was removed because covered members have one of them.
    """

    def write(units: Sequence[Unit[Plan]], as_of: datetime) -> list[Result]:
        return outcomes_of(loads.put_plans([unit.value for unit in units], as_of))

    def end(at: Checkpoint, removal: Removal) -> Checkpoint:
        absent = _absent_records("plans", at, loads.stored_plans(), removal)
        _require_unused(absent, at, removal, loads)
        return _ended(at, sum(loads.remove_plans(absent)))

    ending = partial(end, removal=removal) if removal else None
    return run_load(plans, write, LoadKind.PLANS, load, now, ending)


def _absent_records(
    what: str, at: Checkpoint, stored: Iterable[StoredRecord], removal: Removal
) -> list[StoredRecord]:
    """The stored records that the file does not contain: those that are older than its date.

    Raises:
        RejectedRowsError: the file has rejected rows.
        TooManyRemovalsError: they are more than ``MAX_ENDING``, and that is not allowed.
    """
    if at.counts.rejected:
        raise RejectedRowsError("nothing was removed")
    records = list(stored)
    absent = [one for one in records if is_older(one, at)]
    if len(absent) * 100 > len(records) * MAX_ENDING and not removal.allowed:
        raise TooManyRemovalsError(what, len(absent), len(records))
    return absent


def _require_unused(
    plans: Sequence[StoredRecord], at: Checkpoint, removal: Removal, loads: LoadStore
) -> None:
    """Refuse to remove plans that covered members have. Reads all members if ``plans`` is not empty.

    Raises:
        PlansInUseError.
    """
    day = local_date(at.as_of, removal.zone)
    used = {
        span.plan.plan_id
        for one in (loads.all_members() if plans else ())
        for span in one.member.spans
        if one.member.covered_from(day, None)
    }
    if in_use := sorted(used & {one.record_id for one in plans}):
        raise PlansInUseError(in_use)


def _ended(at: Checkpoint, number: int) -> Checkpoint:
    return replace(at, counts=at.counts.plus(ended=number))


def is_older(one: StoredMember | StoredRecord, at: Checkpoint) -> bool:
    return one.as_of is None or datetime.fromisoformat(one.as_of) < at.as_of


def load_providers(
    entries: Items[DirectoryEntry],
    load: Load,
    *,
    loads: LoadStore,
    zip_codes: Places,
    now: Callable[[], datetime],
    removal: Removal | None = None,
) -> Checkpoint:
    """Store directory entries under their search keys (C1).

    Raises:
        RejectedRowsError: no provider was removed because of rejected rows.
        TooManyRemovalsError: no provider was removed because they would be too many.
    """

    def write(units: Sequence[Unit[DirectoryEntry]], as_of: datetime) -> list[Result]:
        places = [zip_codes.place(unit.value.address.zip_code) for unit in units]
        located = [(unit.value, place) for unit, place in zip(units, places, strict=True) if place]
        stored = iter(outcomes_of(loads.put_entries(located, as_of)))
        unknown = Refused("zip_code", "has no known center; load it with precert zips load")
        return [next(stored) if place else unknown for place in places]

    def end(at: Checkpoint, removal: Removal) -> Checkpoint:
        absent = _absent_records("providers", at, loads.stored_providers(), removal)
        windows = (absent[start : start + WINDOW] for start in range(0, len(absent), WINDOW))
        return _ended(at, sum(sum(loads.remove_providers(window)) for window in windows))

    ending = partial(end, removal=removal) if removal else None
    return run_load(entries, write, LoadKind.PROVIDERS, load, now, ending)


def load_zips(
    zips: Items[ZipPlace], load: Load, *, loads: LoadStore, now: Callable[[], datetime]
) -> Checkpoint:
    """Store the centers of ZIP codes that the shipped code sets lack."""

    def write(units: Sequence[Unit[ZipPlace]], as_of: datetime) -> list[Result]:
        return outcomes_of(loads.put_zips([unit.value for unit in units], as_of))

    return run_load(zips, write, LoadKind.ZIPS, load, now)


def outcomes_of(stored: Iterable[bool]) -> list[Result]:
    return [LoadOutcome.STORED if one else LoadOutcome.NEWER_STORED for one in stored]


def run_load(
    items: Items[Value],
    write: Callable[[Sequence[Unit[Value]], datetime], list[Result]],
    kind: LoadKind,
    load: Load,
    now: Callable[[], datetime],
    end: Callable[[Checkpoint], Checkpoint] | None = None,
) -> Checkpoint:
    """Store all units after the last checkpoint, and save a checkpoint after each window.

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
    at = _stored(units, rows, at, write, kind, load)
    try:
        at = end(at) if end else at
    except RejectedRowsError:
        # The cause can be outside of the file: the next load reads it from its first line.
        _save(kind, load, Checkpoint(at.as_of))
        raise
    at = replace(at, finished_at=now())
    _save(kind, load, at)
    return at


def _started(kind: LoadKind, load: Load, now: datetime) -> Checkpoint:
    before = load.records.checkpoint(kind, load.load_id) if load.records else None
    if before is not None and not (load.dated and before.as_of != load.as_of):
        return Checkpoint(before.as_of) if _is_repeated(before) else before
    if load.as_of > now + _CLOCKS_DIFFER:
        raise FutureFileError
    return Checkpoint(load.as_of)


def _is_repeated(before: Checkpoint) -> bool:
    """Whether a load of a file that was read to its end can have another result.

    Rows can be rejected for what was not loaded then, and a file is compared with what is stored now.
    """
    counts = before.counts
    return before.finished_at is not None and bool(counts.rejected or counts.same)


def _stored(
    units: Sequence[Unit[Value]],
    rows: Sequence[RejectedRow],
    at: Checkpoint,
    write: Callable[[Sequence[Unit[Value]], datetime], list[Result]],
    kind: LoadKind,
    load: Load,
) -> Checkpoint:
    """Store one window, report its rejected rows, and save and return the next checkpoint."""
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
        same=results.count(LoadOutcome.SAME),
    )
    after = replace(at, line=last, counts=counts)
    # The rejected rows are in their file before the checkpoint states that they were read.
    load.monitor.advanced(after)
    _save(kind, load, after)
    return after


def _save(kind: LoadKind, load: Load, at: Checkpoint) -> None:
    if load.records is not None:
        load.records.save(kind, load.load_id, at)
