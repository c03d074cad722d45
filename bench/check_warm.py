"""A warm check of five codes without its AWS call: the shipped handler and a bare one on dicts.

The shipped handler writes its log line and its metric. Both must return the same body.
"""

from bench import inputs
from bench.counting import compare
from bench.tables import table

TARGET = 6.0


def report(quick: bool) -> str:
    """The table of instructions per check."""
    list_ = inputs.sample()
    rows = compare(
        {
            "bare handler on dicts": ("bench.workers.bare", inputs.shipped()),
            "precert": ("bench.workers.ours", inputs.shipped()),
        },
        list_.folder,
        quick=quick,
    )
    return table(
        f"Warm check of five codes, {list_.rules:,} rules, no AWS call"
        f" (target: at most {TARGET} times the bare handler)",
        ("handler", "instructions", "times the bare handler"),
        rows,
    )
