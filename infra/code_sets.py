"""Compile the public code sets into one read-only SQLite file, which ships as a Lambda layer.

ICD-10-CM comes from the package ``simple-icd-10-cm``, coordinates of ZIP codes from ``zipcodes``, and
the rest from ``data/code_sets``. Loading the packages takes seconds, so the file is compiled only when
its inputs have changed. ``python -m infra.code_sets`` prints its path.
"""

import csv
import fcntl
import re
import sqlite3
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from infra import archive

ROOT: Final = Path(__file__).resolve().parent.parent
FILE_NAME: Final = "code_sets.sqlite"

_DIAGNOSIS: Final = re.compile(r"[A-Z][0-9A-Z]{2,6}")
_HCPCS: Final = re.compile(r"[A-V][0-9]{4}")
_DRG: Final = re.compile(r"[0-9]{3}")
_PLACE_OF_SERVICE: Final = re.compile(r"[0-9]{2}")
_CHAPTER_OR_RANGE: Final = re.compile(r"[0-9]+|[A-Z][0-9A-Z]{2}-[A-Z][0-9A-Z]{2}")
"""Entries of the tabular list that are not codes: chapters (11) and category ranges (K55-K64)."""
_PACKAGES: Final = ("simple-icd-10-cm", "zipcodes")
_SCHEMA: Final = """
CREATE TABLE codes (
    code_set TEXT NOT NULL,
    code TEXT NOT NULL,
    description TEXT NOT NULL,
    leaf INTEGER NOT NULL,
    valid_from TEXT,
    valid_to TEXT,
    PRIMARY KEY (code_set, code)
);
CREATE TABLE places (
    zip_code TEXT NOT NULL PRIMARY KEY,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL
);
"""

Row = tuple[str, str, str, bool, str | None, str | None]
"""Code set, code, description, whether the code has no subcodes, first and last valid day."""


def inputs(root: Path = ROOT) -> str:
    """Return a hash of everything that determines the file's content."""
    sources = sorted((root / "data" / "code_sets").glob("*.csv"))
    own = Path(__file__).read_text(encoding="utf-8")
    versions = (f"{name} {version(name)}" for name in _PACKAGES)
    return archive.digest(root, sources, own, sqlite3.sqlite_version, *versions)


def compiled(root: Path = ROOT) -> Path:
    """Return the file's path, after compiling the file if it is not up to date."""
    folder = root / "build" / "code_sets"
    target, stamp = folder / FILE_NAME, folder / "stamp"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        expected = inputs(root)
        if target.exists() and stamp.exists() and stamp.read_text() == expected:
            return target
        stamp.unlink(missing_ok=True)
        write(target, root)
        stamp.write_text(expected)
    return target


def write(target: Path, root: Path = ROOT) -> None:
    """Write the file; the same sources and SQLite version result in the same bytes."""
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    data = root / "data" / "code_sets"
    rows = [
        *_diagnoses(data / "icd10cm_changes.csv"),
        *_listed("HCPCS", _HCPCS, data / "hcpcs.csv"),
        *_listed("MS-DRG", _DRG, data / "ms_drg.csv"),
        *_listed("PLACE-OF-SERVICE", _PLACE_OF_SERVICE, data / "place_of_service.csv"),
    ]
    places = _places(data / "zips_without_location.csv")
    connection = sqlite3.connect(partial, isolation_level=None)
    try:
        # After a crash of the machine, the incomplete file is not renamed, and is compiled again.
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?)", sorted(rows))
        connection.executemany("INSERT INTO places VALUES (?, ?, ?)", sorted(places))
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    finally:
        connection.close()
    partial.replace(target)


def _table(file: Path) -> list[dict[str, str]]:
    """Return the rows of a table.

    Raises:
        ValueError: A row has too few or too many columns.
    """
    with file.open(encoding="utf-8", newline="") as opened:
        reader = csv.DictReader(opened)
        rows: list[dict[str, str]] = []
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(
                    f"{file.name}:{reader.line_num}: the row has too few or too many cells"
                )
            rows.append(row)
    return rows


def _require_all(
    source: str, entries: Sequence[str], included: Sequence[str], excluded: Sequence[str]
) -> None:
    """Fail the build unless each entry of a source is compiled once or excluded explicitly.

    ``included`` are the compiled codes, ``excluded`` those that the compiler leaves out explicitly.

    Raises:
        ValueError: Entries are repeated, omitted, or excluded although they are not in the source.
    """
    counted = [*Counter(entries).items(), *Counter(excluded).items()]
    errors = {
        "repeated": [entry for entry, count in counted if count > 1],
        "omitted": sorted(set(entries) - set(included) - set(excluded)),
        "excluded but not in the source, or not to be excluded": sorted(
            set(excluded) - set(entries) | set(excluded) & set(included)
        ),
    }
    if named := [f"{what}: {', '.join(codes[:20])}" for what, codes in errors.items() if codes]:
        raise ValueError(f"{source}: {'; '.join(named)}")


def _listed(code_set: str, form: re.Pattern[str], file: Path) -> list[Row]:
    """Return every row of a table; a set without descriptions has empty ones."""
    table = _table(file)
    for row in table:
        _require_form(row["code"], form, file.name)
    codes = [row["code"] for row in table]
    rows = [(code_set, row["code"], row.get("description", ""), True, *_days(row)) for row in table]
    _require_all(file.name, codes, [code for _, code, *_ in rows], [])
    return rows


def _days(row: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the first and the last valid day, which must be dates."""
    first, last = (row.get(name) or None for name in ("valid_from", "valid_to"))
    for day in (first, last):
        try:
            date.fromisoformat(day or "2000-01-01")
        except ValueError as error:
            raise ValueError(f"{row['code']}: {day} is not a date") from error
    return first, last


def _diagnoses(changes_file: Path) -> list[Row]:
    """Return every code and category of the release, and the codes that ended before it.

    The package contains one release without dates. The table of changes has the first valid day of
    each code that the previous release lacks, and the last valid day of each code that this release
    lacks.

    Raises:
        ValueError: An entry of the release is neither a code nor a chapter nor a range.
    """
    with warnings.catch_warnings():
        # The package reads its files with a deprecated function of the standard library.
        warnings.simplefilter("ignore")
        import simple_icd_10_cm as icd  # type: ignore[import-untyped]  # it publishes no types
    changes = _table(changes_file)
    changed = {row["code"]: row for row in changes}
    entries: list[str] = list(dict.fromkeys(icd.get_all_codes(with_dots=False)))
    excluded = [entry for entry in entries if _CHAPTER_OR_RANGE.fullmatch(entry)]
    rows: list[Row] = []
    for code in entries:
        if _CHAPTER_OR_RANGE.fullmatch(code):
            continue
        _require_form(code, _DIAGNOSIS, "simple_icd_10_cm")
        # Notes of the tabular list contain tabs.
        description = " ".join(icd.get_description(code).split())
        rows.append(_diagnosis(code, description, changed.get(code, {}), leaf=icd.is_leaf(code)))
    released = [code for _, code, *_ in rows]
    _require_all("simple_icd_10_cm", entries, released, excluded)
    for code in changed.keys() - set(released):
        _require_form(code, _DIAGNOSIS, changes_file.name)
        rows.append(_diagnosis(code, changed[code]["description"], changed[code], leaf=True))
    named = [row["code"] for row in changes]
    _require_all(changes_file.name, named, [code for _, code, *_ in rows], [])
    return rows


def _require_form(code: str, form: re.Pattern[str], source: str) -> None:
    """Fail the build for a code of an unknown form, instead of dropping the code silently."""
    if not form.fullmatch(code):
        raise ValueError(f"{source}: {code!r} does not match {form.pattern}; extend the compiler")


def _diagnosis(code: str, description: str, change: Mapping[str, str], *, leaf: bool) -> Row:
    if not description:
        raise ValueError(f"icd10cm_changes.csv: {code} is in no release; describe it")
    return "ICD-10-CM", code, description, leaf, *_days(change)


def _places(without_location: Path) -> list[tuple[str, float, float]]:
    """Return the location of each ZIP code, except those that the table lists as without location.

    Raises:
        ValueError: A ZIP code has no location and is not listed, or is listed and has one.
    """
    import zipcodes

    entries: list[dict[str, Any]] = zipcodes.list_all()  # type: ignore[no-untyped-call]  # no types
    rows = [
        (entry["zip_code"], float(entry["lat"]), float(entry["long"]))
        for entry in entries
        if float(entry["lat"]) or float(entry["long"])
    ]
    _require_all(
        f"zipcodes, without those of {without_location.name}",
        [entry["zip_code"] for entry in entries],
        [zip_code for zip_code, _, _ in rows],
        [row["zip_code"] for row in _table(without_location)],
    )
    return rows


def main() -> None:
    """Compile the file if it is not up to date, and print its path and size."""
    file = compiled()
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:,.0f} KB")


if __name__ == "__main__":
    main()
