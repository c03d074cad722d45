"""A warm check of five codes without its AWS call: the shipped handler and a bare one on dicts.

The shipped handler writes its log line and its metric. Both must return the same body.
"""

from bench import stand
from bench.counting import PER_CALL, QUICK, CountingError, per_call
from bench.tables import table

TARGET = 6.0


def report(quick: bool) -> str:
    """The table of instructions per check."""
    folder, shipped = str(stand.sample().folder), stand.shipped()
    calls = QUICK if quick else PER_CALL
    found = {
        name: per_call("-m", worker, folder, path=shipped, calls=calls)
        for name, worker in (
            ("bare handler on dicts", "bench.workers.bare"),
            ("precert", "bench.workers.ours"),
        )
    }
    if len({counted.answer for counted in found.values()}) != 1:
        raise CountingError(f"the answers differ: {[one.answer for one in found.values()]}")
    bare = found["bare handler on dicts"].instructions
    rows = [
        (name, f"{counted.instructions:,}", f"{counted.instructions / bare:.2f}")
        for name, counted in found.items()
    ]
    return table(
        f"Warm check of five codes, {stand.sample().rules:,} rules, no AWS call"
        f" (target: at most {TARGET} times the bare handler)",
        ("handler", "instructions", "times the bare handler"),
        rows,
    )
