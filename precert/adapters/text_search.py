"""Search of words in texts of a SQLite file, without an index: the files have some 100,000 short texts.

SQLite selects candidates by LIKE, in which any letter matches a letter that can have an accent; the
candidates are then compared by their folded words.
"""

from collections.abc import Collection
from typing import Final

from precert.domain.text import words_of

_ACCENTED: Final = str.maketrans(dict.fromkeys("aceinouy", "_"))
"""Letters with which an accent occurs in the code sets."""


def like(column: str, words: Collection[str]) -> tuple[str, list[str]]:
    """A condition that every text with these words fulfills, and its parameters."""
    condition = " AND ".join([f"{column} LIKE ?"] * len(words))
    return condition, [f"%{word.translate(_ACCENTED)}%" for word in words]


def has_words(text: str, words: Collection[str]) -> bool:
    """Whether each word is the beginning of a word of the text."""
    of_text = words_of(text)
    return all(any(one.startswith(word) for one in of_text) for word in words)
