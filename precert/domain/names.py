"""Names as they are compared: case, accents, hyphens, apostrophes and blanks do not matter.

``García-Ruiz`` and ``GARCIA RUIZ`` are one name, and so are ``Women's`` and ``womens``. Nothing here
is for showing: what was entered stays as it was.
"""

import re
from typing import Final
from unicodedata import combining, normalize

_APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_WITHOUT_ACCENT: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
"""Letters that Unicode does not take apart into a plain one and its mark."""
_WORD: Final = re.compile(r"[^\W_]+")
"""Letters and digits, of any alphabet."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded: letters and digits alone; hyphens and strokes part words."""
    apart = normalize("NFKD", _APOSTROPHES.sub("", text)).casefold().translate(_WITHOUT_ACCENT)
    if not apart.isascii():
        apart = "".join(character for character in apart if not combining(character))
    return tuple(_WORD.findall(apart))


def folded(name: str) -> str:
    """A name as one word, so that ``Thi Mai`` and ``Thi-Mai`` and ``ThiMai`` are equal."""
    return "".join(words_of(name))
