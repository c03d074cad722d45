"""Entered values that appear where none may be."""

import re
from collections.abc import Iterable
from typing import Final

DISTINCT: Final = 7
"""A text of so many characters does not appear in a random id or an instant by chance."""


def leaked(values: Iterable[str], text: str) -> list[str]:
    """Return the values that are in the text, in any case.

    A shorter code counts only if it stands alone, because random ids contain any five digits.
    """
    return [value for value in values if _pattern(value).search(text)]


def _pattern(value: str) -> re.Pattern[str]:
    escaped = re.escape(value)
    if len(value) < DISTINCT and any(map(str.isdigit, value)):
        escaped = rf"(?<![0-9a-z]){escaped}(?![0-9a-z])"
    return re.compile(escaped, re.IGNORECASE)
