"""The work that an inspection may do, counted in steps instead of seconds.

Every loop over the bytes of a file spends steps, so the work is bounded whatever the bytes are, and a
test can assert it. A file that exceeds the budget is refused with a reason of its own.
"""

from typing import Final

STEPS: Final = 2_000_000
"""About two seconds of one processor."""
BYTES_PER_STEP: Final = 256
"""Bytes that a function written in C (a search, a checksum, inflate) handles in one step's time."""


class TooComplexError(Exception):
    """The file needs more work than an inspection may do."""


class DamagedError(Exception):
    """The file states that data is where it is not."""


class Budget:
    """The steps that are left."""

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooComplexError

    def spend_bytes(self, size: int) -> None:
        """Spend the steps of one pass over ``size`` bytes."""
        self.spend(1 + size // BYTES_PER_STEP)
