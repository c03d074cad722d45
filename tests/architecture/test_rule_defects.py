"""The defects that `make deep` plants for each rule are still defects of the code."""

from collections import Counter

from tests.rule_defects import DEFECTS
from tools.rules import ROOT, RULES_FILE, read_rules


def test_defect_can_be_planted_when_the_code_changes() -> None:
    """Correct ``tests/rule_defects.py`` where the code has another form now."""
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for _, file, _, _ in DEFECTS}
    absent = [one for one in DEFECTS if sources[one.file].count(one.code) != 1]
    assert absent == []
    assert [one for one in DEFECTS if one.code == one.broken] == []


def test_every_rule_has_a_defect_when_it_is_not_of_the_portal() -> None:
    planted = Counter(one.rule_id for one in DEFECTS)
    rules = read_rules(RULES_FILE.read_text(encoding="utf-8"))
    assert planted.keys() == {rule_id for rule_id in rules if not rule_id.startswith("V")}
