"""Count the instructions of a worker with valgrind's cachegrind.

Unlike seconds they repeat to many digits, so that two implementations can be compared on a machine
that is busy with other things. A worker is a module called with a number of calls to serve; what one
warm call costs is the difference between many and few, divided by how many more.

Workers run on the interpreter that the environment was made from, without its site-packages: what
those may import at every start belongs to a machine, not to what is measured.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = str(Path(sys.executable).resolve())
_TOTAL: Final = re.compile(r"I\s+refs:\s+([\d,]+)")
_COUNTED: Final = ("valgrind", "--tool=cachegrind", "--cache-sim=no")


Rows = list[tuple[str, str, str]]
PER_CALL: Final = (20, 120)
QUICK: Final = (1, 2)
"""How many calls the two runs serve, whose difference is divided by how many more."""


class CountingError(Exception):
    """The count failed; the message is one line with the reason."""

    def __init__(self, message: str, *, tool_missing: bool = False) -> None:
        super().__init__(message)
        self.tool_missing = tool_missing


@dataclass(frozen=True)
class Counted:
    """Instructions of a process, and the last answer, which workers write to standard error."""

    instructions: int
    answer: str


def require_valgrind() -> None:
    """Raise the error that ends a benchmark before it prepares anything."""
    if shutil.which("valgrind") is None:
        raise CountingError(
            "valgrind is missing, so nothing is counted (Debian: apt-get install valgrind)",
            tool_missing=True,
        )


def instructions(
    *arguments: str,
    path: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Counted:
    """Instructions of a Python program from start to end, with an empty temporary folder.

    It runs once before, so that bytecode is there that was not shipped.
    """
    program = (PYTHON, "-S")
    require_valgrind()
    known = _environment(path, environment or {})
    answer = _run([*program, *arguments], known)
    counted = _run([*_COUNTED, "--cachegrind-out-file=/dev/null", *program, *arguments], known)
    match = _TOTAL.search(counted)
    if match is None:
        raise CountingError(f"valgrind gave no total: {counted[-300:]}")
    return Counted(int(match.group(1).replace(",", "")), answer)


def run_worker(*arguments: str, path: Sequence[Path], environment: Mapping[str, str]) -> str:
    """What a worker writes to standard error, in the environment in which it is counted."""
    return _run([PYTHON, "-S", *arguments], _environment(path, environment))


def compare(
    workers: Mapping[str, tuple[str, Sequence[Path]]], folder: Path, *, quick: bool
) -> Rows:
    """Rows of a table: each worker's instructions per call, and their ratio to those of the first.

    ``workers`` are modules by name, each with its import path.

    Raises:
        CountingError: the workers returned different answers.
    """
    calls = QUICK if quick else PER_CALL
    found = {
        name: per_call("-m", worker, str(folder), path=path, calls=calls)
        for name, (worker, path) in workers.items()
    }
    if len({counted.answer for counted in found.values()}) != 1:
        raise CountingError(f"the answers differ: {[one.answer for one in found.values()]}")
    first = next(iter(found.values())).instructions
    return [
        (name, f"{counted.instructions:,}", f"{counted.instructions / first:.2f}")
        for name, counted in found.items()
    ]


def per_call(
    *arguments: str,
    path: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    calls: tuple[int, int] = PER_CALL,
) -> Counted:
    """Instructions of one warm call of a worker; its last argument is how many calls it serves."""
    few, many = calls
    first, second = (
        instructions(*arguments, str(count), path=path, environment=environment)
        for count in (few, many)
    )
    if first.answer != second.answer:
        raise CountingError("the first calls were answered otherwise than the last ones")
    return Counted((second.instructions - first.instructions) // (many - few), first.answer)


def _environment(path: Sequence[Path], more: Mapping[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "LANG": "C.UTF-8",
        "PYTHONWARNINGS": "ignore",
        **more,
    }


def _run(command: list[str], environment: dict[str, str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            command,
            cwd=ROOT,
            env={**environment, "TMPDIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    if ran.returncode != 0:
        raise CountingError(f"{' '.join(command[-3:])} failed: {ran.stderr[-500:]}")
    return ran.stderr
