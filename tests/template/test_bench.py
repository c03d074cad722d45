"""``make bench`` runs to the end, with a substitute for valgrind and without valgrind."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from bench import __main__ as command
from bench import listing
from bench.__main__ import BENCHMARKS

ROOT: Final = Path(__file__).resolve().parents[2]
VALGRIND: Final = """#!/bin/sh
# Reports a total that grows with the last argument. Each program was run before, without valgrind.
for last; do :; done
echo "==1== I refs:        $((1000000 + 5000 * last))" >&2
"""


def bench(path: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in the environment of the tests."""
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ["make", "--old-file=.venv/.installer", "--old-file=.venv/.stamp", "bench", "QUICK=1"],
        cwd=ROOT,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def tables(printed: str) -> list[list[list[str]]]:
    """The cells of each table, without its header."""
    blocks = [block for block in printed.split("\n\n") if block.startswith("|")]
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
        for block in blocks
    ]


def test_every_table_is_printed_when_the_benchmarks_run(tmp_path: Path) -> None:
    valgrind = tmp_path / "valgrind"
    valgrind.write_text(VALGRIND, encoding="utf-8")
    valgrind.chmod(0o755)
    ran = bench(f"{tmp_path}:{os.environ['PATH']}")
    assert (ran.returncode, ran.stderr) == (0, "")
    check, restore, engines, submissions, dashboard = tables(ran.stdout)
    assert check == [["bare handler on dicts", "5,000", "1.00"], ["precert", "5,000", "1.00"]]
    assert [row[2:] for row in restore] == [["5,000", "5,000", "1.00"]]
    assert [row[1:] for row in engines] == [["5,000", "1.00"]] * 2
    assert [(*row[1:4], row[-1]) for row in submissions] == [("5,000", "5,000", "1.00", "2 and 3")]
    assert [row[1:] for row in dashboard] == [["1, 1.0", "1, 1.0"]] * 4


def listed(_quick: bool) -> str:
    return "| calls |"


def test_one_line_reports_it_when_valgrind_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The benchmarks that count instructions print their reason; the others still run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    counting = [one for one in BENCHMARKS if one is not listing.report]
    monkeypatch.setattr(command, "BENCHMARKS", (*counting, listed))
    assert command.main(quick=True) == 0
    missing = "valgrind is missing, so nothing is counted (Debian: apt-get install valgrind)"
    names = ("check_warm", "restore", "rule_engines", "submissions")
    expected = [f"bench.{name}: {missing}" for name in names]
    assert capsys.readouterr().out.split("\n\n") == [*expected, "| calls |", ""]
