"""Clock arithmetic: a draft's 72 hours and decision deadlines (D3, W2).

All instants are zone-aware and passed in.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from precert.domain.dates import LAST_INSTANT, days_after, elapsed, within_calendar
from precert.domain.payer import BusinessCalendar, DraftClock, ReviewClock
from precert.domain.values import Urgency

REMINDER_INTERVAL = timedelta(days=1)
"""How often an overdue cycle is checked again."""


def draft_expiry(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime:
    """When a draft expires: the configured hours after the save (D3).

    The clock pauses on weekdays that do not count, by the payer's calendar. Elapsed time is real
    time: a day of 23 or 25 hours counts as such.

    Returns:
        The instant, in the payer's zone.
    """
    return _after(saved_at, clock.length, clock, zone)


def draft_warning(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime | None:
    """When the expiry message is sent, by the same clock; ``None`` for no message (D5).

    Returns:
        The instant, in the payer's zone.
    """
    running = clock.warn_after
    return None if running is None else _after(saved_at, running, clock, zone)


def draft_time_left(
    now: datetime, expires_at: datetime, clock: DraftClock, zone: ZoneInfo
) -> timedelta:
    """Time left on the draft's clock, without the days that do not count."""
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
    """The instant at which the clock has run for ``hours``."""
    if start.tzinfo is None:
        raise ValueError("a clock starts at a zone-aware instant")
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
    """When a decision is due, and when its reminder is."""

    warn_at: datetime
    due_at: datetime

    @classmethod
    def after(cls, start: datetime, length: timedelta, clock: ReviewClock) -> "Deadline":
        """The deadline of elapsed time from an instant, with the reminder of the clock."""
        return _deadline(start, length, clock)

    def next_check_at(self, now: datetime) -> datetime:
        """The next instant to check: reminder, deadline, then daily."""
        for mark in (self.warn_at, self.due_at):
            if now < mark:
                return mark
        return elapsed(now, REMINDER_INTERVAL)


def decision_deadline(received_at: datetime, urgency: Urgency, clock: ReviewClock) -> Deadline:
    """Deadline of the initial determination: hours if expedited, days if standard (W2)."""
    if urgency is Urgency.STANDARD:
        return _deadline(received_at, timedelta(days=clock.standard_days), clock)
    return _deadline(received_at, timedelta(hours=clock.expedited_hours), clock)


def appeal_deadline(filed_at: datetime, *, expedited: bool, clock: ReviewClock) -> Deadline:
    """Deadline of an appeal decision."""
    if expedited:
        return _deadline(filed_at, timedelta(hours=clock.appeal_expedited_hours), clock)
    return _deadline(filed_at, timedelta(days=clock.appeal_standard_days), clock)


def last_day_to_appeal(determined_at: datetime, days: int, zone: ZoneInfo) -> date:
    """The last day to file an appeal, by the payer's calendar (W7); notices state it."""
    return days_after(local_date(determined_at, zone), days)


def appeal_filing_end(determined_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The instant from which an appeal is too late: the end of the last day."""
    day = days_after(last_day_to_appeal(determined_at, days, zone), 1)
    return _midnight(day, zone).astimezone(UTC)


def information_deadline(requested_at: datetime, urgency: Urgency, clock: ReviewClock) -> datetime:
    """The providers' deadline for a request for information (W2)."""
    if urgency is Urgency.STANDARD:
        return later(requested_at, timedelta(days=clock.information_standard_days))
    return later(requested_at, timedelta(hours=clock.information_expedited_hours))


def later(moment: datetime, length: timedelta) -> datetime:
    """``length`` of elapsed time later, in the same zone."""
    return elapsed(moment, length)


def extension_days(urgency: Urgency, clock: ReviewClock) -> int:
    """By how many days a case can be extended; expedited cases by none (W2)."""
    return clock.extension_days if urgency is Urgency.STANDARD else 0


def _deadline(start: datetime, length: timedelta, clock: ReviewClock) -> Deadline:
    """In elapsed time: 72 hours stay 72 hours across daylight saving changes (W2)."""
    if start.tzinfo is None:
        raise ValueError("a deadline starts at a zone-aware instant")
    return Deadline(
        warn_at=elapsed(start, length * clock.warn_at_share),
        due_at=elapsed(start, length),
    )


def history_end(changed_at: datetime, years: int, zone: ZoneInfo) -> datetime:
    """The end of retention: the same local time, years later (T4).

    A change on 29 February ends on 1 March, so retention is never shorter than promised.
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
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def local_date(now: datetime, zone: ZoneInfo) -> date:
    """The date by the payer's calendar."""
    return within_calendar(now).astimezone(zone).date()


def business_day_after(day: date, count: int, calendar: BusinessCalendar) -> date:
    """The ``count``-th business day after a day, which need not be one (C10)."""
    found = day
    while count and found < date.max:
        found = days_after(found, 1)
        if found.weekday() not in calendar.resting_weekdays and found not in calendar.holidays:
            count -= 1
    return found
