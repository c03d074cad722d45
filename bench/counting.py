"""Counts the instructions that a worker needs, by valgrind's cachegrind.

Unlike seconds they repeat to many digits, so that two implementations can be compared on a machine
that is busy with other things. A worker is a module called with a number of calls to serve; what one
warm call costs is the difference between many and few, divided by how many more.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_TOTAL: Final = re.compile(r"I\s+refs:\s+([\d,]+)")


class CountingError(Exception):
    """The count could not be taken; the message says why, in one line."""


def instructions(*arguments: str, path: tuple[Path, ...] = (ROOT,)) -> int:
    """Instructions of ``python *arguments`` from start to end, bytecode ready beforehand."""
    if shutil.which("valgrind") is None:
        raise CountingError("valgrind is missing: `apt-get install valgrind` brings it")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONPYCACHEPREFIX": str(ROOT / ".local" / "cache" / "bytecode"),
        "LANG": "C.UTF-8",
    }
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
        command += [f"--cachegrind-out-file={folder}/out", sys.executable, *arguments]
        _run([sys.executable, *arguments], environment)
        counted = _run(command, environment)
    match = _TOTAL.search(counted.stderr)
    if match is None:
        raise CountingError(f"valgrind gave no total: {counted.stderr[-300:]}")
    return int(match.group(1).replace(",", ""))


def per_call(module: str, few: int = 20, many: int = 120) -> int:
    """Instructions of one warm call of a worker."""
    more = instructions("-m", module, str(many)) - instructions("-m", module, str(few))
    return more // (many - few)


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise CountingError(f"{' '.join(command[-3:])} failed: {ran.stderr[-500:]}")
    return ran
