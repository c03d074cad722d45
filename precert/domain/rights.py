"""What providers can do about adverse service lines after a determination, and until when (W7, W12).

A peer-to-peer discussion and a reconsideration come before the first appeal and count as none. After
the last level of appeal, or the time to file it, only external review remains.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from precert.domain.clocks import (
    appeal_filing_end,
    business_day_from,
    local_date,
    months_after,
)
from precert.domain.dates import days_after
from precert.domain.decision_clocks import ReviewClock
from precert.domain.payer import Payer
from precert.domain.request import Change
from precert.domain.review import DisputeKind, Review, Rights

_BEFORE_APPEAL: Final = frozenset(kind for kind in DisputeKind if kind.rule.before_appeal)


def lines_open_to(review: Review, kind: DisputeKind, levels: int, cycle: int) -> dict[str, int]:
    """Adverse lines that can still be disputed in this way after the cycle, with the level.

    ``levels`` is how often a line can be appealed; the other ways are open once, before any appeal.
    """
    found = {}
    earlier = [one for one in review.appeals if one.cycle <= cycle]
    for line in review.lines:
        decision = line.before(cycle + 1)
        # What a vendor decides is disputed at the vendor.
        if decision is None or not decision.adverse or review.delegation_of(line.line_id):
            continue
        disputes = [one.kind for one in earlier if line.line_id in one.line_ids]
        appeals = disputes.count(DisputeKind.APPEAL)
        if kind in _BEFORE_APPEAL:
            if not appeals and kind not in disputes:
                found[line.line_id] = 0
        elif appeals < levels:
            found[line.line_id] = appeals + 1
    return found


def rights_after(
    review: Review, cycle: int, determined_at: datetime, clock: ReviewClock, payer: Payer
) -> Rights | None:
    """The rights after the determination of a cycle; ``None`` where nothing was refused."""
    decisions = [line.before(cycle + 1) for line in review.own_lines]
    if not any(one and one.adverse for one in decisions):
        return None
    levels, zone = clock.appeal_levels, payer.zone

    def until(kind: DisputeKind, days: int) -> datetime | None:
        if days < 1 or not lines_open_to(review, kind, levels, cycle):
            return None
        return appeal_filing_end(determined_at, days, zone)

    settings = payer.utilization_management
    return Rights(
        levels=levels,
        peer_to_peer_until=until(DisputeKind.PEER_TO_PEER, settings.peer_to_peer_request_days),
        reconsideration_until=until(
            DisputeKind.RECONSIDERATION, settings.reconsideration_filing_days
        ),
        appeal_until=until(DisputeKind.APPEAL, clock.appeal_filing_days),
        external_review_until=_external_review_end(determined_at, clock, payer),
    )


def _external_review_end(
    determined_at: datetime, clock: ReviewClock, payer: Payer
) -> datetime | None:
    zone = payer.zone
    review, day = clock.external_review, local_date(determined_at, zone)
    if review is None or review.is_automatic:
        return None
    if review.months:
        # The last day is not a Saturday, Sunday or holiday (45 CFR 147.136(d)(2)(i)).
        last = business_day_from(months_after(day, review.months), payer.business_calendar)
    else:
        last = days_after(day, review.days or 0)
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def is_forwarded(review: Review, clock: ReviewClock, cycle: int) -> bool:
    """Whether the payer forwards the case for external review after a cycle, without a request (W4).

    That is where a line stays adverse and no level of appeal remains.
    """
    external = clock.external_review
    if external is None or not external.is_automatic:
        return False
    appealable = lines_open_to(review, DisputeKind.APPEAL, clock.appeal_levels, cycle)
    decisions = (line.before(cycle + 1) for line in review.own_lines)
    return not appealable and any(one is not None and one.adverse for one in decisions)


def with_rights(change: Change, payer: Payer) -> Change:
    """The determination with the rights that follow from it."""
    request = change.request
    review = request.submitted
    clock = payer.clock_for(request)
    rights = rights_after(review, review.cycle, review.answered_at, clock, payer)
    updated = request.model_copy(update={"review": review.model_copy(update={"rights": rights})})
    return change._replace(request=updated)
