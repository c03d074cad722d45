"""Build the Lambda packages: six layers and one small package per function, without Docker.

Dependencies, own code, code sets, PDF rendering, inspection and tokens are separate layers, so that a
code change rebuilds little. Packages contain bytecode if this machine has an interpreter of the
functions' version; otherwise only sources, which take two to three times as long to initialize.
A stamp file with a hash of the inputs is beside each package, which is rebuilt only when the inputs
change. The asset hash is a hash of the sources, so that an asset changes only with its content.
``python -m infra.packaging --platform local`` builds without the CDK.
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra import archive, code_sets, dependencies
from infra.platforms import Platform, interpreter

ROOT: Final = Path(__file__).resolve().parent.parent

_LAYER_RUNS_AT: Final = "/opt"
_FUNCTION_RUNS_AT: Final = "/var/task"
_LEVELS: Final = {Platform.LOCAL: 1, Platform.AWS: 6}
"""Compression levels. Zips for the local cloud are not sent over a network: level 1 takes half of the
time of level 6. Level 0 would take longer, because the local cloud saves the zips with its state."""


@dataclass(frozen=True)
class Package:
    """One zip file and the hash of its content."""

    path: Path
    content_hash: str


@dataclass(frozen=True)
class Packages:
    """All packages of one platform."""

    dependencies: Package
    core: Package
    code_sets: Package
    printing: Package
    inspecting: Package
    signing: Package
    functions: Mapping[str, Package]
    compiled: bool
    """Whether the packages contain bytecode."""

    @property
    def layers(self) -> tuple[Package, ...]:
        shared = (self.dependencies, self.core, self.code_sets)
        return (*shared, self.printing, self.inspecting, self.signing)


def build(
    platform: Platform, function_names: tuple[str, ...] | None = None, root: Path = ROOT
) -> Packages:
    """Build the packages that are not up to date, and return all of them."""
    builder = _Builder(platform, root)
    names = function_names or function_folders(root)
    # The installer and the bytecode compiler are processes, and compression releases the GIL, so that
    # threads run in parallel. The longest builds start first.
    with builder.locked(), ThreadPoolExecutor(os.cpu_count()) as pool:
        dependencies = pool.submit(builder.dependencies)
        code_sets = pool.submit(builder.code_sets)
        printing = pool.submit(builder.printing)
        inspecting = pool.submit(builder.inspecting)
        signing = pool.submit(builder.signing)
        core = pool.submit(builder.core)
        functions = {name: pool.submit(builder.function, name) for name in names}
        return Packages(
            dependencies=dependencies.result(),
            core=core.result(),
            code_sets=code_sets.result(),
            printing=printing.result(),
            inspecting=inspecting.result(),
            signing=signing.result(),
            functions={name: function.result() for name, function in functions.items()},
            compiled=builder.compiles,
        )


def function_folders(root: Path = ROOT) -> tuple[str, ...]:
    """Return the names of the folders below ``functions/``; each folder is one package."""
    folders = (root / "functions").iterdir()
    return tuple(sorted(p.name for p in folders if p.is_dir() and not p.name.startswith("_")))


class _Builder:
    """Build into ``build/<platform>``: a folder, a zip file and a stamp file for each package."""

    def __init__(self, platform: Platform, root: Path) -> None:
        self._platform = platform
        self._root = root
        self._interpreter = interpreter(platform.python)
        self._out = root / "build" / platform.value
        own = Path(__file__).parent
        recipe = ("archive", "dependencies", "packaging", "platforms")
        bytecode = platform.python if self.compiles else "no"
        self._recipe = archive.digest(own, [own / f"{name}.py" for name in recipe], bytecode)

    @property
    def compiles(self) -> bool:
        return self._interpreter is not None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Allow one build of a platform at a time; test processes run in parallel."""
        self._out.mkdir(parents=True, exist_ok=True)
        with (self._out / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def dependencies(self) -> Package:
        return self._installed("dependencies", "runtime")

    def printing(self) -> Package:
        return self._installed("printing", "printing")

    def inspecting(self) -> Package:
        return self._installed("inspecting", "inspecting")

    def signing(self) -> Package:
        return self._installed("signing", "signing")

    def _installed(self, name: str, requirements: str) -> Package:
        lock = self._root / "requirements" / f"{requirements}.txt"
        inputs = archive.digest(
            self._root,
            [lock],
            self._recipe,
            self._platform,
            sys.platform,
            self._platform.architecture,
        )

        def fill(folder: Path) -> None:
            dependencies.install(lock, folder / "python", self._platform)

        return self._package(name, inputs, fill, _LAYER_RUNS_AT)

    def core(self) -> Package:
        own = list(archive.files_of(self._root / "precert"))
        data = self._root / "data" / "payer"
        payer = list(archive.files_of(data))
        inputs = archive.digest(self._root, [*own, *payer], self._recipe)

        def fill(folder: Path) -> None:
            python = folder / "python"
            for path in own:
                _copy(path, python / path.relative_to(self._root))
            for path in payer:
                _copy(path, python / "payer_data" / path.relative_to(data))
            _write(python / "payer_data" / "__init__.py", '"""The payer\'s configuration."""\n')

        return self._package("core", inputs, fill, _LAYER_RUNS_AT)

    def code_sets(self) -> Package:
        inputs = archive.digest(self._root, [], code_sets.inputs(self._root), self._recipe)

        def fill(folder: Path) -> None:
            data = folder / "python" / "code_set_data"
            _write(data / "__init__.py", '"""The public code sets, compiled."""\n')
            _copy(code_sets.compiled(self._root), data / code_sets.FILE_NAME)

        return self._package("code-sets", inputs, fill, _LAYER_RUNS_AT)

    def function(self, name: str) -> Package:
        folder = self._root / "functions"
        init = folder / "__init__.py"
        own = sorted((folder / name).rglob("*.py"))
        sources = [*([init] if init.exists() else []), *own]
        inputs = archive.digest(self._root, sources, self._recipe, name)

        def fill(target: Path) -> None:
            _write(target / "functions" / "__init__.py", "")
            for path in sources:
                _copy(path, target / path.relative_to(self._root))

        return self._package(f"function-{name}", inputs, fill, _FUNCTION_RUNS_AT)

    def _package(
        self, name: str, inputs: str, fill: Callable[[Path], None], runs_at: str
    ) -> Package:
        folder, target = self._out / name, self._out / f"{name}.zip"
        stamp = self._out / f"{name}.stamp.json"
        if stamp.exists() and target.exists():
            known = json.loads(stamp.read_text())
            if known["inputs"] == inputs:
                return Package(target, known["content"])
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fill(folder)
        content = archive.digest(folder, archive.files_of(folder), self._recipe)
        if self._interpreter:
            archive.compile_folder(folder, runs_at, self._interpreter)
        archive.write_zip(folder, target, level=_LEVELS[self._platform])
        stamp.write_text(json.dumps({"inputs": inputs, "content": content}))
        return Package(target, content)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def print_missing_bytecode(packages: Packages, platform: Platform) -> None:
    """Warn on standard error if the packages contain no bytecode."""
    if not packages.compiled:
        print(
            f"precert: no Python {platform.python} on this machine: the packages contain no bytecode, "
            "and functions take two to three times as long to initialize",
            file=sys.stderr,
        )


def main() -> None:
    """Build one platform's packages and list them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--platform", type=Platform, choices=list(Platform), default=Platform.LOCAL)
    platform = parser.parse_args().platform
    packages = build(platform)
    print_missing_bytecode(packages, platform)
    for package in (*packages.layers, *packages.functions.values()):
        size = package.path.stat().st_size / 1024
        print(f"{package.path.relative_to(ROOT)}  {size:,.0f} KB  {package.content_hash[:12]}")


if __name__ == "__main__":
    main()
