"""All benchmarks: ``make bench``, or ``make bench QUICK=1`` with as few repetitions as possible."""

import sys
from collections.abc import Callable
from typing import Final

from bench import check_warm, listing, restore, rule_engines, submissions
from bench.counting import CountingError

BENCHMARKS: Final[tuple[Callable[[bool], str], ...]] = (
    check_warm.report,
    restore.report,
    rule_engines.report,
    submissions.report,
    listing.report,
)
"""Each function returns its table; the argument enables the quick mode."""


def main(quick: bool) -> int:
    """Print every table, or one line with the reason why it is missing."""
    failed = 0
    for benchmark in BENCHMARKS:
        try:
            print(benchmark(quick), end="\n\n", flush=True)
        except CountingError as error:
            print(f"{benchmark.__module__}: {error}\n", flush=True)
            failed += not error.tool_missing
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv[1:]))
