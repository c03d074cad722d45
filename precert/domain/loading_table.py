"""Reading a CSV file with every error found at once.

A file with an error is not used at all. An error states what a valid cell contains and never repeats
the invalid value, as files of members contain personal data.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

from pydantic import ValidationError

from precert.domain.dates import Bounds
from precert.domain.errors import PrecertError

Cells = Mapping[str, str | None]
"""A row by column name, without blanks around cells; an empty cell is None."""
Model = TypeVar("Model")

HEADER_LINE = 1
LIST_SEPARATOR: Final = "|"
"""Separates the values of a cell that can have several."""
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, order=True)
class RowError:
    """One thing wrong: line of the file (from 1), column or "" for the whole row, and remedy."""

    row: int
    column: str
    message: str


class LoadingError(PrecertError):
    """A file cannot be loaded; ``errors`` lists everything wrong with it, by line."""

    code: ClassVar[str] = "load_failed"
    title: ClassVar[str] = "The file cannot be loaded"

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__("Correct what is listed under `errors` and load the file again.")
        self.errors = tuple(sorted(errors))


@dataclass(frozen=True)
class Column:
    """A column; ``hint`` completes "the cell …".

    Cells may be empty where not ``required``; the whole column may be left out where not ``needed``.
    """

    name: str
    hint: str
    required: bool = True
    form: re.Pattern[str] | None = None
    needed: bool = True


DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""Days are read in this form alone: a bare number would pass for seconds since 1970."""


def day(name: str, bounds: Bounds, *, required: bool = True) -> Column:
    """A column of dates."""
    hint = f"must be a date from {bounds.first} to {bounds.last}, as in 2026-07-01"
    return Column(name, hint, required, DAY)


@dataclass(frozen=True)
class Table:
    """What a kind of file looks like.

    ``key`` is the column that no two rows have alike; none where it is empty. ``places`` maps fields
    of the model, dotted, to columns where the names differ.
    """

    columns: tuple[Column, ...]
    key: str
    places: Mapping[str, str]

    def column_of(self, location: tuple[int | str, ...]) -> str:
        """The column in which a field of the model was read; "" where a whole row is meant."""
        if (path := ".".join(str(part) for part in location)) in self.places:
            return self.places[path]
        names = {column.name for column in self.columns}
        return next((str(part) for part in reversed(location) if part in names), "")


class _Errors:
    """Collects errors, at most one for a cell: the first one."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], str] = {}

    def add(self, row: int, column: str, message: str) -> None:
        self._found.setdefault((row, column), message)

    def raise_if_any(self) -> None:
        if self._found:
            raise LoadingError([RowError(*place, text) for place, text in self._found.items()])


RowCheck = Callable[[Cells], Iterator[tuple[str, str]]]
"""Finds (column, message) for what one model cannot validate, such as references to other files."""
TableReview = Callable[[Sequence[tuple[int, Model]]], Iterable[tuple[int, str, str]]]
"""Finds (line, column, message) for conditions between rows; receives the valid ones."""


def load_table(
    csv_text: str, table: Table, build: Callable[[Cells], Model], check: RowCheck | None = None
) -> list[Model]:
    """Every row of ``csv_text`` as a model; see :func:`load_rows`."""
    return [model for _, model in load_rows(csv_text, table, build, check)]


def load_rows(
    csv_text: str,
    table: Table,
    build: Callable[[Cells], Model],
    check: RowCheck | None = None,
    review: TableReview[Model] | None = None,
) -> list[tuple[int, Model]]:
    """Every row of ``csv_text`` as a model, with the line in which it begins.

    A byte order mark and any line ends are accepted. Conditions between the cells of a row are checked
    only if its cells are valid.

    Raises:
        LoadingError: for columns missing, unknown or twice; rows of another length; cells that do
            not fit; keys that occur twice; a file without rows.
    """
    errors = _Errors()
    models: list[tuple[int, Model]] = []
    seen: dict[str, int] = {}
    hints = {column.name: column.hint for column in table.columns}
    for line, cells in _rows(csv_text, table, errors):
        for name, message in _cell_errors(cells, table):
            errors.add(line, name, message)
        for name, message in check(cells) if check else ():
            errors.add(line, name, message)
        key = cells.get(table.key)
        if key is not None and (first := seen.setdefault(key.casefold(), line)) != line:
            errors.add(line, table.key, f"is there already, in line {first}")
        try:
            models.append((line, build(cells)))
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                name = table.column_of(item["loc"])
                if not name or name in cells:
                    own_words = item["msg"].removeprefix("Value error, ")
                    errors.add(line, name, hints.get(name, own_words))
    for line, name, message in review(models) if review else ():
        errors.add(line, name, message)
    errors.raise_if_any()
    return models


def parts(cells: Cells, name: str) -> tuple[str, ...]:
    """The values of a cell that can have several; none of an empty one."""
    cell = cells.get(name)
    return () if cell is None else tuple(part.strip() for part in cell.split(LIST_SEPARATOR))


def _cell_errors(cells: Cells, table: Table) -> Iterator[tuple[str, str]]:
    for column in table.columns:
        if column.name not in cells:
            continue
        cell = cells[column.name]
        if cell is None:
            if column.required:
                yield column.name, f"is empty; {column.hint}"
        elif column.form is not None and not column.form.fullmatch(cell):
            yield column.name, column.hint


def _rows(csv_text: str, table: Table, errors: _Errors) -> Iterator[tuple[int, Cells]]:
    """Rows with the line each begins in; errors of the file's form are added to ``errors``."""
    lines = _records(csv_text.removeprefix(BYTE_ORDER_MARK), errors)
    names = [column.name for column in table.columns]
    needed = [column.name for column in table.columns if column.needed]
    at, header = next(lines, (HEADER_LINE, []))
    if not header:
        errors.add(at, "", f"the first line must name the columns: {','.join(needed)}")
        return
    _check_header(at, header, names, needed, errors)
    empty = True
    for line, record in lines:
        empty = False
        if len(record) == len(header):
            cells = {name: cell or None for name, cell in zip(header, record, strict=True)}
            yield line, {name: cells[name] for name in names if name in cells}
        else:
            errors.add(
                line, "", f"must have {len(header)} cells as the header has, not {len(record)}"
            )
    if empty:
        errors.add(at, "", "must be followed by at least one row")


def _check_header(
    line: int,
    header: Sequence[str],
    names: Sequence[str],
    needed: Sequence[str],
    errors: _Errors,
) -> None:
    for name in needed:
        if name not in header:
            errors.add(line, name, "is missing; add the column")
    for position, name in enumerate(header):
        if name not in names:
            errors.add(line, name, f"is unknown; the columns are {','.join(names)}")
        elif name in header[:position]:
            errors.add(line, name, "is there twice; remove one")


def _records(text: str, errors: _Errors) -> Iterator[tuple[int, list[str]]]:
    """The file's records, empty lines left out, each with its first line's number."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            errors.add(line, "", 'must be CSV: commas between cells, a quote within one as ""')
            continue
        if record:
            yield line, [cell.strip() for cell in record]
