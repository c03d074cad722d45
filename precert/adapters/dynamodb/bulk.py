"""Many calls with bounded parallelism, at a rate that adapts to throttling.

A new on-demand table accepts 4,000 write units per second, and at most twice its previous peak within
30 minutes; each partition accepts 1,000. The rate therefore begins low, rises steadily, and is halved
when calls are throttled.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.dynamodb.table import ITEM_IN_TRANSACTION
from precert.domain.errors import TransientError

Argument = TypeVar("Argument")
Result = TypeVar("Result")

THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
    }
)
_UNAVAILABLE: Final = frozenset(
    {
        *("InternalServerError", "ServiceUnavailable", "500", "502", "503"),
        # A transaction of another load writes the same item at this moment.
        ITEM_IN_TRANSACTION,
    }
)
_ATTEMPTS: Final = 14
_FIRST_PAUSE: Final = 0.05
_MAX_PAUSE: Final = 20.0


@dataclass(frozen=True)
class LoadSpeed:
    """The bounds of a load; the defaults are within the initial limits of a new table and account."""

    workers: int = 16
    writes_per_second: int = 2000
    """Write units of the table."""
    macs_per_second: int = 500
    """Calls to AWS KMS per second. The account's quota is 5,500 to 10,000, shared with others."""


class Pacer:
    """Spreads calls evenly. The rate rises by 10 percent per second, and throttling halves it."""

    def __init__(
        self,
        ceiling: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self._ceiling = float(ceiling)
        self._clock = clock
        self._pause = pause or time.sleep
        self._lock = Lock()
        self.rate = self._ceiling / 4
        self._next = self._changed = clock()

    def acquire(self, units: float) -> None:
        """Wait until this number of units may be used."""
        with self._lock:
            now = self._clock()
            if now - self._changed >= 1:
                self.rate = min(self._ceiling, self.rate * 1.1)
                self._changed = now
            begin = max(self._next, now)
            self._next = begin + units / self.rate
        if begin > now:
            self._pause(begin - now)

    def throttled(self) -> None:
        """Halve the rate, at most once per second, as concurrent calls are throttled together."""
        with self._lock:
            now = self._clock()
            if now - self._changed >= 1 or self.rate == self._ceiling / 4:
                self.rate = max(self._ceiling / 64, self.rate / 2)
                self._changed = now


class Bulk:
    """Makes many calls."""

    def __init__(
        self,
        *,
        workers: int,
        chance: Callable[[], float],
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self._pool = ThreadPoolExecutor(workers, "load") if workers > 1 else None
        self._chance = chance
        self._pause = pause or time.sleep

    def each(
        self, call: Callable[[Argument], Result], arguments: Sequence[Argument]
    ) -> list[Result]:
        """The results in the order of the arguments; after an error, no further call begins."""
        if self._pool is None:
            return [call(one) for one in arguments]
        futures = [self._pool.submit(call, one) for one in arguments]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def attempt(self, call: Callable[[], Result], units: float, pacer: Pacer) -> Result:
        """Make one call, and retry it if it is throttled or gets no response.

        Raises:
            TransientError: no attempt succeeded.
            ClientError: any other error, such as a failed condition.
        """
        last = ""
        for attempt in range(_ATTEMPTS):
            pacer.acquire(units)
            try:
                return call()
            except ClientError as error:
                if not self._may_repeat(error, pacer):
                    raise
                last = str(error.response["Error"]["Code"])
            except BotoCoreError as error:
                last = type(error).__name__
            except TransientError as error:
                pacer.throttled()
                last = error.detail
            self.wait(attempt)
        raise TransientError(f"AWS did not respond ({last}). Run the same command again later.")

    def wait(self, attempt: int) -> None:
        """Wait before the next attempt: exponential backoff with full jitter."""
        longest = min(_MAX_PAUSE, _FIRST_PAUSE * 2**attempt)
        self._pause(longest * self._chance())

    @staticmethod
    def _may_repeat(error: ClientError, pacer: Pacer) -> bool:
        response: dict[str, Any] = dict(error.response)
        code = str(response.get("Error", {}).get("Code"))
        if code in THROTTLED:
            pacer.throttled()
            return True
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code in _UNAVAILABLE or status >= 500
