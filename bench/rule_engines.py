"""Five codes decided by one rule list: the product's compiled list and json-logic.

The list holds the sample's rules that name a single code. json-logic gets a code's own rules from a
dict, which it could not find by itself. Both must return the same answers.
"""

import sysconfig
from importlib import metadata
from pathlib import Path

from bench import inputs
from bench.counting import ROOT, compare
from bench.tables import table

TARGET = 1.0
JSON_LOGIC = "panzi-json-logic"


def report(quick: bool) -> str:
    """The table of instructions for five codes."""
    list_ = inputs.single()
    packages = Path(sysconfig.get_path("purelib"))
    json_logic = f"json-logic ({JSON_LOGIC} {metadata.version(JSON_LOGIC)})"
    rows = compare(
        {
            json_logic: ("bench.workers.engine_jsonlogic", (packages, ROOT)),
            "precert": ("bench.workers.engine_precert", inputs.shipped()),
        },
        list_.folder,
        quick=quick,
    )
    return table(
        f"Five codes decided, {list_.rules:,} rules (target: at most {TARGET} times json-logic)",
        ("engine", "instructions", "times json-logic"),
        rows,
    )
