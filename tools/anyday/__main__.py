"""Run the test tiers with the clock set to particular days: ``python -m tools.anyday [DAY ...]``.

libfaketime shifts the clock of every process by the same offset, including those of the local cloud.
Without arguments, the tiers run on all days sequentially; ``--tiers`` selects tiers.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tools import verify

LIBRARY: Final = "libfaketimeMT.so.1"
PLACES: Final = ("lib/*/faketime", "lib/faketime", "local/lib/faketime")
DAYS: Final = {
    "monday": datetime(2027, 2, 1, 14, 0, tzinfo=UTC),
    "saturday": datetime(2027, 2, 6, 14, 0, tzinfo=UTC),
    "leap-day": datetime(2028, 2, 29, 14, 0, tzinfo=UTC),
    "fall-back": datetime(2027, 11, 7, 5, 55, tzinfo=UTC),
    "spring-forward": datetime(2027, 3, 14, 6, 55, tzinfo=UTC),
    "new-year": datetime(2026, 12, 31, 23, 55, tzinfo=UTC),
}
"""The time at which the run starts, by name.

On fall-back and spring-forward, the sample payer's time zone changes its offset five minutes after the
start; on new-year, the year ends in UTC. All times must be in the future, because loaders refuse files
that are newer than the clock.
"""


def library() -> Path:
    """Return the path of libfaketime.

    Raises:
        SystemExit: it is not installed.
    """
    named = os.environ.get("PRECERT_FAKETIME")
    usual = (path for at in PLACES for path in Path("/usr").glob(f"{at}/{LIBRARY}"))
    found = [Path(named)] if named else list(usual)
    if not found:
        raise SystemExit(
            "precert: libfaketime is missing: `apt-get install libfaketime`, "
            "or name its file in PRECERT_FAKETIME"
        )
    return found[0]


def environment(start: datetime) -> dict[str, str]:
    """Return the environment variables that shift the clock of a process and its children.

    The monotonic clock, which measures durations, is not shifted.
    """
    # The offset is relative to the machine's clock; the clock of this process may already be shifted.
    shifted = float(os.environ.get("FAKETIME", "0"))
    offset = start.timestamp() - time.time() + shifted
    path = [str(Path(__file__).with_name("path")), os.environ.get("PYTHONPATH", "")]
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{offset:+.0f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tiers on each day; return 0 if all passed on all days, else 1.

    An interrupted run returns :data:`tools.verify.STOPPED`.
    """
    tiers = [step.name for step in verify.steps() if step.folder]
    parser = argparse.ArgumentParser(prog="python -m tools.anyday", description=__doc__)
    parser.add_argument("days", nargs="*", metavar="DAY", help=", ".join(DAYS))
    parser.add_argument("--tiers", nargs="+", choices=tiers, default=tiers, metavar="TIER")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.days) - set(DAYS):
        parser.error(f"no such day: {', '.join(sorted(unknown))}; known: {', '.join(DAYS)}")
    failed = []
    for day in chosen.days or DAYS:
        print(f"==== {day}: {DAYS[day]:%A %Y-%m-%d %H:%M} UTC", flush=True)
        code = verify.main(chosen.tiers, environment(DAYS[day]))
        if code == verify.STOPPED:
            return code
        if code:
            failed.append(day)
    if failed:
        print(f"precert: failed on: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
