"""Validation of uploaded bytes: they match the content type, are complete and not protected (U1).

The content is inspected, never the name. A file that begins or ends as another format does is
refused, even if a lenient viewer would show it. Pictures and PDFs are decoded, in a process of their
own; parsers of this package read text and the documents of Office, within a budget of steps.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from precert.adapters.inspection.budget import Budget, DamagedError, TooComplexError
from precert.adapters.inspection.office97 import inspect_doc, inspect_xls
from precert.adapters.inspection.ooxml import inspect_docx, inspect_xlsx
from precert.adapters.inspection.process import decoded
from precert.adapters.inspection.signatures import begins_as, ends_as_archive, is_cut_off
from precert.adapters.inspection.text import inspect_text
from precert.domain.documents import CONTENT_TYPES, Refusal

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
    """Return why the bytes are refused, or ``None``. Its work is bounded whatever the bytes are.

    Raises an error only if the process that decodes does not run.
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
    """Inspect text or a document of Office; an error of a parser that is unexpected is raised."""
    try:
        return INSPECTIONS[content_type](body, budget)
    except TooComplexError:
        return Refusal.TOO_COMPLEX
    except (DamagedError, struct.error, zlib.error):
        return Refusal.DAMAGED


def _inspect_decoded(body: bytes, content_type: str, decode: Decode) -> Refusal | None:
    """Inspect a picture or a PDF, formats that no archive is part of."""
    if not begins_as(body, content_type) or ends_as_archive(body):
        return Refusal.CONTENT
    if is_cut_off(body, content_type):
        return Refusal.DAMAGED
    return decode(body, content_type)
