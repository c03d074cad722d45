"""LZW as GIF and TIFF use it: whether each code is one that the stream has defined.

Codes are read in Python, so only the first ones of a file are verified.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from precert.adapters.inspection.budget import Budget, DamagedError

CODES: Final = 100_000
"""Codes of a file that are verified."""
_GREATEST_WIDTH: Final = 12
_TIFF_BITS: Final = 8


class LzwVerifier:
    """Verifies the streams of one file."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._left = CODES

    def verify_gif(self, data: bytes, bits: int, pixels: int) -> None:
        self._verify(data, bits, "little", pixels)

    def verify_tiff(self, data: bytes) -> None:
        # The first code is a clear code; before TIFF 6.0, programs wrote its bits in reverse order.
        if data[:1] == b"\x80":
            self._verify(data, _TIFF_BITS, "big", 0)

    def _verify(self, data: bytes, bits: int, order: Literal["big", "little"], needed: int) -> None:
        """``big`` is TIFF's order of bits, in which the width grows one code earlier.

        The stream has at least the ``needed`` values.
        """
        clear, early = 1 << bits, int(order == "big")
        codes = _Codes(data, bits + 1, order)
        defined, is_first = clear + 2, True
        sizes, previous = [1] * (1 << _GREATEST_WIDTH), 0
        for code in codes:
            self._budget.spend()
            self._left -= 1
            if self._left < 0:
                return
            if code == clear + 1:
                break
            if code == clear:
                codes.width, defined, is_first = bits + 1, clear + 2, True
                continue
            if code > defined or (is_first and code > clear):
                raise DamagedError
            if not is_first and defined < 1 << _GREATEST_WIDTH:
                sizes[defined] = sizes[previous] + 1
                defined += 1
            needed -= sizes[code]
            previous, is_first = code, False
            if defined + early >= 1 << codes.width and codes.width < _GREATEST_WIDTH:
                codes.width += 1
        if needed > 0:
            raise DamagedError


class _Codes(Iterable[int]):
    """The codes of a stream, whose ``width`` can change between two of them."""

    def __init__(self, data: bytes, width: int, order: Literal["big", "little"]) -> None:
        self.width = width
        self._data = data
        self._order = order

    def __iter__(self) -> Iterator[int]:
        position, end = 0, 8 * len(self._data)
        while position + self.width <= end:
            at, offset = divmod(position, 8)
            window = int.from_bytes(self._data[at : at + 3], self._order)
            if self._order == "big":
                size = 8 * min(3, len(self._data) - at)
                shift = size - offset - self.width
            else:
                shift = offset
            position += self.width
            yield window >> shift & ((1 << self.width) - 1)
