"""Search for words in the texts of a SQLite file, which has about 100,000 short texts and no index.

SQLite selects candidates with LIKE, in which a letter that can have an accent matches any letter. The
candidates are then compared by their folded words.
"""

from collections.abc import Collection
from typing import Final

from precert.domain.text import words_of

_ACCENTED: Final = str.maketrans(dict.fromkeys("aceinouy", "_"))
"""Letters that have an accent in some texts of the code sets, replaced by LIKE's wildcard."""


def like(column: str, words: Collection[str]) -> tuple[str, list[str]]:
    """An SQL condition that is true for every text with these words, and its parameters."""
    condition = " AND ".join([f"{column} LIKE ?"] * len(words))
    return condition, [f"%{word.translate(_ACCENTED)}%" for word in words]


def has_words(text: str, words: Collection[str]) -> bool:
    """Whether each of ``words`` is the beginning of a word in the text."""
    of_text = words_of(text)
    return all(any(one.startswith(word) for one in of_text) for word in words)
