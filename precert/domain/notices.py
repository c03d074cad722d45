"""Determination notices for the providers and the member (W4).

Which notices a request has follows from its decisions. The payer's data has their wording
(:class:`NoticeWords`).
"""

from collections.abc import Container, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from precert.domain.dates import Moment
from precert.domain.decisions import Decision, ServiceLine
from precert.domain.delegation import Delegation
from precert.domain.disputes import DisputeOption
from precert.domain.review import Review
from precert.domain.statuses import LineStatus, Status, determined_status
from precert.domain.values import Text, Value
from precert.names import NOTICE_PREFIX

Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Audience(StrEnum):
    """The addressee of a notice."""

    PROVIDER = "PROVIDER"
    MEMBER = "MEMBER"


class NoticeKind(StrEnum):
    """The type of a notice.

    Each ``REVIEW_`` type is about a reconsideration or peer-to-peer discussion after a determination.
    """

    APPROVAL = "APPROVAL"
    PARTIAL_APPROVAL = "PARTIAL_APPROVAL"
    DENIAL = "DENIAL"
    APPEAL_OVERTURNED = "APPEAL_OVERTURNED"
    APPEAL_PARTLY_OVERTURNED = "APPEAL_PARTLY_OVERTURNED"
    APPEAL_UPHELD = "APPEAL_UPHELD"
    REVIEW_OVERTURNED = "REVIEW_OVERTURNED"
    REVIEW_PARTLY_OVERTURNED = "REVIEW_PARTLY_OVERTURNED"
    REVIEW_UPHELD = "REVIEW_UPHELD"
    DATES_CHANGED = "DATES_CHANGED"
    """An operator changed approved dates (W5). These replace the dates in earlier notices."""
    EXTENSION = "EXTENSION"
    """The decision deadline was extended (W2, W11)."""


class Notice(Value):
    """A stored notice (PDF) of a determination cycle; ``size`` is in bytes."""

    notice_id: Text
    kind: NoticeKind
    audience: Audience
    cycle: Annotated[int, Field(ge=1)]
    printed_at: Moment
    size: int
    sha256: Text
    version_id: Text | None = None


class Wording(Value):
    """The title and the first paragraph of a notice.

    Placeholders: the patient's ``{name}``, the precertification ``{number}``, the ``{payer}`` with
    ``{phone}`` and ``{address}``. In notices of adverse decisions also those about disputes, from the
    clock of the line of business: ``{last_day}`` and ``{last_day_of_<option>}`` to file an appeal and
    each option, ``{appeal_standard}``, ``{appeal_expedited}``, ``{while_appealable}``,
    ``{without_appeal}``.
    """

    title: Text
    opening: Words


class Section(Value):
    """A paragraph with a heading, and the placeholders of :class:`Wording`."""

    title: Text
    text: Words
    audiences: tuple[Audience, ...]
    adverse_only: bool = False
    option: DisputeOption | None = None
    """Printed only if this option is open after the determination (W7, W12)."""
    final_only: bool = False
    """Printed only if neither an appeal nor an external review is possible after the determination."""
    kinds: tuple[NoticeKind, ...] = ()
    """Printed only in these notices; empty for all."""
    vendor_only: bool = False
    """Printed only in notices of a delegated vendor's decisions; ``{vendor}`` and ``{contact}`` are the
    vendor's name and contact."""

    def belongs_to(
        self,
        kind: NoticeKind,
        audience: Audience,
        *,
        adverse: bool,
        options: Container[DisputeOption],
        of_vendor: bool = False,
        final: bool = False,
    ) -> bool:
        """Whether a notice has the section.

        ``adverse`` is whether it states an adverse decision, ``options`` are the open dispute options,
        ``final`` is whether nothing can be done about the decision here.
        """
        return (
            audience in self.audiences
            and (of_vendor or not self.vendor_only)
            and (adverse or not self.adverse_only)
            and (final or not self.final_only)
            and (not self.kinds or kind in self.kinds)
            and (self.option is None or self.option in options)
        )


class NoticeWords(Value):
    """The payer's wording of notices (W4), from ``notices.json`` beside ``payer.json``."""

    kinds: dict[NoticeKind, dict[Audience, Wording]]
    sections: tuple[Section, ...]
    language_help: tuple[Words, ...]
    """Instructions to obtain the notice in other languages, each in its language."""

    @model_validator(mode="after")
    def _every_notice_has_words(self) -> Self:
        missing = [
            f"{kind}/{audience}"
            for kind in NoticeKind
            for audience in Audience
            if audience not in self.kinds.get(kind, {})
        ]
        if missing:
            raise ValueError(
                f"kinds must have the wording of every notice; missing: {', '.join(missing)}"
            )
        return self


def notice_id(cycle: int, audience: Audience, suffix: str = "") -> str:
    """The id of a notice: ``<cycle>-<audience><suffix>``.

    ``suffix`` is ``-dates-<n>`` for the n-th change of approved dates, ``-extension`` for an extension,
    ``-vendor-<k>-<n>`` for the n-th report of the k-th vendor (both from 1), and "" otherwise.
    """
    return f"{cycle}-{audience.value.lower()}{suffix}"


def date_changes(review: Review) -> int:
    """The number of times that an operator changed approved dates (W5)."""
    decisions = (decision for line in review.lines for decision in line.decisions)
    return len({one.decided_at for one in decisions if one.date_change_reason is not None})


def last_date_change(review: Review) -> tuple[datetime, int] | None:
    """The time of the last change of approved dates, and the cycle of the changed decision (W5).

    ``None`` if dates were never changed. Later cycles do not change the result, so the notices of a
    change are issued once.
    """
    decisions = (decision for line in review.lines for decision in line.decisions)
    dated = ((one.decided_at, one.cycle) for one in decisions if one.date_change_reason is not None)
    return max(dated, default=None)


def notice_key(request_id: str, notice_id_: str) -> str:
    """The S3 key of a notice, which contains ids only."""
    return f"{NOTICE_PREFIX}{request_id}/{notice_id_}.pdf"


def decided_lines(review: Review, cycle: int) -> dict[str, LineStatus]:
    """The status of each of the payer's service lines that a cycle decided, by line id.

    Empty while the cycle is open. A change of dates is a later decision of the same cycle.
    """
    return {
        line.line_id: decision.counts_as
        for line in review.own_lines
        for decision in line.decisions
        if decision.cycle == cycle
    }


def vendor_decisions(
    review: Review, delegation: Delegation
) -> Iterator[tuple[ServiceLine, Decision]]:
    """Yield each service line that a vendor decided, with its last decision before changes of dates."""
    for line in review.lines:
        decisions = (one for one in reversed(line.decisions) if one.date_change_reason is None)
        decision = next(decisions, None)
        if line.line_id in delegation.line_ids and decision is not None:
            yield line, decision


def kind_of_vendor(review: Review, delegation: Delegation) -> NoticeKind | None:
    """The notice of a delegated vendor's decisions; ``None`` while there are none."""
    decided = [decision.counts_as for _, decision in vendor_decisions(review, delegation)]
    if not decided:
        return None
    whole = determined_status(decided)
    if whole is Status.APPROVED:
        return NoticeKind.APPROVAL
    return NoticeKind.DENIAL if whole is Status.DENIED else NoticeKind.PARTIAL_APPROVAL


def kind_of(review: Review, cycle: int) -> NoticeKind | None:
    """The notice of the payer's decisions in a cycle; ``None`` while there are none."""
    decided = decided_lines(review, cycle).values()
    if not decided:
        return None
    dispute = next((one.kind for one in review.appeals if one.cycle == cycle), None)
    if dispute is None:
        kinds = NoticeKind.APPROVAL, NoticeKind.PARTIAL_APPROVAL, NoticeKind.DENIAL
    elif dispute.rule.before_appeal:
        kinds = (
            NoticeKind.REVIEW_OVERTURNED,
            NoticeKind.REVIEW_PARTLY_OVERTURNED,
            NoticeKind.REVIEW_UPHELD,
        )
    else:
        kinds = (
            NoticeKind.APPEAL_OVERTURNED,
            NoticeKind.APPEAL_PARTLY_OVERTURNED,
            NoticeKind.APPEAL_UPHELD,
        )
    approved, partly, denied = kinds
    whole = determined_status(decided)
    if whole is Status.APPROVED:
        return approved
    return denied if whole is Status.DENIED else partly
