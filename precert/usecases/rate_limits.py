"""Limit the calls of each client per minute, counted over all processes."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from precert.domain.errors import TooManyRequestsError, TransientError
from precert.domain.wording import counted

WINDOW_SECONDS: Final = 60
SHARE_REPORTED_AT_ONCE: Final = 60
"""A process adds its calls to the shared count in steps of 1/60 of the limit."""
MAX_REPORTED_AT_ONCE: Final = 10
"""Maximum number of calls in such a step."""


def window_of(now: datetime) -> str:
    """The minute of an instant, by which shared counts are stored."""
    return now.isoformat(timespec="minutes")


def reported_at_once(limit: int) -> int:
    """The number of calls of a client that a process adds to the shared count at once."""
    return max(1, min(limit // SHARE_REPORTED_AT_ONCE, MAX_REPORTED_AT_ONCE))


def too_many(limit: int, now: datetime) -> TooManyRequestsError:
    """The error of a client above its limit. ``retry_after`` is the seconds until the next minute."""
    seconds = WINDOW_SECONDS - now.second
    error = TooManyRequestsError(
        f"You may make {counted(limit, 'calls')} per minute. Try again in "
        f"{counted(seconds, 'seconds')}."
    )
    error.retry_after = seconds
    return error


_MAX_CLIENTS: Final = 500


class CallCounts(Protocol):
    """Calls of each client in the current minute, over all processes."""

    def add(self, client: str, calls: int, now: datetime) -> int:
        """Add to the client's count of this minute and return it.

        Raises:
            TransientError.
        """


@dataclass
class _Minute:
    window: str
    unreported: int = 0
    counted: int = 0
    """The shared count when it was last read."""


class RateLimit:
    """The limit of each client, enforced by this process.

    The process adds several calls at once to the shared count, so that most calls need no database
    write. A client can therefore exceed its limit by a few calls per process.
    """

    def __init__(self, counts: CallCounts, limit: int) -> None:
        self._counts = counts
        self._limit = limit
        self._step = reported_at_once(limit)
        self._clients: OrderedDict[str, _Minute] = OrderedDict()

    def admit(self, client: str, now: datetime) -> None:
        """Count a call.

        Raises:
            TooManyRequestsError: the client made too many in this minute.
        """
        minute = self._minute(client, window_of(now))
        if minute.counted <= self._limit:
            minute.unreported += 1
            if minute.unreported >= self._step:
                self._report(client, minute, now)
        if minute.counted > self._limit:
            raise too_many(self._limit, now)

    def _report(self, client: str, minute: _Minute, now: datetime) -> None:
        try:
            minute.counted = self._counts.add(client, minute.unreported, now)
        except TransientError:
            # If calls cannot be counted, they are admitted.
            return
        minute.unreported = 0

    def _minute(self, client: str, window: str) -> _Minute:
        minute = self._clients.get(client)
        if minute is None or minute.window != window:
            minute = self._clients[client] = _Minute(window)
            if len(self._clients) > _MAX_CLIENTS:
                self._clients.popitem(last=False)
        return minute
