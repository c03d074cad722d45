"""Every command that `make help` lists is run here, or calls a command that other tests run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT, project_files
from tests.planting import copy_file

INSTALLED: Final = (
    "-o.venv/.installer",
    *(
        f"-o{folder}/.stamp"
        for folder in (".venv", ".local/venv", "node_modules", "portal/node_modules")
    ),
)
LEADS_TO: Final = {
    "demo": "-m local demo",
    "test": "-m tools.verify --setup",
    "deep": "-m tools.verify --deep",
    "anyday": "-m tools.anyday",
    "up": "-m local up",
    "down": "-m local down",
    "reset": "-m local reset",
    "bench": "-m bench",
    "cost": "-m bench.cost",
    "figures": "-m bench.portal",
    "unit": "-m tools.verify architecture unit property",
    "lint": "-m tools.verify format lint types",
    "screenshots": "-m pytest --quiet tests/browser/test_screenshots.py",
    "synth": "-m tools.portal_build\n-m infra.app --stage dev",
    "deploy": "-m tools.deploy --stage dev",
}
"""Their tests are `tests/journeys/test_demo.py`, `tests/workflow/test_commands.py`,
`tests/browser/test_screenshots.py`, `tests/unit/test_verify.py`, `test_anyday.py`, and `test_cost.py`,
`test_synth.py` and `test_stages.py` beside this file."""
WRITES: Final = ("openapi", "events", "diagram", "samples", "fmt")
"""Write files, and change nothing where all are current."""
STUBBED: Final = {
    "lock": "uv pip compile",
}
"""Need a registry: a script replaces the last program that they start."""
OTHERS: Final = ("rules", "setup", "help", "clean")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files, with an environment whose uv only prints its arguments."""
    folder = tmp_path_factory.mktemp("copy")
    for file in project_files():
        copy_file(file, folder / file.relative_to(ROOT))
    (folder / ".venv" / "bin").mkdir(parents=True)
    scripts = {
        "python": f'exec "{sys.executable}" "$@"',
        "uv": 'echo "uv $*"',
    }
    for name, line in scripts.items():
        script = folder / ".venv" / "bin" / name
        script.write_text(f"#!/bin/sh\n{line}\n")
        script.chmod(0o755)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def make(folder: Path, *words: str) -> str:
    """The output of a command, which must succeed."""
    ran = subprocess.run(
        ["make", *INSTALLED, *words],
        cwd=folder,
        env={**os.environ, "PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_every_command_is_run_when_make_lists_it() -> None:
    listed = re.findall(r"^make ([a-z-]+) ", make(ROOT, "help"), re.MULTILINE)
    assert sorted(listed) == sorted({*LEADS_TO, *WRITES, *STUBBED, *OTHERS})


@pytest.mark.parametrize("target", LEADS_TO)
def test_command_is_the_tested_one_when_its_target_is_run(target: str) -> None:
    assert make(ROOT, "PY=echo", target).strip() == LEADS_TO[target]


@pytest.mark.parametrize("target", STUBBED)
def test_program_is_called_when_its_target_is_run(copy: Path, target: str) -> None:
    assert STUBBED[target] in make(copy, "PY=echo", target)


@pytest.mark.parametrize("target", WRITES)
def test_files_are_unchanged_when_they_are_generated_again(copy: Path, target: str) -> None:
    make(copy, target)
    changed = [
        file.relative_to(ROOT).as_posix()
        for file in project_files()
        if (copy / file.relative_to(ROOT)).read_bytes() != file.read_bytes()
    ]
    assert changed == []


def test_rules_are_printed_when_requested(copy: Path) -> None:
    assert "D3" in make(copy, "rules")


def test_only_tracked_files_remain_when_everything_is_cleaned(copy: Path) -> None:
    make(copy, "setup")
    make(copy, "clean")
    left = {file.relative_to(copy).as_posix() for file in copy.rglob("*") if file.is_file()}
    known = {file.relative_to(ROOT).as_posix() for file in project_files()}
    others = {name for name in left - known if not name.startswith(".git/")}
    assert {name for name in others if "__pycache__" not in name} == set()
