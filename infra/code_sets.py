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
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from infra import archive

ROOT: Final = Path(__file__).resolve().parent.parent
FILE_NAME: Final = "code_sets.sqlite"

_DIAGNOSIS: Final = re.compile(r"[A-Z][0-9A-Z]{2,6}")
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
    """Write the file; the same sources and SQLite version give the same bytes."""
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    data = root / "data" / "code_sets"
    rows = [
        *_diagnoses(_table(data / "icd10cm_changes.csv")),
        *_listed("MS-DRG", _DRG, data / "ms_drg.csv"),
        *_listed("PLACE-OF-SERVICE", _PLACE_OF_SERVICE, data / "place_of_service.csv"),
    ]
    places = list(_places(_table(data / "zips_without_location.csv")))
    connection = sqlite3.connect(partial, isolation_level=None)
    try:
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
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _listed(code_set: str, form: re.Pattern[str], file: Path) -> Iterator[Row]:
    for row in _table(file):
        _require_form(row["code"], form, file.name)
        yield code_set, row["code"], row["description"], True, None, None


def _diagnoses(changes: list[dict[str, str]]) -> Iterator[Row]:
    """Yield every code and category of the release, and the codes that ended before it.

    The package contains one release without dates. ``changes`` has the first valid day of each code
    that the previous release lacks, and the last valid day of each code that this release lacks.

    Raises:
        ValueError: An entry of the release is neither a code nor a chapter nor a range.
    """
    with warnings.catch_warnings():
        # The package reads its files with a deprecated function of the standard library.
        warnings.simplefilter("ignore")
        import simple_icd_10_cm as icd  # type: ignore[import-untyped]  # it publishes no types
    changed = {row["code"]: row for row in changes}
    for code in dict.fromkeys(icd.get_all_codes(with_dots=False)):
        if _CHAPTER_OR_RANGE.fullmatch(code):
            continue
        _require_form(code, _DIAGNOSIS, "simple_icd_10_cm")
        change = changed.pop(code, {})
        # Notes of the tabular list contain tabs.
        description = " ".join(icd.get_description(code).split())
        yield _diagnosis(code, description, change, leaf=icd.is_leaf(code))
    for code, change in changed.items():
        _require_form(code, _DIAGNOSIS, "icd10cm_changes.csv")
        yield _diagnosis(code, change["description"], change, leaf=True)


def _require_form(code: str, form: re.Pattern[str], source: str) -> None:
    """Fail the build for a code of an unknown form, instead of dropping the code silently."""
    if not form.fullmatch(code):
        raise ValueError(f"{source}: {code!r} does not match {form.pattern}; extend the compiler")


def _diagnosis(code: str, description: str, change: dict[str, str], *, leaf: bool) -> Row:
    if not description:
        raise ValueError(f"icd10cm_changes.csv: {code} is in no release; describe it")
    dates = (change.get("valid_from") or None, change.get("valid_to") or None)
    return "ICD-10-CM", code, description, leaf, *dates


def _places(without_location: list[dict[str, str]]) -> Iterator[tuple[str, float, float]]:
    """Yield the location of each ZIP code, except military ones and those listed as without location.

    Raises:
        ValueError: Another ZIP code has no location.
    """
    import zipcodes

    entries: list[dict[str, Any]] = zipcodes.list_all()  # type: ignore[no-untyped-call]  # no types
    listed = {row["zip_code"] for row in without_location}
    for entry in entries:
        latitude, longitude = float(entry["lat"]), float(entry["long"])
        if latitude or longitude:
            yield entry["zip_code"], latitude, longitude
        elif entry["zip_code_type"] != "MILITARY" and entry["zip_code"] not in listed:
            raise ValueError(
                f"zipcodes: {entry['zip_code']} has no location; list it in zips_without_location.csv"
            )


def main() -> None:
    """Compile the file if it is not up to date, and print its path and size."""
    file = compiled()
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:,.0f} KB")


if __name__ == "__main__":
    main()
