"""Every assumption about AWS names existing files and tests, and AWS's page."""

import ast
import re
from functools import cache
from typing import Final, NamedTuple

import pytest

from tests.architecture.source import ROOT

PAGE: Final = ROOT / "docs" / "aws-assumptions.md"
_CODE: Final = re.compile(r"`([\w./-]+\.(?:py|json|js))`")
_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_SOURCE: Final = re.compile(r"\(https://docs\.aws\.amazon\.com/[^)\s]+\)")
SERVICES: Final = 7
FIGURES: Final = ROOT / "docs" / "operations-figures.md"
BEHAVIORS_BEFORE: Final = 15


class Assumption(NamedTuple):
    behavior: str
    where: str
    tests: str
    source: str


def assumptions() -> list[Assumption]:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| AWS ", "| ---"))
    ]
    assert all(len(row) == len(Assumption._fields) for row in rows), rows
    return [Assumption(*row) for row in rows]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_tests_exist_when_the_figures_name_them() -> None:
    """Each behavior of AWS that was not allowed for has a test now."""
    rows = [line for line in FIGURES.read_text(encoding="utf-8").splitlines() if "`tests/" in line]
    named = [test for row in rows if row.startswith("| ") for test in _TEST.findall(row)]
    assert len(named) > BEHAVIORS_BEFORE
    missing = [f"{path}::{name}" for path, name in named if name not in names_in(path)]
    assert missing == []


def test_every_service_is_listed_when_the_page_is_read() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("| AWS | matters in | test | source |") == SERVICES
    behaviors = [one.behavior for one in assumptions()]
    assert len(set(behaviors)) == len(behaviors)


@pytest.mark.parametrize("one", assumptions(), ids=lambda one: one.behavior[:60])
def test_files_tests_and_source_exist_when_an_assumption_names_them(one: Assumption) -> None:
    files, tests = _CODE.findall(one.where), _TEST.findall(one.tests)
    assert files, "it names no file"
    assert tests, "it names no test"
    assert [path for path in files if not (ROOT / path).is_file()] == []
    missing = [
        f"{path}::{name}"
        for path, name in tests
        if not (ROOT / path).is_file() or name not in names_in(path)
    ]
    assert missing == []
    assert _SOURCE.search(one.source), "it names no page of AWS"
