"""Word and Excel files."""

from functools import cache
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

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
    Sample("an archive that only says so", "a.docx", lambda: archive(word="x"), Refusal.CONTENT),
    Sample("a document with macros", "note.docx", with_macros, Refusal.CONTENT),
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
    Sample("a password", "note.doc", lambda: doc(encrypted=True), Refusal.PROTECTED),
    Sample("a password", "labs.xls", lambda: xls(verifier=0x1234), Refusal.PROTECTED),
    Sample("a workbook of 1995", "labs.xls", lambda: compound_file({"Book": workbook_stream()})),
    Sample(
        "a password of 1995",
        "labs.xls",
        lambda: compound_file({"Book": workbook_stream(verifier=0x1234)}),
        Refusal.PROTECTED,
    ),
    Sample("a password of Excel's own", "labs.xls", lambda: xls(default_verifier())),
    Sample("a password of today's", "note.doc", lambda: encrypted(docx()), Refusal.PROTECTED),
    Sample("half an old document", "note.doc", lambda: doc()[:3000], Refusal.DAMAGED),
    Sample("a head alone", "labs.xls", lambda: xls()[:600], Refusal.DAMAGED),
    Sample("a signature alone", "note.doc", lambda: doc()[:8], Refusal.DAMAGED),
)
