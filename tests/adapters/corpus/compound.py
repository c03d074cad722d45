"""Compound files (MS-CFB, version 3), with the Word and Excel streams that verification reads."""

from collections.abc import Mapping
from struct import pack
from typing import Final

SECTOR: Final = 512
END: Final = 0xFFFFFFFE
FREE: Final = 0xFFFFFFFF
FAT: Final = 0xFFFFFFFD
FULL_SIZE: Final = 4096
"""Streams below it would go into the mini stream, which needs tables of its own."""


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with these streams in its root storage."""
    padded = {name: body.ljust(FULL_SIZE, b"\0") for name, body in streams.items()}
    directory_sectors = -(-(len(padded) + 1) * 128 // SECTOR)
    chains, sectors, starts = [_chain(1, directory_sectors)], [b""], {}
    at = 1 + directory_sectors
    for name, body in padded.items():
        count = -(-len(body) // SECTOR)
        starts[name] = at
        chains.append(_chain(at, count))
        sectors.append(body.ljust(count * SECTOR, b"\0"))
        at += count
    table = [FAT, *(entry for chain in chains for entry in chain)]
    fat = pack(f"<{SECTOR // 4}I", *table, *[FREE] * (SECTOR // 4 - len(table)))
    entries = [_entry("Root Entry", 5, END, 0, child=1)] + [
        _entry(
            name, 2, starts[name], len(body), right=index + 2 if index + 1 < len(padded) else FREE
        )
        for index, (name, body) in enumerate(sorted(padded.items(), key=_sibling_order))
    ]
    directory = b"".join(entries).ljust(directory_sectors * SECTOR, b"\0")
    return _header() + fat + directory + b"".join(sectors)


def _chain(start: int, count: int) -> list[int]:
    return [*range(start + 1, start + count), END]


def _sibling_order(item: tuple[str, bytes]) -> tuple[int, str]:
    return len(item[0]), item[0].upper()


def _header() -> bytes:
    fixed = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    counts = pack("<IIIIIIIII", 0, 1, 1, 0, FULL_SIZE, END, 0, END, 0)
    return (fixed + bytes(6) + counts + pack("<I", 0)).ljust(SECTOR, b"\xff")


def _entry(
    name: str, kind: int, start: int, size: int, *, child: int = FREE, right: int = FREE
) -> bytes:
    text = name.encode("utf-16-le")
    return (
        text.ljust(64, b"\0")
        + pack("<HBBIII", len(text) + 2, kind, 1, FREE, right, child)
        + bytes(36)
        + pack("<IQ", start, size)
    )


def word_stream(*, encrypted: bool = False) -> bytes:
    """The header of a WordDocument stream (MS-DOC, FibBase); encrypted by XOR obfuscation."""
    flags = 0x8100 if encrypted else 0
    return pack("<HHHHHHHI", 0xA5EC, 0x00C1, 0, 0x0409, 0, flags, 0x00BF, 0x1234) + bytes(900)


def workbook_stream(*, verifier: int | None = None) -> bytes:
    """The globals of a Workbook stream (MS-XLS); with FILEPASS if a password protects it."""
    start = pack("<HHHHHHII", 0x0809, 16, 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    password = b"" if verifier is None else pack("<HHHHH", 0x002F, 6, 0, 0, verifier)
    codepage = pack("<HHH", 0x0042, 2, 0x04B0)
    return start + password + codepage + pack("<HH", 0x000A, 0)
