"""Word and Excel files."""

from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from struct import pack
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

from docx import Document
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method.xor_obfuscation import DocumentXOR
from openpyxl import Workbook

from precert.domain.documents import Refusal
from tests.adapters.corpus import Sample
from tests.adapters.corpus.compound import compound_file, word_stream, workbook_stream


@cache
def docx() -> bytes:
    document, out = Document(), BytesIO()
    document.add_paragraph("Operative plan (sample).")
    document.save(out)
    return out.getvalue()


@cache
def xlsx() -> bytes:
    book, out = Workbook(), BytesIO()
    book.create_sheet("Results")["A1"] = "Hemoglobin"
    book.save(out)
    return out.getvalue()


def archive(**files: str) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return out.getvalue()


def repacked(body: bytes, old: str, new: str) -> bytes:
    """The same package with a changed list of content types."""
    out = BytesIO()
    with ZipFile(BytesIO(body)) as source, ZipFile(out, "w", ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "[Content_Types].xml":
                content = content.replace(old.encode(), new.encode())
            target.writestr(entry, content)
    return out.getvalue()


def encrypted(body: bytes) -> bytes:
    """Encrypted with a password as Office saves it (ECMA-376 agile encryption)."""
    out = BytesIO()
    OOXMLFile(BytesIO(body)).encrypt("a password", out)
    return out.getvalue()


def with_macros() -> bytes:
    plain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return repacked(docx(), plain, "application/vnd.ms-word.document.macroEnabled.main+xml")


@cache
def default_verifier() -> int:
    """The FILEPASS record for the password with which Excel opens a file without a prompt."""
    return next(n for n in range(0x10000) if DocumentXOR.verifypw("VelvetSweatshop", n))


def doc(*, encrypted: bool = False) -> bytes:
    return compound_file({"WordDocument": word_stream(encrypted=encrypted), "1Table": b""})


def xls(verifier: int | None = None) -> bytes:
    return compound_file({"Workbook": workbook_stream(verifier=verifier)})


def repacked_with(
    body: bytes,
    *,
    changed: Mapping[str, bytes] | None = None,
    name: Callable[[str], str] = str,
    target: IO[bytes] | None = None,
    compression: int = ZIP_DEFLATED,
) -> bytes:
    """The same package as another writer makes it."""
    out = target or BytesIO()
    with ZipFile(BytesIO(body)) as source, ZipFile(out, "w", compression) as opened:
        for entry in source.infolist():
            content = (changed or {}).get(entry.filename, source.read(entry))
            opened.writestr(name(entry.filename), content)
    assert isinstance(out, BytesIO)
    return out.getvalue()


def with_part_below_a_part() -> bytes:
    """A package whose picture is below the document, as if it were a folder."""
    out = BytesIO(docx())
    with ZipFile(out, "a") as opened:
        opened.writestr("word/document.xml/image1.gif", b"GIF89a")
    return out.getvalue()


def with_table_outside() -> bytes:
    """A compound file that lists an allocation table behind its end."""
    body = bytearray(xls())
    body[80:84] = pack("<i", -22)
    return bytes(body)


class Unseekable(BytesIO):
    """A stream, into which packages are written with the sizes behind each part."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, *_: object) -> int:
        raise OSError


def part(body: bytes, name: str) -> bytes:
    with ZipFile(BytesIO(body)) as opened:
        return opened.read(name)


def strict(body: bytes) -> bytes:
    """Strict Open XML, whose relationships and namespaces have other names."""
    relationships = part(body, "_rels/.rels").replace(
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
    )
    return repacked_with(body, changed={"_rels/.rels": relationships})


def types_as(encoding: str, quote: str = '"') -> bytes:
    """A document whose list of content types has another encoding or other quotes."""
    types = part(docx(), TYPES).decode().partition("?>")[2].replace('"', quote)
    text = f"<?xml version='1.0' encoding='{encoding}'?>{types}"
    return repacked_with(docx(), changed={TYPES: text.encode(encoding)})


def with_entities() -> bytes:
    """A list of content types that would expand to gigabytes."""
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 20}'>" for n in range(1, 9))
    text = f"<!DOCTYPE t [<!ENTITY e0 'x'>{entities}]><t>&e8;</t>"
    return repacked_with(docx(), changed={TYPES: text.encode()})


def with_workbook_inside() -> bytes:
    out = BytesIO(docx())
    with ZipFile(out, "a") as opened:
        opened.writestr("word/embeddings/labs.xlsx", xlsx())
    return out.getvalue()


def with_damaged_part() -> bytes:
    """One byte of the text is another, so that its checksum is wrong."""
    body = bytearray(repacked_with(docx(), compression=ZIP_STORED))
    body[body.index(b"Operative plan")] ^= 0xFF
    return bytes(body)


def with_second_text() -> bytes:
    """Two main parts, whose names differ in case."""
    out = BytesIO(docx())
    with ZipFile(out, "a") as opened:
        opened.writestr("word/Document.xml", part(docx(), "word/document.xml"))
    return out.getvalue()


def bomb(body: bytes, size: int) -> bytes:
    """The package with a part of zeros."""
    out = BytesIO(body)
    with ZipFile(out, "a", ZIP_DEFLATED, compresslevel=9) as opened:
        opened.writestr("media/zeros.bin", bytes(size))
    return out.getvalue()


def rows(count: int) -> bytes:
    """A workbook with rows of results."""
    book, out = Workbook(write_only=True), BytesIO()
    sheet = book.create_sheet("Results")
    for row in range(count):
        sheet.append([row, "Hemoglobin", 13.5, "g/dL"])
    book.save(out)
    return out.getvalue()


def with_encrypted_part() -> bytes:
    """The flag of ZIP's own encryption on every part."""
    body = bytearray(docx())
    at = body.find(b"PK\x01\x02")
    while at >= 0:
        body[at + 8] |= 1
        at = body.find(b"PK\x01\x02", at + 4)
    return bytes(body)


def record(kind: int, data: bytes = b"") -> bytes:
    return pack("<HH", kind, len(data)) + data


def excel_2(password: bytes = b"") -> bytes:
    """A worksheet of Excel 2, which has no container."""
    begin = record(0x0009, pack("<HH", 2, 0x10))
    cell = record(0x0003, pack("<HHBBBd", 0, 0, 0, 0, 0, 1.5))
    return begin + password + cell + record(0x000A)


def excel_4() -> bytes:
    return record(0x0409, pack("<HHH", 0, 0x10, 0)) + record(0x000A)


def workbook_with_sheet(*, at: int | None = None) -> bytes:
    """A workbook with one sheet; ``at`` is another offset of it than the right one."""
    begin = record(0x0809, pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    size = len(begin) + 4 + 12 + 4
    sheet = record(0x0085, pack("<IHB", size if at is None else at, 0, 4) + b"\0Labs")
    end = record(0x000A)
    part_of_sheet = record(0x0809, pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6)) + end
    return begin + sheet + end + part_of_sheet


def word_2(*, encrypted: bool = False) -> bytes:
    """A document of Word 2, which has no container."""
    header = pack("<HHHHHH", 0xA5DB, 45, 0, 0x0409, 0, 0x0100 if encrypted else 0)
    text = b"Operative plan (sample).\r"
    return (header.ljust(24, b"\0") + pack("<II", 384, 384 + len(text))).ljust(384, b"\0") + text


def word_6(signature: int = 0xA5DC) -> bytes:
    stream = pack("<HHHHHH", signature, 104, 0, 0x0409, 0, 0) + bytes(900)
    return compound_file({"WordDocument": stream})


def both_workbooks() -> bytes:
    """Excel 97 and 95 in one file."""
    return compound_file({"Book": workbook_stream(), "Workbook": workbook_stream()})


def of_windows(name: str) -> str:
    return name.replace("/", "\\")


TYPES: Final = "[Content_Types].xml"
RTF: Final = b"{\\rtf1\\ansi A letter.}"
HTML_TABLE: Final = b"<html><table><tr><td>1</td></tr></table></html>"

SAMPLES: Final = (
    Sample("a Word document", "note.docx", docx),
    Sample("an uppercase ending", "NOTE.DOCX", docx),
    Sample("a workbook", "labs.xlsx", xlsx),
    Sample("a workbook as a document", "labs.docx", xlsx, Refusal.CONTENT),
    Sample("a document as a workbook", "note.xlsx", docx, Refusal.CONTENT),
    Sample("a plain archive", "a.docx", lambda: archive(note="text"), Refusal.CONTENT),
    Sample("a plain archive", "a.xlsx", lambda: archive(note="text"), Refusal.CONTENT),
    Sample(
        "an archive with a member named word", "a.docx", lambda: archive(word="x"), Refusal.CONTENT
    ),
    Sample("a document with macros", "note.docx", with_macros, Refusal.MACROS),
    Sample("a Strict document", "note.docx", lambda: strict(docx())),
    Sample("a Strict workbook", "labs.xlsx", lambda: strict(xlsx())),
    Sample("other quotes", "note.docx", lambda: types_as("utf-8", "'")),
    Sample("content types in UTF-16", "note.docx", lambda: types_as("utf-16")),
    Sample("absolute names", "labs.xlsx", lambda: repacked_with(xlsx(), name="/{}".format)),
    Sample("names of Windows", "a.xlsx", lambda: repacked_with(xlsx(), name=of_windows)),
    Sample("names in capitals", "note.docx", lambda: repacked_with(docx(), name=str.upper)),
    Sample("sizes behind the parts", "a.docx", lambda: repacked_with(docx(), target=Unseekable())),
    Sample("no compression", "a.docx", lambda: repacked_with(docx(), compression=ZIP_STORED)),
    Sample(
        "another compression",
        "a.docx",
        lambda: repacked_with(docx(), compression=ZIP_LZMA),
        Refusal.DAMAGED,
    ),
    Sample("a workbook inside", "note.docx", with_workbook_inside),
    Sample("a damaged part", "note.docx", with_damaged_part, Refusal.DAMAGED),
    Sample("a part below a part", "a.docx", with_part_below_a_part, Refusal.DAMAGED),
    Sample("two parts of one name", "note.docx", with_second_text, Refusal.DAMAGED),
    Sample("entities", "note.docx", with_entities, Refusal.DAMAGED),
    Sample("ZIP's own encryption", "note.docx", with_encrypted_part, Refusal.PROTECTED),
    Sample("a password", "note.docx", lambda: encrypted(docx()), Refusal.PROTECTED),
    Sample("a password", "labs.xlsx", lambda: encrypted(xlsx()), Refusal.PROTECTED),
    Sample("half a document", "note.docx", lambda: docx()[: len(docx()) // 2], Refusal.DAMAGED),
    Sample("half a workbook", "labs.xlsx", lambda: xlsx()[: len(xlsx()) // 2], Refusal.DAMAGED),
    Sample("a program that unpacks itself", "a.docx", lambda: b"MZ" + docx(), Refusal.CONTENT),
    Sample("an old document", "note.docx", doc, Refusal.CONTENT),
    Sample("an old workbook", "labs.xlsx", xls, Refusal.CONTENT),
    Sample("an old document", "note.doc", doc),
    Sample("an uppercase ending", "NOTE.DOC", doc),
    Sample("an old workbook", "labs.xls", xls),
    Sample("an old workbook as a document", "labs.doc", xls, Refusal.CONTENT),
    Sample("an old document as a workbook", "note.xls", doc, Refusal.CONTENT),
    Sample("a document of today", "note.doc", docx, Refusal.CONTENT),
    Sample("a workbook of today", "labs.xls", xlsx, Refusal.CONTENT),
    Sample("rich text", "note.doc", lambda: RTF, Refusal.CONTENT),
    Sample("a web page", "labs.xls", lambda: HTML_TABLE, Refusal.CONTENT),
    Sample("an installer", "a.doc", lambda: compound_file({"Property": b"x"}), Refusal.CONTENT),
    Sample(
        "both at once",
        "a.doc",
        lambda: compound_file({"WordDocument": word_stream(), "Workbook": workbook_stream()}),
        Refusal.CONTENT,
    ),
    Sample("a document of Word 2", "note.doc", word_2),
    Sample("a password of Word 2", "a.doc", lambda: word_2(encrypted=True), Refusal.PROTECTED),
    Sample("half a document of Word 2", "a.doc", lambda: word_2()[:390], Refusal.DAMAGED),
    Sample("a document of Word 6", "note.doc", word_6),
    Sample("a document of Word 6 in Japanese", "note.doc", lambda: word_6(0xA698)),
    Sample(
        "a document without its table",
        "a.doc",
        lambda: compound_file({"WordDocument": word_stream()}),
        Refusal.DAMAGED,
    ),
    Sample(
        "a stream's name in capitals",
        "a.xls",
        lambda: compound_file({"WORKBOOK": workbook_stream()}),
    ),
    Sample("a workbook for two versions", "labs.xls", both_workbooks),
    Sample(
        "a workbook with a sheet",
        "labs.xls",
        lambda: compound_file({"Workbook": workbook_with_sheet()}),
    ),
    Sample(
        "a sheet that is missing",
        "labs.xls",
        lambda: compound_file({"Workbook": workbook_with_sheet(at=9999)}),
        Refusal.DAMAGED,
    ),
    Sample("a worksheet of Excel 2", "labs.xls", excel_2),
    Sample("a worksheet of Excel 4", "labs.xls", excel_4),
    Sample("half a worksheet of Excel 2", "a.xls", lambda: excel_2()[:-6], Refusal.DAMAGED),
    Sample(
        "a password of Excel 2",
        "labs.xls",
        lambda: excel_2(record(0x002F, b"\1\2\3\4")),
        Refusal.PROTECTED,
    ),
    Sample("a password", "note.doc", lambda: doc(encrypted=True), Refusal.PROTECTED),
    Sample("a password", "labs.xls", lambda: xls(verifier=0x1234), Refusal.PROTECTED),
    Sample("a workbook of 1995", "labs.xls", lambda: compound_file({"Book": workbook_stream()})),
    Sample(
        "a password of 1995",
        "labs.xls",
        lambda: compound_file({"Book": workbook_stream(verifier=0x1234)}),
        Refusal.PROTECTED,
    ),
    Sample(
        "a password of Excel's own",
        "labs.xls",
        lambda: xls(default_verifier()),
        Refusal.PROTECTED,
    ),
    Sample("a table outside the file", "labs.xls", with_table_outside, Refusal.DAMAGED),
    Sample("a password of today's", "note.doc", lambda: encrypted(docx()), Refusal.PROTECTED),
    Sample("half an old document", "note.doc", lambda: doc()[:3000], Refusal.DAMAGED),
    Sample("a head alone", "labs.xls", lambda: xls()[:600], Refusal.DAMAGED),
    Sample("a signature alone", "note.doc", lambda: doc()[:8], Refusal.DAMAGED),
)
