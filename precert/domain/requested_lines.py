"""Requested service lines, and the dates of service of a request (T2, W5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from precert.domain.content import RequestContent, Service, numbered_lines
from precert.domain.dates import days_after
from precert.domain.decisions import Approved, ServiceLine
from precert.domain.statuses import LineStatus
from precert.domain.values import AuthorizationType, UnitType


@dataclass(frozen=True)
class RequestedLine:
    """The requested values of one service line."""

    service: Service
    code: str | None
    units: int | None
    unit_type: UnitType | None
    from_date: date | None

    @property
    def days(self) -> int | None:
        """The requested days: those of the stay, or the units if they are days; ``None`` otherwise."""
        if self.service.requested_days is not None:
            return self.service.requested_days
        return self.units if self.unit_type is UnitType.DAYS else None


def requested_lines(content: RequestContent) -> Mapping[str, RequestedLine]:
    """The requested service lines, by line id."""
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


def lines_to_determine(
    content: RequestContent, lines: Sequence[ServiceLine], cycle: int
) -> Mapping[str, RequestedLine]:
    """The requested service lines of a cycle, by line id, from first days as changed (W5).

    Only an operator's changes of dates before the decision of the cycle count.
    """
    lines_by_id = dict(requested_lines(content))
    for line in lines:
        last = line.before(cycle)
        if last and last.approved and last.date_change_reason and line.line_id in lines_by_id:
            moved = replace(lines_by_id[line.line_id], from_date=last.approved.from_date)
            lines_by_id[line.line_id] = moved
    return lines_by_id


def as_requested(requested: RequestedLine, *, approval_days: int) -> Approved:
    """The approval of a line as requested.

    The approved period has the days of the stay, or ``approval_days`` for other services, from the
    requested first day.
    """
    if requested.from_date is None:
        raise AssertionError("completeness requires a date")
    days = requested.service.requested_days or approval_days
    return Approved(
        code=requested.code,
        units=requested.units,
        unit_type=requested.unit_type,
        from_date=requested.from_date,
        to_date=days_after(requested.from_date, days - 1),
    )


def active_services(content: RequestContent, lines: Sequence[ServiceLine]) -> tuple[Service, ...]:
    """The services with a line that is not cancelled; all services if every line is cancelled."""
    active = {line.line_id for line in lines if line.cancelled_at is None}
    if len(active) == len(lines):
        return content.services
    # By position, because two services can be equal.
    numbers = {int(line_id.partition(".")[0]) for line_id in active}
    services = [one for at, one in enumerate(content.services, start=1) if at in numbers]
    return tuple(services) or content.services


def days_of_service(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> tuple[date | None, date | None]:
    """The first and last day of the services that are not cancelled; ``None`` without any dates.

    Dates are as requested, or as changed by an operator (W5). Approved periods are not used: except for
    a stay, they are longer than the service.
    """
    moved = _changed_periods(lines)
    cancelled = {line.line_id for line in lines if line.cancelled_at is not None}
    services = [one for one in _by_service(content) if not cancelled.issuperset(one)]
    days = [
        day for requested in services or _by_service(content) for day in _days(requested, moved)
    ]
    return min(days, default=None), max(days, default=None)


MAX_PERIOD_DAYS: Final = 366
"""The most days of a service line that are compared; units of type DAYS can be more."""


def dates_by_line(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> dict[str, tuple[date, date]]:
    """The first and last day of each service line with dates, by line id, as requested or changed (W5).

    An inpatient line has the days of the stay. An outpatient line has as many days as its units if they
    are days, and otherwise one.
    """
    moved = _changed_periods(lines)
    dates: dict[str, tuple[date, date]] = {}
    for of_service in _by_service(content):
        of_stay = list(_days(of_service, moved))
        for line_id, requested in of_service.items():
            if requested.service.authorization_type is AuthorizationType.INPATIENT:
                if of_stay:
                    dates[line_id] = min(of_stay), max(of_stay)
                continue
            changed = moved.get(line_id)
            first = changed.from_date if changed else requested.from_date
            if first is not None:
                dates[line_id] = first, last_of_days(first, requested.days or 1)
    return dates


def last_of_days(first: date, days: int) -> date:
    """The last day of a period of ``days`` days, at most :data:`MAX_PERIOD_DAYS`, from ``first``."""
    days = min(days, MAX_PERIOD_DAYS, (date.max - first).days + 1)
    return days_after(first, days - 1)


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
    """The first and last day of the dates of service, as lists and details show them (T2).

    They are those of the approved periods, with an operator's changes, and the requested dates of
    services with a line that is not decided yet. If no line is approved, they are the requested dates.
    """
    periods = [line.approved for line in lines if line.approved is not None]
    if not periods:
        return days_of_service(content, [line for line in lines if line.cancelled_at is not None])
    undecided = {line.line_id for line in lines if line.status is LineStatus.OPEN}
    days = [
        day
        for requested in _by_service(content)
        if not undecided.isdisjoint(requested)
        for day in _days(requested, {})
    ]
    days += [day for one in periods for day in (one.from_date, one.to_date)]
    return min(days), max(days)


def _by_service(content: RequestContent) -> list[dict[str, RequestedLine]]:
    """The requested lines, grouped by service."""
    by_service: dict[str, dict[str, RequestedLine]] = {}
    for line_id, requested in requested_lines(content).items():
        by_service.setdefault(line_id.partition(".")[0], {})[line_id] = requested
    return list(by_service.values())


def _days(
    lines: Mapping[str, RequestedLine], moved: Mapping[str, Approved | None]
) -> Iterator[date]:
    """Yield the first and last day of one service, or of its lines with changed dates."""
    periods = [(lines[one], period) for one, period in moved.items() if one in lines and period]
    for requested, period in periods:
        yield period.from_date
        yield period.to_date if requested.service.requested_days else period.from_date
    service = next(iter(lines.values())).service
    if not periods and service.first_day and service.last_day:
        yield service.first_day
        yield service.last_day
