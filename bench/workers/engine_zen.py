"""zen-engine: one decision table of the whole list, the first row that fits: ``FOLDER CALLS``."""

import json
from typing import Any

import zen

from bench.workers import engine

FIELDS = ("code_type", "code", "authorization_type", *engine.LISTS)


def row(number: int, rule: dict[str, Any]) -> dict[str, str]:
    cells = {"_id": str(number), "o": json.dumps(rule["requirement"])}
    cells["code_type"] = json.dumps(rule["code_type"])
    cells["code"] = json.dumps(rule["code_from"])
    if "authorization_type" in rule:
        cells["authorization_type"] = json.dumps(rule["authorization_type"])
    for name, values in engine.LISTS.items():
        if values in rule:
            cells[name] = ", ".join(map(json.dumps, rule[values]))
    last = rule.get("effective_to", "9999-12-31")
    cells["day"] = (
        f"d($) >= d({json.dumps(rule['effective_from'])}) and d($) <= d({json.dumps(last)})"
    )
    return cells


TABLE = {
    "nodes": [
        {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
        {
            "id": "table",
            "name": "table",
            "type": "decisionTableNode",
            "position": {"x": 0, "y": 0},
            "content": {
                "hitPolicy": "first",
                "inputs": [{"id": name, "name": name, "field": name} for name in (*FIELDS, "day")],
                "outputs": [{"id": "o", "name": "o", "field": "requirement"}],
                "rules": [row(number, rule) for number, rule in enumerate(engine.rules())],
            },
        },
        {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 0, "y": 0}},
    ],
    "edges": [
        {"id": "a", "sourceId": "in", "targetId": "table", "type": "edge"},
        {"id": "b", "sourceId": "table", "targetId": "out", "type": "edge"},
    ],
}
DECISION = zen.ZenEngine().create_decision(json.dumps(TABLE))


def answer(question: dict[str, Any]) -> str:
    found = DECISION.evaluate(question)["result"]
    return str(found.get("requirement", "UNABLE_TO_DETERMINE"))


if __name__ == "__main__":
    engine.run(answer)
