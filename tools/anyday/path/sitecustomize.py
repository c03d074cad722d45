"""Replace ``time.sleep``, which fails under libfaketime. Python imports this module at startup.

``time.sleep`` sleeps until an absolute time of the monotonic clock, which libfaketime 0.9.10 refuses
with EINVAL.
"""

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex, /) -> None:
    """Sleep for a duration in seconds, as ``time.sleep`` does."""
    if float(seconds) < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], float(seconds))


time.sleep = sleep
