"""PNG, JPEG and GIF: from their first marker to their last."""

from typing import Final
from zlib import crc32

from precert.domain.documents import Refusal

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIF: Final = (b"GIF87a", b"GIF89a")
_JPEG_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def inspect_png(body: bytes) -> Refusal | None:
    """Chunks with their checksums, the header's first and the end's last (ISO/IEC 15948)."""
    if not body.startswith(_PNG):
        return Refusal.CONTENT
    at, kind, kinds = len(_PNG), b"", set[bytes]()
    while kind != b"IEND":
        length, kind = int.from_bytes(body[at : at + 4]), body[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(body) or (not kinds and kind != b"IHDR"):
            return Refusal.DAMAGED
        if crc32(body[at + 4 : end - 4]) != int.from_bytes(body[end - 4 : end]):
            return Refusal.DAMAGED
        kinds.add(kind)
        at = end
    return None if b"IDAT" in kinds else Refusal.DAMAGED


def inspect_jpeg(body: bytes) -> Refusal | None:
    """Segments up to the scan, with a frame among them, and the end marker after it (ITU-T T.81)."""
    if not body.startswith(b"\xff\xd8\xff"):
        return Refusal.CONTENT
    at, framed = 2, False
    while body[at : at + 1] == b"\xff":
        marker = body[at + 1] if at + 1 < len(body) else 0
        if marker == 0xDA:
            return None if framed and body.rfind(b"\xff\xd9") > at else Refusal.DAMAGED
        framed = framed or marker in _JPEG_FRAMES
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_BARE_MARKERS:
            at += 2
        else:
            at += 2 + int.from_bytes(body[at + 2 : at + 4])
    return Refusal.DAMAGED


def inspect_gif(body: bytes) -> Refusal | None:
    """Blocks up to the trailer, with an image among them (GIF89a specification)."""
    if not body.startswith(_GIF):
        return Refusal.CONTENT
    if len(body) < 13:
        return Refusal.DAMAGED
    at, images = 13 + _color_table(body[10]), 0
    while at < len(body):
        match body[at]:
            case 0x3B:
                return None if images else Refusal.DAMAGED
            case 0x21:
                at = _after_blocks(body, at + 2)
            case 0x2C if at + 10 < len(body):
                images += 1
                at = _after_blocks(body, at + 11 + _color_table(body[at + 9]))
            case _:
                return Refusal.DAMAGED
    return Refusal.DAMAGED


def _color_table(flags: int) -> int:
    """Bytes of the color table that the flags announce."""
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _after_blocks(body: bytes, at: int) -> int:
    """Behind a chain of data blocks, which an empty one ends."""
    while at < len(body) and body[at]:
        at += 1 + body[at]
    return at + 1
