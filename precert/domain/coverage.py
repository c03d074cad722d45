"""Members and their coverage: who they are, by which plan and when, and what it allows (P2, A4, A6)."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from precert.domain.content import Patient
from precert.domain.names import folded
from precert.domain.values import MemberId, Text, Value

PLAN_TYPES: Final = ("HMO", "IFP", "EPO", "OAP", "PPO")
"""The plan types that :class:`Plan` knows; a test keeps both equal."""
REFERRAL_PLAN_TYPES = frozenset({"HMO", "IFP", "EPO"})
"""Plan types whose members need a referral by their primary care provider (P2)."""
MAX_SPANS: Final = 8
"""Spans that a member can have: as many as the condition of a submission looks at."""


class Plan(Value):
    """A plan as far as precertification asks of it."""

    plan_id: Text
    name: Text
    plan_type: Annotated[str, Field(pattern=r"^(HMO|IFP|EPO|OAP|PPO)$")]
    line_of_business: Text
    management_level: Text

    @property
    def referral_needed(self) -> bool:
        return self.plan_type in REFERRAL_PLAN_TYPES


class Person(Value):
    """Who a member is."""

    member_id: MemberId
    date_of_birth: date
    last_name: Text
    first_name: Text

    def is_of(self, patient: Patient) -> bool:
        """Whether all that was entered fits; names are compared folded (P1)."""
        return self.member_id.upper() == patient.member_id.upper() and self.is_called(
            patient.date_of_birth, patient.last_name, patient.first_name
        )

    def is_called(self, date_of_birth: date, last_name: str, first_name: str) -> bool:
        return (
            self.date_of_birth == date_of_birth
            and folded(self.last_name) == folded(last_name)
            and folded(self.first_name) == folded(first_name)
        )


class Span(Value):
    """Days on which a plan covers a member, both ends included."""

    account: Text
    account_name: Text
    plan: Plan
    active_from: date
    active_to: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.active_to is not None and self.active_to < self.active_from:
            raise ValueError("active_to must not be before active_from")
        return self

    @property
    def last_day(self) -> date:
        return self.active_to or date.max

    def is_active(self, on: date) -> bool:
        return self.active_from <= on <= self.last_day


class Coverage(Span, Person):
    """A member under one plan: what a check is made by."""


class Member(Person):
    """A member with every span of coverage, earliest first; no day is in two of them."""

    spans: Annotated[tuple[Span, ...], Field(min_length=1, max_length=MAX_SPANS)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for before, after in pairwise(self.spans):
            if before.last_day >= after.active_from:
                raise ValueError("spans must follow one another and not overlap")
        return self

    def coverage_on(self, day: date) -> Coverage | None:
        """The coverage of a day, if there is one."""
        return next((self._under(span) for span in self.spans if span.is_active(day)), None)

    def coverage_near(self, day: date) -> Coverage:
        """The coverage of a day; where there is none the next to begin, else the last that ended."""
        found = next((span for span in self.spans if span.last_day >= day), self.spans[-1])
        return self._under(found)

    def _under(self, span: Span) -> Coverage:
        told = {**vars(self), **vars(span)}
        del told["spans"]
        return Coverage.model_construct(**told)


def members_of(coverages: Iterable[Coverage]) -> tuple[Member, ...]:
    """Coverages, one for each span, gathered by member."""
    spans: dict[str, list[Coverage]] = {}
    for coverage in coverages:
        spans.setdefault(coverage.member_id, []).append(coverage)
    return tuple(_member(found) for found in spans.values())


def _member(coverages: list[Coverage]) -> Member:
    coverages.sort(key=lambda coverage: coverage.active_from)
    person = coverages[-1]
    return Member(
        **{name: getattr(person, name) for name in Person.model_fields},
        spans=tuple(
            Span(**{name: getattr(one, name) for name in Span.model_fields}) for one in coverages
        ),
    )
