"""Cursors: opaque to callers, and checked when they come back.

A cursor holds the keys of the last row but not the list's partition: that always comes from who is
asking, so that a cursor of somebody else's list opens nothing.
"""

import base64
import binascii
import json
from collections.abc import Mapping

from precert.usecases.ports.listings import CursorError


def cursor_of(key: Mapping[str, str] | None) -> str | None:
    """The cursor after the row with this key, or ``None`` at the end of a list."""
    if key is None:
        return None
    text = json.dumps(dict(sorted(key.items())), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_of(cursor: str, names: frozenset[str]) -> dict[str, str]:
    """The key that a cursor names.

    Raises:
        CursorError: it is no cursor of a list with these key attributes.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise CursorError from error
    if (
        not isinstance(key, dict)
        or key.keys() != names
        or not all(isinstance(value, str) and value for value in key.values())
    ):
        raise CursorError
    return key
