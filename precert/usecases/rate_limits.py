"""Limit the calls of each client, counted over all processes."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from precert.domain.errors import TooManyRequestsError, TransientError

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


_MOST_CLIENTS: Final = 500


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
    """A process adds its calls to a shared count, several at once, so that most calls cost nothing.

    A client can therefore exceed its limit by a few calls for each process that serves it.
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
            # Calls are not refused because they cannot be counted.
            return
        minute.unreported = 0

    def _minute(self, client: str, window: str) -> _Minute:
        minute = self._clients.get(client)
        if minute is None or minute.window != window:
            minute = self._clients[client] = _Minute(window)
            if len(self._clients) > _MOST_CLIENTS:
                self._clients.popitem(last=False)
        return minute
