"""Time as the rules count it: the draft's 72 hours and the deadlines of a decision (D3, W2).

All instants are zone-aware; nothing here asks what time it is.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from precert.domain.payer import BusinessCalendar, DraftClock, ReviewClock
from precert.domain.values import Urgency

REMINDER_INTERVAL = timedelta(days=1)
"""How often an overdue round is looked at again."""


def draft_expiry(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime:
    """The instant from which a draft is gone: the clock's hours after the save (D3).

    The clock stands still on resting weekdays, counted by the payer's calendar days. Elapsed time
    is real time, so a day of 23 or 25 hours counts as that.

    Returns:
        The instant, in the payer's zone.
    """
    return _after(saved_at, clock.length, clock, zone)


def draft_warning(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime | None:
    """The instant from which a message warns of the expiry, by the same clock; ``None`` for none (D5).

    Returns:
        The instant, in the payer's zone.
    """
    running = clock.warn_after
    return None if running is None else _after(saved_at, running, clock, zone)


def draft_time_left(
    now: datetime, expires_at: datetime, clock: DraftClock, zone: ZoneInfo
) -> timedelta:
    """How long the draft's clock still runs until then, without the days on which it stands still."""
    left, moment = timedelta(), now.astimezone(zone)
    while moment.astimezone(UTC) < expires_at:
        next_midnight = _midnight_after(moment, zone)
        until = min(next_midnight.astimezone(UTC), expires_at.astimezone(UTC))
        if moment.weekday() not in clock.resting_weekdays:
            left += until - moment.astimezone(UTC)
        moment = next_midnight
    return left


def _after(start: datetime, remaining: timedelta, clock: DraftClock, zone: ZoneInfo) -> datetime:
    """The instant at which the clock has run that long."""
    if start.tzinfo is None:
        raise ValueError("a clock starts at a zone-aware instant")
    moment = start.astimezone(zone)
    while True:
        next_midnight = _midnight_after(moment, zone)
        if moment.weekday() not in clock.resting_weekdays:
            left_today = next_midnight.astimezone(UTC) - moment.astimezone(UTC)
            if remaining <= left_today:
                return (moment.astimezone(UTC) + remaining).astimezone(zone)
            remaining -= left_today
        moment = next_midnight


def _midnight_after(moment: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), time(), tzinfo=zone)


@dataclass(frozen=True)
class Deadline:
    """When a decision is due, and when that counts as near."""

    warn_at: datetime
    due_at: datetime

    def next_check_at(self, now: datetime) -> datetime:
        """The next instant at which somebody must look: warning, deadline, then daily."""
        for mark in (self.warn_at, self.due_at):
            if now < mark:
                return mark
        return now + REMINDER_INTERVAL


def decision_deadline(received_at: datetime, urgency: Urgency, clock: ReviewClock) -> Deadline:
    """Deadline of the first determination: hours for urgent cases, days for standard ones (W2)."""
    if urgency is Urgency.STANDARD:
        return _deadline(received_at, timedelta(days=clock.standard_days), clock)
    return _deadline(received_at, timedelta(hours=clock.expedited_hours), clock)


def appeal_deadline(filed_at: datetime, *, expedited: bool, clock: ReviewClock) -> Deadline:
    """Deadline of an appeal's decision."""
    if expedited:
        return _deadline(filed_at, timedelta(hours=clock.appeal_expedited_hours), clock)
    return _deadline(filed_at, timedelta(days=clock.appeal_standard_days), clock)


def last_day_to_appeal(determined_at: datetime, days: int, zone: ZoneInfo) -> date:
    """The last day on which an appeal is taken, by the payer's calendar (W7): letters name it."""
    return local_date(determined_at, zone) + timedelta(days=days)


def appeal_filing_end(determined_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The instant from which it is too late to appeal: when the last day is over."""
    day = last_day_to_appeal(determined_at, days, zone) + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def information_deadline(requested_at: datetime, urgency: Urgency, clock: ReviewClock) -> datetime:
    """Until when the providers have time to bring what was asked for (W2)."""
    if urgency is Urgency.STANDARD:
        return later(requested_at, timedelta(days=clock.information_standard_days))
    return later(requested_at, timedelta(hours=clock.information_expedited_hours))


def later(moment: datetime, length: timedelta) -> datetime:
    """That much elapsed time later, in the moment's zone; Python adds to the face of a clock."""
    return (moment.astimezone(UTC) + length).astimezone(moment.tzinfo)


def extension_days(urgency: Urgency, clock: ReviewClock) -> int:
    """By how many days a case can be extended: urgent ones by none (W2)."""
    return clock.extension_days if urgency is Urgency.STANDARD else 0


def _deadline(start: datetime, length: timedelta, clock: ReviewClock) -> Deadline:
    """Counted in elapsed time: 72 hours are that, also over a change of the clocks (W2)."""
    if start.tzinfo is None:
        raise ValueError("a deadline starts at a zone-aware instant")
    utc = start.astimezone(UTC)
    return Deadline(
        warn_at=(utc + length * clock.warn_at_share).astimezone(start.tzinfo),
        due_at=(utc + length).astimezone(start.tzinfo),
    )


def history_end(changed_at: datetime, years: int, zone: ZoneInfo) -> datetime:
    """The instant from which something is history no more: the same local time, years later (T4).

    What changed on 29 February ends on 1 March: nothing is kept shorter than promised.
    """
    if changed_at.tzinfo is None:
        raise ValueError("changed_at must be zone-aware")
    local = changed_at.astimezone(zone)
    try:
        return local.replace(year=local.year + years)
    except ValueError:
        return local.replace(year=local.year + years, month=3, day=1)


def local_date(now: datetime, zone: ZoneInfo) -> date:
    """Today by the payer's calendar."""
    return now.astimezone(zone).date()


def business_day_after(day: date, count: int, calendar: BusinessCalendar) -> date:
    """The ``count``-th business day after a day, which may be none itself (C10)."""
    found = day
    while count:
        found += timedelta(days=1)
        if found.weekday() not in calendar.resting_weekdays and found not in calendar.holidays:
            count -= 1
    return found
