"""X12 834 benefit enrollment (005010X220A1): the members of a file, and the changes of their coverage.

A loop 2000 (INS) describes one member. It adds or changes coverage (INS03 001, 021, 025, 030) or ends
it (024). A file with BGN08 RX replaces: it ends the coverage of members of its accounts that it does
not contain. A file with BGN08 4 is compared only. Error messages never contain values of the file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import SecretStr, ValidationError

from precert.domain.coverage import MAX_SPANS, Member, Plan, Span
from precert.domain.loading import MemberSsn, plan_in
from precert.domain.loading_table import LoadingError, RowError
from precert.domain.loads import Refused, RejectedRow, Unit
from precert.domain.x12 import Segment, segments

IMPLEMENTATION: Final = "005010X220A1"
_MEDICAL: Final = frozenset({"AJ", "EPO", "HLT", "HMO", "MM", "POS", "PPO"})
"""Insurance lines (HD03) that cover medical services; dental, vision and others are left out."""
_DELETES: Final = "002"
"""Maintenance type of a coverage (HD01) that should not exist."""
_ENDS: Final = frozenset({_DELETES, "024"})
"""Maintenance types of a coverage (HD01) that end it."""
_MAINTENANCE: Final = frozenset({"001", "021", "024", "025", "030"})
"""Accepted maintenance types of a member (INS03)."""
_SUBSCRIBER_ID: Final = "0F"
"""Qualifier of the REF with the subscriber's member id."""
DEPENDENT_ID: Final = "23"
"""Qualifier of the REF with a dependent's own member id, unless a file has another one."""
_GROUP: Final = "1L"
"""Qualifier of the REF with the group or policy number, which is the account."""
DAY: Final = timedelta(days=1)


class FilePurpose(StrEnum):
    """BGN08: whether a file changes members, and those of its accounts that it does not contain."""

    UPDATE = "2"
    VERIFY = "4"
    """The file is compared with the stored members; nothing is stored."""
    REPLACE = "RX"
    """The coverage of members that the file does not contain is ended."""


@dataclass(frozen=True)
class CoverageChange:
    """One loop 2300 (HD): coverage under a plan, or its end. ``segment`` is the number of the HD."""

    segment: int
    plan: Plan
    ends: bool
    account: str
    active_from: date | None = None
    active_to: date | None = None
    deletes: bool = False
    """Whether the coverage that begins on ``active_from`` should not exist."""


@dataclass(frozen=True)
class Enrollment:
    """One loop 2000 (INS): a member with the changes of coverage."""

    member_id: str
    account: str
    account_name: str
    terminates: bool
    purpose: FilePurpose
    person: Mapping[str, Any] = field(repr=False)
    coverages: tuple[CoverageChange, ...] = ()
    eligible_to: date | None = None
    ssn: SecretStr | None = None

    @property
    def is_without_coverage(self) -> bool:
        """Whether a file that replaces has the member without medical coverage.

        Such a member is handled as one that the file does not contain.
        """
        return self.purpose is FilePurpose.REPLACE and not self.coverages and not self.terminates

    def changed(self, stored: Member | None) -> Member | Refused | None:
        """The member after the changes; ``None`` if no coverage is left, or why they are refused."""
        spans = list(stored.spans) if stored else []
        for change in self.coverages:
            result = self._with(spans, change)
            if isinstance(result, Refused):
                return result
            spans = result
        if self.terminates and not self.coverages:
            if self.eligible_to is None:
                return Refused("DTP*357", "must have the last day of coverage")
            spans = _ended(spans, None, self.eligible_to)
        if stored is None and not spans:
            return Refused(
                "REF*0F", "must be the id of a loaded member, unless the loop adds coverage"
            )
        return self._member(stored, spans) if spans else None

    def _with(self, spans: list[Span], change: CoverageChange) -> list[Span] | Refused:
        if change.deletes and change.active_from is not None:
            return [one for one in spans if not _is_of(one, change)]
        if change.ends or self.terminates:
            last = change.active_to or self.eligible_to
            if last is None:
                return Refused("DTP*349", "must have the last day of coverage")
            return _ended(spans, change.plan.plan_id, last)
        first = change.active_from or next(
            (one.active_from for one in reversed(spans) if one.plan.plan_id == change.plan.plan_id),
            None,
        )
        if first is None:
            return Refused("DTP*348", "must have the first day of coverage")
        try:
            span = Span(
                account=change.account or self.account,
                account_name=self.account_name or change.account or self.account,
                plan=change.plan,
                active_from=first,
                active_to=change.active_to,
            )
        except ValidationError as error:
            return _refused(error, "HD")
        return _merged(spans, span)

    def _member(self, stored: Member | None, spans: list[Span]) -> Member | Refused:
        before = stored.model_dump(exclude={"spans"}) if stored else {}
        try:
            return Member.model_validate(
                {
                    **before,
                    **self.person,
                    "member_id": stored.member_id if stored else self.member_id,
                    "spans": spans[-MAX_SPANS:],  # without the oldest
                }
            )
        except ValidationError as error:
            return _refused(error, "INS")


def _is_of(span: Span, change: CoverageChange) -> bool:
    return (span.plan.plan_id, span.active_from) == (change.plan.plan_id, change.active_from)


def _ended(spans: list[Span], plan_id: str | None, last: date) -> list[Span]:
    """The spans, with those of a plan, or all, ended on a day. Spans that begin later are removed."""
    remaining: list[Span] = []
    for span in spans:
        if plan_id not in {None, span.plan.plan_id} or span.last_day <= last:
            remaining.append(span)
        elif span.active_from <= last:
            remaining.append(span.model_copy(update={"active_to": last}))
    return remaining


def _merged(spans: list[Span], new: Span) -> list[Span]:
    """The spans with a new one, in ascending order.

    An overlapping span that begins earlier ends on the day before; other overlapping ones are removed.
    """
    remaining = [new]
    for span in spans:
        if span.last_day < new.active_from or span.active_from > new.last_day:
            remaining.append(span)
        elif span.active_from < new.active_from:
            remaining.append(span.model_copy(update={"active_to": new.active_from - DAY}))
    return sorted(remaining, key=lambda span: span.active_from)


_COLUMNS: Final = {
    "date_of_birth": ("DMG", "must have the date of birth in DMG02"),
    "last_name": ("NM1*IL", "must have the last name in NM103"),
    "first_name": ("NM1*IL", "must have the first name in NM104"),
    "member_id": ("REF*0F", "must be 5 to 20 letters and digits"),
    "mailing_address": ("N3", "must be an address in the United States with N3 and N4"),
    "account": ("REF*1L", "must have the group or policy number"),
    "active_from": ("DTP*348", "must be a date of coverage"),
    "active_to": ("DTP*349", "must be a date of coverage"),
}


def _refused(error: ValidationError, column: str) -> Refused:
    """The first known error, by segment, without the invalid value."""
    named = [str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]]
    known = next((_COLUMNS[name] for name in named if name in _COLUMNS), None)
    return Refused(*known) if known else Refused(column, "must be valid and complete")


class EnrollmentFile:
    """Reads an 834 file loop by loop.

    ``as_of`` is the instant of the file. ``replaces`` is whether a transaction set that was read has
    BGN08 RX, and ``accounts`` are the accounts of those: both are complete after :meth:`units`.
    """

    def __init__(
        self,
        parts: Iterable[str],
        plans: Iterable[Plan],
        zone: ZoneInfo,
        *,
        dependent_id: str = DEPENDENT_ID,
    ) -> None:
        """Read the interchange header (ISA).

        Args:
            parts: The text of the file in parts of any size.
            plans: The plans whose ids HD04 can have.
            zone: The time zone of ISA10.
            dependent_id: Qualifier of the REF with a dependent's own member id.

        Raises:
            LoadingError: the file does not begin with an ISA segment with a date and a time.
        """
        self._segments = segments(parts)
        self._plans = {plan.plan_id: plan for plan in plans}
        self._dependent_id = dependent_id
        self.accounts: set[str] = set()
        self.replaces = False
        isa = next(self._segments)
        self._isa_date = (isa.get(9), isa.get(10))
        try:
            self.as_of = datetime.strptime("".join(self._isa_date), "%y%m%d%H%M").replace(
                tzinfo=zone
            )
        except ValueError:
            message = "must have the date in ISA09 and the time in ISA10"
            raise LoadingError([RowError(1, "ISA", message)]) from None

    def units(self) -> Iterator[Unit[Enrollment] | RejectedRow]:
        """Each loop 2000, or its errors.

        Raises:
            LoadingError: the file is not complete, or has another interchange or transaction set.
        """
        header, loop = _Header(), list[Segment]()
        for segment in self._segments:
            if segment.id in {"INS", "SE"} and loop:
                yield self._unit(header, loop)
                loop = []
            if segment.id == "INS" or (loop and segment.id != "SE"):
                loop.append(segment)
            else:
                header = self._headed(header, segment)

    def _headed(self, header: "_Header", segment: Segment) -> "_Header":
        match segment.id:
            case "ISA" if (segment.get(9), segment.get(10)) != self._isa_date:
                raise _wrong(segment, "must have the date and time of the first interchange")
            case "GS" if not segment.get(8).startswith(IMPLEMENTATION.removesuffix("A1")):
                raise _wrong(segment, f"must be of implementation {IMPLEMENTATION}")
            case "ST" if segment.get(1) != "834":
                raise _wrong(segment, "must be transaction set 834")
            case "ST":
                return _Header()
            case "BGN" if segment.get(8) not in set(FilePurpose):
                raise _wrong(segment, "must have 2, 4 or RX in BGN08")
            case "BGN":
                self.replaces |= segment.get(8) == FilePurpose.REPLACE
                return replace(header, purpose=segment.get(8))
            case "REF" if segment.get(1) == "38":
                if header.purpose == FilePurpose.REPLACE:
                    self.accounts.add(segment.get(2))
                return replace(header, account=segment.get(2))
            case "N1" if segment.get(1) == "P5":
                return replace(header, account_name=segment.get(2))
            case _:
                return header

    def _unit(self, header: "_Header", loop: list[Segment]) -> Unit[Enrollment] | RejectedRow:
        found = _Loop(loop, self._plans, header)
        enrollment = found.enrollment(self._dependent_id)
        record = ("~".join(segment.text for segment in loop),)
        if header.purpose == FilePurpose.REPLACE:
            self.accounts |= found.accounts
        if found.errors:
            return RejectedRow(loop[0].number, record, tuple(found.errors))
        return Unit(loop[0].number, enrollment, ((loop[0].number, record),))


@dataclass(frozen=True)
class _Header:
    purpose: str = ""
    account: str = ""
    account_name: str = ""


class _Loop:
    """Reads the segments of one loop 2000."""

    def __init__(self, loop: list[Segment], plans: Mapping[str, Plan], header: _Header) -> None:
        self.errors: list[RowError] = []
        self._plans = plans
        self._header = header
        self._ins = loop[0]
        self._refs: dict[str, str] = {}
        self._dates: dict[str, date] = {}
        self._person: dict[str, Any] = {}
        self._addresses: dict[str, dict[str, str]] = {}
        self._ssn: SecretStr | None = None
        self._entity = ""
        self._hds: list[tuple[Segment, dict[str, date], dict[str, str]]] = []
        for segment in loop[1:]:
            self._read(segment)

    def _read(self, segment: Segment) -> None:
        match segment.id:
            case "HD":
                self._entity = ""
                self._hds.append((segment, {}, {}))
            case "REF":
                of_hd = self._hds and self._entity == ""
                refs = self._hds[-1][2] if of_hd else self._refs
                refs.setdefault(segment.get(1), segment.get(2))
            case "DTP":
                self._read_date(segment)
            case "NM1" | "N3" | "N4" | "DMG":
                self._read_person(segment)
            case _:
                pass

    def _read_person(self, segment: Segment) -> None:
        match segment.id:
            case "NM1":
                self._entity = "" if self._hds else segment.get(1)
                if self._entity in {"IL", "74"}:
                    self._read_name(segment)
            case "N3" if self._entity:
                lines = {"line_1": segment.get(1), "line_2": segment.get(2)}
                self._addresses.setdefault(self._entity, {}).update(lines)
            case "N4" if self._entity:
                rest = {"city": segment.get(1), "state": segment.get(2)}
                rest["zip_code"] = segment.get(3)[:5]
                self._addresses.setdefault(self._entity, {}).update(rest)
                if segment.get(4) not in {"", "US", "USA"}:
                    del self._addresses[self._entity]  # only addresses in the United States
            case "DMG" if self._entity in {"IL", "74"}:
                born = self._date(segment, segment.get(2))
                if born:
                    self._person["date_of_birth"] = born
            case _:
                pass

    def _read_name(self, segment: Segment) -> None:
        names = {"last_name": segment.get(3), "first_name": segment.get(4)}
        self._person |= {name: value for name, value in names.items() if value}
        if segment.get(8) == "34" and segment.get(9):
            self._ssn = SecretStr(segment.get(9))

    def _read_date(self, segment: Segment) -> None:
        found = self._date(segment, segment.get(3))
        if found is not None:
            dates = self._hds[-1][1] if self._hds else self._dates
            dates.setdefault(segment.get(1), found)

    def _date(self, segment: Segment, text: str) -> date | None:
        try:
            if not (len(text) == 8 and text.isascii() and text.isdecimal()):
                raise ValueError
            return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")
        except ValueError:
            if segment.get(1) in {"348", "349", "356", "357", "D8"}:
                self._error(segment, "must have a date as CCYYMMDD")
            return None

    def _error(self, segment: Segment, message: str) -> None:
        name = f"{segment.id}*{segment.get(1)}"
        self.errors.append(RowError(segment.number, name, message))

    @property
    def accounts(self) -> set[str]:
        """The accounts in the REF segments of the loop, or that of the transaction set."""
        found = {self._account, *(refs.get(_GROUP, "") for _, _, refs in self._hds)}
        return found - {""}

    @property
    def _account(self) -> str:
        return self._refs.get(_GROUP) or self._header.account

    def enrollment(self, dependent_id: str) -> Enrollment:
        """The content of the loop. Adds to :attr:`errors`; the result is not valid if there are any."""
        maintenance = self._ins.get(3)
        if maintenance not in _MAINTENANCE:
            self._error(self._ins, f"must have one of {', '.join(sorted(_MAINTENANCE))} in INS03")
        address = next(
            (self._addresses[one] for one in ("31", "74", "IL") if one in self._addresses), None
        )
        if address:
            self._person["mailing_address"] = {k: v for k, v in address.items() if v}
        terminates = maintenance == "024"
        return Enrollment(
            member_id=self._member_id(dependent_id),
            account=self._account,
            account_name=self._header.account_name,
            terminates=terminates,
            purpose=FilePurpose(self._header.purpose or FilePurpose.UPDATE),
            person=self._person,
            coverages=tuple(self._coverages((address or {}).get("state"))),
            eligible_to=self._dates.get("357"),
            ssn=self._ssn,
        )

    def _member_id(self, dependent_id: str) -> str:
        own = self._refs.get(dependent_id, "")
        if own or self._ins.get(1) == "Y":
            own = own or self._refs.get(_SUBSCRIBER_ID, "")
            if not own:
                self.errors.append(RowError(self._ins.number, "REF*0F", "must have the member id"))
            elif not (5 <= len(own) <= 20 and own.isascii() and own.isalnum()):
                message = _COLUMNS["member_id"][1]
                self.errors.append(RowError(self._ins.number, "REF", message))
            return own
        message = f"must have the dependent's own member id in REF*{dependent_id}"
        self.errors.append(RowError(self._ins.number, f"REF*{dependent_id}", message))
        return ""

    def _coverages(self, state: str | None) -> Iterator[CoverageChange]:
        for hd, dates, refs in self._hds:
            if hd.get(3) not in _MEDICAL:
                continue
            plan = plan_in(self._plans.get(hd.get(4)), state)
            if plan is None:
                message = "must have the plan_id of a plan that is loaded in HD04"
                self.errors.append(RowError(hd.number, "HD", message))
                continue
            yield CoverageChange(
                segment=hd.number,
                plan=plan,
                ends=hd.get(1) in _ENDS,
                account=refs.get(_GROUP, ""),
                active_from=dates.get("348") or self._dates.get("356"),
                active_to=dates.get("349"),
                deletes=hd.get(1) == _DELETES,
            )


def ssns_of(
    units: Iterable[Unit[Enrollment] | RejectedRow],
) -> Iterator[Unit[MemberSsn] | RejectedRow]:
    """The SSNs of a file (NM109 with NM108 34) without members that have none, and rejected loops."""
    for unit in units:
        if isinstance(unit, RejectedRow):
            yield unit
        elif unit.value.ssn is not None:
            try:
                ssn = MemberSsn(member_id=unit.value.member_id, ssn=unit.value.ssn)
            except ValidationError:
                message = "must be nine digits in NM109"
                errors = (RowError(unit.line, "NM1*IL", message),)
                yield RejectedRow(unit.line, (), errors)
            else:
                yield Unit(unit.line, ssn, ((unit.line, ()),))


def _wrong(segment: Segment, message: str) -> LoadingError:
    return LoadingError([RowError(segment.number, segment.id, message)])
