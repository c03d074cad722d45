"""The public code sets: one read-only SQLite file, compiled when a deployment is packaged.

``infra/code_sets.py`` compiles it. The file is opened at the first lookup, without locks or journal.
"""

import sqlite3
import weakref
from collections.abc import Callable, Collection
from datetime import date
from functools import cached_property
from importlib import resources
from itertools import islice
from pathlib import Path

from precert.adapters.text_search import has_words, like
from precert.domain.code_sets import CodeSet, ListedCode, PublicCode
from precert.domain.directory import Place

_CODE = """
SELECT description, leaf, valid_from, valid_to FROM codes WHERE code_set = ? AND code = ?
"""
_CODES = """
SELECT code, description, leaf, valid_from, valid_to FROM codes WHERE code_set = ? ORDER BY code
"""
_BEGINNING = """
SELECT code, description, leaf, valid_from, valid_to FROM codes
WHERE code_set = ? AND code >= ? AND code < ? ORDER BY code LIMIT ?
"""
_WORDS = """
SELECT code, description, leaf, valid_from, valid_to FROM codes
WHERE code_set = ? AND {} ORDER BY code
"""
_DESCRIPTIONS = "SELECT code, description FROM codes WHERE code_set = ? AND code IN ({})"
_MAX_PARAMETERS = 900
"""SQLite before 3.32 allows 999 parameters in one statement."""
_PLACE = "SELECT latitude, longitude FROM places WHERE zip_code = ?"


class SqliteCodeSets:
    """Code sets and ZIP codes (ports ``CodeSets`` and ``Places`` of
    :mod:`precert.usecases.ports.reference`).
    """

    def __init__(self, file: Callable[[], Path]) -> None:
        self._file = file

    def listed(self, code_set: CodeSet, code: str) -> ListedCode | None:
        row = self._connection.execute(_CODE, (code_set.value, code)).fetchone()
        if row is None:
            return None
        return _listed(code, *row)

    def codes_of(self, code_set: CodeSet) -> tuple[ListedCode, ...]:
        rows = self._connection.execute(_CODES, (code_set.value,))
        return tuple(_listed(*row) for row in rows)

    def search(
        self, code_set: CodeSet, beginning: str, words: Collection[str], *, most: int
    ) -> tuple[ListedCode, ...]:
        if beginning:
            bounds = (code_set.value, beginning, f"{beginning}\U0010ffff", most)
            return tuple(_listed(*row) for row in self._connection.execute(_BEGINNING, bounds))
        condition, patterns = like("description", words)
        query = _WORDS.format(condition)
        rows = self._connection.execute(query, (code_set.value, *patterns))
        found = (_listed(*row) for row in rows if has_words(row[1], words))
        return tuple(islice(found, most))

    def descriptions(self, codes: Collection[PublicCode]) -> dict[PublicCode, str]:
        found: dict[PublicCode, str] = {}
        for code_set in CodeSet:
            codes_of_set = sorted({code for one, code in codes if one is code_set})
            for start in range(0, len(codes_of_set), _MAX_PARAMETERS):
                part = codes_of_set[start : start + _MAX_PARAMETERS]
                query = _DESCRIPTIONS.format(", ".join("?" * len(part)))
                rows = self._connection.execute(query, (code_set.value, *part))
                found |= {(code_set, code): description for code, description in rows}
        return found

    def place(self, zip_code: str) -> Place | None:
        row = self._connection.execute(_PLACE, (zip_code,)).fetchone()
        return Place(latitude=row[0], longitude=row[1]) if row else None

    @cached_property
    def _connection(self) -> sqlite3.Connection:
        uri = f"{self._file().absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        weakref.finalize(self, connection.close)
        return connection


def _listed(
    code: str, description: str, leaf: int, valid_from: str | None, valid_to: str | None
) -> ListedCode:
    return ListedCode(
        code=code,
        description=description,
        leaf=bool(leaf),
        valid_from=date.fromisoformat(valid_from) if valid_from else None,
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
    )


def shipped_code_sets() -> SqliteCodeSets:
    """The code sets of this deployment, from package ``code_set_data`` of its layer."""
    return SqliteCodeSets(
        lambda: Path(str(resources.files("code_set_data").joinpath("code_sets.sqlite")))
    )
