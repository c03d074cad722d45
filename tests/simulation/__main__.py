"""Replay seeds: ``python -m tests.simulation SEED``, or ``FIRST-LAST`` to search for a failing one.

With names of planted defects as well, those are planted. A failing seed, or a single one, prints
its trace step by step.
"""

import sys
import time

import pytest

from tests.simulation.broken import InvariantError
from tests.simulation.planted import DEFECTS
from tests.simulation.run import Run
from tests.simulation.world import installed


def main(arguments: list[str]) -> int:
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
