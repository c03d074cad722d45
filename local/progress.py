"""Show the progress of a long step: its title, dots while it runs, and its duration."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET_SECONDS = 2.0
"""How long a step runs before dots are written."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Write ``title``, one dot a second after ``QUIET_SECONDS``, and the duration or "failed"."""
    began = time.monotonic()
    done = threading.Event()
    _write(f"  {title} ")
    ticking = threading.Thread(target=_tick, args=(done,), daemon=True)
    ticking.start()
    try:
        yield
    except BaseException:
        _end(done, ticking, "failed")
        raise
    _end(done, ticking, f"{time.monotonic() - began:.1f} s")


def _tick(done: threading.Event) -> None:
    if done.wait(QUIET_SECONDS):
        return
    while not done.wait(1.0):
        _write(".")


def _end(done: threading.Event, ticking: threading.Thread, result: str) -> None:
    done.set()
    ticking.join()
    _write(f" {result}\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
