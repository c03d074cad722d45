"""Dates and instants by their meaning, each within bounds, and arithmetic within the calendar.

A year of three digits or the last day of the calendar is a typing error, and is refused where it is
entered. Every date of a body, a query or a loaded file has one of these types. What was stored before
a bound existed is still read: arithmetic ends at the ends of the calendar and does not fail there.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

OUT_OF_BOUNDS: Final = "out_of_bounds"
"""The code of the error for a date outside its bounds."""


class Bounds(NamedTuple):
    """The first and last day that a date of this meaning can have."""

    meaning: str
    first: date
    last: date

    def day(self, value: date) -> date:
        """The date, if it is within the bounds."""
        if not self.first <= value <= self.last:
            raise PydanticCustomError(OUT_OF_BOUNDS, "must be {words}", {"words": self.words})
        return value

    def instant(self, value: datetime) -> datetime:
        """The instant, if its day in UTC is within the bounds; the margin is a day, as zones differ."""
        if not self.first <= value.replace(tzinfo=None).date() <= self.last:
            raise PydanticCustomError(OUT_OF_BOUNDS, "must be {words}", {"words": self.words})
        return value

    @property
    def words(self) -> str:
        """As in *a date of birth from 1900-01-01 to 2100-12-31*."""
        return f"{self.meaning} from {self.first} to {self.last}"


_LAST: Final = date(2100, 12, 31)
BIRTHS: Final = Bounds("a date of birth", date(1900, 1, 1), _LAST)
SERVICES: Final = Bounds("a date of service", date(2000, 1, 1), _LAST)
PERIODS: Final = Bounds("an approved day", date(2000, 1, 1), _LAST)
COVERAGES: Final = Bounds("a day of coverage", date(1900, 1, 1), _LAST)
RULES: Final = Bounds("an effective date", date(1990, 1, 1), _LAST)
HOLIDAYS: Final = Bounds("a holiday", date(2000, 1, 1), _LAST)
INSTANTS: Final = Bounds("an instant", date(2000, 1, 1), _LAST)
MOMENTS: Final = Bounds("an instant", date(1971, 1, 1), date(2199, 12, 31))
"""Of what the product records itself. A row outside of them is damaged."""

OPEN_ENDS: Final = frozenset({"9999-12-31", "2999-12-31"})
"""How other systems write that a coverage or a rule has no last day."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _calendar_day(value: object) -> object:
    """Days are ISO 8601 dates as text; a number could be epoch seconds and is refused."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value.strip()):
        raise ValueError("must be a date in the format YYYY-MM-DD")
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("the calendar has no such day") from None


def _zoned(value: object) -> object:
    """Instants have their zone: a bare time of day is another instant elsewhere."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("write the instant as text with its zone, as in 2026-07-01T09:00:00Z")
    return value


def _open_end(value: object) -> object:
    text = value.isoformat() if isinstance(value, date) else value
    return None if isinstance(text, str) and text.strip() in OPEN_ENDS else value


BirthDate = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(BIRTHS.day)]
ServiceDate = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(SERVICES.day)]
"""A day of service, admission or start, requested or searched for."""
ApprovedDate = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(PERIODS.day)]
CoverageDate = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(COVERAGES.day)]
CoverageEnd = Annotated[CoverageDate | None, BeforeValidator(_open_end)]
"""The last day of coverage; :data:`OPEN_ENDS` are read as none."""
RuleDate = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(RULES.day)]
RuleEnd = Annotated[RuleDate | None, BeforeValidator(_open_end)]
"""The last day of a rule; :data:`OPEN_ENDS` are read as none."""
Holiday = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(HOLIDAYS.day)]
Instant = Annotated[datetime, BeforeValidator(_zoned), AfterValidator(INSTANTS.instant)]
"""An instant that a caller sends: of a receipt, a report or a change, or for a past answer."""
Moment = Annotated[datetime, BeforeValidator(_zoned), AfterValidator(MOMENTS.instant)]
"""An instant that the product recorded, as a stored row has it."""


# -- Arithmetic that ends at the ends of the calendar ------------------------------------------------

FIRST_INSTANT: Final = datetime(1, 1, 3, tzinfo=UTC)
LAST_INSTANT: Final = datetime(9999, 12, 29, tzinfo=UTC)
"""Two days within the calendar, so that they can be written in every time zone."""


def days_after(day: date, days: int) -> date:
    """The day so many days later, or earlier; the calendar's first or last day beyond its ends."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def elapsed(moment: datetime, length: timedelta) -> datetime:
    """``length`` of elapsed time later, in the same zone; Python itself adds wall time.

    Beyond the ends of the calendar it is :data:`FIRST_INSTANT` or :data:`LAST_INSTANT`.
    """
    start = within_calendar(moment)
    try:
        return within_calendar(start.astimezone(UTC) + length).astimezone(moment.tzinfo)
    except OverflowError:
        return LAST_INSTANT if length > timedelta() else FIRST_INSTANT


def within_calendar(moment: datetime) -> datetime:
    """The instant, or the nearest one that every time zone can write."""
    return min(max(moment, FIRST_INSTANT), LAST_INSTANT)
