"""Validate uploaded files: they match the content type, are complete and not protected (U1).

The content is inspected, not the file name. A file that begins or ends like another format is refused,
even if a lenient viewer would show it. Images and PDFs are decoded in a separate process. Text and
Office documents are read by parsers of this package, within a budget of steps.
"""

import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from precert.adapters.inspection import decoding
from precert.adapters.inspection.budget import Budget, DamagedError, TooComplexError
from precert.adapters.inspection.office97 import inspect_doc, inspect_xls
from precert.adapters.inspection.ooxml import inspect_docx, inspect_xlsx
from precert.domain.documents import CONTENT_TYPES, Refusal

_LIBRARIES: Final = "/var/lang/lib"
"""The folder of the shared libraries of Lambda's Python."""


@dataclass(frozen=True)
class Limits:
    """The resource limits of the decoding process."""

    cpu_seconds: int = 20
    memory: int = 1200 << 20
    """Bytes of address space. The largest image needs half; the function has more memory."""
    seconds: int = 45
    """Elapsed time, for overloaded machines. Less than the function's timeout."""


class DecoderError(Exception):
    """The decoding process failed for another reason than the document, which is not refused."""


def decoded(body: bytes, content_type: str, limits: Limits = Limits()) -> Refusal | None:
    """Return why an image or PDF is refused, or ``None``.

    A document that exceeds a limit or crashes the decoder is refused as too complex.

    Raises:
        DecoderError: the process failed for another reason.
    """
    # Without the function's environment variables, which contain its credentials.
    environment = {"LD_LIBRARY_PATH": _LIBRARIES, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = (content_type, str(limits.cpu_seconds), str(limits.memory))
    try:
        ran = subprocess.run(  # noqa: S603 - the interpreter, with a known content type
            [sys.executable, "-P", "-S", "-m", decoding.__name__, *arguments],
            input=body,
            capture_output=True,
            env=environment,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Refusal.TOO_COMPLEX
    if ran.returncode < 0:
        return Refusal.TOO_COMPLEX
    if ran.returncode:
        raise DecoderError(ran.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    return Refusal(ran.stdout.decode()) if ran.stdout else None


# First and last bytes of images and PDFs. Decoders are more lenient: pdfium finds a PDF within other
# bytes, and shows the first pages of a truncated document.

_PICTURES: Final[Mapping[str, tuple[bytes, ...]]] = {
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    # Versions 42 and 43 (BigTIFF), in both byte orders.
    "image/tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}
_WHITE: Final = b"\0\t\n\x0b\f\r "
_NOT_PDF: Final = (
    *(b"PK", b"MZ", b"\x7fELF", b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"II", b"MM", b"BM"),
    *(b"\xd0\xcf\x11\xe0", b"<", b"#!", b"%!PS"),
)
_SEARCHED: Final = 1024
"""Number of bytes at the beginning and at the end in which readers search for header and trailer."""


def begins_as(body: bytes, content_type: str) -> bool:
    """Whether the bytes begin like the content type.

    Viewers accept bytes before the header of a PDF. They must not begin like another format.
    """
    if content_type in _PICTURES:
        return body.startswith(_PICTURES[content_type])
    header = body.find(b"%PDF-", 0, _SEARCHED)
    return header == 0 or (header > 0 and not body.lstrip(_WHITE).startswith(_NOT_PDF))


def is_cut_off(body: bytes, content_type: str) -> bool:
    """Whether a PDF is truncated. The decoders of other formats detect that."""
    end = body.rstrip(_WHITE)[-_SEARCHED:]
    return content_type == "application/pdf" and not (b"%%EOF" in end and b"startxref" in end)


def ends_as_archive(body: bytes) -> bool:
    """Whether a ZIP archive is appended: the file ends with an archive's directory and comment."""
    at = body.rfind(b"PK\x05\x06", max(0, len(body) - 22 - 0xFFFF))
    if at < 0 or at + 22 > len(body):
        return False
    return at + 22 + int.from_bytes(body[at + 20 : at + 22], "little") == len(body)


# Plain text: UTF-8, UTF-16 with a byte order mark, and the code pages of Windows and DOS.

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_DOS_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
"""Control characters of DOS code pages, which have letters and box drawing from 0x80 on."""
_DOS_END: Final = b"\x1a\0"
"""The end-of-file character of DOS (Ctrl-Z), and the padding of the last block."""
_NOT_PLAIN_TEXT: Final = (
    *("<!doctype", "<html", "<head", "<body", "<script", "<svg", "<?xml", "<?php"),
    *("{\\rtf", "%pdf-", "%!ps", "#!", "mime-version:"),
)
"""First bytes of formats that consist of text characters but are not plain text."""


def inspect_text(body: bytes, budget: Budget) -> Refusal | None:
    budget.spend_bytes(8 * len(body))
    text = _decoded(body)
    if text is None:
        return Refusal.CONTENT
    beginning = text[:1024].lstrip().lower()
    return Refusal.CONTENT if beginning.startswith(_NOT_PLAIN_TEXT) else None


def _decoded(body: bytes) -> str | None:
    """The text, or ``None`` if it contains control characters."""
    marked = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    plain = body if marked else body.rstrip(_DOS_END)
    if not plain:
        return None
    try:
        text = plain.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        if marked or _DOS_CONTROLS.search(plain):
            return None
        return plain.decode("latin-1")
    text = text.rstrip("\x1a")
    return None if _CONTROLS.search(text) else text


Inspection = Callable[[bytes, Budget], Refusal | None]
Decode = Callable[[bytes, str], Refusal | None]

INSPECTIONS: Final[Mapping[str, Inspection]] = {
    CONTENT_TYPES[".txt"]: inspect_text,
    CONTENT_TYPES[".doc"]: inspect_doc,
    CONTENT_TYPES[".docx"]: inspect_docx,
    CONTENT_TYPES[".xls"]: inspect_xls,
    CONTENT_TYPES[".xlsx"]: inspect_xlsx,
}
"""The other content types are decoded."""


def inspect_content(body: bytes, content_type: str, decode: Decode = decoded) -> Refusal | None:
    """Return why the bytes are refused, or ``None``. The work is bounded for any bytes.

    Raises:
        DecoderError: the decoding process failed for another reason than the document.
    """
    if not body:
        return Refusal.EMPTY
    if content_type not in INSPECTIONS:
        return _inspect_decoded(body, content_type, decode)
    try:
        return inspect_strictly(body, content_type, Budget())
    except Exception:  # noqa: BLE001 - a library may raise anything on a crafted file
        return Refusal.DAMAGED


def inspect_strictly(body: bytes, content_type: str, budget: Budget) -> Refusal | None:
    """Inspect text or an Office document. Unexpected errors of the parsers are raised."""
    try:
        return INSPECTIONS[content_type](body, budget)
    except TooComplexError:
        return Refusal.TOO_COMPLEX
    except (DamagedError, struct.error, zlib.error):
        return Refusal.DAMAGED


def _inspect_decoded(body: bytes, content_type: str, decode: Decode) -> Refusal | None:
    """Inspect an image or a PDF, which cannot contain a ZIP archive."""
    if not begins_as(body, content_type) or ends_as_archive(body):
        return Refusal.CONTENT
    if is_cut_off(body, content_type):
        return Refusal.DAMAGED
    return decode(body, content_type)
