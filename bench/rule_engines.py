"""Five codes decided by one rule list: the product's compiled list and json-logic.

The list holds the sample's rules that name a single code. json-logic gets a code's own rules from a
dict, which it could not find by itself. Both must give the same answers.
"""

import sysconfig
from importlib import metadata
from pathlib import Path

from bench import stand
from bench.counting import PER_CALL, QUICK, ROOT, CountingError, per_call
from bench.tables import table

TARGET = 1.0
JSON_LOGIC = "panzi-json-logic"


def report(quick: bool) -> str:
    """The table of instructions for five codes."""
    folder, calls = str(stand.single().folder), QUICK if quick else PER_CALL
    packages = Path(sysconfig.get_path("purelib"))
    json_logic = f"json-logic ({JSON_LOGIC} {metadata.version(JSON_LOGIC)})"
    found = {
        name: per_call("-m", worker, folder, path=path, calls=calls)
        for name, worker, path in (
            (json_logic, "bench.workers.engine_jsonlogic", (packages, ROOT)),
            ("precert", "bench.workers.engine_precert", stand.shipped()),
        )
    }
    if len({counted.answer for counted in found.values()}) != 1:
        raise CountingError(f"the answers differ: {[one.answer for one in found.values()]}")
    other = found[json_logic].instructions
    rows = [
        (name, f"{counted.instructions:,}", f"{counted.instructions / other:.2f}")
        for name, counted in found.items()
    ]
    return table(
        f"Five codes decided, {stand.single().rules:,} rules"
        f" (target: at most {TARGET} times json-logic)",
        ("engine", "instructions", "times json-logic"),
        rows,
    )
