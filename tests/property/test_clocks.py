"""The draft's clock against an independent count of minutes, and the decision deadlines."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from precert.domain.clocks import (
    Deadline,
    appeal_deadline,
    decision_deadline,
    draft_expiry,
    draft_time_left,
    draft_warning,
    local_date,
)
from precert.domain.payer import DraftClock, ReviewClock
from precert.domain.values import Urgency

NEW_YORK = ZoneInfo("America/New_York")
CAIRO = ZoneInfo("Africa/Cairo")
HAVANA = ZoneInfo("America/Havana")
"""Cairo changes its clocks on a working day at midnight, Havana at midnight too."""

CLOCK = DraftClock(hours=72, resting_weekdays=frozenset({5, 6}))
REVIEW = ReviewClock(
    expedited_hours=72,
    standard_days=7,
    appeal_expedited_hours=72,
    appeal_standard_days=30,
    appeal_filing_days=180,
    appeal_levels=2,
    extension_days=15,
    information_expedited_hours=48,
    information_standard_days=45,
    warn_at_share=0.75,
)
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
    with pytest.raises(ValueError, match="zone-aware"):
        decision_deadline(naive, Urgency.EXPEDITED, REVIEW)


@pytest.mark.rule("W2")
@given(received_at=INSTANTS, zone=st.sampled_from([NEW_YORK, ZoneInfo("UTC")]))
@example(received_at=datetime(2026, 10, 31, 16, tzinfo=UTC), zone=NEW_YORK)
def test_deadline_is_72_elapsed_hours_when_expedited(received_at: datetime, zone: ZoneInfo) -> None:
    for urgency in (Urgency.EXPEDITED, Urgency.EMERGENCY):
        due_at = decision_deadline(received_at.astimezone(zone), urgency, REVIEW).due_at
        assert due_at.astimezone(UTC) - received_at == timedelta(hours=72)


@pytest.mark.rule("W2")
def test_deadline_is_the_line_of_business_days_when_standard() -> None:
    received_at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    deadline = decision_deadline(received_at, Urgency.STANDARD, REVIEW)
    assert deadline.due_at == datetime(2026, 7, 8, 12, tzinfo=UTC)
    assert deadline.warn_at == datetime(2026, 7, 6, 18, tzinfo=UTC)


@pytest.mark.parametrize(("expedited", "days"), [(True, 3), (False, 30)])
def test_deadline_is_the_appeals_when_an_appeal_is_filed(expedited: bool, days: int) -> None:
    filed_at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    deadline = appeal_deadline(filed_at, expedited=expedited, clock=REVIEW)
    assert deadline.due_at == filed_at + timedelta(days=days)


@pytest.mark.rule("W2")
def test_next_check_follows_when_each_reminder_is_reached() -> None:
    warn_at, due_at = (datetime(2026, 7, day, 12, tzinfo=UTC) for day in (6, 8))
    deadline, second = Deadline(warn_at, due_at), timedelta(seconds=1)
    assert deadline.next_check_at(warn_at - second) == warn_at
    assert deadline.next_check_at(warn_at) == due_at
    assert deadline.next_check_at(due_at - second) == due_at
    assert deadline.next_check_at(due_at) == due_at + timedelta(days=1)


def test_local_date_is_the_payers_when_the_day_has_changed_elsewhere() -> None:
    assert local_date(datetime(2026, 7, 2, 3, 59, tzinfo=UTC), NEW_YORK) == date(2026, 7, 1)
    assert local_date(datetime(2026, 7, 2, 4, 0, tzinfo=UTC), NEW_YORK) == date(2026, 7, 2)
