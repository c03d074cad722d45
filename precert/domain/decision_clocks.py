"""Decision clocks as data: what a line of business allows, and what states and drugs change (W2, W11).

The payer's file has one :class:`ReviewClock` per line of business. The arithmetic is in
:mod:`precert.domain.clocks`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from precert.domain.dates import Moment
from precert.domain.values import Reason, Text, UsState, Value


class ClockUnit(StrEnum):
    """What a time limit counts."""

    HOURS = "HOURS"
    """Elapsed time: 72 hours stay 72 hours across daylight saving changes."""
    CALENDAR_DAYS = "CALENDAR_DAYS"
    """Ends at the same local time on a later date, in the payer's time zone."""
    BUSINESS_DAYS = "BUSINESS_DAYS"
    """As calendar days, but weekends and holidays of the payer's calendar do not count."""


_UNIT_WORDS: Final[Mapping[ClockUnit, tuple[str, str]]] = {
    ClockUnit.HOURS: ("hour", "hours"),
    ClockUnit.CALENDAR_DAYS: ("calendar day", "calendar days"),
    ClockUnit.BUSINESS_DAYS: ("business day", "business days"),
}

MAX_AMOUNT: Final = 1000
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Period(Value):
    """A time limit."""

    amount: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    unit: ClockUnit

    @property
    def words(self) -> str:
        singular, plural = _UNIT_WORDS[self.unit]
        return f"{self.amount} {singular if self.amount == 1 else plural}"


class ExtensionRequester(StrEnum):
    """Who requests an extension of the decision deadline."""

    MEMBER = "MEMBER"
    """The member, or the provider on the member's behalf."""
    PAYER = "PAYER"
    """The payer, which justifies that the extension is in the member's interest."""


class ExtensionRule(Value):
    """The one extension of a deadline that a clock allows; both parties receive a notice of it."""

    source: Text
    days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    """At most so many calendar days."""
    requested_by: Annotated[tuple[ExtensionRequester, ...], Field(min_length=1)]


class ClockKind(StrEnum):
    """Which of a line of business's clocks a determination cycle has."""

    EXPEDITED = "EXPEDITED"
    STANDARD = "STANDARD"
    RETROSPECTIVE = "RETROSPECTIVE"
    """Standard requests for services that were performed before the request was received."""
    APPEAL_EXPEDITED = "APPEAL_EXPEDITED"
    APPEAL_STANDARD = "APPEAL_STANDARD"
    APPEAL_RETROSPECTIVE = "APPEAL_RETROSPECTIVE"
    RECONSIDERATION = "RECONSIDERATION"
    """By the utilization management settings, as no regulation limits it (W12)."""
    PEER_TO_PEER = "PEER_TO_PEER"
    """By the utilization management settings (W12)."""


class DecisionClock(Value):
    """The clock of one determination cycle, from the receipt of the request or appeal (W2)."""

    source: Text
    """The regulation, standard or contract, for people."""
    limit: Period
    pause: bool
    """Whether the clock pauses while a request for information is open."""
    information: Period
    """How long the providers have to respond to a request for information; without a pause at most
    until the decision is due."""
    after_information: Period | None = None
    """Limit of the decision after a pause, if it is earlier than the paused deadline."""
    extension: ExtensionRule | None = None
    """``None`` where the deadline cannot be extended."""
    deemed_denial: Text | None = None
    """The rule by which a decision that is not made in time counts as a denial. The status does not
    change: a person must decide the request (W10)."""

    def words(self) -> tuple[str, ...]:
        """What applies, as sentences for people."""
        pause = "The clock does not pause while information is requested."
        if self.pause:
            pause = "The clock pauses while information is requested."
        if self.pause and self.after_information:
            pause += f" After that, the decision is due within {self.after_information.words}."
        limit = f"The decision is due within {self.limit.words} of receipt ({self.source})."
        sentences = [
            limit,
            pause,
        ]
        if self.extension is None:
            sentences.append("The deadline cannot be extended.")
        else:
            rule = self.extension
            by = " or by ".join(_REQUESTER_WORDS[requester] for requester in rule.requested_by)
            sentences.append(
                f"The deadline can be extended once, by at most {rule.days} calendar days, by {by} "
                f"({rule.source})."
            )
        if self.deemed_denial:
            sentences.append(
                "A decision that is not made in time counts as a denial, which a person must decide "
                f"and send ({self.deemed_denial})."
            )
        return tuple(sentences)


_REQUESTER_WORDS: Final[Mapping[ExtensionRequester, str]] = {
    ExtensionRequester.MEMBER: "the member's request",
    ExtensionRequester.PAYER: "the payer in the member's interest",
}


class ClockOverride(Value):
    """What a state or a drug changes of one clock; members that are left out apply as they are.

    ``"extension": null`` removes the extension, and so on for the members that can be absent.
    """

    source: Text
    limit: Period | None = None
    pause: bool | None = None
    information: Period | None = None
    after_information: Period | None = None
    extension: ExtensionRule | None = None
    deemed_denial: Text | None = None

    @field_validator("limit", "pause", "information")
    @classmethod
    def _is_not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("every clock has this member: leave it out to keep it")
        return value

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.model_fields_set == {"source"}:
            raise ValueError("an override must change at least one member of the clock")
        return self

    @model_serializer(mode="wrap")
    def _changed_members(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """A member that is left out differs from one that is null."""
        members: dict[str, object] = dump(self)
        return {name: value for name, value in members.items() if name in self.model_fields_set}

    def of(self, clock: DecisionClock) -> DecisionClock:
        """The clock with these changes."""
        return clock.model_copy(
            update={name: getattr(self, name) for name in self.model_fields_set}
        )


class ClockOverrides(Value):
    """What a state or a drug changes, by kind of clock."""

    expedited: ClockOverride | None = None
    standard: ClockOverride | None = None
    retrospective: ClockOverride | None = None
    appeal_expedited: ClockOverride | None = None
    appeal_standard: ClockOverride | None = None
    appeal_retrospective: ClockOverride | None = None


class AppealFiling(Value):
    """How long an appeal can be filed where the law of a state differs."""

    source: Text
    days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    """Calendar days after a determination."""


class StateOverrides(ClockOverrides):
    """What the law of one state changes: decision clocks, and the time to file an appeal."""

    appeal_filing: AppealFiling | None = None


class ExternalReview(Value):
    """What follows the last level of appeal of a line of business (W4).

    An independent external review or a State fair hearing is requested within ``months`` or ``days`` of
    the determination. Without both, the payer forwards the case by itself.
    """

    source: Text
    months: Annotated[int, Field(ge=1, le=MAX_AMOUNT)] | None = None
    days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)] | None = None
    while_appealable: Words
    """For notices and details while an appeal is possible. ``{within}`` is the time limit."""
    without_appeal: Words
    """For those in which no appeal remains. ``{until}`` is the last day to request it, and ``{number}``
    the request's number."""

    @field_validator("while_appealable")
    @classmethod
    def _names_the_time_limit_only(cls, text: str) -> str:
        try:
            text.format(within="")
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError("only {within} is filled in") from error
        return text

    @field_validator("without_appeal")
    @classmethod
    def _has_known_placeholders(cls, text: str) -> str:
        try:
            text.format(until="", number="")
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError("only {until} and {number} are filled in") from error
        return text

    @property
    def after_appeal(self) -> str:
        """What can follow an appeal, with the time limit in words."""
        if self.months is not None:
            within = "one month" if self.months == 1 else f"{self.months} months"
        else:
            within = (
                Period(amount=self.days, unit=ClockUnit.CALENDAR_DAYS).words if self.days else ""
            )
        return self.while_appealable.format(within=within)

    @property
    def is_automatic(self) -> bool:
        """Whether the payer forwards the case by itself."""
        return self.months is None and self.days is None

    @model_validator(mode="after")
    def _has_one_time_limit(self) -> Self:
        if self.months is not None and self.days is not None:
            raise ValueError("state the time limit in months or in days")
        return self


class ReviewClock(Value):
    """The decision clocks of a line of business, and its appeals (W2, W7, W11).

    ``warn_at_share`` is the share of the time after which a reminder is due.
    """

    expedited: DecisionClock
    standard: DecisionClock
    retrospective: DecisionClock
    appeal_expedited: DecisionClock
    appeal_standard: DecisionClock
    appeal_retrospective: DecisionClock
    appeal_filing_source: Text
    appeal_filing_days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    """How many calendar days after a determination an appeal can be filed."""
    external_review: ExternalReview | None = None
    """``None`` where nothing follows the last level of appeal."""
    appeal_levels: Annotated[int, Field(ge=1)]
    """How often a line can be appealed before external review."""
    warn_at_share: Annotated[float, Field(gt=0, lt=1)]
    states: Mapping[UsState, StateOverrides] = {}
    """Overrides, by the state whose law applies (:attr:`precert.domain.coverage.Plan.state`)."""
    drugs: ClockOverrides | None = None
    """What differs where a line is a drug that is infused or injected outside of a stay, such as a
    Part B drug of Medicare. It applies after the state's overrides."""

    def in_state(self, state: str | None) -> Self:
        """The clocks with the time to file an appeal that the state's law allows (W7).

        :meth:`clock` applies the state's other overrides.
        """
        overrides = self.states.get(state or "")
        filing = overrides.appeal_filing if overrides else None
        if filing is None:
            return self
        changed = {"appeal_filing_source": filing.source, "appeal_filing_days": filing.days}
        return self.model_copy(update=changed)

    def clock(
        self, kind: ClockKind, state: str | None = None, *, drug: bool = False
    ) -> DecisionClock:
        """The clock of a determination cycle, with what the state changes.

        ``drug`` is whether a line of the cycle has the clock of drugs.
        """
        name = kind.value.lower()
        clock: DecisionClock = getattr(self, name)
        for overrides in (self.states.get(state or ""), self.drugs if drug else None):
            override: ClockOverride | None = getattr(overrides, name, None)
            clock = override.of(clock) if override else clock
        return clock


class Extension(Value):
    """One extension of the deadline, with its reason (W2)."""

    extended_at: Moment
    due_at: Moment
    """The deadline after it. A pause that is open then, or comes later, moves it further."""
    paused: bool = False
    """Whether the clock was paused."""
    days: Annotated[int, Field(ge=1)]
    requested_by: ExtensionRequester = ExtensionRequester.PAYER
    reason: Reason
