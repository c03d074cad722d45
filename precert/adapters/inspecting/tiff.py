"""TIFF 6.0 and BigTIFF, in both byte orders: every page's directory and data lie within the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from precert.domain.documents import Refusal

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8} | {
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of a value, by its type."""
_DATA: Final = ((273, 279), (324, 325))
"""Where a page's strips or tiles begin, and how long each is."""
_ORDERS: Final[Mapping[bytes, Literal["little", "big"]]] = {b"II": "little", b"MM": "big"}


class _OutsideError(Exception):
    """Something is said to be where the file has ended."""


@dataclass(frozen=True)
class _Layout:
    """How numbers are written: their order, and the widths that BigTIFF doubles."""

    body: bytes
    order: Literal["little", "big"]
    offset: int
    count: int

    def number(self, at: int, size: int) -> int:
        if at + size > len(self.body):
            raise _OutsideError
        return int.from_bytes(self.body[at : at + size], self.order)


def inspect_tiff(body: bytes) -> Refusal | None:
    order = _ORDERS.get(body[:2])
    version = int.from_bytes(body[2:4], order) if order else 0
    if order is None or version not in (42, 43):
        return Refusal.CONTENT
    big = version == 43
    layout = _Layout(body, order, offset=8 if big else 4, count=8 if big else 2)
    try:
        return None if _pages_lie_within(layout, 8 if big else 4) else Refusal.DAMAGED
    except _OutsideError:
        return Refusal.DAMAGED


def _pages_lie_within(layout: _Layout, first: int) -> bool:
    """Whether there is a page, and the data of all of them is there."""
    at, seen = layout.number(first, layout.offset), set[int]()
    while at:
        if at in seen:
            return False
        seen.add(at)
        entries = layout.number(at, layout.count)
        width = 4 + 2 * layout.offset
        behind = at + layout.count + entries * width
        tags = _tags(layout, at + layout.count, entries, width)
        if not _data_lies_within(layout, tags):
            return False
        at = layout.number(behind, layout.offset)
    return bool(seen)


def _tags(layout: _Layout, at: int, entries: int, width: int) -> dict[int, int]:
    """Where the entry of each tag that says where data is begins."""
    wanted = {tag for pair in _DATA for tag in pair}
    found = ((layout.number(entry, 2), entry) for entry in range(at, at + entries * width, width))
    return {tag: entry for tag, entry in found if tag in wanted}


def _data_lies_within(layout: _Layout, tags: dict[int, int]) -> bool:
    for offsets, lengths in _DATA:
        if offsets in tags and lengths in tags:
            pairs = zip(
                _values(layout, tags[offsets]), _values(layout, tags[lengths]), strict=False
            )
            return all(offset + length <= len(layout.body) for offset, length in pairs)
    return False


def _values(layout: _Layout, entry: int) -> list[int]:
    """The numbers of an entry: in its place where they fit, else where it points to."""
    size = _SIZES.get(layout.number(entry + 2, 2), 0)
    count = layout.number(entry + 4, layout.offset)
    at = entry + 4 + layout.offset
    if count * size > layout.offset:
        at = layout.number(at, layout.offset)
    if not size or at + count * size > len(layout.body):
        raise _OutsideError
    return [layout.number(at + index * size, size) for index in range(count)]
