"""Turn a folder into a reproducible Lambda package: compiled, with fixed order and timestamps."""

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
    """Yield every file below the folder, sorted, without the bytecode of the source tree."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def digest(folder: Path, files: Iterable[Path], *more: str) -> str:
    """Return one hash of the files' names and contents and of further inputs of the build."""
    sha = hashlib.sha256()
    for text in more:
        sha.update(f"{len(text)}:{text}".encode())
    for path in files:
        content = path.read_bytes()
        sha.update(f"{path.relative_to(folder).as_posix()}:{len(content)}:".encode())
        sha.update(content)
    return sha.hexdigest()


def compile_folder(folder: Path, runs_at: str, interpreter: str) -> None:
    """Write an interpreter's bytecode, which is never checked against its source.

    Without bytecode every initialization compiles the sources, which takes two to three times as long.
    The zip's fixed timestamps would make checked bytecode stale. ``runs_at`` is the folder to which
    Lambda unpacks the package; tracebacks name it instead of a folder of the build machine. The
    compiler runs in a separate process with a fixed hash seed, because the order of constant sets
    depends on it.
    """
    command = [
        interpreter,
        *("-m", "compileall", "-q", "-f"),
        *("--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", runs_at, str(folder)),
    ]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})


def write_zip(folder: Path, target: Path, *, level: int = 6) -> None:
    """Write a zip of the folder; the same content results in the same bytes on every machine."""
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _MODE
            archive.writestr(info, path.read_bytes(), compresslevel=level)
    partial.replace(target)
