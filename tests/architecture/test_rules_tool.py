"""The list printed by ``make rules``."""

import pytest

from tools import rules

DOCUMENT = """
| Id | Rule |
| --- | --- |
| D3 | A draft expires after 72 hours |
| D4 | A draft can be resumed |
| D5 | A draft can be deleted |
"""
TESTS = """
import pytest
pytestmark = [pytest.mark.slow, pytest.mark.rule("D4")]

@pytest.mark.rule("D3", "D4")
class TestClock:
    async def test_stays_when_saved(self): ...

@pytest.mark.parametrize("day", [1])
def test_returns_when_resumed(day): ...

def helper(): ...
"""


def test_rows_are_read_when_the_document_has_tables() -> None:
    assert rules.read_rules(DOCUMENT) == {
        "D3": "A draft expires after 72 hours",
        "D4": "A draft can be resumed",
        "D5": "A draft can be deleted",
    }


def test_markers_are_inherited_when_class_or_module_has_them() -> None:
    assert list(rules.proofs_in(TESTS, "unit/test_x.py")) == [
        rules.Proof("D4", "unit/test_x.py::TestClock::test_stays_when_saved"),
        rules.Proof("D3", "unit/test_x.py::TestClock::test_stays_when_saved"),
        rules.Proof("D4", "unit/test_x.py::test_returns_when_resumed"),
    ]


def test_rule_is_open_when_no_test_names_it() -> None:
    lines = list(rules.report(rules.read_rules(DOCUMENT), rules.proofs_in(TESTS, "unit/test_x.py")))
    assert lines[-4:] == [
        "D5  A draft can be deleted",
        "      open",
        "",
        "2 of 3 rules proven, 1 open",
    ]


def test_all_rules_are_printed_when_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.main() == 0
    printed = capsys.readouterr().out
    assert all(
        f"\n{rule_id:<4}" in f"\n{printed}"
        for rule_id in rules.read_rules(rules.RULES_FILE.read_text(encoding="utf-8"))
    )
