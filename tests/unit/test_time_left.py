"""The time left of a draft, as text."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from precert.domain.payer import DraftClock
from precert.domain.wording import written_time_left


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2, hours=3, minutes=59), "2 days 3 hours"),
        (timedelta(days=1, minutes=5), "1 day"),
        (timedelta(days=3), "3 days"),
        (timedelta(hours=11, minutes=1), "11 hours 1 minute"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=20, seconds=59), "20 minutes"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(), "less than a minute"),
    ],
)
def test_time_left_is_in_its_two_largest_units_when_formatted(left: timedelta, words: str) -> None:
    assert written_time_left(left) == words
    assert written_time_left(left, {5, 6}) == f"{words}, weekends not counted"
    assert written_time_left(left, {4, 5}) == f"{words}, Fridays and Saturdays not counted"


def test_clock_is_rejected_when_its_reminder_would_precede_its_start() -> None:
    with pytest.raises(ValidationError, match="warn_hours_left"):
        DraftClock(hours=12, resting_weekdays=frozenset(), warn_hours_left=12)
