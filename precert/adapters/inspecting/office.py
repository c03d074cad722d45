"""Word and Excel: compound files of 97 to 2003 (MS-CFB), and Office Open XML (ECMA-376)."""

from io import BytesIO
from typing import Final
from zipfile import BadZipFile, ZipFile

from precert.domain.documents import Refusal

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
"""The password by which Excel opens without asking (MS-OFFCRYPTO 2.4.2.3)."""


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
        # What the directory says is there is there: nothing is unpacked, however large it would be.
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
    asks = _book_asks(stream) if found[0] == "Book" else _asks_for_password(body, kind)
    return Refusal.PROTECTED if asks else None


def _book_asks(stream: bytes) -> bool:
    """Excel 5 and 95, which the library does not read: FILEPASS follows the first record."""
    at = 4 + int.from_bytes(stream[2:4], "little")
    return stream[at : at + 2] == b"\x2f\x00"


def _asks_for_password(body: bytes, kind: str) -> bool:
    from msoffcrypto import OfficeFile

    file = OfficeFile(BytesIO(body))
    if kind == ".doc" or not file.is_encrypted():
        return bool(file.is_encrypted())
    try:
        file.load_key(password=_OPENS_BY_ITSELF)
    except Exception:  # noqa: BLE001 - encrypted in whatever way: it does not open by itself
        return True
    return False
