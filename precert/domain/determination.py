"""The determination of a service line: what was requested, decided and approved.

Whether a decision approves as requested or modifies is derived from what is approved, and is not
entered (W3, W4, W9).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from precert.domain.code_sets import Lookup, error_of_diagnosis
from precert.domain.codes import code_types_of
from precert.domain.content import RequestContent, Service, numbered_lines
from precert.domain.errors import FieldError
from precert.domain.payer import Payer
from precert.domain.review import Approved, Decision, DecisionEntry, LineDecision, ServiceLine
from precert.domain.statuses import LineStatus
from precert.domain.values import AuthorizationType, UnitType


@dataclass(frozen=True)
class RequestedLine:
    """One service line as requested."""

    service: Service
    code: str | None
    units: int | None
    unit_type: UnitType | None
    from_date: date | None

    @property
    def days(self) -> int | None:
        """Requested days: of the stay, or counted by the units."""
        if self.service.requested_days is not None:
            return self.service.requested_days
        return self.units if self.unit_type is UnitType.DAYS else None


def requested_lines(content: RequestContent) -> Mapping[str, RequestedLine]:
    """What is requested, by line id."""
    return {
        line_id: RequestedLine(
            service=service,
            code=procedure.code if procedure else None,
            units=procedure.units if procedure else None,
            unit_type=procedure.unit_type if procedure else None,
            from_date=(procedure.start_date if procedure else None) or service.first_day,
        )
        for line_id, service, procedure in numbered_lines(content.services)
    }


def as_requested(asked: RequestedLine, *, approval_days: int) -> Approved:
    """The approval of a line as requested.

    The period is the stay, or ``approval_days`` from the first day of other services.
    """
    if asked.from_date is None:
        raise AssertionError("completeness requires a date")
    days = asked.service.requested_days or approval_days
    return Approved(
        code=asked.code,
        units=asked.units,
        unit_type=asked.unit_type,
        from_date=asked.from_date,
        to_date=asked.from_date + timedelta(days=days - 1),
    )


def days_of_service(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> tuple[date | None, date | None]:
    """The first and last day of all services: as requested, or as changed by an operator (W5).

    An approved period is longer than the service, except for a stay.
    """
    moved = _changed_periods(lines)
    days = [day for asked in _by_service(content) for day in _days(asked, moved)]
    return min(days, default=None), max(days, default=None)


MAX_PERIOD_DAYS: Final = 366
"""Days that one service line is compared by; units of type DAYS can be more."""


def dates_by_line(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> dict[str, tuple[date, date]]:
    """First and last day of each service line that has dates, as requested or as changed (W5).

    The days of an inpatient line are those of the stay. An outpatient line is its start date, or the
    days that its units count.
    """
    moved = _changed_periods(lines)
    found: dict[str, tuple[date, date]] = {}
    for of_service in _by_service(content):
        of_stay = list(_days(of_service, moved))
        for line_id, asked in of_service.items():
            if asked.service.authorization_type is AuthorizationType.INPATIENT:
                if of_stay:
                    found[line_id] = min(of_stay), max(of_stay)
                continue
            changed = moved.get(line_id)
            first = changed.from_date if changed else asked.from_date
            if first is not None:
                found[line_id] = first, last_of_days(first, asked.days or 1)
    return found


def last_of_days(first: date, days: int) -> date:
    """The last of this many days from ``first``, within the calendar."""
    days = min(days, MAX_PERIOD_DAYS, (date.max - first).days + 1)
    return first + timedelta(days=days - 1)


def _changed_periods(lines: Sequence[ServiceLine]) -> dict[str, Approved | None]:
    """Approved periods that an operator changed, by line id (W5)."""
    return {
        line.line_id: line.decisions[-1].approved
        for line in lines
        if line.decisions and line.decisions[-1].date_change_reason
    }


def authorized_days(
    content: RequestContent, lines: Sequence[ServiceLine]
) -> tuple[date | None, date | None]:
    """The first and last day of the dates of service as people read them (T2).

    The approved periods of the approved lines, also after an operator changed them; as requested
    while no line is approved, and where every line is denied.
    """
    current = (line.decisions[-1].approved for line in lines if line.decisions)
    periods = [approved for approved in current if approved is not None]
    if not periods:
        return days_of_service(content)
    return min(one.from_date for one in periods), max(one.to_date for one in periods)


def _by_service(content: RequestContent) -> list[dict[str, RequestedLine]]:
    """The requested lines, grouped by service."""
    found: dict[str, dict[str, RequestedLine]] = {}
    for line_id, asked in requested_lines(content).items():
        found.setdefault(line_id.partition(".")[0], {})[line_id] = asked
    return list(found.values())


def _days(
    lines: Mapping[str, RequestedLine], moved: Mapping[str, Approved | None]
) -> Iterator[date]:
    """First and last day of one service; of the changed lines where dates were changed."""
    periods = [(lines[one], period) for one, period in moved.items() if one in lines and period]
    for asked, period in periods:
        yield period.from_date
        yield period.to_date if asked.service.requested_days else period.from_date
    service = next(iter(lines.values())).service
    if not periods and service.first_day and service.last_day:
        yield service.first_day
        yield service.last_day


def line_status(approved: Approved, wanted: Approved) -> LineStatus:
    """APPROVED where the approval is as requested, else MODIFIED."""
    return LineStatus.APPROVED if approved == wanted else LineStatus.MODIFIED


def is_less(approved: Approved, wanted: Approved) -> bool:
    """Whether the approval is a reduction: it needs reasons, as a denial does (W4)."""
    fewer_units = (approved.units or 0) < (wanted.units or 0)
    shorter = approved.to_date - approved.from_date < wanted.to_date - wanted.from_date
    return fewer_units or shorter or approved.code != wanted.code


@dataclass(frozen=True)
class Signature:
    """Who decides, when, and in which determination cycle."""

    by: str
    at: datetime
    cycle: int


def errors_of_form(decisions: Collection[LineDecision]) -> Iterator[FieldError]:
    """Errors of the decisions that do not depend on the request."""
    if not decisions:
        yield FieldError("/lines", "missing", "decide every open service line")
    seen: set[str] = set()
    for index, decision in enumerate(decisions):
        if decision.line_id in seen:
            yield FieldError(
                f"/lines/{index}/line_id", "duplicate", "decide each service line once"
            )
        seen.add(decision.line_id)


def errors_of_line(
    entered: LineDecision, requested: RequestedLine | None, payer: Payer, lookup: Lookup
) -> Iterator[FieldError]:
    """Errors of a reviewer's decision on one line; pointers are relative to the line."""
    yield from errors_of_diagnosis(entered, requested, lookup)
    if not entered.status.rule.approves:
        yield from errors_of_approval(entered, requested, payer)
        if entered.status.rule.adverse:
            yield from _errors_of_reasons(entered, "a denial", payer)
        return
    if requested is None:
        return
    if errors := list(errors_of_approval(entered, requested, payer)):
        yield from errors
    elif is_less(approved_of(entered, requested, payer), _as_requested(requested, payer)):
        yield from _errors_of_reasons(entered, "an approval of less than requested", payer)
    elif entered.reason_code is not None:
        yield from errors_of_code(entered, "a decision", payer)


def errors_of_diagnosis(
    entered: LineDecision, requested: RequestedLine | None, lookup: Lookup
) -> Iterator[FieldError]:
    """Whether the adjudicated diagnosis exists, at the time of the service (W9)."""
    if entered.diagnosis is not None:
        on = requested.service.first_day if requested else None
        if error := error_of_diagnosis(entered.diagnosis, on, lookup):
            yield error


def decision_of(
    entered: LineDecision, requested: RequestedLine, payer: Payer, signature: Signature
) -> Decision:
    """The decision; MODIFIED where the approval is not as requested."""
    approves = entered.status.rule.approves
    approved = approved_of(entered, requested, payer) if approves else None
    status = line_status(approved, _as_requested(requested, payer)) if approved else entered.status
    return Decision(
        status=status,
        cycle=signature.cycle,
        decided_at=signature.at,
        decided_by=signature.by,
        approved=approved,
        **{name: getattr(entered, name) or None for name in DecisionEntry.model_fields},
    )


def approved_of(entered: LineDecision, requested: RequestedLine, payer: Payer) -> Approved:
    """What is approved; as requested where nothing else is entered."""
    changed = entered.approved.model_dump(exclude_none=True) if entered.approved else {}
    return _as_requested(requested, payer).model_copy(update=changed)


def _as_requested(requested: RequestedLine, payer: Payer) -> Approved:
    return as_requested(requested, approval_days=payer.utilization_management.approval_days)


def errors_of_approval(
    entered: LineDecision, requested: RequestedLine | None, payer: Payer
) -> Iterator[FieldError]:
    """Errors of what is approved; pointers are relative to the line."""
    given = entered.approved
    if given is None:
        return
    if not entered.status.rule.approves:
        yield FieldError("/approved", "not_asked", "leave this out of a denial")
        return
    approved = approved_of(entered, requested, payer) if requested else given
    first, last = approved.from_date, approved.to_date
    if first and last and last < first:
        yield FieldError("/approved/to_date", "out_of_order", f"send {first} or a later day")
    if requested is None:
        return
    if given.code is not None and requested.code is None:
        message = "leave this out: the service line has no code"
        yield FieldError("/approved/code", "not_asked", message)
    elif given.code is not None and not code_types_of(given.code):
        yield FieldError("/approved/code", "malformed", "this is not a procedure code")
    if approved.units is not None and approved.unit_type is None:
        yield FieldError("/approved/unit_type", "missing", "send unit_type with units")
    if given.unit_type is not None and approved.units is None:
        yield FieldError("/approved/units", "missing", "send units with unit_type")


def _errors_of_reasons(entered: LineDecision, what: str, payer: Payer) -> Iterator[FieldError]:
    yield from errors_of_code(entered, what, payer)
    for name in ("rationale", "criterion"):
        if not getattr(entered, name):
            yield FieldError(f"/{name}", "missing", f"{what} needs it")


def errors_of_code(entered: LineDecision, what: str, payer: Payer) -> Iterator[FieldError]:
    """Whether the reason code is one of the payer's."""
    if entered.reason_code not in payer.reason_codes:
        choices = tuple(sorted(payer.reason_codes))
        message = f"{what} needs one of {', '.join(choices)}"
        code = "missing" if entered.reason_code is None else "not_a_choice"
        yield FieldError("/reason_code", code, message, choices)
