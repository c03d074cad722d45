"""The tests of a rule fail when the rule is broken: each defect is planted in a copy of the code.

Each takes several seconds, so only ``make deep`` runs them.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.rule_defects import DEFECTS, Defect
from tools.rules import ROOT, TESTS_FOLDER, read_proofs

pytestmark = pytest.mark.deep

TIERS: Final = ("unit/", "property/", "adapters/")
NOT_COPIED: Final = (
    ".git",
    ".venv",
    ".local",
    "node_modules",
    "__pycache__",
    "cdk.out",
    ".*_cache",
)
FAILED: Final = 1
"""pytest's exit code where tests failed, and not the collection of them."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules") / "copy"
    shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (folder / ".local").symlink_to(ROOT / ".local")
    return folder


@pytest.mark.parametrize("defect", DEFECTS, ids=[one.rule_id for one in DEFECTS])
def test_a_test_of_the_rule_fails_when_the_rule_is_broken(defect: Defect, copy: Path) -> None:
    tests = [
        f"tests/{proof.test}"
        for proof in read_proofs(TESTS_FOLDER)
        if proof.rule_id == defect.rule_id and proof.test.startswith(TIERS)
    ]
    path = copy / defect.file
    code = path.read_text(encoding="utf-8")
    path.write_text(code.replace(defect.code, defect.broken), encoding="utf-8")
    try:
        run = subprocess.run(
            [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(code, encoding="utf-8")
    assert run.returncode == FAILED, run.stdout[-2000:] + run.stderr[-2000:]
