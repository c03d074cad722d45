"""Dates of service in a received claim: of its items, and of its supporting information."""

from datetime import date

from precert.fhir.bundles import codings, day_of, objects
from precert.fhir.elements import Json


def period_of(claim: Json) -> tuple[str | None, str | None]:
    """The first and last day that a claim names as dates of service."""
    infos = [one for one in objects(claim, "supportingInfo") if _is_dated(one)]
    firsts = [first_of(one, "timing") for one in infos]
    lasts = [last_of(one, "timing") or first_of(one, "timing") for one in infos]
    for item in objects(claim, "item"):
        firsts.append(first_of(item, "serviced"))
        lasts.append(last_of(item, "serviced") or first_of(item, "serviced"))
    days = [one for one in firsts if one], [one for one in lasts if one]
    return min(days[0], default=None), max(days[1], default=None)


def _is_dated(info: Json) -> bool:
    dates = {"patientEvent", "admissionDates", "dischargeDates"}
    return any(code in dates for _, code in codings(info.get("category")))


def is_reversed(first: str | None, last: str | None) -> bool:
    """Whether a period ends before it begins; what is no date is another error."""
    try:
        return date.fromisoformat(last or "") < date.fromisoformat(first or "")
    except ValueError:
        return False


def has_partial_date(element: Json | None, stem: str) -> bool:
    """Whether a ``stem[x]`` has a value that names no day, such as a month alone."""
    if element is None or first_of(element, stem) is not None:
        return False
    period = element.get(f"{stem}Period")
    start = period.get("start") if isinstance(period, dict) else None
    return bool(element.get(f"{stem}Date") or start)


def first_of(element: Json | None, stem: str) -> str | None:
    """The first day of a ``stem[x]`` of type date or Period."""
    if element is None:
        return None
    period = element.get(f"{stem}Period")
    return day_of(element.get(f"{stem}Date")) or (
        day_of(period.get("start")) if isinstance(period, dict) else None
    )


def last_of(element: Json | None, stem: str) -> str | None:
    period = element.get(f"{stem}Period") if element else None
    return day_of(period.get("end")) if isinstance(period, dict) else None


def days_between(first: str | None, last: str | None) -> int | None:
    """The days from admission to discharge; a stay of one day has both on the same day."""
    try:
        days = (date.fromisoformat(last or "") - date.fromisoformat(first or "")).days
    except ValueError:
        return None
    return max(days, 1)


def supporting_info(claim: Json, category: str) -> Json | None:
    """The first supporting information of a category."""
    for one in objects(claim, "supportingInfo"):
        if any(code == category for _, code in codings(one.get("category"))):
            return one
    return None
