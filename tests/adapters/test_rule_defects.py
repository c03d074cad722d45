"""The tests of a rule fail when the rule is broken: each defect is planted in a copy of the code.

Each takes several seconds, so only ``make deep`` runs them.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.planting import copied, proofs_of, verify_killed
from tests.rule_defects import DEFECTS, Defect

pytestmark = pytest.mark.deep

TIERS: Final = ("unit/", "property/", "adapters/")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("rules"))


@pytest.mark.parametrize("defect", DEFECTS, ids=[one.rule_id for one in DEFECTS])
def test_a_test_of_the_rule_fails_when_the_rule_is_broken(defect: Defect, copy: Path) -> None:
    verify_killed(defect, copy, proofs_of(defect.rule_id, TIERS))
