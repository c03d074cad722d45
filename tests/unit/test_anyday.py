"""Tests on other dates: the clock is set, and durations are unchanged."""

import os
import subprocess
import sys
import time

import pytest

from tools.anyday import __main__ as anyday

PROGRAM = """
import time, threading
from datetime import datetime, timezone
began = time.monotonic()
time.sleep(0.05)
threading.Event().wait(0.05)
print(datetime.now(timezone.utc).date(), 0.1 <= time.monotonic() - began < 30)
"""


def test_error_names_install_command_when_library_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PRECERT_FAKETIME", raising=False)
    monkeypatch.setattr(anyday, "PLACES", ())
    with pytest.raises(SystemExit, match="apt-get install libfaketime"):
        anyday.library()


def test_offset_is_from_the_machines_clock_when_this_process_is_shifted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = anyday.DAYS["monday"]
    monkeypatch.setenv("PRECERT_FAKETIME", "library.so")
    monkeypatch.setattr(time, "time", lambda: day.timestamp() + 100)
    monkeypatch.setenv("FAKETIME", "+1000")
    assert anyday.environment(day)["FAKETIME"] == "+900"


@pytest.mark.parametrize("day", anyday.DAYS)
def test_clock_is_set_and_advances_when_a_day_is_chosen(day: str) -> None:
    try:
        environment = anyday.environment(anyday.DAYS[day])
    except SystemExit as error:
        pytest.skip(str(error))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout == f"{anyday.DAYS[day].date()} True\n", ran.stderr
