"""Replays seeds: ``python -m tests.simulation SEED [SEED …]``, or ``FIRST-LAST``, or with a fault's name.

A seed that fails shows its trace, step by step.
"""

import sys
import time

from tests.simulation.broken import PromiseBrokenError
from tests.simulation.run import Run
from tests.simulation.world import installed


def main(arguments: list[str]) -> int:
    seeds: list[int] = []
    for argument in arguments:
        first, _, last = argument.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    failed = 0
    started = time.process_time()
    with installed() as put:
        for seed in seeds:
            run = Run(seed)
            put(run.world)
            try:
                run.whole()
            except PromiseBrokenError as error:
                failed += 1
                print("\n".join(map(str, run.world.trace)))
                print(f"seed {seed}: {error}")
                if error.__cause__:
                    print(repr(error.__cause__))
                if failed >= 1:
                    break
            if len(seeds) == 1:
                print("\n".join(map(str, run.world.trace)))
    spent = time.process_time() - started
    print(f"{len(seeds)} seeds in {spent:.1f} s of processor time, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
