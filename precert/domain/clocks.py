"""Clock arithmetic: expiry of drafts, decision deadlines, appeal filing, retention (D3, W2, W7, T4).

Instants are zone-aware ``datetime``. No function reads the current time: it is a parameter. Results end
at :data:`precert.domain.dates.LAST_INSTANT`.
"""

from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

from precert.domain.dates import LAST_INSTANT, days_after, elapsed, within_calendar
from precert.domain.decision_clocks import ClockUnit, DecisionClock, Period
from precert.domain.payer import BusinessCalendar, DraftClock, Payer

if TYPE_CHECKING:
    from precert.domain.request import Request

CHECK_INTERVAL = timedelta(days=1)
"""How often an open cycle is checked if no reminder or escalation is left to record."""


def draft_expiry(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime:
    """When a draft expires: the configured hours after the last save (D3).

    The clock pauses on the days of ``clock.resting_weekdays``, in the payer's time zone. Hours are
    elapsed time: the days of daylight saving changes have 23 or 25 hours.

    Returns:
        The instant, in the payer's zone.
    """
    return _after(saved_at, clock.length, clock, zone)


def draft_warning(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime | None:
    """When the message about the expiration is sent, by the same clock; ``None`` for no message (D5).

    Returns:
        The instant, in the payer's zone.
    """
    running = clock.warn_after
    return None if running is None else _after(saved_at, running, clock, zone)


def draft_time_left(
    now: datetime, expires_at: datetime, clock: DraftClock, zone: ZoneInfo
) -> timedelta:
    """The time left on a draft's clock, without the days on which it pauses; zero once expired."""
    left, moment = timedelta(), within_calendar(now).astimezone(zone)
    expires_at = within_calendar(expires_at)
    while moment.astimezone(UTC) < expires_at:
        next_midnight = _midnight_after(moment, zone)
        until = min(next_midnight.astimezone(UTC), expires_at.astimezone(UTC))
        if moment.weekday() not in clock.resting_weekdays:
            left += until - moment.astimezone(UTC)
        moment = next_midnight
    return left


def _after(start: datetime, remaining: timedelta, clock: DraftClock, zone: ZoneInfo) -> datetime:
    """The instant at which the clock has run for ``remaining`` since ``start``."""
    if start.tzinfo is None:
        raise ValueError("start must be zone-aware")
    moment = within_calendar(start).astimezone(zone)
    while moment < LAST_INSTANT:
        next_midnight = _midnight_after(moment, zone)
        if moment.weekday() not in clock.resting_weekdays:
            left_today = next_midnight.astimezone(UTC) - moment.astimezone(UTC)
            if remaining <= left_today:
                return elapsed(moment, remaining)
            remaining -= left_today
        moment = next_midnight
    return LAST_INSTANT


def _midnight_after(moment: datetime, zone: ZoneInfo) -> datetime:
    return _midnight(days_after(moment.date(), 1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return within_calendar(datetime.combine(day, time(), tzinfo=zone))


@dataclass(frozen=True)
class Deadline:
    """When a decision is due, when its reminder is due, and the clock that determines both."""

    warn_at: datetime
    due_at: datetime
    clock: DecisionClock


def deadline(start: datetime, clock: DecisionClock, share: float, payer: Payer) -> Deadline:
    """The deadline of a clock that starts at ``start``.

    The reminder is due after ``share`` of the elapsed time to the deadline, from 0 to 1.
    """
    due_at = after(start, clock.limit, payer)
    return Deadline(later(start, _between(start, due_at) * share), due_at, clock)


def deadline_of(
    request: "Request", payer: Payer, line_ids: Collection[str] | None = None
) -> Deadline:
    """The initial deadline of the current cycle (W2); extensions and pauses change it later.

    ``line_ids`` are the service lines of a delegated vendor, whose clock can differ from the payer's.
    ``None`` for the lines that the payer decides.
    """
    review = request.submitted
    appeal = review.open_appeal
    start = appeal.filed_at if appeal else review.clock_from or review.submitted_at
    share = payer.clock_for(request).warn_at_share
    return deadline(start, payer.decision_clock(request, line_ids), share, payer)


def after(start: datetime, period: Period, payer: Payer) -> datetime:
    """The end of a period, in the zone of ``start`` (W2).

    Hours are elapsed time. Days end at the same local time of a later date in the payer's time zone;
    business days are those of the payer's calendar.

    Raises:
        ValueError: ``start`` has no time zone.
    """
    if start.tzinfo is None:
        raise ValueError("start must be zone-aware")
    match period.unit:
        case ClockUnit.HOURS:
            return later(start, timedelta(hours=period.amount))
        case ClockUnit.CALENDAR_DAYS:
            return days_later(start, period.amount, payer.zone)
        case ClockUnit.BUSINESS_DAYS:
            local = within_calendar(start).astimezone(payer.zone)
            day = business_day_after(local.date(), period.amount, payer.business_calendar)
            return days_later(start, (day - local.date()).days, payer.zone)
        case other:
            assert_never(other)


def days_later(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same local time on a later date, returned in the zone of ``start``.

    A local time that a daylight saving change skips or repeats counts as before the change.
    """
    local = within_calendar(start).astimezone(zone)
    day = days_after(local.date(), days)
    if day >= LAST_INSTANT.date():
        return LAST_INSTANT
    later_on = datetime.combine(day, local.time().replace(fold=0), tzinfo=zone)
    return later_on.astimezone(UTC).astimezone(start.tzinfo)


def resumed(
    deadline: Deadline, paused_at: datetime, now: datetime, share: float, payer: Payer
) -> Deadline:
    """The deadline after a pause from ``paused_at`` to ``now`` (W2): later by the length of the pause.

    The length is business time for a limit in business days, and elapsed time otherwise. If the clock
    limits the decision after information, the deadline is at most ``after_information`` from ``now``.
    """
    clock = deadline.clock
    in_business_days = clock.limit.unit is ClockUnit.BUSINESS_DAYS
    shift = _by_business_time if in_business_days else _by_elapsed_time
    due_at = shift(deadline.due_at, paused_at, now, payer)
    if clock.after_information is not None:
        limited = after(now, clock.after_information, payer)
        if limited < due_at:
            return Deadline(later(now, _between(now, limited) * share), limited, clock)
    return Deadline(shift(deadline.warn_at, paused_at, now, payer), due_at, clock)


def _by_elapsed_time(at: datetime, start: datetime, end: datetime, _: Payer) -> datetime:
    return later(at, _between(start, end))


def _between(start: datetime, end: datetime) -> timedelta:
    """The elapsed time between two instants. Python subtracts wall time if both have one zone."""
    return within_calendar(end).astimezone(UTC) - within_calendar(start).astimezone(UTC)


def _by_business_time(at: datetime, start: datetime, end: datetime, payer: Payer) -> datetime:
    """``at``, later by the business time between ``start`` and ``end``."""
    calendar, zone = payer.business_calendar, payer.zone
    length = timedelta()
    for from_, until in _business_time(start, end, calendar, zone):
        length += until - from_
    if not length:
        return at
    for from_, until in _business_time(at, None, calendar, zone):
        if length <= until - from_:
            return (from_ + length).astimezone(at.tzinfo)
        length -= until - from_
    return LAST_INSTANT


def extended(deadline: Deadline, days: int, zone: ZoneInfo) -> Deadline:
    """The deadline and its reminder after an extension by calendar days (W2)."""
    return Deadline(
        days_later(deadline.warn_at, days, zone),
        days_later(deadline.due_at, days, zone),
        deadline.clock,
    )


def _business_time(
    start: datetime, end: datetime | None, calendar: BusinessCalendar, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of business days between two instants, each as an interval in UTC.

    Without ``end``, up to the end of the calendar.
    """
    moment = within_calendar(start).astimezone(zone)
    while moment < (end or LAST_INSTANT):
        midnight = _midnight_after(moment, zone)
        if calendar.counts(moment.date()):
            until = midnight.astimezone(UTC)
            yield moment.astimezone(UTC), min(until, end.astimezone(UTC)) if end else until
        moment = midnight


def last_day_to_appeal(determined_at: datetime, days: int, zone: ZoneInfo) -> date:
    """The last day to file an appeal, in the payer's time zone (W7), as notices state it."""
    return days_after(local_date(determined_at, zone), days)


def appeal_filing_end(determined_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The instant from which an appeal is too late: the end of the last day, in UTC."""
    day = days_after(last_day_to_appeal(determined_at, days, zone), 1)
    return _midnight(day, zone).astimezone(UTC)


def last_day_before(end: datetime, zone: ZoneInfo) -> date:
    """The last day before this instant, in the payer's time zone."""
    return local_date(end - timedelta(microseconds=1), zone)


def later(moment: datetime, length: timedelta) -> datetime:
    """``length`` of elapsed time later, in the same zone."""
    return elapsed(moment, length)


def history_end(changed_at: datetime, years: int, zone: ZoneInfo) -> datetime:
    """The end of retention: the same local time, years after the last change (T4).

    After a change on February 29 it is March 1 where the year has no such day, so that the period is
    never shorter.

    Raises:
        ValueError: ``changed_at`` has no time zone.
    """
    if changed_at.tzinfo is None:
        raise ValueError("changed_at must be zone-aware")
    local = within_calendar(changed_at).astimezone(zone)
    if local.year + years > date.max.year:
        return LAST_INSTANT
    try:
        return local.replace(year=local.year + years)
    except ValueError:
        return local.replace(year=local.year + years, month=3, day=1)


def months_after(day: date, months: int) -> date:
    """The same day of the month, ``months`` later.

    If the month has no such day, the first day of the next month (45 CFR 147.136(d)(2)(i)).
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if day.day > monthrange(year, month + 1)[1]:
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, day.day)


def local_date(now: datetime, zone: ZoneInfo) -> date:
    """The date of an instant in the payer's time zone."""
    return within_calendar(now).astimezone(zone).date()


def business_day_from(day: date, calendar: BusinessCalendar) -> date:
    """The day itself if it is a business day, otherwise the next business day."""
    return day if calendar.counts(day) else business_day_after(day, 1, calendar)


def business_day_after(day: date, count: int, calendar: BusinessCalendar) -> date:
    """The ``count``-th business day after a day (C10); the day itself for a count of 0."""
    end = day
    while count and end < date.max:
        end = days_after(end, 1)
        count -= calendar.counts(end)
    return end
