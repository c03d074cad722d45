"""Word and Excel files before 2007: compound files (MS-DOC, MS-XLS), and older formats."""

from struct import unpack_from
from typing import Final

from precert.adapters.inspection import compound
from precert.adapters.inspection.budget import Budget
from precert.adapters.inspection.compound import CompoundFile
from precert.domain.documents import Refusal

_WORD: Final = frozenset({0xA5EC, 0xA5DC, 0xA697, 0xA698, 0xA699})
"""Word 97 and later; Word 6 and 95; Word 6 for East Asian languages."""
_WORD_2: Final = 0xA5DB
_WORD_97: Final = 0x00C1
_IS_ENCRYPTED: Final = 0x0100
_WORD_HEADER: Final = 32
_TEXT_BEGINS: Final = 24
"""Offset of the offsets at which the text begins and ends (``fcMin`` and ``fcMac``)."""

_EOF: Final = 0x000A
_FILEPASS: Final = 0x002F
_BOUNDSHEET: Final = 0x0085
_BOFS: Final = {0x0009: 4, 0x0209: 6, 0x0409: 6, 0x0809: 8}
"""Records that begin a part of a workbook, of Excel 2, 3, 4 and 5 to 2003, with their minimum size."""
_BOF_OF_EXCEL_5: Final = 0x0809
_EXCEL_5_TO_2003: Final = (0x0500, 0x0600)


def inspect_doc(body: bytes, budget: Budget) -> Refusal | None:
    """Return why a Word document of 1997 to 2003 is refused, or ``None``."""
    if int.from_bytes(body[:2], "little") == _WORD_2:
        return _inspect_word_2(body)
    if not body.startswith(compound.SIGNATURE):
        return Refusal.CONTENT
    file = CompoundFile(body, budget)
    if refusal := _wrong_kind(file, "WordDocument", ("Workbook", "Book")):
        return refusal
    stream = file.read("WordDocument")
    if len(stream) < _WORD_HEADER:
        return Refusal.DAMAGED
    signature, version, flags = unpack_from("<HH6xH", stream)
    if signature not in _WORD:
        return Refusal.CONTENT
    if flags & _IS_ENCRYPTED:
        return Refusal.PROTECTED
    if version < _WORD_97:
        return None
    tables = [table for table in ("0Table", "1Table") if table in file]
    for table in tables:
        file.read(table)
    return None if tables else Refusal.DAMAGED


def _inspect_word_2(body: bytes) -> Refusal | None:
    """Word 2, whose file is the stream itself."""
    if len(body) < _WORD_HEADER:
        return Refusal.DAMAGED
    (flags,) = unpack_from("<H", body, 10)
    if flags & _IS_ENCRYPTED:
        return Refusal.PROTECTED
    begin, end = unpack_from("<II", body, _TEXT_BEGINS)
    return None if _WORD_HEADER <= begin <= end <= len(body) else Refusal.DAMAGED


def inspect_xls(body: bytes, budget: Budget) -> Refusal | None:
    """Return why an Excel workbook of 1997 to 2003 is refused, or ``None``."""
    if body.startswith(compound.SIGNATURE):
        file = CompoundFile(body, budget)
        # Excel reads the newer of the two parts of a file that was saved for both versions.
        name = "Workbook" if "Workbook" in file else "Book"
        if refusal := _wrong_kind(file, name, ("WordDocument",)):
            return refusal
        return _inspect_workbook(file.read(name), budget)
    kind, size = unpack_from("<HH", body) if len(body) >= 4 else (0, 0)
    if not _BOFS.get(kind, 0xFFFF) <= size <= 16:
        return Refusal.CONTENT
    return _inspect_workbook(body, budget)


def _wrong_kind(file: CompoundFile, name: str, others: tuple[str, ...]) -> Refusal | None:
    if "EncryptedPackage" in file:
        return Refusal.PROTECTED
    if name not in file or any(other in file for other in others):
        return Refusal.CONTENT
    return None


def _inspect_workbook(stream: bytes, budget: Budget) -> Refusal | None:
    """Read the records of the first part to its end, and verify that each sheet begins where stated."""
    at, depth, kind = 0, 0, 0
    sheets = list[int]()
    while at + 4 <= len(stream):
        budget.spend()
        kind, size = unpack_from("<HH", stream, at)
        data = at + 4
        if data + size > len(stream) or (at == 0 and not _begins_part(stream, at)):
            return Refusal.DAMAGED
        if kind in _BOFS:
            depth += 1
        elif kind == _FILEPASS:
            # Excel opens one of its own passwords without a prompt; the malware scan does not.
            return Refusal.PROTECTED
        elif kind == _BOUNDSHEET and size >= 4:
            sheets.append(unpack_from("<I", stream, data)[0])
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                break
        at = data + size
    if kind != _EOF:
        return Refusal.DAMAGED
    return None if all(_begins_part(stream, sheet) for sheet in sheets) else Refusal.DAMAGED


def _begins_part(stream: bytes, at: int) -> bool:
    if at + 6 > len(stream):
        return False
    kind, _, version = unpack_from("<HHH", stream, at)
    return kind in _BOFS and (kind != _BOF_OF_EXCEL_5 or version in _EXCEL_5_TO_2003)
