"""Copies of the project in which defects are planted, and the tests that run there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final

from tests.rule_defects import Defect
from tools.rules import ROOT, TESTS_FOLDER, read_proofs

FAILED: Final = 1
"""pytest's exit code where tests failed, and not the collection of them."""
_NOT_COPIED: Final = (
    ".git",
    ".venv",
    ".local",
    "node_modules",
    "__pycache__",
    "cdk.out",
    ".*_cache",
)
_LINKED: Final = (".local", "node_modules", "portal/node_modules")


def copied(folder: Path) -> Path:
    """Copy the project below a folder; what is installed is linked."""
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    for name in _LINKED:
        if (ROOT / name).exists():
            (copy / name).symlink_to(ROOT / name)
    return copy


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, and its bytecode, so that programs in the copy do not compile the project again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
    compiled = Path(cache_from_source(str(source)))
    if source.suffix == ".py" and compiled.exists():
        (target.parent / "__pycache__").mkdir(exist_ok=True)
        shutil.copy2(compiled, target.parent / "__pycache__")


def proofs_of(rule_id: str, tiers: tuple[str, ...]) -> list[str]:
    """The tests of these folders that prove the rule."""
    return [
        f"tests/{proof.test}"
        for proof in read_proofs(TESTS_FOLDER)
        if proof.rule_id == rule_id and proof.test.startswith(tiers)
    ]


def verify_killed(
    defect: Defect, copy: Path, tests: Iterable[str], environment: Mapping[str, str] | None = None
) -> None:
    """Plant the defect, run the tests, of which one must fail, and remove it again.

    ``environment`` is added to that of the tests.
    """
    path = copy / defect.file
    code = path.read_text(encoding="utf-8")
    path.write_text(code.replace(defect.code, defect.broken), encoding="utf-8")
    try:
        run = subprocess.run(
            [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(code, encoding="utf-8")
    assert run.returncode == FAILED, run.stdout[-2000:] + run.stderr[-2000:]
