"""Compiles the public code sets into one read-only SQLite file, which ships as a layer of its own.

ICD-10-CM comes from the package ``simple-icd-10-cm``, centres of ZIP codes from ``zipcodes``, and the
rest from ``data/code_sets``. The file is deps once and again only when something it is deps of
changes: loading the packages takes seconds. ``python -m infra.code_sets`` says where it is.
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
"""What the tabular list has besides codes: chapters (11) and ranges of categories (K55-K64)."""
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
"""Code set, code, description, whether nothing is below it, first and last valid day."""


def inputs(root: Path = ROOT) -> str:
    """A hash over everything that decides what the file holds."""
    sources = sorted((root / "data" / "code_sets").glob("*.csv"))
    own = Path(__file__).read_text(encoding="utf-8")
    versions = (f"{name} {version(name)}" for name in _PACKAGES)
    return archive.digest(root, sources, own, sqlite3.sqlite_version, *versions)


def compiled(root: Path = ROOT) -> Path:
    """The file, compiled anew where it is not up to date."""
    folder = root / "build" / "code_sets"
    target, stamp = folder / FILE_NAME, folder / "stamp"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = inputs(root)
        if target.exists() and stamp.exists() and stamp.read_text() == wanted:
            return target
        stamp.unlink(missing_ok=True)
        write(target, root)
        stamp.write_text(wanted)
    return target


def write(target: Path, root: Path = ROOT) -> None:
    """Writes the file: the same bytes for the same sources and the same SQLite."""
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
    """Every code and category of the release, and the codes that ended before it.

    The package holds one release and no dates. The changes say since when a code is valid, where
    the release before did not have it, and until when one was that the release has no longer.

    Raises:
        ValueError: an entry of the release is neither a code nor a chapter nor a range.
    """
    with warnings.catch_warnings():
        # It reads its files by a way that the standard library deprecates.
        warnings.simplefilter("ignore")
        import simple_icd_10_cm as icd  # type: ignore[import-untyped]  # it publishes no types
    changed = {row["code"]: row for row in changes}
    for code in dict.fromkeys(icd.get_all_codes(with_dots=False)):
        if _CHAPTER_OR_RANGE.fullmatch(code):
            continue
        _require_form(code, _DIAGNOSIS, "simple_icd_10_cm")
        change = changed.pop(code, {})
        # Notes of the tabular list come with tabs.
        description = " ".join(icd.get_description(code).split())
        yield _diagnosis(code, description, change, leaf=icd.is_leaf(code))
    for code, change in changed.items():
        _require_form(code, _DIAGNOSIS, "icd10cm_changes.csv")
        yield _diagnosis(code, change["description"], change, leaf=True)


def _require_form(code: str, form: re.Pattern[str], source: str) -> None:
    """Fails the build for a code of an unknown form, which a filter would drop without a word."""
    if not form.fullmatch(code):
        raise ValueError(f"{source}: {code!r} does not match {form.pattern}; extend the compiler")


def _diagnosis(code: str, description: str, change: dict[str, str], *, leaf: bool) -> Row:
    if not description:
        raise ValueError(f"icd10cm_changes.csv: {code} is in no release; describe it")
    dates = (change.get("valid_from") or None, change.get("valid_to") or None)
    return "ICD-10-CM", code, description, leaf, *dates


def _places(without_location: list[dict[str, str]]) -> Iterator[tuple[str, float, float]]:
    """The location of each ZIP code, military ones and those listed as without one left out.

    Raises:
        ValueError: another ZIP code has no location.
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
    """Compiles the file where it is not up to date."""
    file = compiled()
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:,.0f} KB")


if __name__ == "__main__":
    main()
