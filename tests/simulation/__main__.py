"""Replay seeds: ``python -m tests.simulation SEED``, or ``FIRST-LAST`` to search for a failing one.

With names of planted defects as well, those are planted. A failing seed, or a single one, prints
its trace step by step. ``python -m tests.simulation planted`` prints the first seed that detects each
defect, for the table in ``test_planted.py``.
"""

import sys
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.simulation.broken import InvariantError
from tests.simulation.installed import installed
from tests.simulation.planted import DEFECTS
from tests.simulation.run import Run
from tests.simulation.world import World

SEARCHED: Final = 2000
OFTEN: Final = 5
"""A defect that one of so many seeds detects needs no line in the table."""


def print_first_seeds() -> None:
    """Print the table's lines."""
    for name, plant in sorted(DEFECTS.items()):
        with installed() as put, pytest.MonkeyPatch.context() as patch:
            plant(patch)
            first = next((seed for seed in range(SEARCHED) if fails(seed, put)), None)
        if first is None or first >= OFTEN:
            print(f'    "{name}": {first},', flush=True)


def fails(seed: int, put: Callable[[World], None]) -> bool:
    run = Run(seed)
    put(run.world)
    try:
        run.whole()
    except InvariantError:
        return True
    return False


def main(arguments: list[str]) -> int:
    if arguments == ["planted"]:
        print_first_seeds()
        return 0
    seeds: list[int] = []
    with installed() as put, pytest.MonkeyPatch.context() as patch:
        for argument in arguments:
            if argument in DEFECTS:
                DEFECTS[argument](patch)
                continue
            first, _, last = argument.partition("-")
            seeds.extend(range(int(first), int(last or first) + 1))
        started = time.process_time()
        for number, seed in enumerate(seeds, start=1):
            run, broken = Run(seed), None
            put(run.world)
            try:
                run.whole()
            except InvariantError as error:
                broken = error
            if broken or len(seeds) == 1:
                print("\n".join(map(str, run.world.trace)))
            if broken:
                print(f"seed {seed}, number {number}: {broken}")
                return 1
    spent = time.process_time() - started
    print(f"{len(seeds)} seeds in {spent:.1f} s of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
