"""A clock that changes only when a test sets it."""

from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 7, 1, 15, 0, tzinfo=UTC)
"""A Wednesday, 11 o'clock in the sample payer's zone."""


class Clock:
    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> None:
        self.at += timedelta(**time)
