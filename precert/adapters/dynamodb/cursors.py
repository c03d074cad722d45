"""Cursors of lists.

A cursor has the keys of the last row but not the list's partition, which always comes from the caller,
so that a cursor of another TIN's list discloses nothing. It has a digest of its list, by which other
lists refuse it.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from precert.names import NUMBERS
from precert.usecases.ports.listings import CursorError

_DIGEST_CHARACTERS = 12


@dataclass(frozen=True)
class Position:
    """The position of a reader in a list.

    ``key`` is the key of the last row without the partition; ``None`` at the beginning. ``since`` is
    when the reader began, in microseconds since 1970. ``again`` is whether the reader has reached the
    end and now reads the rows that changed since then.
    """

    key: Mapping[str, str | int] | None
    since: int = 0
    again: bool = False


def cursor_of(position: Position | None, of_list: Sequence[object]) -> str | None:
    """The cursor after a position of the list, or ``None`` at its end."""
    if position is None:
        return None
    key = dict(sorted(position.key.items())) if position.key is not None else None
    text = json.dumps([_digest(of_list), key, position.since, position.again])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str, of_list: Sequence[object], names: frozenset[str]) -> Position:
    """The position in a cursor.

    Raises:
        CursorError: it is not a cursor of this list, or its key lacks these attributes.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        digest, key, since, again = json.loads(
            base64.b64decode(padded, altchars=b"-_", validate=True)
        )
    except (binascii.Error, TypeError, ValueError) as error:
        raise CursorError from error
    sound = type(since) is int and since >= 0 and type(again) is bool
    if digest != _digest(of_list) or not sound or not _is_key(key, names):
        raise CursorError
    return Position(key, since, again)


def key_of_row(last: Mapping[str, object], names: frozenset[str]) -> dict[str, str | int]:
    """The key of the last row read, in the form that a cursor stores."""
    return {
        name: int(value) if isinstance(value, Decimal) else str(value)
        for name, value in last.items()
        if name in names
    }


def _digest(of_list: Sequence[object]) -> str:
    text = "\x1f".join(str(part) for part in of_list)
    return sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def _is_key(key: object, names: frozenset[str]) -> bool:
    if key is None:
        return True
    return (
        isinstance(key, dict)
        and key.keys() == names
        and all(
            (type(value) is int and 0 <= value < 10**18)
            if name in NUMBERS
            else (isinstance(value, str) and bool(value))
            for name, value in key.items()
        )
    )
