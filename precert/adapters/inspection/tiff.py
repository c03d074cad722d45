"""TIFF: the directories of all pages, and whether the data of each page is in the file.

TIFF 6.0 with the compressions of fax machines and scanners, and BigTIFF.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Final

from precert.adapters.inspection.budget import (
    Budget,
    DamagedError,
    check_pixels,
    verify_deflated,
)
from precert.adapters.inspection.jpeg import JpegVerifier
from precert.adapters.inspection.lzw import LzwVerifier
from precert.domain.documents import Refusal

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8} | {
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of a value by its type."""
_FORMATS: Final = {3: "H", 4: "I", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Types of whole numbers, with their format in :mod:`struct`."""
_ORDERS: Final = {b"II": "<", b"MM": ">"}

_WIDTH: Final = 256
_HEIGHT: Final = 257
_BITS: Final = 258
_COMPRESSION: Final = 259
_PHOTOMETRIC: Final = 262
_SAMPLES: Final = 277
_STRIP_HEIGHT: Final = 278
_TILE_WIDTH: Final = 322
_TILE_HEIGHT: Final = 323
_SUBSAMPLING: Final = 530
_STRIPS: Final = (273, 279)
_TILES: Final = (324, 325)
_OLD_JPEG: Final = (513, 514)
"""Tags of the offsets of a page's data, and of their lengths."""
_TAGS_READ: Final = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _STRIP_HEIGHT}
    | {_TILE_WIDTH, _TILE_HEIGHT, _SUBSAMPLING, 347, *_STRIPS, *_TILES, *_OLD_JPEG}
)
_UNCOMPRESSED: Final = 1
_JPEG: Final = frozenset({6, 7})
_COMPRESSIONS: Final = frozenset(
    {_UNCOMPRESSED, *range(2, 9), 32771, 32773, 32946, 34925, 50000, 50001}
    | {33003, 33004, 33005, 34712}
)
"""None, CCITT, LZW, JPEG, Deflate, PackBits, LZMA, Zstandard, WebP and JPEG 2000."""
_LZW: Final = 5
_NEW_JPEG: Final = 7
_JPEG_TABLES: Final = 347
_DEFLATE: Final = frozenset({8, 32946})
_YCBCR: Final = 6


@dataclass(frozen=True)
class _Entry:
    type: int
    count: int
    at: int
    """Offset of its values, or of their offset."""


_Page = Mapping[int, _Entry]


@dataclass
class _Tiff:
    """A file with its layout: the byte order, and the widths that BigTIFF doubles."""

    body: bytes
    order: str
    big: bool
    budget: Budget
    tables: dict[tuple[int, int, int], Sequence[int]] = field(default_factory=dict)
    """Tables of numbers that were read, because pages can share them."""
    lzw: LzwVerifier = field(init=False)

    def __post_init__(self) -> None:
        self.lzw = LzwVerifier(self.budget)

    @property
    def width(self) -> int:
        """Bytes of an offset."""
        return 8 if self.big else 4

    def offset(self, at: int) -> int:
        return self._read("Q" if self.big else "I", at, 1)[0]

    def page(self, at: int) -> tuple[_Page, int]:
        """The entries to inspect of the directory at an offset, and the next directory's offset."""
        count = self._read("Q" if self.big else "H", at, 1)[0]
        at += 8 if self.big else 2
        size = 4 + 2 * self.width
        if at + count * size > len(self.body):
            raise DamagedError
        self.budget.spend(1 + count)
        entries: dict[int, _Entry] = {}
        for entry in range(at, at + count * size, size):
            tag, kind = self._read("H", entry, 2)
            if tag in _TAGS_READ:
                entries.setdefault(
                    tag, _Entry(kind, self.offset(entry + 4), entry + 4 + self.width)
                )
        following = at + count * size
        # Some writers end the file here, without the offset of the next directory.
        is_last = following + self.width > len(self.body)
        return entries, 0 if is_last else self.offset(following)

    def content(self, entry: _Entry) -> bytes:
        """The bytes of an entry that do not fit inline."""
        at = self.offset(entry.at)
        return self.body[at : at + entry.count]

    def values(self, page: _Page, tag: int, default: int = 0) -> Sequence[int]:
        """The numbers of a tag: inline if they fit, otherwise at the entry's offset."""
        entry = page.get(tag)
        if entry is None:
            return (default,)
        size = _SIZES.get(entry.type, 0) * entry.count
        at = entry.at if size <= self.width else self.offset(entry.at)
        key = (entry.type, entry.count, at)
        if key not in self.tables:
            if entry.type not in _FORMATS or not entry.count or at + size > len(self.body):
                raise DamagedError
            self.budget.spend(entry.count)
            self.tables[key] = self._read(_FORMATS[entry.type], at, entry.count)
        return self.tables[key]

    def _read(self, kind: str, at: int, count: int) -> Sequence[int]:
        try:
            return unpack_from(f"{self.order}{count}{kind}", self.body, at)
        except (OverflowError, struct.error) as error:
            raise DamagedError from error


def inspect_tiff(body: bytes, budget: Budget) -> Refusal | None:
    order = _ORDERS.get(body[:2])
    version = unpack_from(f"{order}H", body, 2)[0] if order and len(body) >= 4 else 0
    if order is None or version not in (42, 43):
        return Refusal.CONTENT
    tiff = _Tiff(body, order, big=version == 43, budget=budget)
    at, seen = tiff.offset(8 if tiff.big else 4), set[int]()
    # Readers stop where the chain of directories returns to one that they have read.
    while at and at not in seen:
        seen.add(at)
        page, at = tiff.page(at)
        if refusal := _inspect_page(tiff, page):
            return refusal
    return None if seen else Refusal.DAMAGED


def _inspect_page(tiff: _Tiff, page: _Page) -> Refusal | None:
    width, height = tiff.values(page, _WIDTH)[0], tiff.values(page, _HEIGHT)[0]
    if width <= 0 or height <= 0:
        return Refusal.DAMAGED
    check_pixels(width, height)
    compression = tiff.values(page, _COMPRESSION, _UNCOMPRESSED)[0]
    if compression not in _COMPRESSIONS or _has_uncommon_colors(tiff, page, compression):
        return Refusal.UNSUPPORTED
    samples = tiff.values(page, _SAMPLES, 1)[0]
    needed = height * width * min(tiff.values(page, _BITS, 1)) * samples // 8
    parts = _parts(tiff, page, needed if compression == _UNCOMPRESSED else None)
    if any(offset < 0 or size < 0 or offset + size > len(tiff.body) for offset, size in parts):
        return Refusal.DAMAGED
    if compression == _UNCOMPRESSED and sum(size for _, size in parts) < needed:
        return Refusal.DAMAGED
    if compression == _NEW_JPEG:
        return _inspect_jpeg(tiff, page, parts)
    for offset, size in parts:
        if size and compression in _DEFLATE:
            verify_deflated(memoryview(tiff.body)[offset : offset + size], tiff.budget)
        elif size and compression == _LZW:
            tiff.lzw.verify_tiff(tiff.body[offset : offset + size])
    return None


def _inspect_jpeg(tiff: _Tiff, page: _Page, parts: Sequence[tuple[int, int]]) -> Refusal | None:
    """Each part is a stream of its own, and all use the tables of the page."""
    jpeg = JpegVerifier(tiff.budget, allows_lossless=True)
    entry = page.get(_JPEG_TABLES)
    if entry and (refusal := jpeg.verify(tiff.content(entry), has_picture=False)):
        return refusal
    for offset, size in parts:
        stream = tiff.body[offset : offset + size]
        if size and not stream.startswith(b"\xff\xd8"):
            return Refusal.DAMAGED
        if size and (refusal := jpeg.verify(stream)):
            return refusal
    return None


def _has_uncommon_colors(tiff: _Tiff, page: _Page, compression: int) -> bool:
    """Subsampled chroma outside JPEG, which few programs display."""
    return (
        tiff.values(page, _PHOTOMETRIC)[0] == _YCBCR
        and compression not in _JPEG
        and max(tiff.values(page, _SUBSAMPLING, 2)) > 1
    )


def _parts(tiff: _Tiff, page: _Page, needed: int | None) -> Sequence[tuple[int, int]]:
    """Offset and length of each strip or tile; ``needed`` bytes suffice."""
    for offset_tag, length_tag in (_STRIPS, _TILES, _OLD_JPEG):
        if offset_tag in page:
            offsets = tiff.values(page, offset_tag)
            # Old writers of one strip omit its length: it ends where the file ends.
            rest = len(tiff.body) - max(offsets)
            lengths = tiff.values(page, length_tag, rest)
            tiff.budget.spend(len(offsets))
            if len(lengths) != len(offsets) or len(offsets) < _expected(tiff, page, offset_tag):
                raise DamagedError
            if len(offsets) == 1 and needed is not None:
                lengths = (min(lengths[0], needed),)
            return tuple(zip(offsets, lengths, strict=True))
    raise DamagedError


def _expected(tiff: _Tiff, page: _Page, tag: int) -> int:
    """How many strips or tiles a page has at least."""
    if tag == _OLD_JPEG[0]:
        return 1
    width, height = tiff.values(page, _WIDTH)[0], tiff.values(page, _HEIGHT)[0]
    is_tiled = tag == _TILES[0]
    part_width = tiff.values(page, _TILE_WIDTH)[0] if is_tiled else width
    part_height = tiff.values(page, _TILE_HEIGHT if is_tiled else _STRIP_HEIGHT, height)[0]
    return -(-width // max(1, part_width)) * -(-height // max(1, part_height))
