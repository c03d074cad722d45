"""Dates of service in a received claim: those of its items and of its supporting information.

Days are text (YYYY-MM-DD), as they were sent. ``stem`` is the name of a ``stem[x]`` element with a date
or a Period: ``serviced`` or ``timing``.
"""

from datetime import date
from typing import Final

from precert.fhir.bundles import codings, day_of, objects
from precert.fhir.elements import Json

DATED: Final = ("patientEvent", "admissionDates", "dischargeDates")
"""Categories of supporting information with dates. PAS permits each once."""


def period_of(claim: Json) -> tuple[str | None, str | None]:
    """The first and last date of service in a claim; ``None`` if it has no dates.

    ``billablePeriod`` is used if no item and no supporting information has a date.
    """
    infos = [one for one in objects(claim, "supportingInfo") if _is_dated(one)]
    firsts = [first_of(one, "timing") for one in infos]
    lasts = [last_of(one, "timing") or first_of(one, "timing") for one in infos]
    for item in objects(claim, "item"):
        firsts.append(first_of(item, "serviced"))
        lasts.append(last_of(item, "serviced") or first_of(item, "serviced"))
    days = [one for one in firsts if one], [one for one in lasts if one]
    if not any(days):
        return first_of(claim, "billable"), last_of(claim, "billable")
    return min(days[0], default=None), max(days[1], default=None)


def _is_dated(info: Json) -> bool:
    return any(has_category(info, one) for one in DATED)


def has_category(info: Json, category: str) -> bool:
    """Whether supporting information has this category code, in any code system."""
    return any(code == category for _, code in codings(info.get("category")))


def is_reversed(first: str | None, last: str | None) -> bool:
    """Whether a period ends before it begins; ``False`` if a day is missing or not a date."""
    try:
        return date.fromisoformat(last or "") < date.fromisoformat(first or "")
    except ValueError:
        return False


def has_partial_date(element: Json | None, stem: str) -> bool:
    """Whether an element has a date without a day, such as a month alone."""
    if element is None or first_of(element, stem) is not None:
        return False
    return bool(element.get(f"{stem}Date") or element.get(f"{stem}Period"))


def first_of(element: Json | None, stem: str) -> str | None:
    """The day of a date, or the first day of a Period."""
    if element is None:
        return None
    period = element.get(f"{stem}Period")
    return day_of(element.get(f"{stem}Date")) or (
        day_of(period.get("start")) if isinstance(period, dict) else None
    )


def last_of(element: Json | None, stem: str) -> str | None:
    """The last day of a Period; ``None`` for a date."""
    period = element.get(f"{stem}Period") if element else None
    return day_of(period.get("end")) if isinstance(period, dict) else None


def days_between(first: str | None, last: str | None) -> int | None:
    """The number of days from admission to discharge, at least 1; ``None`` if either is not a date."""
    try:
        days = (date.fromisoformat(last or "") - date.fromisoformat(first or "")).days
    except ValueError:
        return None
    return max(days, 1)


def supporting_info(claim: Json, category: str) -> Json | None:
    """The first supporting information with this category code."""
    for one in objects(claim, "supportingInfo"):
        if has_category(one, category):
            return one
    return None
