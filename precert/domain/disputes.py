"""Records of how adverse service lines are disputed: appeals, reconsiderations, discussions (W7, W12).

Who may file what, and what follows, is in :mod:`precert.domain.disputing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, assert_never

from pydantic import Field

from precert.domain.dates import Moment
from precert.domain.decision_clocks import DecisionClock, Extension
from precert.domain.event_types import EventType
from precert.domain.statuses import AppealStatus
from precert.domain.values import MULTILINE, Text, Value


@dataclass(frozen=True)
class DisputeRule:
    """What follows from the kind of a dispute."""

    label: str
    filed: EventType
    pended: EventType
    determined: EventType
    before_appeal: bool = True
    """Whether it comes before any appeal, and any reviewer may decide it."""


class DisputeKind(StrEnum):
    """How providers dispute adverse lines: only an appeal uses up a level (W7, W12)."""

    PEER_TO_PEER = "PEER_TO_PEER"
    RECONSIDERATION = "RECONSIDERATION"
    APPEAL = "APPEAL"

    @property
    def rule(self) -> DisputeRule:
        return DISPUTES[self]


DISPUTES: Final[Mapping[DisputeKind, DisputeRule]] = MappingProxyType(
    {
        DisputeKind.PEER_TO_PEER: DisputeRule(
            "Peer-to-peer discussion",
            EventType.PEER_TO_PEER_REQUESTED,
            EventType.PEER_TO_PEER_PENDED,
            EventType.PEER_TO_PEER_OVERTURNED,
        ),
        DisputeKind.RECONSIDERATION: DisputeRule(
            "Reconsideration",
            EventType.RECONSIDERATION_FILED,
            EventType.RECONSIDERATION_PENDED,
            EventType.RECONSIDERATION_DETERMINED,
        ),
        DisputeKind.APPEAL: DisputeRule(
            "Appeal",
            EventType.APPEAL_FILED,
            EventType.APPEAL_PENDED,
            EventType.APPEAL_DETERMINED,
            before_appeal=False,
        ),
    }
)


class DiscussionOutcome(StrEnum):
    """How a peer-to-peer discussion ended (W12)."""

    UPHELD = "UPHELD"
    OVERTURNED = "OVERTURNED"
    WITHDRAWN = "WITHDRAWN"
    NO_SHOW = "NO_SHOW"


CLINICAL_OUTCOMES: Final = frozenset({DiscussionOutcome.UPHELD, DiscussionOutcome.OVERTURNED})
"""Outcomes that need the judgment of a clinician who may decide."""


class DisputeOption(StrEnum):
    """What remains open to the providers or the member after an adverse determination."""

    PEER_TO_PEER = "PEER_TO_PEER"
    RECONSIDERATION = "RECONSIDERATION"
    APPEAL = "APPEAL"
    EXTERNAL_REVIEW = "EXTERNAL_REVIEW"


class Rights(Value):
    """What the providers can do about adverse lines, and before when; ``None`` where they cannot."""

    levels: Annotated[int, Field(ge=1)]
    """How often a line can be appealed."""
    peer_to_peer_until: Moment | None = None
    reconsideration_until: Moment | None = None
    appeal_until: Moment | None = None
    external_review_until: Moment | None = None
    """It counts only while no appeal is possible."""

    def until(self, kind: DisputeKind) -> datetime | None:
        match kind:
            case DisputeKind.PEER_TO_PEER:
                return self.peer_to_peer_until
            case DisputeKind.RECONSIDERATION:
                return self.reconsideration_until
            case DisputeKind.APPEAL:
                return self.appeal_until
            case other:
                assert_never(other)

    def allows(self, kind: DisputeKind, now: datetime) -> bool:
        until = self.until(kind)
        return until is not None and now < until

    def options(self, now: datetime) -> dict[DisputeOption, datetime]:
        """What is open, and before when: external review only where no appeal is."""
        options = {
            DisputeOption(kind.value): until
            for kind in DisputeKind
            if (until := self.until(kind)) is not None and now < until
        }
        if (until := self.external_review(now)) is not None:
            options[DisputeOption.EXTERNAL_REVIEW] = until
        return options

    def external_review(self, now: datetime) -> datetime | None:
        """The end of the time for external review, while it is what remains."""
        until = self.external_review_until
        if until is None or now >= until or self.allows(DisputeKind.APPEAL, now):
            return None
        return until

    def later(self, length: timedelta) -> "Rights":
        """The rights after a pause: the time of an open dispute does not count."""
        ends = {name: end + length for name, end in self if isinstance(end, datetime)}
        return self.model_copy(update=ends)


class Appeal(Value):
    """A determination cycle that reconsiders adverse lines: an appeal, or what comes before (W7, W12).

    ``level`` is that of an appeal, from 1, and 0 for what is none.
    """

    kind: DisputeKind = DisputeKind.APPEAL
    cycle: Annotated[int, Field(ge=2)]
    level: Annotated[int, Field(ge=0)] = 1
    status: AppealStatus
    line_ids: tuple[Text, ...]
    expedited: bool
    reason: Annotated[str, Field(min_length=1, max_length=4000), MULTILINE]
    filed_at: Moment
    filed_by: Text | None = None
    """Subject of the person who filed it; not for callers (A3)."""
    clock: DecisionClock | None = None
    warn_at: Moment | None = None
    due_at: Moment | None = None
    phone: Text | None = None
    """Where the clinician can be reached for a discussion."""
    outcome: DiscussionOutcome | None = None
    closed_at: Moment | None = None
    closed_by: Text | None = None
    """Who recorded the outcome of a discussion; not for callers (A3)."""
    extension: "Extension | None" = None
