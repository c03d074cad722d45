"""Whether bytes are what a content type says (U1)."""

from precert.domain.documents import Refusal

_ALIASES = {
    "image/tiff": frozenset({"image/tiff"}),
    "image/jpeg": frozenset({"image/jpeg"}),
}


def inspect_content(body: bytes, content_type: str) -> Refusal | None:
    return None if looks_like(body, content_type) else Refusal.CONTENT


def looks_like(body: bytes, content_type: str) -> bool:
    """Judge by content, never by name. Text is what decodes as UTF-8 and has no control bytes."""
    if content_type == "text/plain":
        return _is_text(body)
    import puremagic

    try:
        found = puremagic.magic_string(body)
    except (puremagic.PureError, ValueError):
        return False
    wanted = _ALIASES.get(content_type, frozenset({content_type}))
    return any(match.mime_type in wanted for match in found)


def _is_text(body: bytes) -> bool:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)
