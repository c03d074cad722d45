"""The defects that `make deep` plants for each rule are still defects of the code."""

from tests.portal_defects import PORTAL_DEFECTS
from tests.rule_defects import DEFECTS
from tools.rules import ROOT, RULES_FILE, read_rules


def test_defect_can_be_planted_when_the_code_changes() -> None:
    """Correct the table of the defect where the code has another form now."""
    defects = (*DEFECTS, *PORTAL_DEFECTS)
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for _, file, _, _ in defects}
    absent = [one for one in defects if sources[one.file].count(one.code) != 1]
    assert absent == []
    assert [one for one in defects if one.code == one.broken] == []


def test_every_rule_has_a_defect_when_it_is_of_the_portal_or_not() -> None:
    """Those of the portal have theirs in its own table, which the browser tests use.

    What such a rule needs of the API may have defects beside it.
    """
    rules = read_rules(RULES_FILE.read_text(encoding="utf-8"))
    of_portal = {rule_id for rule_id in rules if rule_id.startswith("V")}
    assert {one.rule_id for one in PORTAL_DEFECTS} == of_portal
    assert {one.rule_id for one in DEFECTS} - of_portal == rules.keys() - of_portal
