"""The command behind `make test`: what it runs, prints and stops."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools import verify as verify_tool
from tools.verify import ROOT

LIMIT_SECONDS = 300
"""How long to wait for a process on a busy machine; it takes a second."""

HARNESS = """
import sys
from pathlib import Path
from tools import verify
LANES = {"unit": 1, "cloud": 1, "journeys": 2}
verify.LOGS = verify.ROOT / ".local" / "log" / sys.argv[1]
lines = dict(step.split("=", 1) for step in sys.argv[3:])
verify.INSTALL = ("bash", "-c", lines.pop("setup", "false"))
verify.steps = lambda: tuple(
    verify.Step(name, ("bash", "-c", line), lane=LANES.get(name, 0), deep=name == "simulation")
    for name, line in lines.items()
)
sys.exit(verify.main(sys.argv[2].split()))
"""


@contextmanager
def verify(
    tmp_path: Path, *steps: str, shell: str = 'exec "$@"', flags: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Run these steps, each ``NAME=SHELL COMMAND``, instead of the project's."""
    logs = f"test-{os.getpid()}-{tmp_path.name}"
    process = subprocess.Popen(
        ["bash", "-c", shell, "bash", sys.executable, "-c", HARNESS, logs, flags, *steps],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        for log in (ROOT / ".local" / "log" / logs).glob("*"):
            log.unlink()
        (ROOT / ".local" / "log" / logs).rmdir()


def test_all_steps_run_and_failures_are_listed_last_when_one_fails(tmp_path: Path) -> None:
    steps = (
        "unit=echo first cause; exit 3",
        "types=echo quiet; echo '7 passed in 1 s'",
        "cloud=echo second cause; exit 1",
        "browser=echo 'SKIPPED [2] tests/x.py:7: no browser: install it'",
    )
    with verify(tmp_path, *steps) as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 1
    progress, _, listed = out.partition("\n==== unit")
    assert [progress.count(f"] {name} …") for name in ("unit", "types", "cloud", "browser")] == [
        1
    ] * 4
    assert "types … 0 s (7 passed)" in progress
    assert "skipped: no browser: install it" in progress
    assert "cause" not in progress
    assert "quiet" not in out
    assert "first cause" in listed
    assert "second cause" in listed
    assert "precert: failed: unit, cloud" in listed


def test_long_searches_run_alone_when_requested(tmp_path: Path) -> None:
    steps = ("unit=exit 1", "simulation=test $PRECERT_DEEP$HYPOTHESIS_PROFILE = 1search")
    with verify(tmp_path, *steps, flags="--deep") as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, out
    assert out.startswith("[1/1] simulation")


def test_steps_store_bytecode_when_the_environment_forbids_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    with verify(tmp_path, "unit=test -z $PYTHONDONTWRITEBYTECODE") as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, out


def test_exit_code_is_0_when_all_steps_pass(tmp_path: Path) -> None:
    with verify(tmp_path, "unit=true", "cloud=true") as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert (process.returncode, out.splitlines()[-1][:10]) == (0, "All passed")


def test_step_is_taken_over_when_its_lane_is_busy(tmp_path: Path) -> None:
    written = tmp_path / "written"
    steps = (f"types=until [ -e {written} ]; do sleep 0.1; done", f"simulation=touch {written}")
    with verify(tmp_path, *steps) as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, out


def test_slow_step_begins_when_a_lane_has_no_further_quick_step(tmp_path: Path) -> None:
    written = tmp_path / "written"
    waiting = f"until [ -e {written} ]; do sleep 0.1; done"
    steps = ("architecture=true", f"unit={waiting}", f"types=touch {written}")
    with verify(tmp_path, *steps) as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, out


def test_slow_step_waits_when_every_quick_step_is_running(tmp_path: Path) -> None:
    written = tmp_path / "written"
    slow = f"test -e {written}"
    steps = (f"architecture=sleep 1; touch {written}", f"journeys={slow}", f"types={slow}")
    with verify(tmp_path, *steps) as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, out


def test_only_quick_steps_run_when_the_setup_has_not_completed(tmp_path: Path) -> None:
    written = tmp_path / "written"
    steps = (
        f"setup=until [ -e {written} ]; do sleep 0.1; done; rm {written}",
        f"architecture=touch {written}",
        *(f"{name}=test ! -e {written}" for name in ("types", "cloud", "journeys")),
    )
    with verify(tmp_path, *steps, flags="--setup") as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, out
    assert out.count("] ") == 5


def test_run_ends_with_the_reason_when_the_setup_fails(tmp_path: Path) -> None:
    slow = "exec sleep 600"
    steps = ("setup=echo no network; exit 1", f"unit={slow}", f"types={slow}", f"journeys={slow}")
    with verify(tmp_path, *steps, flags="--setup") as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 1
    assert "no network" in out
    assert out.endswith("precert: run these again with `make test`\n")
    assert "types" not in out


def test_other_lanes_do_not_wait_when_a_quick_step_cannot_start() -> None:
    runner = verify_tool.Runner(total=1)
    missing = verify_tool.Step("unit", ("/nonexistent",))
    with pytest.raises(FileNotFoundError):
        runner.go_through(deque([missing]), [deque()])
    other = threading.Thread(target=runner.go_through, args=(deque(), [deque()]), daemon=True)
    other.start()
    other.join(LIMIT_SECONDS)
    assert not other.is_alive()


@pytest.mark.parametrize(("other", "lower"), [("cloud", verify_tool.NICENESS), ("property", 0)])
def test_priority_of_a_computing_step_is_lower_when_another_step_uses_a_cloud(
    tmp_path: Path, other: str, lower: int
) -> None:
    expected = os.getpriority(os.PRIO_PROCESS, 0) + lower
    # It is lowered right after the start.
    steps = (f"types=until [ $(nice) = {expected} ]; do sleep 0.1; done", f"{other}=true")
    with verify(tmp_path, *steps) as process:
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_steps_are_stopped_when_a_signal_arrives_and_sigint_was_ignored_before(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A script starts it with ``&``; a step gets SIGINT first, so that it can clean up."""
    tidy, stubborn = tmp_path / "tidy", tmp_path / "stubborn"
    steps = (
        f"cloud=trap 'echo closed >{tidy}; exit 1' INT; echo $$ >{tidy}; sleep 600 & wait",
        f"types=echo $$ >{stubborn}; exec sleep 600",
        "simulation=touch started-though-stopped",
        "property=exec sleep 600",
        "template=exec sleep 600",
    )
    with verify(tmp_path, *steps, shell='trap "" INT; exec "$@"') as process:
        await_text(tidy)
        step = int(await_text(stubborn))
        process.send_signal(number)
        process.send_signal(number)
        _, result = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in result
    assert tidy.read_text() == "closed\n"
    with pytest.raises(ProcessLookupError):
        os.kill(step, 0)
    assert not (ROOT / "started-though-stopped").exists()


def await_text(file: Path) -> str:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (file.exists() and (text := file.read_text())):
        assert time.monotonic() < deadline, f"{file} was not written"
        time.sleep(0.02)
    return text
