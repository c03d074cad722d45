"""Plain text: UTF-8, UTF-16 with a byte order mark, and the code pages of Windows and DOS."""

import re
from typing import Final

from precert.adapters.inspection.budget import Budget
from precert.domain.documents import Refusal

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_DOS_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
"""Code pages of DOS have letters and lines from 0x80 on."""
_DOS_END: Final = b"\x1a\0"
"""How DOS ends a file (Ctrl-Z), and fills its last block."""
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
    """The text, or ``None`` if a character is one that no text contains."""
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
