"""Turns a folder into a package that Lambda takes: compiled, in a fixed order, with fixed times."""

import hashlib
import os
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16


def files_of(folder: Path) -> Iterator[Path]:
    """Every file below, sorted; bytecode of the source tree is not content."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def digest(folder: Path, files: Iterable[Path], *more: str) -> str:
    """One hash over names and bytes, and over whatever else decides what comes out."""
    sha = hashlib.sha256()
    for text in more:
        sha.update(f"{len(text)}:{text}".encode())
    for path in files:
        content = path.read_bytes()
        sha.update(f"{path.relative_to(folder).as_posix()}:{len(content)}:".encode())
        sha.update(content)
    return sha.hexdigest()


def compile_folder(folder: Path, runs_at: str, interpreter: str) -> None:
    """Writes an interpreter's bytecode, which is never checked against its source.

    Without it every initialization compiles anew, two to three times as slow, and a zip's fixed times
    would make checked bytecode stale. ``runs_at`` is where Lambda unpacks the folder: tracebacks
    name that, not the building machine. A process of its own fixes the hash seed, on which the
    order of constant sets depends.
    """
    command = [
        interpreter,
        *("-m", "compileall", "-q", "-f", "-j", "2"),
        *("--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", runs_at, str(folder)),
    ]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})


def write_zip(folder: Path, target: Path) -> None:
    """The same bytes for the same folder, whenever and wherever it is built."""
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _MODE
            archive.writestr(info, path.read_bytes())
    partial.replace(target)
