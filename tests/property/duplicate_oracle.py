"""An independent statement of rule S2, and the requests that its test enters.

The oracle describes each request by sets of days, and shares no code with the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any, Final, NamedTuple

FIRST_DAY: Final = date(2026, 8, 3)
WINDOW: Final = 7
"""Days between two services within which the later one is a potential duplicate."""


@dataclass
class Line:
    """One requested procedure: what is requested, and the days on which it is, from ``FIRST_DAY``."""

    code: str
    modifiers: frozenset[str]
    amount: tuple[Any, ...]
    place: str
    days: set[int]


@dataclass
class Known:
    """A request in the oracle, with its state and whether a decision is adverse."""

    name: str
    member: str
    purpose: str
    entered: Mapping[str, str | None]
    lines: list[Line]
    submitted: tuple[datetime, str]
    state: str = "PROCESSING"
    adverse: bool = False
    matched: Mapping[str, str | None] | None = None
    """The servicing provider after an operator matched it with the directory."""

    @property
    def provider(self) -> Mapping[str, str | None]:
        return self.matched or self.entered

    @property
    def is_void(self) -> bool:
        return self.state == "VOID"


def equal_but_days(one: Line, other: Line) -> bool:
    return (one.code, one.modifiers, one.amount, one.place) == (
        *(other.code, other.modifiers, other.amount, other.place),
    )


def same_place(one: Mapping[str, str | None], other: Mapping[str, str | None]) -> bool:
    ids = {one["provider_id"], other["provider_id"]} - {None}
    return (one["npi"], one["tin"]) == (other["npi"], other["tin"]) and len(ids) < 2


def is_repetition(one: Known, other: Known) -> bool:
    """Return whether one repeats the other at the same provider, as matched with the directory."""
    return same_place(one.provider, other.provider) and same_services(one, other)


def repeats_as_entered(one: Known, other: Known) -> bool:
    """Return whether one repeats the other at the same provider, as both were entered."""
    return same_place(one.entered, other.entered) and same_services(one, other)


def same_services(one: Known, other: Known) -> bool:
    """Return whether each procedure of one is a different one of the other, with a day in common."""
    if not same_patient_and_purpose(one, other) or len(one.lines) != len(other.lines):
        return False
    return any(
        all(equal_but_days(a, b) and a.days & b.days for a, b in zip(one.lines, order, strict=True))
        for order in permutations(other.lines)
    )


def same_patient_and_purpose(one: Known, other: Known) -> bool:
    return one.name != other.name and (one.member, one.purpose) == (other.member, other.purpose)


def is_similar(one: Known, other: Known) -> bool:
    """Return whether they are potential duplicates.

    Within ``WINDOW`` days, both request the same code, or codes that differ by less than 10 at a
    provider with the same NPI or TIN.
    """
    if not same_patient_and_purpose(one, other):
        return False
    shared = any(one.provider[name] == other.provider[name] for name in ("npi", "tin"))
    for a in one.lines:
        for b in other.lines:
            gap = min(abs(x - y) for x in a.days for y in b.days)
            sibling = shared and abs(int(a.code) - int(b.code)) < 10
            if gap <= WINDOW and (a.code == b.code or sibling):
                return True
    return False


# -- what is entered ----------------------------------------------------------------------------------


class EnteredProcedure(NamedTuple):
    code: str
    units: int
    unit_type: str
    modifiers: tuple[str, ...]
    first: int | None = None
    """Its own start date, if any, in days from ``FIRST_DAY``."""


def day(number: int) -> str:
    return (FIRST_DAY + timedelta(days=number)).isoformat()


@dataclass(frozen=True)
class EnteredService:
    first: int
    stay: int | None
    place: str
    procedures: tuple[EnteredProcedure, ...]

    @property
    def sent(self) -> dict[str, Any]:
        """The service as a provider sends it."""
        return {
            "authorization_type": "INPATIENT" if self.stay else "OUTPATIENT",
            "type_of_service": "SURGERY",
            "place_of_service": self.place,
            "urgency": "STANDARD",
            "primary_diagnosis": "K55",
            "admission_date" if self.stay else "service_date": day(self.first),
            "requested_days": self.stay,
            "procedures": [
                {
                    "code": one.code,
                    "code_type": "CPT",
                    "units": one.units,
                    "unit_type": one.unit_type,
                    "modifiers": list(one.modifiers),
                    "start_date": None if one.first is None else day(one.first),
                }
                for one in self.procedures
            ],
        }

    @property
    def lines(self) -> list[Line]:
        """The procedures with their days, as the oracle counts them."""
        found = []
        for one in self.procedures:
            length = self.stay or (one.units if one.unit_type == "DAYS" else 1)
            first = self.first if one.first is None else one.first
            amount = (one.units, one.unit_type, self.stay)
            days = set(range(first, first + length))
            found.append(Line(one.code, frozenset(one.modifiers), amount, self.place, days))
        return found


@dataclass(frozen=True)
class Entry:
    member: str
    purpose: str
    provider: Mapping[str, str | None]
    services: tuple[EnteredService, ...]
