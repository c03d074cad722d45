"""Run the checks and all test tiers, even after a failure, and list the failures at the end.

``python -m tools.verify`` runs all steps; names as arguments select some. ``--deep`` runs the long
searches instead, with more seeds, orders and generated inputs. The quick steps run first; the others
start as soon as a lane has no further quick step. With ``--setup``, the environments that the quick
steps do not need are created meanwhile; the others start after that. If it fails, the run ends. Tests
on a local cloud wait more than they compute, so those tiers run in parallel with the others, which run
at a lower priority; a lane without further steps takes steps of the other lanes. Each step prints one
line with its duration; the output of failed steps is printed at the end. Ctrl-C and SIGTERM stop the
steps and their local clouds, even if the command runs in the background.
"""

import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
LOGS: Final = ROOT / ".local" / "log"
FILES: Final = ROOT / ".local" / "tests"
CODE: Final = ("precert", "functions", "infra", "local", "tools", "tests", "bench")
PYTHON: Final = sys.executable
SETUP: Final = "setup"
"""The step on which all steps depend that are not quick."""
INSTALL: Final = ("make", SETUP)
QUICK: Final = frozenset({SETUP, "format", "lint", "architecture", "unit"})
"""Steps that start before all others. They need the development tools only."""
STOP_SECONDS: Final = 30.0
"""How long a stopped step may take to stop its local cloud before it is killed."""
STOPPED: Final = 130
"""The exit status of an interrupted run."""
LANES: Final = 4
CLOUD_LANES: Final = frozenset({1, 2})
NICENESS: Final = 5
"""The niceness that is added to a computing step that runs in parallel with local clouds."""
DEEP: Final = {"PRECERT_DEEP": "1", "HYPOTHESIS_PROFILE": "search"}
SHOWN_LINES: Final = 400
"""The number of lines printed of a failed step's output; the log has all of it."""


@dataclass(frozen=True)
class Step:
    """A check, or a test tier with its ``folder``; a tier whose folder does not exist is skipped."""

    name: str
    command: tuple[str, ...]
    folder: Path | None = None
    lane: int = 0
    """Steps of a lane run sequentially, and lanes run in parallel. Lanes 0 and 3 compute; lanes 1 and 2
    use local clouds and wait more than they compute. A lane without further steps takes the last step
    of the lane with the most steps."""

    deep: bool = False
    """Whether ``make deep`` runs this step."""

    @property
    def computes(self) -> bool:
        """Whether the step uses no local cloud. It then has a lower priority than steps that do."""
        return self.lane not in CLOUD_LANES

    @property
    def quick(self) -> bool:
        """Whether it starts before the others."""
        return self.name in QUICK

    @property
    def applies(self) -> bool:
        """Whether its folder exists."""
        return self.folder is None or self.folder.is_dir()

    @property
    def log(self) -> Path:
        """The file with its output."""
        return LOGS / f"verify-{self.name}.log"


def tier(name: str, *options: str, lane: int = 0, deep: bool = False) -> Step:
    """A step that runs the tests of one folder; without tests it fails (pytest's exit status 5).

    Temporary files of its tests, including logs of local clouds, are retained until the next run.
    """
    folder = ROOT / "tests" / name
    files = f"--basetemp={FILES / name}"
    command = (PYTHON, "-m", "pytest", "--quiet", "--color=no", files, *options, f"tests/{name}")
    return Step(name, command, folder, lane, deep)


def steps() -> tuple[Step, ...]:
    """Return all steps; those of a lane are in the order in which they run."""
    typed = tuple(folder for folder in CODE if any((ROOT / folder).rglob("*.py")))
    parallel = ("-n", "2", "--dist", "loadfile")
    return (
        Step(
            "format", (PYTHON, "-m", "ruff", "format", "--check", "--output-format", "concise", ".")
        ),
        Step("lint", (PYTHON, "-m", "ruff", "check", "--output-format", "concise", ".")),
        tier("architecture"),
        tier("unit", lane=1),
        # A step with one process leaves a processor idle if it runs last: the longest of these start
        # first, and the steps with two processes run last.
        tier("journeys", lane=2, deep=True),
        tier("browser", lane=1, deep=True),
        tier("template", deep=True),
        Step("types", (PYTHON, "-m", "mypy", *typed), lane=3),
        tier("property", *parallel, deep=True),
        tier("simulation", "-n", "2", "--dist", "load", deep=True),
        tier("adapters", *parallel, lane=3, deep=True),
        tier("workflow", lane=1, deep=True),
        tier("cloud", lane=2, deep=True),
        Step("portal", ("npm", "--prefix", "portal", "run", "--silent", "check"), lane=3),
    )


def chosen(names: Iterable[str], *, deep: bool = False) -> list[Step]:
    """The named steps in the order of :func:`steps`; if none is named, all, or the ``deep`` ones.

    Raises:
        SystemExit: a name is unknown.
    """
    selected = set(names)
    unknown = selected - {step.name for step in steps()}
    if unknown:
        raise SystemExit(f"precert: no such check: {', '.join(sorted(unknown))}")
    return [
        step
        for step in steps()
        if step.applies and (step.name in selected if selected else step.deep or not deep)
    ]


def lanes(planned: Iterable[Step]) -> list[deque[Step]]:
    """The steps of each lane."""
    listed = list(planned)
    return [deque(step for step in listed if step.lane == lane) for lane in range(LANES)]


@dataclass
class Runner:
    """Runs steps, each in its own process group, and stops them on request."""

    total: int
    clouds: bool = False
    """Whether some of the steps use local clouds."""

    environment: Mapping[str, str] = field(default_factory=dict)
    failed: list[Step] = field(default_factory=list)
    _done: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: set["subprocess.Popen[bytes]"] = field(default_factory=set)
    _stopped: bool = False
    _slow: threading.Event = field(default_factory=threading.Event)
    """Set when a lane has no further quick step."""
    _ready: threading.Event = field(default_factory=threading.Event)
    """Set when everything that a step needs is installed, or the run is stopped."""

    def go_through(self, lane: deque[Step], others: Sequence[deque[Step]]) -> None:
        """Run steps sequentially: those of the lane, then the last ones of the other lanes."""
        if not any(step.quick for step in lane):
            self._slow.wait()
        try:
            while (step := self._next(lane, others)) is not None:
                if not step.quick:
                    self.begin_slow()
                    self._ready.wait()
                self._run(step)
        except BaseException:
            self.begin_installed()
            raise
        finally:
            # Otherwise lanes without quick steps would wait forever after an error.
            self.begin_slow()

    def begin_slow(self) -> None:
        """Let the steps start that are not quick, if what they need is installed."""
        self._slow.set()

    def begin_installed(self) -> None:
        """Let the steps start that need more than the development tools."""
        self._ready.set()

    def _next(self, lane: deque[Step], others: Sequence[deque[Step]]) -> Step | None:
        with self._lock:
            if lane:
                return lane.popleft()
            longest = max(others, key=len)
            return longest.pop() if longest else None

    def _run(self, step: Step) -> None:
        started = time.monotonic()
        process = self._start(step)
        if process is None:
            return
        code = process.wait()
        with self._lock:
            self._running.discard(process)
            if self._stopped:
                return
            took = f"{time.monotonic() - started:.0f} s{summary(step)}"
            print(f"[{next(self._done)}/{self.total}] {step.name} … ", end="")
            print(took if code == 0 else f"FAILED after {took}", flush=True)
            for reason in skipped(step):
                print(f"    skipped: {reason}", flush=True)
            if code != 0:
                self.failed.append(step)
        if step.name == SETUP and code == 0:
            self.begin_installed()
        elif step.name == SETUP:
            self.stop()

    def _start(self, step: Step) -> "subprocess.Popen[bytes] | None":
        for folder in (step.log.parent, FILES):
            folder.mkdir(parents=True, exist_ok=True)
        with self._lock, step.log.open("wb") as log:
            if self._stopped:
                return None
            process = subprocess.Popen(
                step.command,
                cwd=ROOT,
                env=os.environ | {"NO_COLOR": "1", **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            if self.clouds and step.computes and not step.quick:
                _lower_priority(process)
            self._running.add(process)
            return process

    def stop(self) -> None:
        """Interrupt running steps, so that tests stop their local clouds; kill the rest."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        self.begin_slow()
        self.begin_installed()
        for process in running:
            _signal(process, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal(process, signal.SIGKILL)


def _lower_priority(process: "subprocess.Popen[bytes]") -> None:
    """Lower the priority of a process and of its future child processes."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, process.pid, own + NICENESS)


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _output(step: Step) -> str:
    return step.log.read_text(encoding="utf-8", errors="replace")


def summary(step: Step) -> str:
    """Return pytest's counts in parentheses, for the step's line; empty without counts."""
    counted = re.findall(r"\d+ (?:passed|failed|errors?|skipped|xfailed)", _output(step)[-2000:])
    return f" ({', '.join(counted)})" if counted else ""


def skipped(step: Step) -> list[str]:
    """Return the reasons for skipped tests, each once."""
    found = re.findall(r"^SKIPPED \[\d+\] \S+: (.+)$", _output(step), re.MULTILINE)
    return list(dict.fromkeys(found))


def report(failed: Sequence[Step]) -> None:
    """Print the output of each failed step, then their names and the command that runs them again."""
    for step in failed:
        lines = _output(step).splitlines()
        print(f"\n==== {step.name} ({step.log.relative_to(ROOT)})")
        print("\n".join(lines[-SHOWN_LINES:]))
    print(f"\nprecert: failed: {', '.join(step.name for step in failed)}")
    again = f".venv/bin/python -m tools.verify {' '.join(step.name for step in failed)}"
    if any(step.name == SETUP for step in failed):
        again = "make test"
    print(f"precert: run these again with `{again}`", flush=True)


def await_all(futures: Sequence["Future[None]"]) -> None:
    """Wait for the futures, and raise the exception of the first that failed.

    A signal that arrives just before the main thread blocks does not wake it, so each wait is short.
    """
    waiting: set[Future[None]] = set(futures)
    while waiting:
        _, waiting = wait(waiting, timeout=1)
    for future in futures:
        future.result()


def _interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    """Interrupt the run; ignore further signals, so that they do not interrupt its cleanup."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)


def _handle_signals() -> None:
    """Handle SIGINT also in background commands, which ignore it, and SIGHUP except under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupted)


def main(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run the selected steps; return 0 if all passed, 1 if one failed, :data:`STOPPED` if interrupted.

    ``environment`` is added to the environment of the steps.
    """
    started = time.monotonic()
    deep = "--deep" in arguments
    planned = chosen((name for name in arguments if not name.startswith("--")), deep=deep)
    if setting_up := "--setup" in arguments:
        planned.insert(0, Step(SETUP, INSTALL, lane=2))
    clouds = any(not step.computes for step in planned if not step.quick)
    runner = Runner(len(planned), clouds, {**(DEEP if deep else {}), **(environment or {})})
    _handle_signals()
    # Without bytecode, each of hundreds of processes would compile its modules again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # With MAKELEVEL, a make that a test starts would print the folders that it enters and leaves.
    os.environ.pop("MAKELEVEL", None)
    ordered = lanes(sorted(planned, key=lambda step: not step.quick))
    if not any(step.quick for step in planned):
        runner.begin_slow()
    if not setting_up:
        runner.begin_installed()
    with ThreadPoolExecutor(LANES) as pool:
        try:
            await_all([pool.submit(runner.go_through, lane, ordered) for lane in ordered])
        except KeyboardInterrupt:
            print("\nprecert: stopping", file=sys.stderr, flush=True)
            runner.stop()
            return STOPPED
    if runner.failed:
        report([step for step in planned if step in runner.failed])
        return 1
    print(f"All passed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
