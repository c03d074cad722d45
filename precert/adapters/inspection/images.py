"""PNG, JPEG and GIF: the structure from the first marker to the last, without decoding pixels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import unpack, unpack_from
from typing import Final
from zlib import crc32

from precert.adapters.inspection.budget import Budget, Inflater, check_pixels
from precert.domain.documents import Refusal

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_COLORS: Final = frozenset(
    {(bits, 0) for bits in (1, 2, 4, 8, 16)}
    | {(bits, kind) for bits in (8, 16) for kind in (2, 4, 6)}
    | {(bits, 3) for bits in (1, 2, 4, 8)}
)
"""Bit depths and color types."""
_GIF: Final = (b"GIF87a", b"GIF89a")
_GIF_CODE_SIZES: Final = tuple(bytes((size,)) for size in range(1, 12))

_SEGMENT: Final = 3
"""Steps for a segment, which is read in several parts."""
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""A marker with a segment, or the end marker: not a byte of compressed data, and not a restart."""
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMMON_JPEG_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
"""Baseline, extended and progressive; with Huffman or arithmetic coding, but not lossless."""
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


def inspect_png(body: bytes, budget: Budget) -> Refusal | None:
    """Chunks with their checksums, from the header to the end (ISO/IEC 15948)."""
    if not body.startswith(_PNG):
        return Refusal.CONTENT
    view = memoryview(body)
    at, kind, pixels = len(_PNG), b"", Inflater(budget)
    while kind != b"IEND":
        length, kind = int.from_bytes(body[at : at + 4]), body[at + 4 : at + 8]
        end = at + 12 + length
        is_first = at == len(_PNG)
        if end > len(body) or is_first != (kind == b"IHDR"):
            return Refusal.DAMAGED
        budget.spend_bytes(length)
        # Decoders skip a chunk of optional data (lowercase) that has a wrong checksum.
        if kind[:1].isupper():
            checksum = int.from_bytes(body[end - 4 : end])
            if crc32(view[at + 4 : end - 4]) != checksum:
                return Refusal.DAMAGED
        data = view[at + 8 : end - 4]
        if kind == b"IHDR":
            width, height, *colors, compression, filtering, interlacing = unpack(">IIBBBBB", data)
            if not width or not height or tuple(colors) not in _PNG_COLORS:
                return Refusal.DAMAGED
            if compression or filtering or interlacing > 1:
                return Refusal.DAMAGED
            check_pixels(width, height)
        elif kind == b"IDAT":
            pixels.verify(data)
        at = end
    return None if pixels.is_complete else Refusal.DAMAGED


def inspect_jpeg(body: bytes, budget: Budget) -> Refusal | None:
    """Segments to the end marker, with a frame and a scan of it among them (ITU-T T.81).

    Like decoders, it skips bytes between segments that belong to none.
    """
    if not body.startswith(b"\xff\xd8\xff"):
        return Refusal.CONTENT
    jpeg = _Jpeg()
    at = 2
    while found := _JPEG_MARKER.search(body, at):
        budget.spend(_SEGMENT)
        budget.spend_bytes(found.end() - at)
        marker, at = body[found.end() - 1], found.end()
        if marker == _END_OF_IMAGE:
            return None if jpeg.has_scan else Refusal.DAMAGED
        size = int.from_bytes(body[at : at + 2])
        segment = body[at + 2 : at + size]
        if len(segment) + 2 != size or not jpeg.takes(marker, segment):
            return Refusal.DAMAGED
        if jpeg.frame_type and jpeg.frame_type not in _COMMON_JPEG_FRAMES:
            return Refusal.UNSUPPORTED
        at += size
    return Refusal.DAMAGED


@dataclass
class _Jpeg:
    """What the segments so far define."""

    frame_type: int = 0
    components: Mapping[int, int] = field(default_factory=dict)
    """The quantization table of each component of the frame."""
    tables: set[int] = field(default_factory=set)
    huffman_tables: set[int] = field(default_factory=set)
    has_scan: bool = False

    def takes(self, marker: int, segment: bytes) -> bool:
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
    """The numbers of a segment's tables, or ``None`` if it is not made of tables."""
    at, tables = 0, set[int]()
    while at < len(segment):
        tables.add(segment[at] & 15)
        at += 129 if segment[at] >> 4 else 65
    return tables if at == len(segment) else None


def inspect_gif(body: bytes, budget: Budget) -> Refusal | None:
    """Blocks up to the trailer, with at least one image (GIF89a specification)."""
    if not body.startswith(_GIF):
        return Refusal.CONTENT
    if len(body) < 13:
        return Refusal.DAMAGED
    check_pixels(*unpack_from("<HH", body, 6))
    at, images = 13 + _color_table(body[10]), 0
    while at < len(body):
        budget.spend()
        match body[at]:
            case 0x00:  # an empty block too many
                at += 1
            case 0x21:
                at = _after_blocks(body, at + 2, budget)
            case 0x2C if at + 10 < len(body):
                images += 1
                data = at + 10 + _color_table(body[at + 9])
                width, height = unpack_from("<HH", body, at + 5)
                if not width or not height or body[data : data + 1] not in _GIF_CODE_SIZES:
                    return Refusal.DAMAGED
                at = _after_blocks(body, data + 1, budget)
            case 0x3B:
                break
            case _:
                return Refusal.DAMAGED
    # Some writers omit the trailer; the last block must be complete.
    return None if images and at <= len(body) else Refusal.DAMAGED


def _color_table(flags: int) -> int:
    """Number of bytes of the color table, from the flags."""
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _after_blocks(body: bytes, at: int, budget: Budget) -> int:
    """The position after a chain of data blocks, which an empty block ends."""
    while at < len(body) and body[at]:
        budget.spend()
        at += 1 + body[at]
    return at + 1
