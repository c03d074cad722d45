"""Word and Excel files since 2007: ZIP packages (ISO/IEC 29500, Transitional and Strict)."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import IO, Final
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from precert.adapters.inspection import compound
from precert.adapters.inspection.budget import Budget, DamagedError, TooComplexError
from precert.adapters.inspection.compound import CompoundFile
from precert.domain.documents import Refusal

_ARCHIVE: Final = b"PK\x03\x04"
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"
_ENTRIES: Final = 20_000
"""Maximum number of parts. A workbook of 1,000 sheets with comments and drawings has 6,000."""
_CHUNK: Final = 1 << 16
_XML_LIMIT: Final = 1 << 20
"""Maximum size of each of the two parts that are parsed, in bytes."""
_UNREADABLE: Final = (
    *(BadZipFile, ExpatError, EOFError, IndexError, NotImplementedError, OSError, ValueError),
)
"""Errors of the standard library for a package that is damaged."""
_IS_ENCRYPTED: Final = 1
_COMPRESSIONS: Final = (ZIP_STORED, ZIP_DEFLATED)
"""The compression methods that packages use. Others need more memory."""

_FORMAT: Final = "application/vnd.openxmlformats-officedocument."
DOCX: Final = f"{_FORMAT}wordprocessingml.document.main+xml"
XLSX: Final = f"{_FORMAT}spreadsheetml.sheet.main+xml"
_WITH_MACROS: Final = {
    DOCX: "application/vnd.ms-word.document.macroenabled.main+xml",
    XLSX: "application/vnd.ms-excel.sheet.macroenabled.main+xml",
}
_TYPES: Final = "[content_types].xml"
_RELATIONSHIPS: Final = "_rels/.rels"
_MAIN_PART: Final = "/relationships/officedocument"
"""End of the relationship type of the main part, which Strict and Transitional name differently."""


def inspect_docx(body: bytes, budget: Budget) -> Refusal | None:
    return _inspect(body, DOCX, budget)


def inspect_xlsx(body: bytes, budget: Budget) -> Refusal | None:
    return _inspect(body, XLSX, budget)


def _inspect(body: bytes, content_type: str, budget: Budget) -> Refusal | None:
    if body.startswith(compound.SIGNATURE):
        is_protected = "EncryptedPackage" in CompoundFile(body, budget)
        return Refusal.PROTECTED if is_protected else Refusal.CONTENT
    if not body.startswith(_ARCHIVE):
        return Refusal.CONTENT
    budget.spend_bytes(len(body))
    if body.count(_DIRECTORY_ENTRY) > _ENTRIES:
        raise TooComplexError
    try:
        with ZipFile(BytesIO(body)) as package:
            return _inspect_package(package, content_type, budget)
    except _UNREADABLE as error:
        raise DamagedError from error


def _inspect_package(package: ZipFile, content_type: str, budget: Budget) -> Refusal | None:
    entries = [entry for entry in package.infolist() if not entry.is_dir()]
    parts = {_part_name(entry.filename): entry for entry in entries}
    if len(parts) < len(entries):
        # If two parts have the same name, programs read different ones.
        return Refusal.DAMAGED
    if any(dirname(name) in parts for name in parts):
        # A part name must not be a prefix of another one (Open Packaging Conventions, M1.11).
        return Refusal.DAMAGED
    if any(entry.flag_bits & _IS_ENCRYPTED for entry in parts.values()):
        return Refusal.PROTECTED
    if any(entry.compress_type not in _COMPRESSIONS for entry in parts.values()):
        return Refusal.DAMAGED
    if _TYPES not in parts or _RELATIONSHIPS not in parts:
        return Refusal.CONTENT
    main = _main_part(package, parts[_RELATIONSHIPS], budget)
    found = _content_type(package, parts[_TYPES], main, budget)
    if found == _WITH_MACROS[content_type].lower():
        return Refusal.MACROS
    if found != content_type.lower():
        return Refusal.CONTENT
    if main not in parts:
        return Refusal.DAMAGED
    for entry in parts.values():
        with package.open(entry) as opened:
            _read(opened, budget, is_xml=entry.filename.lower().endswith((".xml", ".rels")))
    return None


def _part_name(name: str) -> str:
    """The normalized part name: names are case-insensitive, and some writers use absolute paths."""
    return normpath(name.replace("\\", "/").lstrip("/")).lower()


def _read(opened: IO[bytes], budget: Budget, *, is_xml: bool) -> None:
    """Decompress a part in chunks, which verifies its checksum."""
    first = opened.read(_CHUNK)
    if is_xml and b"<!DOCTYPE" in first:
        _refuse_doctype()
    budget.spend_bytes(len(first))
    while chunk := opened.read(_CHUNK):
        budget.spend_bytes(len(chunk))


def _elements(
    package: ZipFile, entry: ZipInfo, budget: Budget
) -> Sequence[tuple[str, Mapping[str, str]]]:
    """The elements of a small XML part without their namespaces."""
    with package.open(entry) as opened:
        text = opened.read(_XML_LIMIT + 1)
    if len(text) > _XML_LIMIT:
        raise TooComplexError
    budget.spend_bytes(16 * len(text))
    found: list[tuple[str, Mapping[str, str]]] = []

    def add(name: str, attributes: Mapping[str, str]) -> None:
        found.append((name.rpartition("}")[2], attributes))

    parser = ParserCreate(namespace_separator="}")
    parser.StartElementHandler = add
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(text, True)
    return found


def _refuse_doctype(*_: object) -> None:
    """Refuse a document type declaration: it could define entities that expand to gigabytes."""
    raise DamagedError


def _main_part(package: ZipFile, entry: ZipInfo, budget: Budget) -> str:
    for name, attributes in _elements(package, entry, budget):
        kind = attributes.get("Type", "").lower()
        if name == "Relationship" and kind.endswith(_MAIN_PART):
            return _part_name(join("/", attributes.get("Target", "")))
    return ""


def _content_type(package: ZipFile, entry: ZipInfo, part: str, budget: Budget) -> str:
    """The content type of a part: its own, otherwise that of its extension."""
    own, default = "", ""
    for name, attributes in _elements(package, entry, budget):
        kind = attributes.get("ContentType", "").strip().lower()
        if name == "Override" and _part_name(attributes.get("PartName", "")) == part:
            own = kind
        elif name == "Default" and part.endswith("." + attributes.get("Extension", "").lower()):
            default = kind
    return own or default
