"""How many calls one client may make a minute."""

from datetime import datetime
from typing import Final

from precert.domain.errors import TooManyRequestsError

WINDOW_SECONDS: Final = 60
SHARE_REPORTED_AT_ONCE: Final = 60
"""A process adds a sixtieth of the limit to the shared count at once, and at most ten calls."""
MOST_REPORTED_AT_ONCE: Final = 10


def window_of(now: datetime) -> str:
    """The minute of an instant, which names a shared count."""
    return now.isoformat(timespec="minutes")


def reported_at_once(limit: int) -> int:
    """After how many calls of a client a process adds them to the shared count."""
    return max(1, min(limit // SHARE_REPORTED_AT_ONCE, MOST_REPORTED_AT_ONCE))


def too_many(limit: int, now: datetime) -> TooManyRequestsError:
    """The error of a client above its limit; the next minute has a new count."""
    seconds = WINDOW_SECONDS - now.second
    error = TooManyRequestsError(
        f"You may make {limit} calls a minute. Send it again in {seconds} seconds."
    )
    error.retry_after = seconds
    return error
