"""PNG and GIF: the structure from the first marker to the last, without decoding pixels."""

from struct import unpack, unpack_from
from typing import Final
from zlib import crc32

from precert.adapters.inspection.budget import Budget, Inflater, check_pixels
from precert.adapters.inspection.lzw import LzwVerifier
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


def inspect_gif(body: bytes, budget: Budget) -> Refusal | None:
    """Blocks up to the trailer, with at least one image (GIF89a specification)."""
    if not body.startswith(_GIF):
        return Refusal.CONTENT
    if len(body) < 13:
        return Refusal.DAMAGED
    check_pixels(*unpack_from("<HH", body, 6))
    at, images, lzw = 13 + _color_table(body[10]), 0, LzwVerifier(budget)
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
                lzw.verify_gif(_joined_blocks(body[data + 1 : at]), body[data], width * height)
            case 0x3B:
                break
            case _:
                return Refusal.DAMAGED
    # Some writers omit the trailer; the last block must be complete.
    return None if images and at <= len(body) else Refusal.DAMAGED


def _color_table(flags: int) -> int:
    """Number of bytes of the color table, from the flags."""
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _joined_blocks(chain: bytes) -> bytes:
    """The data of a chain of blocks, without their sizes."""
    blocks, at = list[bytes](), 0
    while at < len(chain) and chain[at]:
        blocks.append(chain[at + 1 : at + 1 + chain[at]])
        at += 1 + chain[at]
    return b"".join(blocks)


def _after_blocks(body: bytes, at: int, budget: Budget) -> int:
    """The position after a chain of data blocks, which an empty block ends."""
    while at < len(body) and body[at]:
        budget.spend()
        at += 1 + body[at]
    return at + 1
