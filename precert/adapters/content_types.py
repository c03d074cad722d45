"""Whether bytes are what a content type says, whole, and to be opened without a password (U1).

Judged by content, never by name. A file that ends as another format does, or begins as one, is none
that anybody can vouch for: it is refused, whatever a lenient viewer would show.
"""

from collections.abc import Callable, Mapping
from typing import Final

from precert.adapters.inspecting.images import inspect_gif, inspect_jpeg, inspect_png
from precert.adapters.inspecting.office import inspect_doc, inspect_docx, inspect_xls, inspect_xlsx
from precert.adapters.inspecting.pdf import inspect_pdf
from precert.adapters.inspecting.text import inspect_text
from precert.adapters.inspecting.tiff import inspect_tiff
from precert.domain.documents import CONTENT_TYPES, Refusal

Inspection = Callable[[bytes], Refusal | None]

_INSPECTIONS: Final[Mapping[str, Inspection]] = {
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


def inspect_content(body: bytes, content_type: str) -> Refusal | None:
    """What is wrong with the bytes, or ``None``. Never raises: what cannot be read is damaged."""
    if not body:
        return Refusal.EMPTY
    try:
        refusal = _INSPECTIONS[content_type](body)
    except Exception:  # noqa: BLE001 - whatever a library makes of a hostile file, it is refused
        return Refusal.DAMAGED
    if refusal is None and content_type in _CLOSED_FORMATS and _ends_as_archive(body):
        return Refusal.CONTENT
    return refusal


def _ends_as_archive(body: bytes) -> bool:
    """Whether an archive is appended: its directory's end, with its comment, is the file's end."""
    at = body.rfind(b"PK\x05\x06", max(0, len(body) - 22 - 0xFFFF))
    if at < 0 or at + 22 > len(body):
        return False
    return at + 22 + int.from_bytes(body[at + 20 : at + 22], "little") == len(body)
