"""Replace ``time.sleep``, which libfaketime breaks; Python imports this at its start.

libfaketime 0.9.10 fails a sleep until an instant of the monotonic clock with EINVAL, and ``time.sleep``
uses one.
"""

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex, /) -> None:
    if float(seconds) < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], float(seconds))


time.sleep = sleep
