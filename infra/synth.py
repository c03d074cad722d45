"""Synthesize if an input has changed: ``python -m infra.synth --platform local``.

Loading the CDK takes seconds; comparing the inputs' hash does not. The local cloud uses this module for
repeated deployments. ``infra.app`` is the CDK app.
"""

import argparse
import fcntl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from infra import archive, packaging
from infra.packaging import ROOT, Packages
from infra.platforms import Platform

_STAMP = ".inputs"
LOCK = ".synth.lock"
"""Beside the assembly's folder."""


def synthesize(stage: str, platform: Platform, out: Path) -> bool:
    """Update the assembly; return whether anything had changed.

    Processes that do so at the same time wait for each other: only the first one writes.
    """
    with _alone(out):
        return _synthesize(stage, platform, out)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _synthesize(stage: str, platform: Platform, out: Path) -> bool:
    stamp = out / _STAMP
    if stamp.is_file():
        packages = packaging.build(platform)
    else:
        # The packages are built by other processes while this one loads the CDK.
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(packaging.build, platform)
            import_module("infra.app")
            packages = building.result()
    inputs = _inputs(stage, platform, packages)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == inputs:
        return False
    from infra import app

    app.main(["--stage", stage, "--platform", platform.value, "--out", str(out)])
    stamp.write_text(inputs, encoding="utf-8")
    return True


def _inputs(stage: str, platform: Platform, packages: Packages) -> str:
    """Return a hash of everything that determines the assembly."""
    sources = [
        *sorted((ROOT / "infra").rglob("*.py")),
        *sorted((ROOT / "infra").rglob("*.js")),
        *sorted((ROOT / "stepfunctions").glob("*.json")),
        ROOT / "infra" / "routes.json",
        *sorted((ROOT / "config").glob("*.toml")),
        ROOT / "precert" / "names.py",
    ]
    hashes = [package.content_hash for package in (*packages.layers, *packages.functions.values())]
    return archive.digest(ROOT, sources, stage, platform, version("aws-cdk-lib"), *hashes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Synthesize if an input has changed; print whether the assembly was up to date."""
    parser = argparse.ArgumentParser(description="Synthesize if an input has changed.")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--platform", type=Platform, default=Platform.LOCAL)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(arguments)
    out = args.out or ROOT / "build" / args.platform / "cdk.out"
    if not synthesize(args.stage, args.platform, out):
        print(f"{out} is up to date")


if __name__ == "__main__":
    main()
