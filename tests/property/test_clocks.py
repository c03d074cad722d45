"""The draft's clock against an independent count of minutes, and the ends of periods."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from precert.domain.clocks import (
    after,
    draft_expiry,
    draft_time_left,
    draft_warning,
    local_date,
)
from precert.domain.decision_clocks import ClockUnit, Period
from precert.domain.payer import DraftClock
from tests.fakes import samples

NEW_YORK = ZoneInfo("America/New_York")
CAIRO = ZoneInfo("Africa/Cairo")
HAVANA = ZoneInfo("America/Havana")
"""Cairo changes its clocks on a working day at midnight, Havana at midnight too."""

HOURS = Period(amount=72, unit=ClockUnit.HOURS)
DAYS, BUSINESS_DAYS = ClockUnit.CALENDAR_DAYS, ClockUnit.BUSINESS_DAYS
CLOCK = DraftClock(hours=72, resting_weekdays=frozenset({5, 6}))
MINUTE = timedelta(minutes=1)
CHANGES = [
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 23, 22, tzinfo=UTC),
    datetime(2026, 10, 29, 21, tzinfo=UTC),
    datetime(2026, 3, 8, 5, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
]
"""Changes of the clocks: New York, Cairo, Havana, forth and back."""

INSTANTS = st.one_of(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + n * MINUTE),
    st.builds(
        lambda change, minutes: change + minutes * MINUTE,
        st.sampled_from(CHANGES),
        st.integers(-6 * 24 * 60, 2 * 24 * 60),
    ),
)
RESTING = st.sets(st.integers(0, 6), max_size=6).map(lambda days: tuple(sorted(days)))


def count_minutes(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime:
    """The end of the clock's last minute, with each minute looked up in the calendar."""
    moment, left = saved_at.astimezone(UTC), clock.hours * 60
    while left:
        if moment.astimezone(zone).weekday() not in clock.resting_weekdays:
            left -= 1
        moment += MINUTE
    return moment


def expiry_in_utc(saved_at: datetime, clock: DraftClock, zone: ZoneInfo) -> datetime:
    """In UTC: in other zones, Python never compares a repeated hour as equal (PEP 495)."""
    return draft_expiry(saved_at, clock, zone).astimezone(UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.mark.rule("D3")
@given(saved_at=INSTANTS)
@example(saved_at=at("2026-03-07T12:00"))
@example(saved_at=at("2026-11-01T01:30"))
@example(saved_at=at("2026-11-01T01:30").replace(fold=1))
def test_expiration_matches_the_count_when_weekends_are_skipped(saved_at: datetime) -> None:
    assert expiry_in_utc(saved_at, CLOCK, NEW_YORK) == count_minutes(saved_at, CLOCK, NEW_YORK)


@pytest.mark.rule("D3")
@given(
    saved_at=INSTANTS,
    hours=st.integers(1, 100),
    resting=RESTING,
    zone=st.sampled_from([NEW_YORK, CAIRO, HAVANA]),
)
def test_expiration_matches_the_count_when_clocks_change_on_a_counted_day(
    saved_at: datetime, hours: int, resting: tuple[int, ...], zone: ZoneInfo
) -> None:
    clock = DraftClock(hours=hours, resting_weekdays=frozenset(resting))
    assert expiry_in_utc(saved_at, clock, zone) == count_minutes(saved_at, clock, zone)


@pytest.mark.rule("D5")
@given(
    saved_at=INSTANTS,
    hours=st.integers(2, 100),
    resting=RESTING,
    zone=st.sampled_from([NEW_YORK, CAIRO, HAVANA]),
    share=st.floats(0, 1),
)
def test_warning_and_time_left_match_the_count_when_clocks_change_too(
    saved_at: datetime, hours: int, resting: tuple[int, ...], zone: ZoneInfo, share: float
) -> None:
    left = max(1, int(share * (hours - 1)))
    rests = frozenset(resting)
    clock = DraftClock(hours=hours, resting_weekdays=rests, warn_hours_left=left)
    warn_at = draft_warning(saved_at, clock, zone)
    assert warn_at is not None
    counted = DraftClock(hours=hours - left, resting_weekdays=rests)
    assert warn_at.astimezone(UTC) == count_minutes(saved_at, counted, zone)
    expires_at = draft_expiry(saved_at, clock, zone)
    assert draft_time_left(warn_at, expires_at, clock, zone) == timedelta(hours=left)
    assert draft_time_left(saved_at, expires_at, clock, zone) == clock.length
    assert draft_time_left(expires_at, expires_at, clock, zone) == timedelta()


@pytest.mark.rule("D3")
@given(saved_at=INSTANTS, later=st.integers(0, 10_000))
def test_expiration_is_never_earlier_when_saved_later(saved_at: datetime, later: int) -> None:
    again = saved_at + later * MINUTE
    assert draft_expiry(again, CLOCK, NEW_YORK) >= draft_expiry(saved_at, CLOCK, NEW_YORK)
    assert draft_expiry(saved_at, CLOCK, NEW_YORK) - saved_at >= CLOCK.length


@pytest.mark.rule("D3")
@pytest.mark.parametrize(
    ("saved_at", "expires_at"),
    [
        ("2026-07-06T09:30", "2026-07-09T09:30"),
        ("2026-07-10T16:45:30", "2026-07-15T16:45:30"),
        ("2026-03-06T10:00", "2026-03-11T10:00"),
        ("2026-10-30T10:00", "2026-11-04T10:00"),
        ("2026-07-11T10:00", "2026-07-16T00:00"),
        ("2026-07-12T23:59", "2026-07-16T00:00"),
        ("2026-07-08T00:00", "2026-07-11T00:00"),
    ],
    ids=[
        "within the week",
        "Friday to Wednesday",
        "Friday before the clocks go forward",
        "Friday before the clocks go back",
        "Saturday",
        "end of Sunday",
        "start of Wednesday",
    ],
)
def test_expiration_matches_the_known_value_when_saved_on_this_day(
    saved_at: str, expires_at: str
) -> None:
    assert draft_expiry(at(saved_at), CLOCK, NEW_YORK) == at(expires_at)


@pytest.mark.rule("D3")
def test_weekday_is_the_payers_when_saved_in_another_zone() -> None:
    friday_evening = datetime(2026, 7, 11, 2, tzinfo=UTC)
    assert draft_expiry(friday_evening, CLOCK, NEW_YORK) == at("2026-07-15T22:00")


def test_instant_is_rejected_when_it_has_no_zone() -> None:
    naive = datetime(2026, 7, 6, 9)  # noqa: DTZ001  # the error that is looked for
    with pytest.raises(ValueError, match="zone-aware"):
        draft_expiry(naive, CLOCK, NEW_YORK)
    for unit in ClockUnit:
        with pytest.raises(ValueError, match="zone-aware"):
            after(naive, Period(amount=1, unit=unit), samples.payer())


@pytest.mark.rule("W2")
@given(received_at=INSTANTS, zone=st.sampled_from([NEW_YORK, ZoneInfo("UTC")]))
@example(received_at=datetime(2026, 10, 31, 16, tzinfo=UTC), zone=NEW_YORK)
def test_limit_is_elapsed_time_when_it_counts_hours(received_at: datetime, zone: ZoneInfo) -> None:
    due_at = after(received_at.astimezone(zone), HOURS, samples.payer())
    assert due_at.astimezone(UTC) - received_at == timedelta(hours=72)


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("received_at", "due_at"),
    [
        ("2026-07-01T12:00", "2026-07-08T12:00"),
        ("2026-03-03T23:30", "2026-03-10T23:30"),
        ("2026-10-27T23:30", "2026-11-03T23:30"),
        ("2028-02-24T09:00", "2028-03-02T09:00"),
        ("2026-12-28T09:00", "2027-01-04T09:00"),
        ("2026-03-01T02:30", "2026-03-08T03:30"),
    ],
    ids=[
        "within the month",
        "clocks go forward between",
        "clocks go back between",
        "over February 29",
        "over the turn of the year",
        "at a time that is skipped",
    ],
)
def test_limit_ends_on_the_calendar_day_when_it_counts_days(received_at: str, due_at: str) -> None:
    """A deadline seven elapsed days later would be on the eighth calendar day."""
    counted = after(at(received_at), Period(amount=7, unit=DAYS), samples.payer())
    assert counted == at(due_at)


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("received_at", "due_at"),
    [
        ("2026-07-06T12:00", "2026-07-09T12:00"),
        ("2026-07-10T12:00", "2026-07-15T12:00"),
        ("2026-07-11T12:00", "2026-07-15T12:00"),
        ("2026-07-01T12:00", "2026-07-07T12:00"),
        ("2026-11-25T12:00", "2026-12-01T12:00"),
    ],
    ids=["a week", "over a weekend", "from Saturday", "over Independence Day", "Thanksgiving"],
)
def test_weekends_and_holidays_do_not_count_when_the_limit_counts_business_days(
    received_at: str, due_at: str
) -> None:
    counted = after(at(received_at), Period(amount=3, unit=BUSINESS_DAYS), samples.payer())
    assert counted == at(due_at)


def test_local_date_is_the_payers_when_the_day_has_changed_elsewhere() -> None:
    assert local_date(datetime(2026, 7, 2, 3, 59, tzinfo=UTC), NEW_YORK) == date(2026, 7, 1)
    assert local_date(datetime(2026, 7, 2, 4, 0, tzinfo=UTC), NEW_YORK) == date(2026, 7, 2)
