"""PDF and plain text."""

from functools import cache
from io import BytesIO
from struct import pack
from typing import Final
from zlib import compress

from pypdf import PdfReader, PdfWriter

from local.journey.content import clinical_note
from precert.domain.documents import Refusal
from tests.adapters.corpus import Sample
from tests.adapters.corpus.images import gif, jpeg, png
from tests.adapters.corpus.office import RTF, archive, docx

note = cache(clinical_note)


def encrypted(algorithm: str, *, user: str) -> bytes:
    writer, out = PdfWriter(), BytesIO()
    writer.append(PdfReader(BytesIO(note())))
    writer.encrypt(user_password=user, owner_password="the owner's", algorithm=algorithm)
    writer.write(out)
    return out.getvalue()


def for_a_certificate() -> bytes:
    """Encrypted for the owner of a certificate instead of with a password (ISO 32000-2, 7.6.5)."""
    handler = b"<</Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 4/Recipients[(x)]>>"
    encryption = b"99 0 obj\n% a comment\n" + handler + b"\nendobj\n"
    return revised(encryption, b"/Encrypt 99 0 R", table=b"99 1\n%010d 00000 n \n" % len(note()))


def of_pages(count: int) -> bytes:
    """The document's page many times."""
    writer, out = PdfWriter(), BytesIO()
    page = PdfReader(BytesIO(note())).pages[0]
    for _ in range(count):
        writer.add_page(page)
    writer.write(out)
    return out.getvalue()


def revised(objects: bytes, entries: bytes, table: bytes = b"0 0\n") -> bytes:
    """The document with a revision behind it, as signatures and comments add one."""
    body = note()
    previous = body[body.rindex(b"startxref") :].split()[1]
    root = body[body.rindex(b"/Root") :].split(b"R", 2)[1]
    trailer = b"trailer\n<</Size 100/R" + root + b"R/Prev " + previous + entries + b">>\n"
    at = b"%d" % (len(body) + len(objects))
    return body + objects + b"xref\n" + table + trailer + b"startxref\n" + at + b"\n%%EOF\n"


def with_object_streams() -> bytes:
    """The objects and the cross-reference table compressed (PDF 1.5): neither page nor catalog is
    legible.
    """
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )
    at = (sum(len(one) + 1 for one in objects[:index]) for index in range(len(objects)))
    index = b" ".join(b"%d %d" % (number, offset) for number, offset in enumerate(at, 1)) + b"\n"
    packed = compress(index + b"\n".join(objects))
    body = b"%PDF-1.5\n"
    first = len(body)
    head = b"<</Type/ObjStm/N 3/First %d/Filter/FlateDecode/Length %d>>"
    body += b"4 0 obj\n" + head % (len(index), len(packed))
    body += b"\nstream\n" + packed + b"\nendstream\nendobj\n"
    entries = ((0, 0, 0), (2, 4, 0), (2, 4, 1), (2, 4, 2), (1, first, 0), (1, len(body), 0))
    table = compress(b"".join(pack(">BHB", *entry) for entry in entries))
    head = b"<</Type/XRef/Size 6/W[1 2 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>"
    start = b"startxref\n%d\n%%%%EOF" % len(body)
    body += b"5 0 obj\n" + head % len(table)
    return body + b"\nstream\n" + table + b"\nendstream\nendobj\n" + start


def without_pages() -> bytes:
    return note().replace(b"/Kids", b"/Kid_")


def picture_and_document() -> bytes:
    """Begins as a picture and contains a PDF header where readers still search for it."""
    return gif()[:20] + note()


PROGRAM: Final = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)
SCRIPT: Final = b"#!/bin/sh\nrm -rf /\n"
PAGE: Final = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
TEXT: Final = "Douleur à l'épaule gauche — depuis 2 mois.\r\n\tSuite…\n"

DOS_TEXT: Final = "┌────────┐\r\n│ Müller │ É ¥ 120\r\n└────────┘\r\n"

SAMPLES: Final = (
    Sample("a document", "note.pdf", note),
    Sample("an uppercase ending", "NOTE.PDF", note),
    Sample("bytes before the header", "note.pdf", lambda: b"\r\njob 17\r\n" + note()),
    Sample("too much before the header", "note.pdf", lambda: b" " * 1024 + note(), Refusal.CONTENT),
    Sample("lines after the end", "note.pdf", lambda: note() + b"\n" * 5000),
    Sample("an owner's password", "note.pdf", lambda: encrypted("RC4-128", user="")),
    Sample("an owner's password of today", "note.pdf", lambda: encrypted("AES-256", user="")),
    Sample("a password", "a.pdf", lambda: encrypted("RC4-128", user="x"), Refusal.PROTECTED),
    Sample(
        "a password of today", "a.pdf", lambda: encrypted("AES-256", user="x"), Refusal.PROTECTED
    ),
    Sample("a certificate", "a.pdf", for_a_certificate, Refusal.PROTECTED),
    Sample("a revision", "a.pdf", lambda: revised(b"", b"")),
    Sample("an encryption that is missing", "a.pdf", lambda: revised(b"", b"/Encrypt 99 0 R")),
    Sample("compressed objects", "a.pdf", with_object_streams),
    Sample("no page", "a.pdf", without_pages, Refusal.DAMAGED),
    Sample("a line after the end", "a.pdf", lambda: note() + b"-- end of job 17 --\r\n"),
    Sample("a truncated document", "note.pdf", lambda: note()[:-100], Refusal.DAMAGED),
    Sample("a header alone", "note.pdf", lambda: b"%PDF-1.7\n", Refusal.DAMAGED),
    Sample("a script", "note.pdf", lambda: SCRIPT, Refusal.CONTENT),
    Sample("a web page", "note.pdf", lambda: PAGE, Refusal.CONTENT),
    Sample("a web page and a document", "note.pdf", lambda: PAGE + note(), Refusal.CONTENT),
    Sample("a picture and a document", "note.pdf", picture_and_document, Refusal.CONTENT),
    Sample("an archive behind it", "note.pdf", lambda: note() + archive(a="b"), Refusal.CONTENT),
    Sample("a Word document behind it", "a.pdf", lambda: note() + docx(), Refusal.CONTENT),
    Sample("a Word document", "note.pdf", docx, Refusal.CONTENT),
    Sample("a picture", "note.pdf", jpeg, Refusal.CONTENT),
    Sample("a program", "note.pdf", lambda: PROGRAM, Refusal.CONTENT),
    Sample("nothing", "note.pdf", lambda: b"", Refusal.EMPTY),
    Sample("one byte", "note.pdf", lambda: b"%", Refusal.CONTENT),
    Sample("text of one byte", "note.txt", lambda: b"x"),
    Sample("nothing", "note.txt", lambda: b"", Refusal.EMPTY),
    Sample("text", "note.txt", TEXT.encode),
    Sample("an uppercase ending", "NOTE.TXT", TEXT.encode),
    Sample("text with its mark", "note.txt", lambda: TEXT.encode("utf-8-sig")),
    Sample("text of Windows", "note.txt", lambda: TEXT.encode("cp1252")),
    Sample("text of Latin-1", "note.txt", lambda: "à gauche".encode("latin-1")),
    Sample("wide text", "note.txt", lambda: TEXT.encode("utf-16")),
    Sample("big-endian wide text", "note.txt", lambda: b"\xfe\xff" + TEXT.encode("utf-16-be")),
    Sample(
        "wide text without its mark", "a.txt", lambda: TEXT.encode("utf-16-le"), Refusal.CONTENT
    ),
    Sample("half a wide letter", "a.txt", lambda: TEXT.encode("utf-16")[:-1], Refusal.CONTENT),
    Sample("text of DOS", "note.txt", lambda: DOS_TEXT.encode("cp437")),
    Sample("the end of a file of DOS", "note.txt", lambda: b"left knee\r\n\x1a"),
    Sample("the last block of DOS", "note.txt", lambda: b"left knee\r\n\x1a" + bytes(115)),
    Sample("pages of a printer", "note.txt", lambda: b"page 1\r\n\x0cpage 2\r\n"),
    Sample("no text", "note.txt", lambda: bytes(128), Refusal.CONTENT),
    Sample("a program", "note.txt", lambda: PROGRAM, Refusal.CONTENT),
    Sample("a picture", "note.txt", png, Refusal.CONTENT),
    Sample("a document", "note.txt", note, Refusal.CONTENT),
    Sample("a web page", "note.txt", lambda: PAGE, Refusal.CONTENT),
    Sample("rich text", "note.txt", lambda: RTF, Refusal.CONTENT),
    Sample("a script", "note.txt", lambda: SCRIPT, Refusal.CONTENT),
    Sample("keys of a terminal", "note.txt", lambda: b"\x1b[2Jgone", Refusal.CONTENT),
    Sample("a zero among letters", "note.txt", lambda: b"left\0knee", Refusal.CONTENT),
)
