"""Formatting of values in texts that people read, such as notices and messages."""

import re
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from precert.domain.content import Address


def written_day(day: date) -> str:
    """A date in words: July 4, 2026."""
    return f"{day:%B} {day.day}, {day.year}"


def written_moment(moment: datetime) -> str:
    """A date with the time and the time zone: July 4, 2026, 1:05 PM EDT."""
    hour = moment.hour % 12 or 12
    return f"{written_day(moment.date())}, {hour}:{moment:%M %p %Z}"


_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKEND: Final = frozenset({5, 6})


def written_time_left(left: timedelta, resting_weekdays: Collection[int] = ()) -> str:
    """The remaining time in its two largest units: 2 days 3 hours, weekends not counted.

    A day is 24 hours. The time is rounded down to minutes. ``resting_weekdays`` are those on which the
    clock pauses (Monday is 0); the text names them.
    """
    minutes, counts = int(left.total_seconds()) // 60, list[str]()
    for unit, length in (("days", 24 * 60), ("hours", 60), ("minutes", 1)):
        number, minutes = divmod(minutes, length)
        if number and len(counts) < 2:
            counts.append(counted(number, unit))
        elif counts:
            break
    text = " ".join(counts) or "less than a minute"
    if set(resting_weekdays) == _WEEKEND:
        return f"{text}, weekends not counted"
    if resting_weekdays:
        names = " and ".join(f"{_DAYS[day]}s" for day in sorted(resting_weekdays))
        return f"{text}, {names} not counted"
    return text


def written_business_days(days: int) -> str:
    """The time limit of an admission's notification: within one business day, or on the same day."""
    if days == 0:
        return "on the day of the admission"
    return "within one business day" if days == 1 else f"within {days} business days"


def written_tin(tin: str) -> str:
    """A TIN of nine digits with its hyphen: 12-3456789."""
    return f"{tin[:2]}-{tin[2:]}"


_SEPARATOR: Final = "[^0-9A-Za-z]{0,3}"
_PHONE: Final = re.compile(
    rf"^{_SEPARATOR}(?:1{_SEPARATOR})?([0-9]{{3}}){_SEPARATOR}([0-9]{{3}}){_SEPARATOR}([0-9]{{4}})(?![0-9])"
)


def written_phone(phone: str) -> str:
    """A phone number of ten digits as people read it: (216) 555-0188.

    What follows the number, such as an extension, is retained. Any other text is returned as it is. The
    portal has the same form (``formatPhone``).
    """
    return _PHONE.sub(r"(\1) \2-\3", phone)


def written_diagnosis(code: str) -> str:
    """An ICD-10-CM code with its dot: K55.059."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


def counted(number: int, nouns: str) -> str:
    """A number with its noun, which is given in the plural: 1 rule, 3 rules; 1 entry, 1,200 entries."""
    if number == 1:
        nouns = f"{nouns[:-3]}y" if nouns.endswith("ies") else nouns.removesuffix("s")
    return f"{number:,} {nouns}"


def listed(nouns: str, names: Collection[str]) -> str:
    """Names after their noun, which is given in the plural: line 1.1; lines 1.1, 1.2."""
    noun = nouns.removesuffix("s") if len(names) == 1 else nouns
    return f"{noun} {', '.join(names)}"


def written_units(units: int, unit_type: str | None) -> str:
    """A quantity with its unit, which is given in the plural: 1 visit, 3 visits."""
    if unit_type is None:
        return f"{units:,}"
    return counted(units, unit_type.lower())


def written_address(address: Address) -> list[str]:
    """The lines of an address: street, second line if any, and city with state and ZIP code."""
    town = f"{address.city}, {address.state} {address.zip_code}"
    return [line for line in (address.line_1, address.line_2, town) if line]
