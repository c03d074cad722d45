"""Plain text: UTF-8, UTF-16 with its byte order mark, or Windows-1252 (and so Latin-1)."""

import re
from typing import Final

from precert.domain.documents import Refusal

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_OTHER_FORMATS: Final = (
    *("<!doctype", "<html", "<head", "<body", "<script", "<svg", "<?xml", "<?php"),
    *("{\\rtf", "%pdf-", "%!ps", "#!", "mime-version:"),
)
"""How formats begin that are written in letters but are no plain text."""


def inspect_text(body: bytes) -> Refusal | None:
    text = _decoded(body)
    if text is None or _CONTROLS.search(text):
        return Refusal.CONTENT
    beginning = text[:1024].lstrip().lower()
    return Refusal.CONTENT if beginning.startswith(_OTHER_FORMATS) else None


def _decoded(body: bytes) -> str | None:
    marked = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
