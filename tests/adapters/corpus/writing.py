"""PDF and plain text."""

from functools import cache
from io import BytesIO
from typing import Final

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


def picture_and_document() -> bytes:
    """Begins as a picture and contains a PDF header where readers still search for it."""
    return gif()[:20] + note()


PROGRAM: Final = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)
SCRIPT: Final = b"#!/bin/sh\nrm -rf /\n"
PAGE: Final = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
TEXT: Final = "Douleur à l'épaule gauche — depuis 2 mois.\r\n\tSuite…\n"

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
    Sample("a truncated document", "note.pdf", lambda: note()[:-100], Refusal.DAMAGED),
    Sample("a header alone", "note.pdf", lambda: b"%PDF-1.7\n", Refusal.DAMAGED),
    Sample("a script", "note.pdf", lambda: SCRIPT, Refusal.CONTENT),
    Sample("a web page", "note.pdf", lambda: PAGE, Refusal.CONTENT),
    Sample("a web page and a document", "note.pdf", lambda: PAGE + note(), Refusal.CONTENT),
    Sample("a picture and a document", "note.pdf", picture_and_document, Refusal.CONTENT),
    Sample("an archive behind it", "note.pdf", lambda: note() + archive(a="b"), Refusal.CONTENT),
    Sample("a Word document behind it", "a.pdf", lambda: note() + docx(), Refusal.DAMAGED),
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
    Sample("a program", "note.txt", lambda: PROGRAM, Refusal.CONTENT),
    Sample("a picture", "note.txt", png, Refusal.CONTENT),
    Sample("a document", "note.txt", note, Refusal.CONTENT),
    Sample("a web page", "note.txt", lambda: PAGE, Refusal.CONTENT),
    Sample("rich text", "note.txt", lambda: RTF, Refusal.CONTENT),
    Sample("a script", "note.txt", lambda: SCRIPT, Refusal.CONTENT),
    Sample("keys of a terminal", "note.txt", lambda: b"\x1b[2Jgone", Refusal.CONTENT),
    Sample("a zero among letters", "note.txt", lambda: b"left\0knee", Refusal.CONTENT),
)
