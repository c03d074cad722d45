"""The public code sets as shipped: complete, dated, and read in microseconds (C5)."""

import csv
import importlib
import re
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any, Final

import pytest
import zipcodes

from infra.code_sets import compiled, write
from precert.adapters.code_sets import SqliteCodeSets
from precert.domain.code_sets import CodeSet, errors_of_codes, is_verified
from precert.domain.values import CodeType
from tests.fakes.code_sets import code_sets
from tests.fakes.samples import DATA, content, entered, payer

ICD: Final = CodeSet.ICD_10_CM
TABLES: Final = {
    "HCPCS": "hcpcs.csv",
    "MS-DRG": "ms_drg.csv",
    "PLACE-OF-SERVICE": "place_of_service.csv",
}


def rows_of(table: str) -> list[dict[str, str]]:
    with (DATA / "code_sets" / table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def zip_codes() -> list[str]:
    entries: list[dict[str, Any]] = zipcodes.list_all()  # type: ignore[no-untyped-call]  # no types
    return [entry["zip_code"] for entry in entries]


def released_codes() -> Any:
    """The package of the release."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("simple_icd_10_cm")


@pytest.fixture
def opened() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(compiled())
    yield connection
    connection.close()


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("code", "description", "leaf"),
    [
        ("K55", "Vascular disorders of intestine", False),
        ("R00", "Abnormalities of heart beat", False),
        ("K5650", "Intestinal adhesions [bands]", True),
        ("B20", "Human immunodeficiency virus [HIV] disease", True),
        ("S72001A", "Fracture of unspecified part of neck of right femur", True),
        ("QA0", "Neurodevelopmental disorders related to specific genetic", False),
        ("QA00101", "SCN2A-related neurodevelopmental disorder", True),
    ],
)
def test_diagnosis_is_found_when_it_is_a_code_or_a_category(
    code: str, description: str, leaf: bool
) -> None:
    found = code_sets().listed(ICD, code)
    assert found is not None
    assert found.description.startswith(description)
    assert found.leaf is leaf


@pytest.mark.parametrize("code", ["", "K5", "K559999", "ZZZ", "A00-A09", "1", "k55", "K55.0", "'"])
def test_nothing_is_found_when_the_code_does_not_exist(code: str) -> None:
    assert code_sets().listed(ICD, code) is None


def test_effective_dates_are_known_when_a_code_begins_or_ends_between_releases() -> None:
    began, ended = (code_sets().listed(ICD, code) for code in ("E11A", "S301XXA"))
    special = code_sets().listed(ICD, "QA0012")
    assert special is not None
    assert (special.valid_from, special.valid_to) == (date(2025, 10, 1), None)
    assert began is not None
    assert (began.valid_from, began.valid_to) == (date(2025, 10, 1), None)
    assert ended is not None
    assert (ended.valid_from, ended.valid_to) == (None, date(2025, 9, 30))


def test_code_sets_are_complete_when_counted(opened: sqlite3.Connection) -> None:
    counted = dict(opened.execute("SELECT code_set, count(*) FROM codes GROUP BY code_set"))
    released = set(released_codes().get_all_codes(with_dots=False))
    excluded = {entry for entry in released if entry.isdigit() or "-" in entry}
    ended = {row["code"] for row in rows_of("icd10cm_changes.csv")} - released
    assert counted == {
        "ICD-10-CM": len(released) - len(excluded) + len(ended),
        **{name: len(rows_of(table)) for name, table in TABLES.items()},
    }
    assert (counted["HCPCS"], counted["MS-DRG"]) == (8_725, 772)
    assert counted["PLACE-OF-SERVICE"] == 52
    located = opened.execute("SELECT count(*) FROM places").fetchone()[0]
    assert located + len(rows_of("zips_without_location.csv")) == len(zip_codes()) == 42_789


@pytest.mark.parametrize(("code_set", "table"), TABLES.items())
def test_every_row_is_compiled_when_a_code_set_is_a_table(
    opened: sqlite3.Connection, code_set: str, table: str
) -> None:
    found = opened.execute("SELECT code FROM codes WHERE code_set = ? ORDER BY code", (code_set,))
    assert [code for (code,) in found] == sorted(row["code"] for row in rows_of(table))


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("code", "on", "error"),
    [
        *(
            (code, "2026-07-20", None)
            for code in ["J1745", "E0601", "H0015", "A0021", "V5257", "C1713"]
        ),
        *(
            (code, "2026-07-20", None)
            for code in ["G0299", "L1832", "K0823", "Q5103", "T1000", "S9123"]
        ),
        *((code, "2026-07-20", None) for code in ["P9041", "M0201", "R0070", "U0001", "B4034"]),
        *(
            (code, "2026-07-20", "unknown_code")
            for code in ["A0000", "G0000", "E9999", "V9999", "F1234"]
        ),
        *(
            (code, "2026-07-20", "unknown_code")
            for code in ["D0120", "D2740", "N0001", "O0001", "I0001"]
        ),
        *(
            (code, "2026-07-20", "unknown_code")
            for code in ["J0718", "J9197", "A6265", "S9130", "V5291"]
        ),
        *((code, "2026-07-20", None) for code in ["A2040", "J0463", "Q5161", "G0574"]),
        *(
            (code, "2026-03-31", "not_valid_on_day")
            for code in ["A2040", "J0463", "Q5161", "G0574"]
        ),
    ],
)
def test_hcpcs_code_is_named_when_it_does_not_exist_on_the_date(
    code: str, on: str, error: str | None
) -> None:
    for procedure in ({"code": code}, {"code": code.lower(), "code_type": "HCPCS"}):
        service = entered()["services"][0] | {"admission_date": on, "procedures": [procedure]}
        found = list(errors_of_codes(content(services=[service]), code_sets().listed))
        expected = [("/services/0/procedures/0/code", error)] if error else []
        assert [(one.pointer, one.code) for one in found] == expected


@pytest.mark.rule("C5")
def test_hcpcs_code_is_checked_on_the_date_of_its_line_when_it_has_one() -> None:
    line = {"code": "A2040", "start_date": "2026-03-31"}
    service = entered()["services"][0] | {"admission_date": "2026-07-20", "procedures": [line]}
    [error] = errors_of_codes(content(services=[service]), code_sets().listed)
    assert error.code == "not_valid_on_day"


@pytest.mark.rule("C5")
@pytest.mark.parametrize("code_type", CodeType)
def test_code_is_verified_when_its_set_is_public(code_type: CodeType) -> None:
    assert is_verified(code_type) is (code_type in (CodeType.HCPCS, CodeType.DRG))


def test_every_code_of_the_release_is_compiled_when_it_is_not_a_chapter_or_range(
    opened: sqlite3.Connection,
) -> None:
    icd = released_codes()
    released = {code for code in icd.get_all_codes(with_dots=False) if not code.isdigit()}
    released = {code for code in released if "-" not in code}
    compiled_codes = opened.execute("SELECT code FROM codes WHERE code_set = 'ICD-10-CM'")
    assert released - {code for (code,) in compiled_codes} == set()


@pytest.mark.rule("C5")
@pytest.mark.parametrize("code", ["1QA", "QA", "K55_1", "K550123456", "k55"])
def test_build_fails_when_the_compiler_would_omit_a_diagnosis(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    icd = released_codes()
    monkeypatch.setattr(icd, "get_all_codes", lambda with_dots: ["1", "A00-A09", "K55", code])
    with pytest.raises(ValueError, match=re.escape(code)):
        write(tmp_path / "code_sets.sqlite")


BAD_ROWS: Final = {
    "not a code": {
        "hcpcs.csv": "9-9,,",
        "ms_drg.csv": "9-9,Nothing",
        "place_of_service.csv": "9-9,Nothing",
        "icd10cm_changes.csv": "9-9,2025-10-01,,",
    },
    "of another form": {
        "hcpcs.csv": "W0001,,",
        "ms_drg.csv": "1,Nothing",
        "place_of_service.csv": "1,Nothing",
        "icd10cm_changes.csv": "1AA,2025-10-01,,",
    },
    "repeated": {
        "hcpcs.csv": "A0021,,",
        "ms_drg.csv": "001,Again",
        "place_of_service.csv": "01,Again",
        "icd10cm_changes.csv": "B8801,2025-10-01,,",
        "zips_without_location.csv": "09000,Apo,AE",
    },
    "too short": {
        "hcpcs.csv": "A0022",
        "ms_drg.csv": "999",
        "place_of_service.csv": "98",
        "icd10cm_changes.csv": "B8802",
        "zips_without_location.csv": "99999",
    },
    "too long": {
        "hcpcs.csv": "A0022,,,",
        "ms_drg.csv": "998,A,B",
        "place_of_service.csv": "98,A,B",
        "icd10cm_changes.csv": "B8802,2025-10-01,,A,B",
        "zips_without_location.csv": "99999,A,B,C",
    },
    "not a date": {
        "hcpcs.csv": "A0022,soon,",
        "icd10cm_changes.csv": "B8802,2025-13-01,,A",
    },
    "excluded without need": {
        "zips_without_location.csv": "44122,Beachwood,OH",
    },
    "excluded but not there": {
        "zips_without_location.csv": "00001,Nowhere,OH",
    },
}


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param(table, row, id=f"{table}-{what}")
        for what, rows in BAD_ROWS.items()
        for table, row in rows.items()
    ],
)
def test_build_fails_when_a_row_of_a_table_is_invalid(
    table: str, row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "data" / "code_sets"
    shutil.copytree(DATA / "code_sets", copy)
    changes = (copy / "icd10cm_changes.csv").read_text(encoding="utf-8").splitlines()
    with (copy / table).open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    # Reading the whole release takes seconds: the codes that the table of changes names suffice.
    icd = released_codes()
    changed = {line.partition(",")[0] for line in changes}
    released = [code for code in icd.get_all_codes(with_dots=False) if code in changed]
    monkeypatch.setattr(icd, "get_all_codes", lambda with_dots: released)
    named = [row.partition(",")[0], table]
    with pytest.raises(ValueError, match="|".join(map(re.escape, named))):
        write(tmp_path / "code_sets.sqlite", tmp_path)


def test_build_fails_when_a_zip_code_has_no_location_and_is_not_listed_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = {"zip_code": "44199", "zip_code_type": "STANDARD", "lat": "0", "long": "0"}
    monkeypatch.setattr(zipcodes, "list_all", lambda: [unknown])
    with pytest.raises(ValueError, match="44199"):
        write(tmp_path / "code_sets.sqlite")


def test_every_description_is_readable_when_it_is_shown(opened: sqlite3.Connection) -> None:
    described = "SELECT description FROM codes WHERE code_set <> 'HCPCS'"
    texts = [text for (text,) in opened.execute(described)]
    assert all(text and text.isprintable() and text == text.strip() for text in texts)


def test_no_licensed_description_ships_when_procedures_are_codes_only(
    opened: sqlite3.Connection,
) -> None:
    sets = {name for (name,) in opened.execute("SELECT DISTINCT code_set FROM codes")}
    assert sets == {code_set.value for code_set in CodeSet}


def test_places_of_the_payer_are_cms_places_when_they_name_a_code() -> None:
    named = [place.cms_code for place in payer().form.places_of_service if place.cms_code]
    assert [code for code in named if not code_sets().listed(CodeSet.PLACE_OF_SERVICE, code)] == []


@pytest.mark.parametrize("zip_code", ["44122", "99950", "00601", "96701", "20500"])
def test_centroid_is_found_when_a_zip_code_is_anywhere_in_the_country(zip_code: str) -> None:
    assert code_sets().place(zip_code) is not None


@pytest.mark.parametrize("zip_code", ["00000", "09001", "4412", "", "44122-1234"])
def test_no_centroid_is_found_when_a_zip_code_has_none(zip_code: str) -> None:
    assert code_sets().place(zip_code) is None


@pytest.mark.rule("T6")
def test_descriptions_are_read_together_when_codes_are_of_several_sets() -> None:
    requested = [(ICD, "K55"), (ICD, "K551"), (CodeSet.MS_DRG, "470"), (ICD, "ZZZ"), (ICD, "K55")]
    found = code_sets().descriptions(requested)
    assert found == {
        (ICD, "K55"): "Vascular disorders of intestine",
        (ICD, "K551"): "Chronic vascular disorders of intestine",
        (CodeSet.MS_DRG, "470"): (
            "MAJOR HIP AND KNEE JOINT REPLACEMENT OR REATTACHMENT OF LOWER EXTREMITY WITHOUT MCC"
        ),
    }


def test_descriptions_are_read_when_there_are_more_codes_than_query_parameters(
    opened: sqlite3.Connection,
) -> None:
    of_set = "SELECT code FROM codes WHERE code_set = 'ICD-10-CM' LIMIT 2500"
    codes = [code for (code,) in opened.execute(of_set)]
    found = code_sets().descriptions([(ICD, code) for code in codes])
    assert {code for _, code in found} == set(codes)


def test_no_query_is_made_when_no_description_is_needed(tmp_path: Path) -> None:
    assert SqliteCodeSets(lambda: tmp_path / "missing").descriptions(()) == {}


def test_all_codes_are_listed_when_a_set_is_read() -> None:
    places = code_sets().codes_of(CodeSet.PLACE_OF_SERVICE)
    assert len(places) == 52
    assert (places[0].code, places[0].description) == ("01", "Pharmacy")


def test_file_is_opened_only_when_first_used(tmp_path: Path) -> None:
    requested: list[Path] = []

    def file() -> Path:
        requested.append(compiled())
        return requested[-1]

    store = SqliteCodeSets(file)
    assert requested == []
    store.listed(ICD, "K55")
    store.place("44122")
    assert len(requested) == 1


def test_file_is_read_only_when_it_is_open() -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        code_sets()._connection.execute("DELETE FROM places")


def test_lookup_takes_microseconds_when_the_file_is_open(opened: sqlite3.Connection) -> None:
    codes = [code for (code,) in opened.execute("SELECT code FROM codes LIMIT 2000")]
    store = code_sets()
    store.place("44122")
    started = process_time()
    for code in codes:
        store.listed(ICD, code)
    assert (process_time() - started) / len(codes) < 0.000_2


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("changes", "day", "error"),
    [
        ({"primary_diagnosis": "K55"}, "2026-07-20", None),
        ({"primary_diagnosis": "K55.999"}, "2026-07-20", ("primary_diagnosis", "unknown_code")),
        ({"primary_diagnosis": "QA0.0101"}, "2026-07-20", None),
        (
            {"primary_diagnosis": "QA0.0101"},
            "2025-09-30",
            ("primary_diagnosis", "not_valid_on_day"),
        ),
        ({"primary_diagnosis": "E11A"}, "2026-07-20", None),
        ({"primary_diagnosis": "E11A"}, "2025-09-30", ("primary_diagnosis", "not_valid_on_day")),
        ({"primary_diagnosis": "S30.1XXA"}, "2025-09-30", None),
        (
            {"primary_diagnosis": "S30.1XXA"},
            "2025-10-01",
            ("primary_diagnosis", "not_valid_on_day"),
        ),
        (
            {"additional_diagnoses": ["E1122", "Z99999"]},
            "2026-07-20",
            ("additional_diagnoses/1", "unknown_code"),
        ),
        ({"procedures": [{"code": "470", "code_type": "DRG"}]}, "2026-07-20", None),
        (
            {"procedures": [{"code": "44120"}, {"code": "002", "code_type": "DRG"}]},
            "2026-07-20",
            None,
        ),
        (
            {"procedures": [{"code": "44120"}, {"code": "009", "code_type": "DRG"}]},
            "2026-07-20",
            ("procedures/1/code", "unknown_code"),
        ),
        ({"procedures": [{"code": "470"}]}, "2026-07-20", None),
        ({"procedures": [{"code": "99999", "code_type": "DRG"}]}, "2026-07-20", None),
    ],
)
def test_code_is_named_when_its_set_does_not_have_it_on_the_date(
    changes: dict[str, object], day: str, error: tuple[str, str] | None
) -> None:
    service = entered()["services"][0] | {"admission_date": day} | changes
    found = list(errors_of_codes(content(services=[service]), code_sets().listed))
    expected = [(f"/services/0/{error[0]}", error[1])] if error else []
    assert [(one.pointer, one.code) for one in found] == expected


def test_code_is_checked_for_existence_when_the_date_is_not_entered() -> None:
    service = {"primary_diagnosis": "S301XXA", "additional_diagnoses": ["K55999"]}
    found = list(errors_of_codes(content(services=[service]), code_sets().listed))
    assert [(one.pointer, one.code) for one in found] == [
        ("/services/0/additional_diagnoses/0", "unknown_code")
    ]


def test_changes_name_codes_of_a_release_when_they_date_them() -> None:
    with (DATA / "code_sets" / "icd10cm_changes.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found = code_sets().listed(ICD, row["code"])
            assert found is not None
            assert bool(found.valid_from) is bool(row["valid_from"])
            assert bool(found.valid_to) is bool(row["valid_to"])
