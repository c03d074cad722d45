"""JPEG: segments to the end marker, of a file or of a page of a TIFF file (ITU-T T.81)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Final

from precert.adapters.inspection.budget import Budget, check_pixels
from precert.domain.documents import Refusal

_SEGMENT: Final = 3
"""Steps for a segment, which is read in several parts."""
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""A marker with a segment, or the end marker: not a byte of compressed data, and not a restart."""
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMMON_JPEG_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
"""Baseline, extended and progressive; with Huffman or arithmetic coding, but not lossless."""
_LOSSLESS: Final = 0xC3
_PROGRESSIVE: Final = frozenset({0xC2, 0xCA})
_SEQUENTIAL_HUFFMAN: Final = frozenset({0xC0, 0xC1})
_FRAME_HEADER: Final = 6
_FACTORS: Final = frozenset({1, 2, 3, 4})
"""Sampling factors of a component."""
_COEFFICIENTS: Final = 64
_NO_TABLE: Final = -1
_CODES: Final = 1 << 16
"""Codes of the greatest length."""
_HUFFMAN_NUMBERS: Final = frozenset({*range(4), *range(16, 20)})
"""Four tables for the first coefficient, and four for the others."""
_HUFFMAN_TABLES: Final = 0xC4
_QUANTIZATION_TABLES: Final = 0xDB
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9


def inspect_jpeg(body: bytes, budget: Budget) -> Refusal | None:
    if not body.startswith(b"\xff\xd8\xff"):
        return Refusal.CONTENT
    return JpegVerifier(budget).verify(body)


@dataclass
class JpegVerifier:
    """What the segments so far define. Streams of one picture can share tables."""

    budget: Budget
    allows_lossless: bool = False
    """Whether it is for TIFF, whose readers display lossless frames, too."""
    frame_type: int = 0
    components: Mapping[int, int] = field(default_factory=dict)
    """The quantization table of each component of the frame."""
    tables: set[int] = field(default_factory=set)
    huffman_tables: set[int] = field(default_factory=set)
    has_scan: bool = False

    @property
    def _allowed_frames(self) -> frozenset[int]:
        return _COMMON_JPEG_FRAMES | {_LOSSLESS} if self.allows_lossless else _COMMON_JPEG_FRAMES

    def verify(self, stream: bytes, *, has_picture: bool = True) -> Refusal | None:
        """Read a stream, which has a frame and a scan of it unless it has tables only.

        Like decoders, skip bytes between segments that belong to none.
        """
        self.frame_type, self.has_scan, at = 0, False, 2
        while found := _JPEG_MARKER.search(stream, at):
            self.budget.spend(_SEGMENT)
            self.budget.spend_bytes(found.end() - at)
            marker, at = stream[found.end() - 1], found.end()
            if marker == _END_OF_IMAGE:
                return None if self.has_scan or not has_picture else Refusal.DAMAGED
            size = int.from_bytes(stream[at : at + 2])
            segment = stream[at + 2 : at + size]
            if len(segment) + 2 != size or not self._takes(marker, segment):
                return Refusal.DAMAGED
            if self.frame_type and self.frame_type not in self._allowed_frames:
                return Refusal.UNSUPPORTED
            at += size
        return Refusal.DAMAGED

    def _takes(self, marker: int, segment: bytes) -> bool:
        """Whether the segment is well-formed, and is one that can be next."""
        if marker in _JPEG_FRAMES:
            return not self.frame_type and self._takes_frame(marker, segment)
        if marker == _START_OF_SCAN:
            self.has_scan = True
            return self._takes_scan(segment)
        if marker == _HUFFMAN_TABLES:
            return _added(self.huffman_tables, _huffman_tables(segment))
        if marker == _QUANTIZATION_TABLES:
            return _added(self.tables, _quantization_tables(segment))
        return True

    def _takes_frame(self, marker: int, frame: bytes) -> bool:
        if len(frame) < _FRAME_HEADER or len(frame) != _FRAME_HEADER + 3 * frame[5]:
            return False
        height, width = unpack_from(">HH", frame, 1)
        check_pixels(width, height)
        self.frame_type = marker
        self.components = dict(zip(frame[6::3], frame[8::3], strict=True))
        factors = {factor for one in frame[7::3] for factor in (one >> 4, one & 15)}
        return bool(width and height and frame[5]) and factors <= _FACTORS

    def _takes_scan(self, scan: bytes) -> bool:
        count = scan[0] if scan else 0
        if not count or len(scan) != 4 + 2 * count:
            return False
        if self.frame_type == _LOSSLESS:
            return set(scan[1:-3:2]) <= set(self.components)
        first, last = scan[-3:-1]
        if not first <= last < _COEFFICIENTS:
            return False
        is_band = last == 0 or (first != 0 and count == 1)
        if self.frame_type in _PROGRESSIVE and not is_band:
            return False
        numbers = {number for one in scan[2:-3:2] for number in (one >> 4, 16 | one & 15)}
        used = {self.components.get(one, _NO_TABLE) for one in scan[1:-3:2]}
        if not used <= self.tables:
            return False
        # Frames of films omit the standard tables.
        if self.frame_type in _SEQUENTIAL_HUFFMAN and self.huffman_tables:
            return numbers <= self.huffman_tables
        return numbers <= _HUFFMAN_NUMBERS


def _added(tables: set[int], more: set[int] | None) -> bool:
    tables |= more or set()
    return more is not None


def _huffman_tables(segment: bytes) -> set[int] | None:
    """The tables of a segment by class and number, or ``None`` if one is no prefix code."""
    at, tables = 0, set[int]()
    while at < len(segment):
        counts = segment[at + 1 : at + 17]
        free = _CODES
        for length, count in enumerate(counts, 1):
            free -= count << (16 - length)
        if len(counts) < 16 or free < 0 or segment[at] not in _HUFFMAN_NUMBERS:
            return None
        tables.add(segment[at])
        at += 17 + sum(counts)
    return tables if at == len(segment) else None


def _quantization_tables(segment: bytes) -> set[int] | None:
    """The numbers of a segment's tables, or ``None`` if it does not consist of tables."""
    at, tables = 0, set[int]()
    while at < len(segment):
        tables.add(segment[at] & 15)
        at += 129 if segment[at] >> 4 else 65
    return tables if at == len(segment) else None
