"""Validation of uploaded bytes: they match the content type, are complete and not protected (U1).

The content is inspected, never the name. A file that begins or ends as another format does is
refused, even if a lenient viewer would show it.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from precert.adapters.inspection.budget import Budget, DamagedError, TooComplexError
from precert.adapters.inspection.images import inspect_gif, inspect_png
from precert.adapters.inspection.jpeg import inspect_jpeg
from precert.adapters.inspection.office97 import inspect_doc, inspect_xls
from precert.adapters.inspection.ooxml import inspect_docx, inspect_xlsx
from precert.adapters.inspection.pdf import inspect_pdf
from precert.adapters.inspection.text import inspect_text
from precert.adapters.inspection.tiff import inspect_tiff
from precert.domain.documents import CONTENT_TYPES, Refusal

Inspection = Callable[[bytes, Budget], Refusal | None]

INSPECTIONS: Final[Mapping[str, Inspection]] = {
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
"""Formats that no archive is part of."""


def inspect_content(body: bytes, content_type: str, budget: Budget | None = None) -> Refusal | None:
    """Return why the bytes are refused, or ``None``. Never raises; its work is bounded."""
    if not body:
        return Refusal.EMPTY
    try:
        return inspect_strictly(body, content_type, budget or Budget())
    except Exception:  # noqa: BLE001 - a library may raise anything on a crafted file
        return Refusal.DAMAGED


def inspect_strictly(body: bytes, content_type: str, budget: Budget) -> Refusal | None:
    """Like :func:`inspect_content`, but an error of a parser that is unexpected is raised."""
    try:
        refusal = INSPECTIONS[content_type](body, budget)
    except TooComplexError:
        return Refusal.TOO_COMPLEX
    except (DamagedError, struct.error, zlib.error):
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
