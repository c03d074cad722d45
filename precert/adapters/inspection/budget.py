"""The work that an inspection may do, counted in steps instead of seconds.

Every loop over the bytes of a file spends steps, so the work is bounded whatever the bytes are, and a
test can assert it. A file that exceeds the budget is refused with a reason of its own.
"""

from collections.abc import Iterator
from typing import Final
from zlib import decompressobj

STEPS: Final = 2_000_000
"""About two seconds of one processor; a scan of a fax with 500 pages needs less than a tenth."""
PIXELS: Final = 1 << 30
"""A plan of one square meter at 600 dots per inch has half of it; a viewer needs memory for all."""
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


def check_pixels(width: int, height: int) -> None:
    """Raise an error if a picture has more pixels than a reviewer's program can show."""
    if width * height > PIXELS:
        raise TooComplexError


PIECE: Final = 1 << 16
"""Bytes that are unpacked at once."""


class Inflater:
    """Unpacks a zlib stream piece by piece, so that its size is not that of the memory."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._stream = decompressobj()

    def pieces(self, data: bytes | memoryview) -> Iterator[bytes]:
        while data and not self._stream.eof:
            unpacked = self._stream.decompress(data, PIECE)
            self._budget.spend_bytes(len(unpacked))
            data = self._stream.unconsumed_tail
            yield unpacked

    def verify(self, data: bytes | memoryview) -> None:
        for _ in self.pieces(data):
            pass

    @property
    def is_complete(self) -> bool:
        return self._stream.eof


def verify_deflated(data: bytes | memoryview, budget: Budget) -> None:
    """Raise an error if a zlib stream is damaged or incomplete."""
    inflater = Inflater(budget)
    inflater.verify(data)
    if not inflater.is_complete:
        raise DamagedError
