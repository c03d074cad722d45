"""Write the diagrams ``docs/state-machine.md`` and ``docs/table.md``.

``--check`` writes nothing and fails if a committed diagram is not current.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools import table_diagram
from tools.openapi_files import ROOT, write_or_check

DEFINITION: Final = ROOT / "stepfunctions" / "precertification.asl.json"
DRAWING: Final = ROOT / "docs" / "state-machine.md"

State = Mapping[str, Any]


def key(name: str) -> str:
    """Return a state's name as a Mermaid identifier: its letters and digits."""
    return "".join(character for character in name if character.isalnum())


def label(text: str) -> str:
    """Return a condition without JSONata delimiters and colons, which end a Mermaid label."""
    return text.removeprefix("{%").removesuffix("%}").strip().replace(":", "")


def edges(name: str, state: State) -> Iterator[tuple[str, str, str]]:
    """Yield the transitions of a state: source, target and condition."""
    if "Next" in state:
        yield key(name), key(state["Next"]), ""
    for choice in state.get("Choices", ()):
        yield key(name), key(choice["Next"]), label(choice["Condition"])
    if "Default" in state:
        yield key(name), key(state["Default"]), "otherwise"
    for catch in state.get("Catch", ()):
        yield key(name), key(catch["Next"]), ", ".join(catch["ErrorEquals"])
    if state["Type"] in {"Succeed", "Fail"} or state.get("End"):
        yield key(name), "[*]", ""


def drawing(machine: Mapping[str, Any]) -> str:
    """Return the document: the diagram and the purpose of each state."""
    states: Mapping[str, State] = machine["States"]
    declared = [f'    state "{name}" as {key(name)}' for name in states]
    drawn = [
        f"    {start} --> {end}{f': {when}' if when else ''}"
        for name, state in states.items()
        for start, end, when in edges(name, state)
    ]
    rows = [
        f"| {name} | {state['Type']} | {state.get('Comment', '')} |"
        for name, state in states.items()
    ]
    return "\n".join(
        [
            "# The state machine",
            "",
            "Drawn from `stepfunctions/precertification.asl.json` by `make diagram`.",
            "",
            machine.get("Comment", ""),
            "",
            "```mermaid",
            "stateDiagram-v2",
            *declared,
            f"    [*] --> {key(machine['StartAt'])}",
            *drawn,
            "```",
            "",
            "| State | Type | Purpose |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    """Write the diagrams or, with ``--check``, compare them; return the exit status."""
    machine = json.loads(DEFINITION.read_text(encoding="utf-8"))
    return write_or_check(
        {DRAWING: drawing(machine), table_diagram.DRAWING: table_diagram.drawing()},
        obsolete=frozenset(),
        check="--check" in arguments,
        command="make diagram",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
