"""Disputes of adverse service lines after a determination, and their time limits (W7, W12).

A peer-to-peer discussion and a reconsideration are possible before the first appeal and do not count as
a level of appeal. After the last level, or the time to file an appeal, only external review remains.
Each function that changes a request returns the change; the records are in
:mod:`precert.domain.disputes`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from precert.domain.clocks import (
    Deadline,
    appeal_filing_end,
    business_day_from,
    last_day_before,
    local_date,
    months_after,
)
from precert.domain.dates import days_after
from precert.domain.decision_clocks import ReviewClock
from precert.domain.decisions import Decision, with_decisions
from precert.domain.delegation import names_of
from precert.domain.disputes import Appeal, DiscussionOutcome, DisputeKind, Rights
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.review import Review, closed_cycle
from precert.domain.statuses import AppealStatus, Transition, status_of_lines
from precert.domain.wording import listed, written_day

_BEFORE_APPEAL: Final = frozenset(kind for kind in DisputeKind if kind.rule.before_appeal)


def lines_open_to(review: Review, kind: DisputeKind, levels: int, cycle: int) -> dict[str, int]:
    """The adverse lines that can be disputed in this way after the cycle, with the level of appeal.

    ``levels`` is the number of levels of appeal. A discussion and a reconsideration are possible once
    each, before the first appeal; their level is 0.
    """
    found = {}
    earlier = [one for one in review.appeals if one.cycle <= cycle]
    for line in review.lines:
        decision = line.before(cycle + 1)
        # A decision of a delegated vendor is disputed with the vendor.
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
    """The rights after the determination of a cycle; ``None`` if nothing was denied or reduced."""
    if not _is_adverse(review, cycle):
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


def what_remains(request: Request, payer: Payer, until: datetime | None) -> str:
    """The payer's text about what is possible when no internal appeal remains (W4).

    ``until`` is the end of the time to request an external review, which the text states.
    """
    external, number = payer.clock_for(request).external_review, request.submitted.number
    if external is None:
        return payer.notices["no_external_review"].format(number=number)
    last_day = written_day(last_day_before(until, payer.zone)) if until else ""
    phone = payer.provider_services.phone
    return external.without_appeal.format(until=last_day, number=number, phone=phone)


def remains_at(request: Request, payer: Payer, now: datetime) -> str:
    """What remains at an instant; see :func:`what_remains`."""
    review = request.submitted
    until = _external_review_end(review.last_determined_at, payer.clock_for(request), payer)
    # A dispute that was withdrawn extends the time.
    extended = review.rights.external_review_until if review.rights else None
    until = max(until, extended or until) if until else None
    if until is not None and now >= until:
        last_day = written_day(last_day_before(until, payer.zone))
        return f"The time to request an external review is over: its last day was {last_day}."
    return what_remains(request, payer, until)


def is_final(
    review: Review, clock: ReviewClock, cycle: int, *, now: datetime | None = None
) -> bool:
    """Whether a line is adverse after a cycle, none can be appealed, and no external review follows.

    With ``now``, none can be appealed either when the time to file an appeal is over.
    """
    if clock.external_review is not None:
        return False
    in_time = now is None or (review.rights and review.rights.allows(DisputeKind.APPEAL, now))
    return _is_adverse(review, cycle) and not (in_time and _is_appealable(review, clock, cycle))


def is_forwarded(review: Review, clock: ReviewClock, cycle: int) -> bool:
    """Whether the payer forwards the case for external review after a cycle, without a request (W4).

    It does so if a line is adverse and none can be appealed again.
    """
    external = clock.external_review
    if external is None or not external.is_automatic:
        return False
    return _is_adverse(review, cycle) and not _is_appealable(review, clock, cycle)


def _is_appealable(review: Review, clock: ReviewClock, cycle: int) -> bool:
    return bool(lines_open_to(review, DisputeKind.APPEAL, clock.appeal_levels, cycle))


def _is_adverse(review: Review, cycle: int) -> bool:
    decisions = (line.before(cycle + 1) for line in review.own_lines)
    return any(one is not None and one.adverse for one in decisions)


def with_rights(change: Change, payer: Payer) -> Change:
    """The change with the rights of the providers after its determination."""
    request = change.request
    review = request.submitted
    clock = payer.clock_for(request)
    rights = rights_after(review, review.cycle, review.last_determined_at, clock, payer)
    updated = request.model_copy(update={"review": review.model_copy(update={"rights": rights})})
    return change._replace(request=updated)


def file_appeal(
    request: Request,
    line_ids: Sequence[str],
    *,
    reason: str,
    expedited: bool,
    payer: Payer,
    by: str,
    now: datetime,
    document_slots: int = 0,
) -> Change:
    """Appeal adverse service lines (W7). A line can be appealed once per level.

    Args:
        request: The determined request.
        line_ids: The adverse service lines to appeal.
        reason: Why the determination should be changed.
        expedited: Whether the appeal has the expedited clock.
        payer: Its clocks state how often and until when a line can be appealed.
        by: Subject of the caller.
        now: The instant of filing.
        document_slots: The number of upload slots that the appeal grants.

    Raises:
        ActionNotAllowedError: a vendor decided, a dispute is open, the time is over, or no level
            remains.
        InvalidInputError: a line is not adverse, or a vendor decides it.
    """
    review = _require_disputable(request, line_ids)
    clock, zone = payer.clock_for(request), payer.zone
    end = appeal_filing_end(review.last_determined_at, clock.appeal_filing_days, zone)
    # A discussion extends the time.
    extended = review.rights.appeal_until if review.rights else None
    end = max(end, extended or end)
    if now >= end:
        over = f"The time to file an appeal is over: its last day was {last_day_before(end, zone)}."
        raise request.refusal(f"{over} {remains_at(request, payer, now)}")
    appeals = [one for one in review.appeals if one.kind is DisputeKind.APPEAL]
    used = {one: sum(one in appeal.line_ids for appeal in appeals) for one in line_ids}
    level, levels = 1 + max(used.values()), clock.appeal_levels
    if level > levels:
        lines = listed("service lines", [one for one, times in used.items() if times >= levels])
        refused = f"All levels of appeal are used for {lines}."
        raise request.refusal(f"{refused} {remains_at(request, payer, now)}")
    return _with_dispute(
        request,
        DisputeKind.APPEAL,
        line_ids,
        level=level,
        reason=reason,
        expedited=expedited,
        document_slots=document_slots,
        by=by,
        now=now,
    )


def file_dispute(
    request: Request,
    kind: DisputeKind,
    line_ids: Sequence[str],
    *,
    reason: str,
    by: str,
    now: datetime,
    expedited: bool = False,
    phone: str | None = None,
    document_slots: int = 0,
) -> Change:
    """Request a reconsideration or a discussion of adverse lines, each once before an appeal (W12).

    It opens a determination cycle of its own and does not count as a level of appeal. ``phone`` is the
    number of the clinician for a discussion. The other parameters are those of :func:`file_appeal`.

    Raises:
        ActionNotAllowedError: nothing was denied or reduced, a vendor decided, a dispute is open, or
            the time is over.
        InvalidInputError: a line is not adverse, or was disputed in this way or appealed before.
    """
    review, what = _require_disputable(request, line_ids), kind.rule.label.lower()
    for index, line_id in enumerate(line_ids):
        earlier = {one.kind for one in review.appeals if line_id in one.line_ids}
        if earlier & {kind, DisputeKind.APPEAL}:
            message = f"a {what} is possible once, before an appeal"
            raise InvalidInputError([FieldError(f"/line_ids/{index}", "used", message)])
    if review.rights is None or not review.rights.allows(kind, now):
        raise request.refusal(f"The time to request a {what} is over.")
    return _with_dispute(
        request,
        kind,
        line_ids,
        level=0,
        reason=reason,
        expedited=expedited,
        phone=phone,
        document_slots=document_slots,
        by=by,
        now=now,
    )


def _require_disputable(request: Request, line_ids: Sequence[str]) -> Review:
    """Return the review, if a dispute of these lines can be opened (W7, W12).

    Raises:
        ActionNotAllowedError: a vendor decided, the payer has not decided, or a cycle is open.
        InvalidInputError: a line is not adverse, or a vendor decides it.
    """
    review = request.require(Transition.APPEAL)
    if request.is_delegated:
        named = names_of(review.delegations)
        raise request.refusal(
            f"{named} decided this request. Dispute the decision with the vendor."
        )
    if review.open_appeal is not None:
        label = review.open_appeal.kind.rule.label.lower()
        raise request.refusal(f"The {label} of this request is open. Wait for its outcome.")
    if not request.own_part_is_determined:
        raise request.refusal("The payer has not decided its part of this request yet.")
    _require_appealable(review, line_ids)
    return review


def _require_appealable(review: Review, line_ids: Sequence[str]) -> None:
    errors: list[FieldError] = []
    for index, line_id in enumerate(line_ids):
        pointer, line = f"/line_ids/{index}", review.line(line_id)
        if delegation := review.delegation_of(line_id):
            named = names_of([delegation])
            message = f"must be a line that the payer decides; {named} decides appeals of this one"
            errors.append(FieldError(pointer, "vendor_decides", message))
        elif line is None or not line.adverse:
            message = "must be a line that was denied or modified"
            errors.append(FieldError(pointer, "not_appealable", message))
    if not line_ids:
        errors.append(FieldError("/line_ids", "missing", "must list the lines to dispute"))
    if errors:
        raise InvalidInputError(errors)


def _with_dispute(
    request: Request,
    kind: DisputeKind,
    line_ids: Sequence[str],
    *,
    level: int,
    reason: str,
    expedited: bool,
    document_slots: int,
    by: str,
    now: datetime,
    phone: str | None = None,
) -> Change:
    """Open the next cycle for the dispute of the lines, with upload slots."""
    review = request.submitted
    dispute = Appeal(
        kind=kind,
        level=level,
        cycle=review.cycle + 1,
        status=AppealStatus.FILED,
        line_ids=tuple(dict.fromkeys(line_ids)),
        expedited=expedited,
        reason=reason,
        filed_at=now,
        filed_by=by,
        phone=phone,
    )
    update = {"cycle": dispute.cycle, "appeals": (*review.appeals, dispute)}
    return request.changed(
        kind.rule.filed,
        now,
        actor=by,
        document_slots=document_slots,
        review=review.model_copy(update=update),
    )


def close_discussion(
    request: Request, outcome: DiscussionOutcome, by: str, now: datetime
) -> Change:
    """Close the requested discussion without a change of the determination (W12).

    The time limits of other disputes are extended by the time in which the discussion was open.

    Raises:
        ActionNotAllowedError: no dispute is open.
    """
    dispute = _open_appeal(request)
    closed = dispute.model_copy(
        update={
            "status": AppealStatus.DETERMINED,
            "outcome": outcome,
            "closed_at": now,
            "closed_by": by,
        }
    )
    review = closed_cycle(_with_appeal(request, closed), now)
    pause = now.astimezone(UTC) - dispute.filed_at.astimezone(UTC)
    rights = review.rights.later(pause) if review.rights else None
    discussed = {line_id for one in review.appeals for line_id in one.line_ids}
    if rights and not any(one.adverse and one.line_id not in discussed for one in review.lines):
        rights = rights.model_copy(update={"peer_to_peer_until": None})
    return request.changed(
        EventType.PEER_TO_PEER_CLOSED,
        now,
        actor=by,
        review=review.model_copy(update={"rights": rights}),
    )


def pend_appeal(request: Request, deadline: Deadline, now: datetime) -> Change:
    """Start the review of the open dispute, with a deadline of its own.

    Raises:
        ActionNotAllowedError: no dispute is open.
    """
    appeal = _open_appeal(request).model_copy(
        update={
            "status": AppealStatus.PENDED,
            "clock": deadline.clock,
            "warn_at": deadline.warn_at,
            "due_at": deadline.due_at,
        }
    )
    return request.changed(appeal.kind.rule.pended, now, review=_with_appeal(request, appeal))


def determine_appeal(
    request: Request, decisions: Mapping[str, Decision], by: str, now: datetime
) -> Change:
    """Record a decision for each line of the open dispute (W7).

    Raises:
        ActionNotAllowedError: no dispute is open, or the status does not allow it.
        SameReviewerError: a person decides who made the decision that is appealed.
        InvalidInputError: not exactly the disputed lines have a decision.
    """
    review = request.require(Transition.DETERMINE_APPEAL)
    appeal = _open_appeal(request)
    for person in (by, *(decision.decided_by for decision in decisions.values())):
        request.require_other_reviewer(person)
    lines = with_decisions(review.lines, decisions, appeal.line_ids)
    closed = {"status": AppealStatus.DETERMINED, "closed_at": now, "closed_by": by}
    if appeal.kind is DisputeKind.PEER_TO_PEER:
        closed["outcome"] = DiscussionOutcome.OVERTURNED
    decided = appeal.model_copy(update=closed)
    return request.changed(
        appeal.kind.rule.determined,
        now,
        actor=by,
        status=status_of_lines(line.counts_as for line in lines),
        review=closed_cycle(_with_appeal(request, decided), now).model_copy(
            update={"lines": lines, "determined_at": now}
        ),
    )


def _open_appeal(request: Request) -> Appeal:
    appeal = request.submitted.open_appeal
    if appeal is None:
        raise request.refusal("No appeal, reconsideration or discussion is open.")
    return appeal


def _with_appeal(request: Request, appeal: Appeal) -> Review:
    return request.submitted.model_copy(
        update={"appeals": (*request.submitted.appeals[:-1], appeal)}
    )
