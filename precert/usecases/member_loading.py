"""Load members with their coverage and SSNs, from CSV or an 834 file (P1).

:mod:`precert.usecases.loading` has the parts that all kinds of files share.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from precert.domain.clocks import local_date
from precert.domain.coverage import Member, ssn_text
from precert.domain.enrollment import Enrollment, EnrollmentFile, FilePurpose
from precert.domain.errors import PrecertError, TransientError
from precert.domain.loading import MemberSsn
from precert.domain.loads import (
    Checkpoint,
    Items,
    LoadKind,
    LoadOutcome,
    MemberChange,
    Refused,
    StoredMember,
    Unit,
)
from precert.domain.wording import counted
from precert.usecases.loading import (
    MAX_ENDING,
    WINDOW,
    Load,
    RejectedRowsError,
    Result,
    is_older,
    outcomes_of,
    run_load,
)
from precert.usecases.ports.loading import LoadStore


class TooManyEndingsError(PrecertError):
    """A full file would end the coverage of many members: it may be truncated or of other members."""

    code: ClassVar[str] = "too_many_endings"
    title: ClassVar[str] = "The file would end many members"

    def __init__(self, absent: int, covered: int) -> None:
        super().__init__(
            f"Of {counted(covered, 'covered members')}, the file does not contain {absent}. Its "
            "members are stored, and none was ended. If this is intended, run the command again with "
            "--allow-ending."
        )


@dataclass(frozen=True)
class Ending:
    """End the coverage of members that a file does not contain, on the day before its date.

    ``allowed`` permits more than ``MAX_ENDING`` percent. ``accounts`` are those whose members the file
    replaces; ``None`` means all.
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
        return outcomes_of(loads.put_members([unit.value for unit in units], as_of))

    end = partial(_end, loads=loads, ending=ending) if ending else None
    return run_load(members, write, LoadKind.MEMBERS, load, now, end)


def load_enrollment(
    file: EnrollmentFile,
    load: Load,
    *,
    loads: LoadStore,
    now: Callable[[], datetime],
    ending: Ending,
) -> Checkpoint:
    """Apply an 834 file: each member loop (2000) changes the stored member.

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

    return run_load(file.units(), write, LoadKind.MEMBERS, load, now, end)


def _apply(units: Sequence[Unit[Enrollment]], as_of: datetime, loads: LoadStore) -> list[Result]:
    """Apply loops to the stored members; loops of the same member are applied in their order.

    Raises:
        TransientError: the members were changed concurrently.
    """
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
    raise TransientError("Members were changed concurrently. Run the same command again later.")


def _changes(
    units: Sequence[Unit[Enrollment]],
    as_of: datetime,
    stored: Mapping[str, StoredMember],
    results: dict[int, Result],
) -> dict[str, MemberChange]:
    """The changes of the loops by member key; adds the result of each loop to ``results``, by line."""
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
"""Number of attempts to apply a window to members that are changed concurrently."""


def _end(at: Checkpoint, *, loads: LoadStore, ending: Ending) -> Checkpoint:
    """End the coverage of members that are older than the file's date.

    Raises:
        RejectedRowsError, TooManyEndingsError.
    """
    if at.counts.rejected:
        raise RejectedRowsError
    day = local_date(at.as_of, ending.zone)
    covered = absent = 0
    for one in loads.all_members():
        is_covered = one.member.covered_from(day, ending.accounts)
        covered += is_covered
        absent += is_covered and is_older(one, at)
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
        if is_older(one, at) and one.member.covered_from(day, ending.accounts):
            yield one


def load_ssns(
    ssns: Items[MemberSsn], load: Load, *, loads: LoadStore, now: Callable[[], datetime]
) -> Checkpoint:
    """Store the keyed hashes of SSNs, by which members can be found (P1). SSNs are not stored.

    Members must be loaded first. After a change of name or birth date the SSN must be loaded again.
    One KMS call per row.
    """

    def write(units: Sequence[Unit[MemberSsn]], as_of: datetime) -> list[Result]:
        members = loads.members({unit.value.member_id for unit in units})
        found = [
            (member.member_id, _hashed_text(unit.value.ssn, member))
            for unit in units
            if (member := members.get(unit.value.member_id.upper()))
        ]
        stored = iter(outcomes_of(loads.put_ssns(found, as_of)))
        missing = Refused("member_id", "must be the member_id of a member that is loaded")
        return [
            next(stored) if unit.value.member_id.upper() in members else missing for unit in units
        ]

    return run_load(ssns, write, LoadKind.SSNS, load, now)


def _hashed_text(ssn: SecretStr, member: Member) -> SecretStr:
    return SecretStr(ssn_text(ssn, member.date_of_birth, member.last_name, member.first_name))
