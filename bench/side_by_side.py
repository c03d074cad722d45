"""Five codes judged by one list, by us and by rule engines: ``python -m bench.side_by_side``.

The list is every rule of the sample that names one code; every engine keeps it ready as it likes best
and must give the same answers. Whole endpoints stand side by side in ``check_warm`` and ``check_cold``.
"""

import json
import os
import shutil
import sys
from importlib import metadata

from bench import stand
from bench.check_warm import FASTAPI
from bench.counting import PYTHON, ROOT, Counted, CountingError, per_call
from bench.workers import engine

NODE = ROOT / ".local" / "bench" / "node"


def counts() -> dict[str, Counted]:
    folder = str(stand.single().folder)
    others = (FASTAPI, ROOT)
    found = {
        "precert": per_call("-m", "bench.workers.engine_precert", folder, path=stand.shipped()),
        f"json-logic (panzi-json-logic {_version('panzi-json-logic')})": per_call(
            "-m", "bench.workers.engine_jsonlogic", folder, path=others
        ),
        f"json-rules-engine {_node_version()}": _node(folder),
        f"zen-engine {_version('zen-engine')}": per_call(
            "-m", "bench.workers.engine_zen", folder, path=others, few=2, many=6
        ),
    }
    # Node warns of its flags before.
    told = [json.loads(one.answer.splitlines()[-1]) for one in found.values()]
    if any(one != told[0] for one in told):
        raise CountingError(f"the answers differ: {told}")
    return found


def _node(folder: str) -> Counted:
    """Interpreted only: what a compiler does while it runs would be counted at random."""
    node = shutil.which("node")
    if node is None:
        raise CountingError("node is missing")
    sys.argv[1:] = [folder]
    return per_call(
        *("bench/node/rules_engine.mjs", folder),
        program=(os.path.realpath(node), "--jitless", "--single-threaded"),
        environment={"MODULES": str(NODE), "QUESTIONS": json.dumps(engine.questions())},
    )


def _version(name: str) -> str:
    [found] = metadata.distributions(name=name, path=[str(FASTAPI)])
    return found.version


def _node_version() -> str:
    package = NODE / "node_modules" / "json-rules-engine" / "package.json"
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def main() -> None:
    found = counts()
    ours = found["precert"].instructions
    print(f"Five codes, one list of {stand.single().rules:,} rules, the same answers\n")
    print("| engine | instructions | times precert |\n| --- | ---: | ---: |")
    for name, counted in found.items():
        print(f"| {name} | {counted.instructions:,} | {counted.instructions / ours:.1f} |")
    print(f"\nPython {sys.version.split()[0]} ({PYTHON}); node interpreted, without its compiler.")


if __name__ == "__main__":
    main()
