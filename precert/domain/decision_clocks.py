"""Decision clocks as data: the clocks of a line of business, and overrides by state and drug (W2, W11).

``payer.json`` has one :class:`ReviewClock` per line of business. The arithmetic is in
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
    """As calendar days, without the weekdays off and holidays of the payer's calendar."""


_UNIT_WORDS: Final[Mapping[ClockUnit, tuple[str, str]]] = {
    ClockUnit.HOURS: ("hour", "hours"),
    ClockUnit.CALENDAR_DAYS: ("calendar day", "calendar days"),
    ClockUnit.BUSINESS_DAYS: ("business day", "business days"),
}

MAX_AMOUNT: Final = 1000
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Period(Value):
    """A time limit: an amount of hours, calendar days or business days."""

    amount: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    unit: ClockUnit

    @property
    def words(self) -> str:
        """As in *72 hours* or *1 business day*."""
        singular, plural = _UNIT_WORDS[self.unit]
        return f"{self.amount} {singular if self.amount == 1 else plural}"


class ExtensionRequester(StrEnum):
    """Who requests an extension of the decision deadline."""

    MEMBER = "MEMBER"
    """The member, or the provider on the member's behalf."""
    PAYER = "PAYER"
    """The payer, which must justify that the extension is in the member's interest."""


class ExtensionRule(Value):
    """The extension that a clock allows once per determination cycle, with a notice to both parties."""

    source: Text
    days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    """The maximum number of calendar days."""
    requested_by: Annotated[tuple[ExtensionRequester, ...], Field(min_length=1)]


class ClockKind(StrEnum):
    """The kind of clock of a determination cycle."""

    EXPEDITED = "EXPEDITED"
    STANDARD = "STANDARD"
    RETROSPECTIVE = "RETROSPECTIVE"
    """Standard requests for services that were performed before the request was received."""
    APPEAL_EXPEDITED = "APPEAL_EXPEDITED"
    APPEAL_STANDARD = "APPEAL_STANDARD"
    APPEAL_RETROSPECTIVE = "APPEAL_RETROSPECTIVE"
    RECONSIDERATION = "RECONSIDERATION"
    """Limited by the utilization management settings, because no regulation limits it (W12)."""
    PEER_TO_PEER = "PEER_TO_PEER"
    """Limited by the utilization management settings (W12)."""


class DecisionClock(Value):
    """The clock of one determination cycle, from the receipt of the request or appeal (W2)."""

    source: Text
    """The regulation, standard or contract, as texts cite it."""
    limit: Period
    pause: bool
    """Whether the clock pauses while a request for information is open."""
    information: Period
    """The time for the providers to respond to a request for information. Without a pause it ends with
    the decision deadline at the latest."""
    after_information: Period | None = None
    """The time limit of the decision after a pause, if it ends before the paused deadline."""
    extension: ExtensionRule | None = None
    """``None`` where the deadline cannot be extended."""
    deemed_denial: Text | None = None
    """The regulation by which a decision that is not made in time counts as a denial. The status does
    not change: a person must decide the request (W10)."""

    def words(self) -> tuple[str, ...]:
        """The limit, pause, extension and deemed denial as sentences, for users."""
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
                "A decision that is not made in time counts as a denial. A person must decide the "
                f"request and send the notice ({self.deemed_denial})."
            )
        return tuple(sentences)


_REQUESTER_WORDS: Final[Mapping[ExtensionRequester, str]] = {
    ExtensionRequester.MEMBER: "the member's request",
    ExtensionRequester.PAYER: "the payer in the member's interest",
}


class ClockOverride(Value):
    """The values of one clock that differ in a state or for a drug.

    Members that are absent do not change the clock. ``null`` removes ``after_information``,
    ``extension`` or ``deemed_denial``.
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
            raise ValueError("must not be null; omit it to keep the value of the clock")
        return value

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.model_fields_set == {"source"}:
            raise ValueError("an override must change at least one member of the clock")
        return self

    @model_serializer(mode="wrap")
    def _changed_members(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Serialize only the members that are set: an absent member differs from null."""
        members: dict[str, object] = dump(self)
        return {name: value for name, value in members.items() if name in self.model_fields_set}

    def of(self, clock: DecisionClock) -> DecisionClock:
        """The clock with these changes."""
        return clock.model_copy(
            update={name: getattr(self, name) for name in self.model_fields_set}
        )


class ClockOverrides(Value):
    """The overrides of a state or for a drug, by kind of clock."""

    expedited: ClockOverride | None = None
    standard: ClockOverride | None = None
    retrospective: ClockOverride | None = None
    appeal_expedited: ClockOverride | None = None
    appeal_standard: ClockOverride | None = None
    appeal_retrospective: ClockOverride | None = None


class AppealFiling(Value):
    """The time to file an appeal in a state whose law differs (W7)."""

    source: Text
    days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    """Calendar days after a determination."""


class StateOverrides(ClockOverrides):
    """The overrides of one state's law: decision clocks, and the time to file an appeal."""

    appeal_filing: AppealFiling | None = None


class ExternalReview(Value):
    """The external review after the last level of appeal of a line of business (W4).

    An independent external review or a State fair hearing can be requested within ``months`` or
    ``days`` of the determination. Without both members, the payer forwards the case without a request.
    """

    source: Text
    months: Annotated[int, Field(ge=1, le=MAX_AMOUNT)] | None = None
    days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)] | None = None
    while_appealable: Words
    """The text while an appeal is possible. ``{within}`` is replaced by the time limit."""
    without_appeal: Words
    """The text if no appeal remains. ``{until}`` is replaced by the last day to request the review,
    ``{number}`` by the precertification number, and ``{phone}`` by the number of Provider Services."""

    @field_validator("while_appealable")
    @classmethod
    def _names_the_time_limit_only(cls, text: str) -> str:
        try:
            text.format(within="")
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError("must have no placeholder other than {within}") from error
        return text

    @field_validator("without_appeal")
    @classmethod
    def _has_known_placeholders(cls, text: str) -> str:
        try:
            text.format(until="", number="", phone="")
        except (IndexError, KeyError, ValueError) as error:
            message = "must have no placeholders other than {until}, {number} and {phone}"
            raise ValueError(message) from error
        return text

    @property
    def after_appeal(self) -> str:
        """The text of ``while_appealable`` with the time limit."""
        if self.months is not None:
            within = "one month" if self.months == 1 else f"{self.months} months"
        else:
            within = (
                Period(amount=self.days, unit=ClockUnit.CALENDAR_DAYS).words if self.days else ""
            )
        return self.while_appealable.format(within=within)

    @property
    def is_automatic(self) -> bool:
        """Whether the payer forwards the case without a request."""
        return self.months is None and self.days is None

    @model_validator(mode="after")
    def _has_one_time_limit(self) -> Self:
        if self.months is not None and self.days is not None:
            raise ValueError("must have months or days, not both")
        return self


class ReviewClock(Value):
    """The decision clocks of a line of business, and its appeals (W2, W7, W11).

    ``warn_at_share`` is the share of the time to the deadline after which a reminder is due.
    """

    expedited: DecisionClock
    standard: DecisionClock
    retrospective: DecisionClock
    appeal_expedited: DecisionClock
    appeal_standard: DecisionClock
    appeal_retrospective: DecisionClock
    appeal_filing_source: Text
    appeal_filing_days: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    """The calendar days after a determination in which an appeal can be filed."""
    external_review: ExternalReview | None = None
    """``None`` where there is no external review after the last level of appeal."""
    appeal_levels: Annotated[int, Field(ge=1)]
    """The number of levels of appeal: how often a service line can be appealed."""
    warn_at_share: Annotated[float, Field(gt=0, lt=1)]
    states: Mapping[UsState, StateOverrides] = {}
    """Overrides, by the state whose law applies (:attr:`precert.domain.coverage.Plan.state`)."""
    drugs: ClockOverrides | None = None
    """Overrides for a cycle with a drug that is infused or injected outside of a stay, such as one of
    Medicare Part B. They apply after those of the state."""

    def in_state(self, state: str | None) -> Self:
        """The clocks with the time to file an appeal by the law of the state (W7).

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
        """The clock of a determination cycle, with the overrides of the state and for drugs.

        ``drug`` is whether a service line of the cycle is a drug, for which :attr:`drugs` apply.
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
    """The deadline after the extension. A pause that is open then, or that begins later, moves it."""
    paused: bool = False
    """Whether the clock was paused at the time of the extension."""
    days: Annotated[int, Field(ge=1)]
    requested_by: ExtensionRequester = ExtensionRequester.PAYER
    reason: Reason
