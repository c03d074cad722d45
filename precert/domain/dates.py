"""Types of dates and instants with their bounds, arithmetic within the calendar, and the text form.

A year such as 0202, or the last day of the calendar, is a typing error: it is refused when it is
entered. Every date of a request body, a query or a loaded file has one of these types. Stored dates
outside of the bounds can still be calculated with: results end at the ends of the calendar.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

OUT_OF_BOUNDS: Final = "out_of_bounds"
"""The error code of a date or instant outside its bounds."""


class Bounds(NamedTuple):
    """The first and last valid day of a kind of date, such as a date of birth."""

    meaning: str
    first: date
    last: date

    def day(self, value: date) -> date:
        """Return the date, if it is within the bounds.

        Raises:
            PydanticCustomError: it is not, with the code :data:`OUT_OF_BOUNDS`.
        """
        if not self.first <= value <= self.last:
            raise PydanticCustomError(OUT_OF_BOUNDS, "must be {words}", {"words": self.words})
        return value

    def instant(self, value: datetime) -> datetime:
        """Return the instant, if its date is within the bounds. The date is that of its own time zone.

        Raises:
            PydanticCustomError: it is not, with the code :data:`OUT_OF_BOUNDS`.
        """
        if not self.first <= value.replace(tzinfo=None).date() <= self.last:
            raise PydanticCustomError(OUT_OF_BOUNDS, "must be {words}", {"words": self.words})
        return value

    @property
    def words(self) -> str:
        """The bounds in words, as in *a date of birth from 1900-01-01 to 2100-12-31*."""
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
"""The bounds of instants that the product records. A stored record with another one is damaged."""

OPEN_ENDS: Final = frozenset({"9999-12-31", "2999-12-31"})
"""The dates by which other systems state that a coverage or a rule has no last day."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _calendar_day(value: object) -> object:
    """A date from ISO 8601 text. A number is refused: it could be seconds since 1970."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value.strip()):
        raise ValueError("must be a date in the format YYYY-MM-DD")
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("must be a date that exists") from None


def _zoned(value: object) -> object:
    """An instant from ISO 8601 text with its time zone, without which it is ambiguous."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(
            "must be an instant as text with its time zone, as in 2026-07-01T09:00:00Z"
        )
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
"""The last day of coverage; the dates of :data:`OPEN_ENDS` are read as ``None``."""
RuleDate = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(RULES.day)]
RuleEnd = Annotated[RuleDate | None, BeforeValidator(_open_end)]
"""The last day of a rule; the dates of :data:`OPEN_ENDS` are read as ``None``."""
Holiday = Annotated[date, BeforeValidator(_calendar_day), AfterValidator(HOLIDAYS.day)]
Instant = Annotated[datetime, BeforeValidator(_zoned), AfterValidator(INSTANTS.instant)]
"""An instant that a caller sends, such as that of a receipt or a report, or ``as_of`` of a check."""
Moment = Annotated[datetime, BeforeValidator(_zoned), AfterValidator(MOMENTS.instant)]
"""An instant that the product recorded, in a stored record."""


# -- Arithmetic that ends at the ends of the calendar ------------------------------------------------

FIRST_INSTANT: Final = datetime(1, 1, 3, tzinfo=UTC)
LAST_INSTANT: Final = datetime(9999, 12, 29, tzinfo=UTC)
"""The limits of calculated instants: two days within the calendar, so that they exist in every zone."""


def days_after(day: date, days: int) -> date:
    """The date ``days`` later, or earlier if negative, within :data:`date.min` and :data:`date.max`."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def elapsed(moment: datetime, length: timedelta) -> datetime:
    """The instant ``length`` of elapsed time later, in the same zone. Python adds wall time.

    At most :data:`FIRST_INSTANT` or :data:`LAST_INSTANT`.
    """
    start = within_calendar(moment)
    try:
        return within_calendar(start.astimezone(UTC) + length).astimezone(moment.tzinfo)
    except OverflowError:
        return LAST_INSTANT if length > timedelta() else FIRST_INSTANT


def within_calendar(moment: datetime) -> datetime:
    """The instant, or the nearest one between :data:`FIRST_INSTANT` and :data:`LAST_INSTANT`."""
    return min(max(moment, FIRST_INSTANT), LAST_INSTANT)


# -- Text ---------------------------------------------------------------------------------------------


def instant_text(at: datetime, timespec: str = "auto") -> str:
    """An instant in UTC as ISO 8601 text with ``Z``, as JSON and FHIR have it.

    ``timespec`` is that of :meth:`datetime.isoformat`, such as ``seconds``; by default, microseconds
    are present unless they are zero.

    Raises:
        ValueError: the instant has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("at must be zone-aware")
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
