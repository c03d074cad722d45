"""A limit on the work of an inspection, counted in steps instead of seconds.

Every loop over the bytes of a file spends steps, so that the work is bounded for any file, which tests
can assert. A file that exceeds the budget is refused as too complex.
"""

from typing import Final

STEPS: Final = 2_000_000
"""About two seconds of processor time."""
BYTES_PER_STEP: Final = 256
"""Bytes that a C function (a search, a checksum, inflate) processes in the time of a step."""


class TooComplexError(Exception):
    """The file needs more work than an inspection may do."""


class DamagedError(Exception):
    """The file refers to data that it does not contain."""


class Budget:
    """The number of steps that are left."""

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooComplexError

    def spend_bytes(self, size: int) -> None:
        """Spend the steps of one pass over ``size`` bytes."""
        self.spend(1 + size // BYTES_PER_STEP)
