"""Validation of uploaded bytes: they match the content type, are complete and not protected (U1).

The content is inspected, never the name. A file that begins or ends as another format does is
refused, even if a lenient viewer would show it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Literal
from zipfile import BadZipFile, ZipFile
from zlib import crc32

from precert.domain.documents import CONTENT_TYPES, Refusal

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIF: Final = (b"GIF87a", b"GIF89a")
_JPEG_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def inspect_png(body: bytes) -> Refusal | None:
    """Chunks with their checksums, from the header to the end (ISO/IEC 15948)."""
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
    """Segments up to the scan, with a frame before it, and the end marker after it (ITU-T T.81)."""
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
    """Blocks up to the trailer, with at least one image (GIF89a specification)."""
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
    """Number of bytes of the color table, from the flags."""
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _after_blocks(body: bytes, at: int) -> int:
    """The position after a chain of data blocks, which an empty block ends."""
    while at < len(body) and body[at]:
        at += 1 + body[at]
    return at + 1


_COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ARCHIVE: Final = b"PK\x03\x04"
_FORMAT: Final = "application/vnd.openxmlformats-officedocument."
_MAIN_PARTS: Final = {
    ".docx": f"{_FORMAT}wordprocessingml.document.main+xml",
    ".xlsx": f"{_FORMAT}spreadsheetml.sheet.main+xml",
}
_STREAMS: Final = {".doc": {"WordDocument"}, ".xls": {"Workbook", "Book"}}
_TYPES_PART: Final = "[Content_Types].xml"
_TYPES_LIMIT: Final = 1024 * 1024
_OPENS_BY_ITSELF: Final = "VelvetSweatshop"
"""The password with which Excel opens a workbook without a prompt (MS-OFFCRYPTO 2.4.2.3)."""


def inspect_docx(body: bytes) -> Refusal | None:
    return _inspect_archive(body, ".docx")


def inspect_xlsx(body: bytes) -> Refusal | None:
    return _inspect_archive(body, ".xlsx")


def inspect_doc(body: bytes) -> Refusal | None:
    return _inspect_compound(body, ".doc")


def inspect_xls(body: bytes) -> Refusal | None:
    return _inspect_compound(body, ".xls")


def _inspect_archive(body: bytes, kind: str) -> Refusal | None:
    if body.startswith(_COMPOUND):
        return Refusal.PROTECTED if _is_protected_package(body) else Refusal.CONTENT
    if not body.startswith(_ARCHIVE):
        return Refusal.CONTENT
    try:
        archive = ZipFile(BytesIO(body))
    except BadZipFile:
        return Refusal.DAMAGED
    entries = {entry.filename: entry for entry in archive.infolist()}
    if _TYPES_PART not in entries or entries[_TYPES_PART].file_size > _TYPES_LIMIT:
        return Refusal.CONTENT
    if any(entry.flag_bits & 1 for entry in entries.values()):
        return Refusal.PROTECTED
    types = archive.read(_TYPES_PART).decode()
    if {ending for ending, main in _MAIN_PARTS.items() if f'"{main}"' in types} != {kind}:
        return Refusal.CONTENT
    for entry in entries.values():
        # Headers only: no entry is decompressed, so a decompression bomb costs nothing.
        archive.open(entry).close()
    return None


def _is_protected_package(body: bytes) -> bool:
    from olefile import OleFileIO

    with OleFileIO(BytesIO(body)) as compound:
        return compound.exists("EncryptedPackage")


def _inspect_compound(body: bytes, kind: str) -> Refusal | None:
    from olefile import OleFileIO

    if not body.startswith(_COMPOUND):
        return Refusal.CONTENT
    with OleFileIO(BytesIO(body)) as compound:
        if compound.exists("EncryptedPackage"):
            return Refusal.PROTECTED
        streams = {path[0] for path in compound.listdir() if len(path) == 1}
        found = [stream for names in _STREAMS.values() for stream in names & streams]
        if len(found) != 1 or found[0] not in _STREAMS[kind]:
            return Refusal.CONTENT
        stream = compound.openstream(found[0]).read()
        if len(stream) != compound.get_size(found[0]):
            return Refusal.DAMAGED
    is_protected = (
        _book_needs_password(stream) if found[0] == "Book" else _package_needs_password(body, kind)
    )
    return Refusal.PROTECTED if is_protected else None


def _book_needs_password(stream: bytes) -> bool:
    """Excel 5 and 95, which the library cannot read: FILEPASS follows the first record."""
    at = 4 + int.from_bytes(stream[2:4], "little")
    return stream[at : at + 2] == b"\x2f\x00"


def _package_needs_password(body: bytes, kind: str) -> bool:
    from msoffcrypto import OfficeFile

    file = OfficeFile(BytesIO(body))
    if kind == ".doc" or not file.is_encrypted():
        return bool(file.is_encrypted())
    try:
        file.load_key(password=_OPENS_BY_ITSELF)
    except Exception:  # noqa: BLE001 - any encryption that the default password does not open
        return True
    return False


_WHITE: Final = b"\0\t\n\x0b\f\r "
_NOT_PDF: Final = (
    *(b"PK", b"MZ", b"\x7fELF", b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"II", b"MM", b"BM"),
    *(b"\xd0\xcf\x11\xe0", b"<", b"#!", b"%!PS"),
)


def inspect_pdf(body: bytes) -> Refusal | None:
    """Viewers accept bytes before the header, unless they begin another format."""
    header = body.find(b"%PDF-", 0, 1024)
    if header < 0 or (header and body.lstrip(_WHITE).startswith(_NOT_PDF)):
        return Refusal.CONTENT
    end = body.rstrip(_WHITE)[-1024:]
    if b"%%EOF" not in end or b"startxref" not in end:
        return Refusal.DAMAGED
    # The trailer's entry is plain text in every file without encryption: most need no parser.
    if b"/Encrypt" in body and _pdf_asks_for_password(body):
        return Refusal.PROTECTED
    return None


def _pdf_asks_for_password(body: bytes) -> bool:
    """Files encrypted with only an owner's password open without a password."""
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(BytesIO(body))
    return reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED


_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_NOT_PLAIN_TEXT: Final = (
    *("<!doctype", "<html", "<head", "<body", "<script", "<svg", "<?xml", "<?php"),
    *("{\\rtf", "%pdf-", "%!ps", "#!", "mime-version:"),
)
"""First bytes of formats that consist of text characters but are not plain text."""


def inspect_text(body: bytes) -> Refusal | None:
    text = _decoded(body)
    if text is None or _CONTROLS.search(text):
        return Refusal.CONTENT
    beginning = text[:1024].lstrip().lower()
    return Refusal.CONTENT if beginning.startswith(_NOT_PLAIN_TEXT) else None


def _decoded(body: bytes) -> str | None:
    marked = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8} | {
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of a value by its type."""
_DATA: Final = ((273, 279), (324, 325))
"""Tags of the offsets and lengths of a page's strips or tiles."""
_ORDERS: Final[Mapping[bytes, Literal["little", "big"]]] = {b"II": "little", b"MM": "big"}


class _OutsideError(Exception):
    """An offset or length points behind the end of the file."""


@dataclass(frozen=True)
class _Layout:
    """The byte order of numbers, and their widths, which BigTIFF doubles."""

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
    """Whether there is at least one page, and the data of all pages is present."""
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
    """The position of each entry that locates data, by tag."""
    tags = {tag for pair in _DATA for tag in pair}
    found = ((layout.number(entry, 2), entry) for entry in range(at, at + entries * width, width))
    return {tag: entry for tag, entry in found if tag in tags}


def _data_lies_within(layout: _Layout, tags: dict[int, int]) -> bool:
    for offsets, lengths in _DATA:
        if offsets in tags and lengths in tags:
            pairs = zip(
                _values(layout, tags[offsets]), _values(layout, tags[lengths]), strict=False
            )
            return all(offset + length <= len(layout.body) for offset, length in pairs)
    return False


def _values(layout: _Layout, entry: int) -> list[int]:
    """The numbers of an entry: inline if they fit, otherwise at the entry's offset."""
    size = _SIZES.get(layout.number(entry + 2, 2), 0)
    count = layout.number(entry + 4, layout.offset)
    at = entry + 4 + layout.offset
    if count * size > layout.offset:
        at = layout.number(at, layout.offset)
    if not size or at + count * size > len(layout.body):
        raise _OutsideError
    return [layout.number(at + index * size, size) for index in range(count)]


Inspection = Callable[[bytes], Refusal | None]

_INSPECTIONS: Final[Mapping[str, Inspection]] = {
    CONTENT_TYPES[".pdf"]: inspect_pdf,
    CONTENT_TYPES[".jpg"]: inspect_jpeg,
    CONTENT_TYPES[".tif"]: inspect_tiff,
    CONTENT_TYPES[".png"]: inspect_png,
    CONTENT_TYPES[".gif"]: inspect_gif,
    CONTENT_TYPES[".txt"]: inspect_text,
    CONTENT_TYPES[".doc"]: inspect_doc,
    CONTENT_TYPES[".docx"]: inspect_docx,
    CONTENT_TYPES[".xls"]: inspect_xls,
    CONTENT_TYPES[".xlsx"]: inspect_xlsx,
}
_CLOSED_FORMATS: Final = frozenset(
    CONTENT_TYPES[e] for e in (".pdf", ".jpg", ".tif", ".png", ".gif")
)


def inspect_content(body: bytes, content_type: str) -> Refusal | None:
    """What is wrong with the bytes, or ``None``. Never raises: unreadable content is damaged."""
    if not body:
        return Refusal.EMPTY
    try:
        refusal = _INSPECTIONS[content_type](body)
    except Exception:  # noqa: BLE001 - a library may raise anything on a crafted file
        return Refusal.DAMAGED
    if refusal is None and content_type in _CLOSED_FORMATS and _ends_as_archive(body):
        return Refusal.CONTENT
    return refusal


def _ends_as_archive(body: bytes) -> bool:
    """Whether the file ends with an archive's directory and comment, so that one is appended."""
    at = body.rfind(b"PK\x05\x06", max(0, len(body) - 22 - 0xFFFF))
    if at < 0 or at + 22 > len(body):
        return False
    return at + 22 + int.from_bytes(body[at + 20 : at + 22], "little") == len(body)
