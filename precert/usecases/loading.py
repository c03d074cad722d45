"""Load a payer's plans, members, SSNs, providers and ZIP codes (P1, C1).

A file has a date: data of a later date stays, whatever the order in which files are loaded. A load
that was interrupted continues where it stopped, and loading a file again changes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import ClassVar, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from precert.domain.clocks import local_date
from precert.domain.coverage import Member, Plan, ssn_text
from precert.domain.directory import DirectoryEntry
from precert.domain.enrollment import Enrollment, EnrollmentFile, FilePurpose
from precert.domain.errors import PrecertError, TransientError
from precert.domain.loading import MemberSsn, ZipPlace
from precert.domain.loads import (
    Checkpoint,
    Items,
    LoadKind,
    LoadOutcome,
    MemberChange,
    Refused,
    RejectedRow,
    StoredMember,
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


MAX_ENDING: Final = 5
"""Percent of the covered members that a file may end without a confirmation."""


class TooManyEndingsError(PrecertError):
    """A file that replaces would end many members: it may be truncated, or of another population."""

    code: ClassVar[str] = "too_many_endings"
    title: ClassVar[str] = "The file would end many members"

    def __init__(self, absent: int, covered: int) -> None:
        super().__init__(
            f"Of {covered} covered members, {absent} are not in the file. Its members are stored, and "
            "none was ended. If this is intended, run the command again with --allow-ending."
        )


class RejectedRowsError(PrecertError):
    """A file that replaces has rejected rows: their members are not absent."""

    code: ClassVar[str] = "rejected_rows"
    title: ClassVar[str] = "The file has rejected rows"

    def __init__(self) -> None:
        super().__init__(
            "The file has rejected rows, so no member was ended. Correct them in the file and load it "
            "again."
        )


@dataclass(frozen=True)
class Ending:
    """Ends the members that a file does not contain, on the day before its date.

    ``accounts`` are those whose members the file replaces; all if None. It is read after the file.
    """

    zone: ZoneInfo
    allowed: bool = False
    accounts: Collection[str] | None = None


def load_members(
    members: Items[Member],
    load: Load,
    *,
    loads: LoadStore,
    now: Callable[[], datetime],
    ending: Ending | None = None,
) -> Checkpoint:
    """Store members, each with exactly the spans of coverage in the file.

    Raises:
        RejectedRowsError: no member was ended because of rejected rows.
        TooManyEndingsError: no member was ended because they would be too many.
    """

    def write(units: Sequence[Unit[Member]], as_of: datetime) -> list[Result]:
        return _outcomes(loads.put_members([unit.value for unit in units], as_of))

    end = partial(_end, loads=loads, ending=ending) if ending else None
    return _load(members, write, LoadKind.MEMBERS, load, now, end)


def load_enrollment(
    file: EnrollmentFile,
    load: Load,
    *,
    loads: LoadStore,
    now: Callable[[], datetime],
    ending: Ending,
) -> Checkpoint:
    """Apply an 834 file: each loop changes what is stored of its member.

    Raises:
        RejectedRowsError: no member was ended because of rejected rows.
        TooManyEndingsError: no member was ended because they would be too many.
    """

    def write(units: Sequence[Unit[Enrollment]], as_of: datetime) -> list[Result]:
        return _apply(units, as_of, loads)

    def end(at: Checkpoint) -> Checkpoint:
        if not file.replaces:
            return at
        return _end(at, loads=loads, ending=replace(ending, accounts=frozenset(file.accounts)))

    return _load(file.units(), write, LoadKind.MEMBERS, load, now, end)


def _apply(units: Sequence[Unit[Enrollment]], as_of: datetime, loads: LoadStore) -> list[Result]:
    """Apply loops to the members as stored, those of one member in their order."""
    results: dict[int, Result] = {}
    waiting = list(units)
    for _ in range(_CONFLICTS):
        stored = loads.stored_members({unit.value.member_id.upper() for unit in waiting})
        changes = _changes(waiting, as_of, stored, results)
        written = loads.replace_members(list(changes.values()), as_of)
        again = {key for key, done in zip(changes, written, strict=True) if not done}
        waiting = [unit for unit in waiting if unit.value.member_id.upper() in again]
        if not waiting:
            return [results[unit.line] for unit in units]
    raise TransientError("Members change at the same time. Run the same command again later.")


def _changes(
    units: Sequence[Unit[Enrollment]],
    as_of: datetime,
    stored: Mapping[str, StoredMember],
    results: dict[int, Result],
) -> dict[str, MemberChange]:
    """What the loops change, by member; also sets the result of each loop."""
    changes: dict[str, MemberChange] = {}
    for unit in units:
        key = unit.value.member_id.upper()
        before = stored.get(key)
        if before and before.as_of and datetime.fromisoformat(before.as_of) > as_of:
            results[unit.line] = LoadOutcome.NEWER_STORED
            continue
        now = changes[key].member if key in changes else before.member if before else None
        changed = now if unit.value.is_without_coverage else unit.value.changed(now)
        results[unit.line] = _compared(unit.value, now, changed)
        if results[unit.line] is not LoadOutcome.STORED or unit.value.is_without_coverage:
            continue
        if isinstance(changed, Refused) or (changed is None and before is None):
            changes.pop(key, None)
        else:
            changes[key] = MemberChange(key, changed, before)
    return changes


def _compared(
    enrollment: Enrollment, now: Member | None, changed: Member | Refused | None
) -> Result:
    if isinstance(changed, Refused) or enrollment.purpose is not FilePurpose.VERIFY:
        return changed if isinstance(changed, Refused) else LoadOutcome.STORED
    if changed == now:
        return LoadOutcome.SAME
    names = [] if changed is None or now is None else list(Member.model_fields)
    differing = [name for name in names if getattr(changed, name) != getattr(now, name)]
    return Refused("INS", f"differs from what is stored: {', '.join(differing) or 'the member'}")


_CONFLICTS: Final = 5


def _end(at: Checkpoint, *, loads: LoadStore, ending: Ending) -> Checkpoint:
    """End the covered members of an older date than the file's."""
    if at.counts.rejected:
        raise RejectedRowsError
    day = local_date(at.as_of, ending.zone)
    covered = absent = 0
    for one in loads.all_members():
        is_covered = one.member.covered_from(day, ending.accounts)
        covered += is_covered
        absent += is_covered and _is_older(one, at)
    if absent * 100 > covered * MAX_ENDING and not ending.allowed:
        raise TooManyEndingsError(absent, covered)
    ended = at.counts.ended
    changes = (
        MemberChange(one.member.member_id, one.member.ended_before(day, ending.accounts), one)
        for one in _absent(at, loads, ending)
    )
    while window := list(islice(changes, WINDOW)):
        ended += sum(loads.replace_members(window, at.as_of))
    return replace(at, counts=replace(at.counts, ended=ended))


def _absent(at: Checkpoint, loads: LoadStore, ending: Ending) -> Iterator[StoredMember]:
    day = local_date(at.as_of, ending.zone)
    for one in loads.all_members():
        if _is_older(one, at) and one.member.covered_from(day, ending.accounts):
            yield one


def _is_older(one: StoredMember, at: Checkpoint) -> bool:
    return one.as_of is None or datetime.fromisoformat(one.as_of) < at.as_of


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
    end: Callable[[Checkpoint], Checkpoint] | None = None,
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
    at = _stored(units, rows, at, write, kind, load)
    at = replace(end(at) if end else at, finished_at=now())
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
        same=results.count(LoadOutcome.SAME),
    )
    after = replace(at, line=last, counts=counts)
    _save(kind, load, after)
    load.monitor.advanced(after)
    return after


def _save(kind: LoadKind, load: Load, at: Checkpoint) -> None:
    if load.records is not None:
        load.records.save(kind, load.load_id, at)
