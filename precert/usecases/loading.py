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
    StoredRecord,
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


MAX_ENDING: Final = 5
"""Percent of the covered members that a file may end, or of the plans or providers that it may remove,
without a confirmation.
"""


class TooManyEndingsError(PrecertError):
    """A file that replaces would end many members: it may be truncated, or of another population."""

    code: ClassVar[str] = "too_many_endings"
    title: ClassVar[str] = "The file would end many members"

    def __init__(self, absent: int, covered: int) -> None:
        super().__init__(
            f"Of {covered} covered members, {absent} are not in the file. Its members are stored, and "
            "none was ended. If this is intended, run the command again with --allow-ending."
        )


class TooManyRemovalsError(PrecertError):
    """A file that replaces would remove many plans or providers: it may be truncated."""

    code: ClassVar[str] = "too_many_removals"
    title: ClassVar[str] = "The file would remove many records"

    def __init__(self, what: str, absent: int, stored: int) -> None:
        super().__init__(
            f"Of {stored} stored {what}, {absent} are not in the file. Its {what} are stored, and none "
            "was removed. If this is intended, run the command again with --allow-removing."
        )


class PlansInUseError(PrecertError):
    """A file that replaces lacks plans that covered members have."""

    code: ClassVar[str] = "plans_in_use"
    title: ClassVar[str] = "The file lacks plans of covered members"

    def __init__(self, plan_ids: Sequence[str]) -> None:
        super().__init__(
            "Covered members have plans that are not in the file, so no plan was removed: "
            f"{', '.join(plan_ids)}. Load the members with other plans first, or add the plans."
        )


class RejectedRowsError(PrecertError):
    """A file that replaces has rejected rows: what they contain is not absent."""

    code: ClassVar[str] = "rejected_rows"
    title: ClassVar[str] = "The file has rejected rows"

    def __init__(self, consequence: str = "no member was ended") -> None:
        super().__init__(
            f"The file has rejected rows, so {consequence}. Correct them in the file and load it again."
        )


@dataclass(frozen=True)
class Removal:
    """Removes what a file does not contain; ``allowed`` also if that is much."""

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
        return _outcomes(loads.put_plans([unit.value for unit in units], as_of))

    def end(at: Checkpoint) -> Checkpoint:
        if removal is None:
            return at
        stored, absent = _absent_records(at, loads.stored_plans())
        _require_few("plans", len(absent), stored, removal)
        day = local_date(at.as_of, removal.zone)
        used = {
            span.plan.plan_id
            for one in (loads.all_members() if absent else ())
            for span in one.member.spans
            if one.member.covered_from(day, None)
        }
        if in_use := sorted(used & {one.record_id for one in absent}):
            raise PlansInUseError(in_use)
        return _ended(at, sum(loads.remove_plans(absent)))

    return _load(plans, write, LoadKind.PLANS, load, now, end)


def _absent_records(
    at: Checkpoint, stored: Iterable[StoredRecord]
) -> tuple[int, list[StoredRecord]]:
    """How many records are stored, and those of an older date than the file's.

    Raises:
        RejectedRowsError: the file has rejected rows.
    """
    if at.counts.rejected:
        raise RejectedRowsError("nothing was removed")
    records = list(stored)
    return len(records), [one for one in records if _is_older(one, at)]


def _require_few(what: str, absent: int, stored: int, removal: Removal) -> None:
    if absent * 100 > stored * MAX_ENDING and not removal.allowed:
        raise TooManyRemovalsError(what, absent, stored)


def _ended(at: Checkpoint, number: int) -> Checkpoint:
    return replace(at, counts=at.counts.plus(ended=number))


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


def _is_older(one: StoredMember | StoredRecord, at: Checkpoint) -> bool:
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
    removal: Removal | None = None,
) -> Checkpoint:
    """File directory entries under their search keys (C1).

    Raises:
        RejectedRowsError: no provider was removed because of rejected rows.
        TooManyRemovalsError: no provider was removed because they would be too many.
    """

    def write(units: Sequence[Unit[DirectoryEntry]], as_of: datetime) -> list[Result]:
        places = [zip_codes.place(unit.value.address.zip_code) for unit in units]
        located = [(unit.value, place) for unit, place in zip(units, places, strict=True) if place]
        stored = iter(_outcomes(loads.put_entries(located, as_of)))
        unknown = Refused("zip_code", "has no known center; load it with precert zips load")
        return [next(stored) if place else unknown for place in places]

    def end(at: Checkpoint) -> Checkpoint:
        if removal is None:
            return at
        stored, absent = _absent_records(at, loads.stored_providers())
        _require_few("providers", len(absent), stored, removal)
        windows = (absent[start : start + WINDOW] for start in range(0, len(absent), WINDOW))
        return _ended(at, sum(sum(loads.remove_providers(window)) for window in windows))

    return _load(entries, write, LoadKind.PROVIDERS, load, now, end)


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
