"""Records of disputes of adverse service lines: appeals, reconsiderations, discussions (W7, W12).

The rules of filing and deciding them are in :mod:`precert.domain.disputing`.
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
    """The display name, events and order of a kind of dispute."""

    label: str
    filed: EventType
    pended: EventType
    determined: EventType
    before_appeal: bool = True
    """Whether it is possible only before the first appeal. If so, any reviewer may decide it."""


class DisputeKind(StrEnum):
    """The kinds of dispute of adverse service lines. Only an appeal counts as a level (W7, W12)."""

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
"""The outcomes that a physician must record where only a physician may deny or reduce."""


class DisputeOption(StrEnum):
    """What the providers or the member can still do after an adverse determination."""

    PEER_TO_PEER = "PEER_TO_PEER"
    RECONSIDERATION = "RECONSIDERATION"
    APPEAL = "APPEAL"
    EXTERNAL_REVIEW = "EXTERNAL_REVIEW"


class Rights(Value):
    """The instants before which adverse lines can be disputed; ``None`` for what is not possible."""

    levels: Annotated[int, Field(ge=1)]
    """The number of levels of appeal: how often a service line can be appealed."""
    peer_to_peer_until: Moment | None = None
    reconsideration_until: Moment | None = None
    appeal_until: Moment | None = None
    external_review_until: Moment | None = None
    """It applies only while no appeal is possible."""

    def until(self, kind: DisputeKind) -> datetime | None:
        """The instant before which a dispute of this kind can be filed; ``None`` if it cannot."""
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
        """Whether a dispute of this kind can be filed now."""
        until = self.until(kind)
        return until is not None and now < until

    def options(self, now: datetime) -> dict[DisputeOption, datetime]:
        """The options with the instants before which they are open; see :meth:`external_review`."""
        options = {
            DisputeOption(kind.value): until
            for kind in DisputeKind
            if (until := self.until(kind)) is not None and now < until
        }
        if (until := self.external_review(now)) is not None:
            options[DisputeOption.EXTERNAL_REVIEW] = until
        return options

    def external_review(self, now: datetime) -> datetime | None:
        """The end of the time for external review; ``None`` if it is over or an appeal is possible."""
        until = self.external_review_until
        if until is None or now >= until or self.allows(DisputeKind.APPEAL, now):
            return None
        return until

    def later(self, length: timedelta) -> "Rights":
        """The rights with every instant later by ``length``, the time in which a dispute was open."""
        ends = {name: end + length for name, end in self if isinstance(end, datetime)}
        return self.model_copy(update=ends)


class Appeal(Value):
    """A dispute of adverse lines, which has a determination cycle of its own (W7, W12).

    ``level`` is the level of an appeal, from 1; it is 0 for a reconsideration or a discussion.
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
    """The subject of the person who filed it; not in responses (A3)."""
    clock: DecisionClock | None = None
    warn_at: Moment | None = None
    due_at: Moment | None = None
    phone: Text | None = None
    """The phone number of the clinician for a discussion."""
    outcome: DiscussionOutcome | None = None
    closed_at: Moment | None = None
    closed_by: Text | None = None
    """The subject of the person who closed it; not in responses (A3)."""
    extension: "Extension | None" = None
