"""What was asked of each line, and what is approved of it (W3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from precert.domain.content import RequestContent, Service
from precert.domain.review import Approved, ServiceLine
from precert.domain.statuses import LineStatus
from precert.domain.values import UnitType


@dataclass(frozen=True)
class Asked:
    """One line as it was asked for."""

    service: Service
    code: str | None
    units: int | None
    unit_type: UnitType | None
    from_date: date | None

    @property
    def days(self) -> int | None:
        """Days asked for: the stay's, or as many as the units count."""
        if self.service.requested_days is not None:
            return self.service.requested_days
        return self.units if self.unit_type is UnitType.DAYS else None


def requested_lines(content: RequestContent) -> Mapping[str, Asked]:
    """What was asked, by line id; ids as :func:`precert.domain.request.service_lines_of` gives them."""
    asked: dict[str, Asked] = {}
    for number, service in enumerate(content.services, start=1):
        if not service.procedures:
            asked[f"{number}.1"] = Asked(service, None, None, None, service.first_day)
        for index, procedure in enumerate(service.procedures, start=1):
            asked[f"{number}.{index}"] = Asked(
                service=service,
                code=procedure.code,
                units=procedure.units,
                unit_type=procedure.unit_type,
                from_date=procedure.start_date or service.first_day,
            )
    return asked


def as_requested(asked: Asked, *, approval_days: int) -> Approved:
    """The line approved as it was asked for.

    The period is the stay, and for other services ``approval_days`` from the first one.
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
    """The first and the last day of all services: as asked for, or as an operator moved them (W5).

    An approved period outlasts the service, but for a stay, of which it is the days.
    """
    moved = {
        line.line_id: line.decisions[-1].approved
        for line in lines
        if line.decisions and line.decisions[-1].date_change_reason
    }
    days = [day for asked in _by_service(content) for day in _days(asked, moved)]
    return min(days, default=None), max(days, default=None)


def _by_service(content: RequestContent) -> list[dict[str, Asked]]:
    """The lines as they were asked for, those of each service together."""
    found: dict[str, dict[str, Asked]] = {}
    for line_id, asked in requested_lines(content).items():
        found.setdefault(line_id.partition(".")[0], {})[line_id] = asked
    return list(found.values())


def _days(lines: Mapping[str, Asked], moved: Mapping[str, Approved | None]) -> Iterator[date]:
    """The days at both ends of one service; of one that was moved, those of the moved lines."""
    periods = [(lines[one], period) for one, period in moved.items() if one in lines and period]
    for asked, period in periods:
        yield period.from_date
        yield period.to_date if asked.service.requested_days else period.from_date
    service = next(iter(lines.values())).service
    if not periods and service.first_day and service.last_day:
        yield service.first_day
        yield service.last_day


def line_status(approved: Approved, wanted: Approved) -> LineStatus:
    """Whether what is approved is what was asked for."""
    return LineStatus.APPROVED if approved == wanted else LineStatus.MODIFIED


def is_less(approved: Approved, wanted: Approved) -> bool:
    """Whether the approval refuses part of what was asked: that needs its reasons, as a denial (W4)."""
    fewer_units = (approved.units or 0) < (wanted.units or 0)
    shorter = approved.to_date - approved.from_date < wanted.to_date - wanted.from_date
    return fewer_units or shorter or approved.code != wanted.code
