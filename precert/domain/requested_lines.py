"""Service lines as requested, and the dates of service of a request (T2, W5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from precert.domain.content import RequestContent, Service, numbered_lines
from precert.domain.dates import days_after
from precert.domain.decisions import Approved, ServiceLine
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


def lines_to_determine(
    content: RequestContent, lines: Sequence[ServiceLine], cycle: int
) -> Mapping[str, RequestedLine]:
    """What is requested, by line id; from its new first day where an operator moved it (W5).

    Dates that were changed since the cycle was decided do not count.
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

    The period is the stay, or ``approval_days`` from the first day of other services.
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
    """The services that have a line that is not cancelled; all of them if none has."""
    active = {line.line_id for line in lines if line.cancelled_at is None}
    if len(active) == len(lines):
        return content.services
    # A service has several lines, by position as its procedures can be equal.
    numbers = {int(line_id.partition(".")[0]) for line_id in active}
    services = [one for at, one in enumerate(content.services, start=1) if at in numbers]
    return tuple(services) or content.services


def days_of_service(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> tuple[date | None, date | None]:
    """The first and last day of all services: as requested, or as changed by an operator (W5).

    An approved period is longer than the service, except for a stay.
    """
    moved = _changed_periods(lines)
    cancelled = {line.line_id for line in lines if line.cancelled_at is not None}
    services = [one for one in _by_service(content) if not cancelled.issuperset(one)]
    days = [
        day for requested in services or _by_service(content) for day in _days(requested, moved)
    ]
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
    """The last of this many days from ``first``, within the calendar."""
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
    """The first and last day of the dates of service as people read them (T2).

    The approved periods of the approved lines, also after an operator changed them; as requested
    while no line is approved, and where every line is denied.
    """
    periods = [line.approved for line in lines if line.approved is not None]
    if not periods:
        return days_of_service(content, [line for line in lines if line.cancelled_at is not None])
    return min(one.from_date for one in periods), max(one.to_date for one in periods)


def _by_service(content: RequestContent) -> list[dict[str, RequestedLine]]:
    """The requested lines, grouped by service."""
    by_service: dict[str, dict[str, RequestedLine]] = {}
    for line_id, requested in requested_lines(content).items():
        by_service.setdefault(line_id.partition(".")[0], {})[line_id] = requested
    return list(by_service.values())


def _days(
    lines: Mapping[str, RequestedLine], moved: Mapping[str, Approved | None]
) -> Iterator[date]:
    """First and last day of one service; of the changed lines where dates were changed."""
    periods = [(lines[one], period) for one, period in moved.items() if one in lines and period]
    for requested, period in periods:
        yield period.from_date
        yield period.to_date if requested.service.requested_days else period.from_date
    service = next(iter(lines.values())).service
    if not periods and service.first_day and service.last_day:
        yield service.first_day
        yield service.last_day
