"""How pictures and PDFs begin and end.

Decoders accept more: pdfium finds a PDF in any bytes, and shows the first pages of half a document.
"""

from collections.abc import Mapping
from typing import Final

_PICTURES: Final[Mapping[str, tuple[bytes, ...]]] = {
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    # The versions 42 and 43 (BigTIFF), in both orders of bytes.
    "image/tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}
_WHITE: Final = b"\0\t\n\x0b\f\r "
_NOT_PDF: Final = (
    *(b"PK", b"MZ", b"\x7fELF", b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"II", b"MM", b"BM"),
    *(b"\xd0\xcf\x11\xe0", b"<", b"#!", b"%!PS"),
)
_SEARCHED: Final = 1024
"""Bytes from the begin and from the end in which readers search for the header and the end."""


def begins_as(body: bytes, content_type: str) -> bool:
    """Whether the bytes begin as the content type does.

    Viewers accept bytes before the header of a PDF, which must not begin another format.
    """
    if content_type in _PICTURES:
        return body.startswith(_PICTURES[content_type])
    header = body.find(b"%PDF-", 0, _SEARCHED)
    return header == 0 or (header > 0 and not body.lstrip(_WHITE).startswith(_NOT_PDF))


def is_cut_off(body: bytes, content_type: str) -> bool:
    """Whether a PDF lacks its end; other decoders find that themselves."""
    end = body.rstrip(_WHITE)[-_SEARCHED:]
    return content_type == "application/pdf" and not (b"%%EOF" in end and b"startxref" in end)


def ends_as_archive(body: bytes) -> bool:
    """Whether the file ends with an archive's directory and comment, so that one is appended."""
    at = body.rfind(b"PK\x05\x06", max(0, len(body) - 22 - 0xFFFF))
    if at < 0 or at + 22 > len(body):
        return False
    return at + 22 + int.from_bytes(body[at + 20 : at + 22], "little") == len(body)
