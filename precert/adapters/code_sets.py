"""The public code sets: one SQLite file, compiled when a deployment is packaged, never written.

``infra/code_sets.py`` makes it. It is opened at the first lookup, without locks or journal.
"""

import sqlite3
from collections.abc import Callable
from datetime import date
from functools import cached_property
from importlib import resources
from pathlib import Path

from precert.domain.code_sets import CodeSet, ListedCode
from precert.domain.directory import Place

_CODE = """
SELECT description, leaf, valid_from, valid_to FROM codes WHERE code_set = ? AND code = ?
"""
_PLACE = "SELECT latitude, longitude FROM places WHERE zip_code = ?"


class SqliteCodeSets:
    """Code sets and ZIP codes (ports ``CodeSets`` and ``Places`` of
    :mod:`precert.usecases.ports.code_sets`).
    """

    def __init__(self, file: Callable[[], Path]) -> None:
        self._file = file

    def listed(self, code_set: CodeSet, code: str) -> ListedCode | None:
        row = self._connection.execute(_CODE, (code_set.value, code)).fetchone()
        if row is None:
            return None
        description, leaf, valid_from, valid_to = row
        return ListedCode(
            code=code,
            description=description,
            leaf=bool(leaf),
            valid_from=date.fromisoformat(valid_from) if valid_from else None,
            valid_to=date.fromisoformat(valid_to) if valid_to else None,
        )

    def place(self, zip_code: str) -> Place | None:
        row = self._connection.execute(_PLACE, (zip_code,)).fetchone()
        return Place(latitude=row[0], longitude=row[1]) if row else None

    @cached_property
    def _connection(self) -> sqlite3.Connection:
        uri = f"{self._file().absolute().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(uri, uri=True, check_same_thread=False)


def shipped_code_sets() -> SqliteCodeSets:
    """The code sets of this deployment (package ``code_set_data``, made when it is packaged)."""
    return SqliteCodeSets(
        lambda: Path(str(resources.files("code_set_data").joinpath("code_sets.sqlite")))
    )
