"""Reading a CSV file with every error found at once.

:func:`load_rows` rejects a file that has an error; :class:`TableReader` reads files of any size and
yields each row with its errors. An error states what a valid cell contains and never repeats the
invalid value, because files of members contain personal data.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeVar

from pydantic import ValidationError

from precert.domain.dates import Bounds
from precert.domain.errors import PrecertError
from precert.domain.wording import counted

Cells = Mapping[str, str | None]
"""The cells of a row by column name, without leading and trailing blanks; an empty cell is ``None``."""
Model = TypeVar("Model")

HEADER_LINE = 1
LIST_SEPARATOR: Final = "|"
"""Separates the values of a cell that has several."""
BYTE_ORDER_MARK = "\ufeff"
REJECT_COLUMNS: Final = ("rejected_line", "errors")
"""Columns that a rejects file has in addition. A reader ignores them, so that a corrected rejects file
can be loaded without removing them."""


@dataclass(frozen=True, order=True)
class RowError:
    """One error: the line of the file (from 1), the column, and a message such as "must be …".

    The column is "" for the whole row.
    """

    row: int
    column: str
    message: str


class LoadingError(PrecertError):
    """A file cannot be loaded. ``errors`` lists all its errors, by line."""

    code: ClassVar[str] = "load_failed"
    title: ClassVar[str] = "The file cannot be loaded"

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__("Correct what is listed under `errors` and load the file again.")
        self.errors = tuple(sorted(errors))


@dataclass(frozen=True)
class Column:
    """A column of a table.

    ``hint`` is the message for an invalid cell, such as "must be …"; ``form`` the pattern of a valid
    one. An empty cell is an error if ``required``, a file without the column if ``column_required``.
    """

    name: str
    hint: str
    required: bool = True
    form: re.Pattern[str] | None = None
    column_required: bool = True


DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""The only accepted form of dates: pydantic also reads a number, as seconds since 1970."""


def day(name: str, bounds: Bounds, *, required: bool = True) -> Column:
    """A column of dates within ``bounds``."""
    hint = f"must be a date from {bounds.first} to {bounds.last}, as in 2026-07-01"
    return Column(name, hint, required, DAY)


@dataclass(frozen=True)
class Table:
    """The columns of a file.

    ``key`` is the column whose values are unique in the file, without regard to case; "" if there is
    none. ``columns_of_fields`` maps the dotted path of a field of the model to its column where the
    names differ.
    """

    columns: tuple[Column, ...]
    key: str
    columns_of_fields: Mapping[str, str]

    def column_of(self, location: tuple[int | str, ...]) -> str:
        """The column of a field of the model; "" if the location is not that of one column."""
        if (path := ".".join(str(part) for part in location)) in self.columns_of_fields:
            return self.columns_of_fields[path]
        names = {column.name for column in self.columns}
        return next((str(part) for part in reversed(location) if part in names), "")


RowCheck = Callable[[Cells], Iterator[tuple[str, str]]]
"""Yields (column, message) for errors of a row that its model does not detect, such as unknown
references to other files."""
TableReview = Callable[[Sequence[tuple[int, Model]]], Iterable[tuple[int, str, str]]]
"""Yields (line, column, message) for errors between rows; receives the valid rows with their lines."""


@dataclass(frozen=True)
class Row(Generic[Model]):
    """One row: the line in which it begins, its cells as in the file, and its model or its errors."""

    line: int
    record: tuple[str, ...]
    model: Model | None
    errors: tuple[RowError, ...] = ()


class TableReader(Generic[Model]):
    """Reads a CSV file row by row. Memory use grows with the number of keys only.

    A byte order mark, any line ends and the columns that a rejects file has in addition are accepted.
    Conditions between the cells of a row are checked only if its cells are valid.

    Args:
        lines: The file's lines with their ends, such as a file opened with ``newline=""``.
        table: The columns of the file.
        build: Builds a model from the cells of a row.
        check: Yields further errors of a row.
    """

    def __init__(
        self,
        lines: Iterable[str],
        table: Table,
        build: Callable[[Cells], Model],
        check: RowCheck | None = None,
    ) -> None:
        self._table = table
        self._build = build
        self._check = check
        self._hints = {column.name: column.hint for column in table.columns}
        self._records = _records(_unmarked(lines))
        self._at, header, error = next(self._records, (HEADER_LINE, (), None))
        header = () if error else header
        self.header: tuple[str, ...] = tuple(name for name in header if name not in REJECT_COLUMNS)
        """The columns of the file, in its order, without those of a rejects file."""
        self._positions = [at for at, name in enumerate(header) if name not in REJECT_COLUMNS]
        self._width = len(header)
        self.header_errors: tuple[RowError, ...] = tuple(self._errors_of_header())
        """Errors of the columns. A file with such an error cannot be loaded."""

    def rows(self) -> Iterator[Row[Model]]:
        """Yield every row, an invalid one with all its errors; none if the file has no header.

        Raises:
            LoadingError: the file has no rows.
        """
        if not self.header:
            return
        seen: dict[str, int] = {}
        empty = True
        for line, record, error in self._records:
            empty = False
            if error is not None:
                yield Row(line, record, None, (RowError(line, "", error),))
            elif len(record) == self._width:
                yield self._row(line, tuple(record[at] for at in self._positions), seen)
            else:
                cells = counted(self._width, "cells")
                message = f"must have {cells}, as the header has, not {len(record)}"
                yield Row(line, record, None, (RowError(line, "", message),))
        if empty:
            raise LoadingError([RowError(self._at, "", "must be followed by at least one row")])

    def _row(self, line: int, record: tuple[str, ...], seen: dict[str, int]) -> Row[Model]:
        names = [column.name for column in self._table.columns]
        by_name = {name: cell or None for name, cell in zip(self.header, record, strict=True)}
        cells = {name: by_name[name] for name in names if name in by_name}
        errors: dict[str, str] = {}
        for name, message in self._cell_errors(line, cells, seen):
            errors.setdefault(name, message)
        model = None
        try:
            model = self._build(cells)
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                name = self._table.column_of(item["loc"])
                if not name or name in cells:
                    own_words = item["msg"].removeprefix("Value error, ")
                    errors.setdefault(name, self._hints.get(name, own_words))
        found = tuple(RowError(line, name, message) for name, message in errors.items())
        return Row(line, record, model, found)

    def _cell_errors(
        self, line: int, cells: Cells, seen: dict[str, int]
    ) -> Iterator[tuple[str, str]]:
        for column in self._table.columns:
            if column.name not in cells:
                continue
            cell = cells[column.name]
            if cell is None:
                if column.required:
                    yield column.name, f"must not be empty; {column.hint}"
            elif column.form is not None and not column.form.fullmatch(cell):
                yield column.name, column.hint
        yield from self._check(cells) if self._check else ()
        key = cells.get(self._table.key)
        if key is not None and (first := seen.setdefault(key.casefold(), line)) != line:
            yield self._table.key, f"must be unique; line {first} has the same value"

    def _errors_of_header(self) -> Iterator[RowError]:
        names = [column.name for column in self._table.columns]
        required = [column.name for column in self._table.columns if column.column_required]
        if not self.header:
            message = f"the first line must name the columns: {','.join(required)}"
            yield RowError(self._at, "", message)
            return
        for name in required:
            if name not in self.header:
                yield RowError(self._at, name, "is missing; add the column")
        for position, name in enumerate(self.header):
            if name not in names:
                message = f"is unknown; the columns are {','.join(names)}"
                yield RowError(self._at, name, message)
            elif name in self.header[:position]:
                yield RowError(self._at, name, "must occur once; remove one of the columns")


def load_table(
    csv_text: str, table: Table, build: Callable[[Cells], Model], check: RowCheck | None = None
) -> list[Model]:
    """Every row of ``csv_text`` as a model, without its line; see :func:`load_rows`."""
    return [model for _, model in load_rows(csv_text, table, build, check)]


def load_rows(
    csv_text: str,
    table: Table,
    build: Callable[[Cells], Model],
    check: RowCheck | None = None,
    review: TableReview[Model] | None = None,
) -> list[tuple[int, Model]]:
    """Every row of ``csv_text`` as a model, with the line in which it begins.

    Raises:
        LoadingError: for missing, unknown or repeated columns; rows with another number of cells than
            the header; invalid cells; repeated keys; errors that ``review`` yields; a file without
            rows.
    """
    reader = TableReader(io.StringIO(csv_text, newline=""), table, build, check)
    errors = {(one.row, one.column): one for one in reversed(reader.header_errors)}
    models: list[tuple[int, Model]] = []
    try:
        for row in reader.rows():
            for one in row.errors:
                errors.setdefault((one.row, one.column), one)
            if row.model is not None:
                models.append((row.line, row.model))
    except LoadingError as error:
        for one in error.errors:
            errors.setdefault((one.row, one.column), one)
    for line, name, message in review(models) if review else ():
        errors.setdefault((line, name), RowError(line, name, message))
    if errors:
        raise LoadingError(list(errors.values()))
    return models


def parts(cells: Cells, name: str) -> tuple[str, ...]:
    """The values of a cell that can have several, without blanks around them; () for an empty cell."""
    cell = cells.get(name)
    return () if cell is None else tuple(part.strip() for part in cell.split(LIST_SEPARATOR))


def _unmarked(lines: Iterable[str]) -> Iterator[str]:
    """The lines, the first one without a byte order mark."""
    first = True
    for line in lines:
        yield line.removeprefix(BYTE_ORDER_MARK) if first else line
        first = False


def _records(lines: Iterable[str]) -> Iterator[tuple[int, tuple[str, ...], str | None]]:
    """The records of the file without empty lines: the number of the first line, the cells, the error.

    The error is ``None`` for a record that is valid CSV.
    """
    taken: list[str] = []

    def recorded_lines() -> Iterator[str]:
        for one in lines:
            taken.append(one)
            yield one

    reader = csv.reader(recorded_lines(), strict=True)
    while True:
        line = reader.line_num + 1
        taken.clear()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            message = 'must be CSV: commas between cells, a quote within one as ""'
            yield line, ("".join(taken).strip(),), message
            continue
        if record:
            yield line, tuple(cell.strip() for cell in record), None
