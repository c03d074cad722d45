"""Members: coverage by plan and dates, and the search for a patient (P1, P2, A4, A6).

A social security number (SSN) is used only for a keyed hash. It is not stored, printed or logged:
:data:`Ssn` masks it, and no stored model has a field for it.
"""

import re
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from precert.domain.content import Address, Patient
from precert.domain.dates import BirthDate, CoverageDate, CoverageEnd
from precert.domain.text import ascii_digits, folded
from precert.domain.values import MemberId, Text, UsState, Value

PLAN_TYPES: Final = ("HMO", "IFP", "EPO", "OAP", "PPO")
"""The valid values of ``plan_type`` in :class:`Plan`; a test compares them with its pattern."""
REFERRAL_PLAN_TYPES = frozenset({"HMO", "IFP", "EPO"})
"""Plan types whose members need a referral from their primary care provider (P2)."""
MAX_SPANS: Final = 8
"""The maximum number of coverage spans of a member, which a submission's condition compares all."""


class Plan(Value):
    """The attributes of a plan that precertification uses."""

    plan_id: Text
    name: Text
    plan_type: Annotated[str, Field(pattern=r"^(HMO|IFP|EPO|OAP|PPO)$")]
    line_of_business: Text
    management_level: Text
    state: UsState | None = None
    """The state whose law can change the decision clocks: that of the plan, else of the member."""

    @property
    def referral_needed(self) -> bool:
        """Whether members need a referral from their primary care provider (P2)."""
        return self.plan_type in REFERRAL_PLAN_TYPES


class Person(Value):
    """The identity of a member."""

    member_id: MemberId
    date_of_birth: BirthDate
    last_name: Text
    first_name: Text
    mailing_address: Address | None = None
    """The address for determination notices; never part of a response, an export or a message."""

    def matches(self, patient: Patient) -> bool:
        """Whether member id, birth date and names of the patient are the member's (P1)."""
        return self.member_id.upper() == patient.member_id.upper() and self.has_name_and_birth_date(
            patient.last_name, patient.first_name, patient.date_of_birth
        )

    def has_name_and_birth_date(self, last_name: str, first_name: str, date_of_birth: date) -> bool:
        """Whether names and birth date are the member's; names are compared folded."""
        return (
            self.date_of_birth == date_of_birth
            and folded(self.last_name) == folded(last_name)
            and folded(self.first_name) == folded(first_name)
        )


class Span(Value):
    """A coverage span: a period in which one plan covers a member, both days included."""

    account: Text
    account_name: Text
    plan: Plan
    active_from: CoverageDate
    active_to: CoverageEnd = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.active_to is not None and self.active_to < self.active_from:
            raise ValueError("active_to must not be before active_from")
        return self

    @property
    def last_day(self) -> date:
        """The last covered day; the last day of the calendar if the span has no end."""
        return self.active_to or date.max

    def is_active(self, on: date) -> bool:
        """Whether the member is covered on the day (A6)."""
        return self.active_from <= on <= self.last_day


class Coverage(Span, Person):
    """A member with one coverage span, as a check uses it."""


class Member(Person):
    """A member with every coverage span, earliest first; spans do not overlap."""

    spans: Annotated[tuple[Span, ...], Field(min_length=1, max_length=MAX_SPANS)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for before, after in pairwise(self.spans):
            if before.last_day >= after.active_from:
                raise ValueError("must have spans in ascending order that do not overlap")
        return self

    def covered_from(self, day: date, accounts: Collection[str] | None) -> bool:
        """Whether a span ends on the day or later. ``accounts`` limits the spans; ``None`` for all."""
        return any(_within(span, day, accounts) for span in self.spans)

    def ended_before(self, day: date, accounts: Collection[str] | None) -> "Member | None":
        """The member with the spans of :meth:`covered_from` ended on the day before.

        Spans that begin later are removed. ``None`` if no span is left.
        """
        last = day - timedelta(days=1)
        spans = tuple(
            span.model_copy(update={"active_to": last}) if _within(span, day, accounts) else span
            for span in self.spans
            if span.active_from <= last or not _within(span, day, accounts)
        )
        return self.model_copy(update={"spans": spans}) if spans else None

    def coverage_on(self, day: date) -> Coverage | None:
        """The coverage on a day; ``None`` if no span covers it."""
        return next((self._under(span) for span in self.spans if span.is_active(day)), None)

    def coverage_near(self, day: date) -> Coverage:
        """The coverage on a day; without one, the next that begins, else the last that ended."""
        found = next((span for span in self.spans if span.last_day >= day), self.spans[-1])
        return self._under(found)

    def _under(self, span: Span) -> Coverage:
        fields = {**vars(self), **vars(span)}
        del fields["spans"]
        return Coverage.model_construct(**fields)


def _within(span: Span, day: date, accounts: Collection[str] | None) -> bool:
    return span.last_day >= day and (accounts is None or span.account in accounts)


def members_of(coverages: Iterable[Coverage]) -> tuple[Member, ...]:
    """Members with their coverage spans, from one coverage for each span."""
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


_SSN: Final = re.compile(r"[0-9]{3}([- .]?)[0-9]{2}\1[0-9]{4}")
_NEVER_ASSIGNED: Final = re.compile(r"(000|666)|.{3}00|.{5}0000")
"""Area 000 or 666, group 00, or serial 0000. Areas from 900 are accepted: they are taxpayer numbers
(ITIN), under which payers register people without an SSN."""


def _nine_digits(value: SecretStr) -> SecretStr:
    text = ascii_digits(value.get_secret_value()).strip()
    digits = re.sub("[- .]", "", text)
    if not _SSN.fullmatch(text) or _NEVER_ASSIGNED.match(digits):
        raise ValueError("must be nine digits, as in 123-45-6789")
    return SecretStr(digits)


Ssn = Annotated[SecretStr, AfterValidator(_nine_digits)]
"""Nine digits, with or without dashes, spaces or periods. Never stored, logged or returned."""


class PatientSearch(Value):
    """The fields of a patient search: a member id or an SSN, with birth date and names (P1).

    Without a member id and an SSN no member is found; the response has the payer's notice about
    newborns.
    """

    member_id: MemberId | None = None
    ssn: Ssn | None = None
    date_of_birth: BirthDate
    last_name: Text
    first_name: Text

    @field_validator("ssn")
    @classmethod
    def _not_both(cls, ssn: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if ssn is not None and info.data.get("member_id") is not None:
            raise ValueError("must be absent if member_id is present")
        return ssn

    def matches(self, person: Person) -> bool:
        """Whether birth date and names are those of a member who was found by the id."""
        return person.has_name_and_birth_date(self.last_name, self.first_name, self.date_of_birth)


def ssn_text(ssn: SecretStr, born: date, last_name: str, first_name: str) -> str:
    """The text that is hashed for an SSN: the SSN, the birth date and the folded names.

    A search without a match makes the same calls whichever of the four fields is wrong, so that a
    caller who does not have all of them learns nothing.
    """
    names = f"{folded(last_name)}\x1f{folded(first_name)}"
    return f"{ssn.get_secret_value()}\x1f{born.isoformat()}\x1f{names}"
