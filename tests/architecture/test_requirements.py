"""Tables of requirements (docs/requirements): each row names a test that exists, or states why not."""

import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.architecture.source import ROOT

TABLES: Final = sorted((ROOT / "docs" / "requirements").glob("*.md"))
LEVELS: Final = frozenset({"SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT", "MAY"})
REASONS: Final = (
    "Not applicable",
    "Not asserted",
    "Not supported",
    "Not used",
    "Not yet",
    "Organizational",
    "Partly",
    "The payer's data decides",
)
"""How a row without a test begins."""
BINDING_REASONS: Final = ("Not applicable", "Not asserted", "Organizational", "Partly")
"""Those of a SHALL."""
_ROW: Final = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


class Row(NamedTuple):
    """One requirement."""

    requirement: str
    level: str
    words: str
    proof: str


def rows(table: Path) -> list[Row]:
    """The rows of a table, without its head."""
    found = [Row(*match.groups()) for match in _ROW.finditer(table.read_text("utf-8"))]
    return [one for one in found if one.level in LEVELS]


@pytest.fixture(params=TABLES, ids=lambda one: one.stem)
def table(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_table_is_complete_when_it_is_read(table: Path) -> None:
    lines = [one for one in table.read_text("utf-8").splitlines() if one.startswith("| ")]
    head = 2
    assert len(rows(table)) == len(lines) - head > 50
    names = [one.requirement for one in rows(table)]
    assert sorted({one for one in names if names.count(one) > 1}) == []


def test_tests_exist_when_a_row_names_them(table: Path) -> None:
    named = {found for row in rows(table) for found in _TEST.findall(row.proof)}
    sources = {path: (ROOT / path) for path, _ in named}
    texts = {path: file.read_text("utf-8") for path, file in sources.items() if file.is_file()}
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if f"def {name}(" not in texts.get(path, "")
    ]
    assert missing == []
    assert all(row.proof.count("::") == len(_TEST.findall(row.proof)) for row in rows(table))


def test_reason_is_given_when_a_row_has_no_test(table: Path) -> None:
    unproven = [row for row in rows(table) if not _TEST.search(row.proof)]
    assert [row for row in unproven if not row.proof.startswith(REASONS)] == []
    binding = [row for row in unproven if row.level.startswith("SHALL")]
    assert [row for row in binding if not row.proof.startswith(BINDING_REASONS)] == []


HL7: Final = re.compile(
    r"https?://(?:hl7\.org/fhir|terminology\.hl7\.org|fhir-registry\.smarthealthit\.org)/"
)
DEFINED: Final = re.compile(
    r"https?://[\w.:-]+/[\w./-]*(?:StructureDefinition|OperationDefinition|SearchParameter)/[\w-]+"
)


def test_no_element_of_its_own_is_defined_when_code_and_documents_name_one() -> None:
    """Extensions, profiles and operations are those of HL7 and its guides."""
    files = [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "precert").rglob("*.py"),
        *(ROOT / "functions").rglob("*.py"),
    ]
    named = {url for file in files for url in DEFINED.findall(file.read_text("utf-8"))}
    assert len(named) > 5
    assert sorted(url for url in named if not HL7.match(url)) == []


UNPROVEN: Final = {
    "crd": {"impl-3"},
    "dtr": {"conf-15", "spec-11", "spec-106", "spec-116"},
    "pas": {"ainfo-3", "spec-28", "use-2"},
    "subscriptions": set[str](),
}
"""What no software of a payer can prove: duties of organizations, clients and X12 intermediaries."""


def test_every_other_shall_names_a_test_when_a_table_is_read(table: Path) -> None:
    binding = [row for row in rows(table) if row.level.startswith("SHALL")]
    left = {row.requirement for row in binding if not _TEST.search(row.proof)}
    assert left == UNPROVEN[table.stem]
