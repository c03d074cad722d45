"""Runs the checks and the tiers of tests, the quick ones first, and stops at the first failure.

``python -m tools.verify`` runs all of them; names as arguments choose some. What deploys to a local
cloud waits more than it works, so those tiers run beside the others, one after another each. A step
that passes is one line with its duration; a step that fails shows all it printed.
"""

import itertools
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOGS: Final = ROOT / ".local" / "log"
CODE: Final = ("precert", "functions", "infra", "local", "tools", "tests", "bench")
PYTHON: Final = sys.executable
QUICK: Final = frozenset({"format", "lint", "architecture", "unit"})
"""What nothing else is begun before."""


@dataclass(frozen=True)
class Step:
    """One line of the run. ``folder`` is a tier's; a tier without a folder is left out."""

    name: str
    command: tuple[str, ...]
    folder: Path | None = None
    deploys: bool = False
    """Whether it runs on a local cloud of its own."""

    @property
    def applies(self) -> bool:
        return self.folder is None or self.folder.is_dir()


def tier(name: str, *options: str, deploys: bool = False) -> Step:
    """The tests of one folder; a folder without tests fails, as pytest's exit code 5 says."""
    folder = ROOT / "tests" / name
    command = (PYTHON, "-m", "pytest", "--quiet", "--color=no", *options, f"tests/{name}")
    return Step(name, command, folder, deploys)


def steps() -> tuple[Step, ...]:
    """Everything, in the order in which faults are cheapest to find."""
    typed = tuple(folder for folder in CODE if any((ROOT / folder).rglob("*.py")))
    parallel = ("-n", "2", "--dist", "loadfile")
    return (
        Step(
            "format", (PYTHON, "-m", "ruff", "format", "--check", "--output-format", "concise", ".")
        ),
        Step("lint", (PYTHON, "-m", "ruff", "check", "--output-format", "concise", ".")),
        Step("types", (PYTHON, "-m", "mypy", *typed)),
        tier("architecture"),
        tier("unit"),
        tier("property", *parallel),
        tier("adapters", *parallel),
        tier("simulation", "-n", "2", "--dist", "load"),
        tier("template"),
        tier("cloud", deploys=True),
        tier("workflow", deploys=True),
        tier("journeys", deploys=True),
        tier("browser", deploys=True),
    )


def chosen(names: Iterable[str]) -> list[Step]:
    """The steps so named, in their order; all of them where none is named."""
    wanted = set(names)
    unknown = wanted - {step.name for step in steps()}
    if unknown:
        raise SystemExit(f"precert: no such check: {', '.join(sorted(unknown))}")
    return [step for step in steps() if step.applies and (not wanted or step.name in wanted)]


def run(step: Step) -> tuple[bool, str]:
    """Runs the step and answers whether it passed, with its output, which is kept as a log too."""
    finished = subprocess.run(
        step.command,
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / f"verify-{step.name}.log").write_text(finished.stdout, encoding="utf-8")
    return finished.returncode == 0, finished.stdout


def summary(output: str) -> str:
    """What pytest counted, for the step's line."""
    counted = re.findall(r"\d+ (?:passed|failed|errors?|skipped|xfailed)", output[-2000:])
    return f" ({', '.join(counted)})" if counted else ""


def main(names: Iterable[str]) -> int:
    """Runs the chosen steps; 0 where all passed."""
    started = time.monotonic()
    planned = chosen(names)
    failed = threading.Event()
    done = itertools.count(1)
    printing = threading.Lock()

    def go_through(lane: Sequence[Step]) -> None:
        for step in lane:
            if failed.is_set():
                return
            step_started = time.monotonic()
            passed, output = run(step)
            with printing:
                took = f"{time.monotonic() - step_started:.0f} s{summary(output)}"
                print(f"[{next(done)}/{len(planned)}] {step.name} … {took}", flush=True)
                if not passed:
                    print(f"{output}\nprecert: {step.name} failed", flush=True)
                    failed.set()

    quick = [step for step in planned if step.name in QUICK]
    slow = [step for step in planned if step.name not in QUICK]
    go_through(quick)
    with ThreadPoolExecutor() as lanes:
        running = [
            lanes.submit(go_through, [step for step in slow if step.deploys is deploys])
            for deploys in (True, False)
        ]
        for lane in running:
            lane.result()
    if failed.is_set():
        return 1
    print(f"All passed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
