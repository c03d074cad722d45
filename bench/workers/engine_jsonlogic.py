"""json-logic: reads a code's rules from a dict and evaluates their conditions: ``FOLDER CALLS``."""

from typing import Any

import json_logic

from bench.workers import engine


def logic(rule: dict[str, Any]) -> dict[str, Any]:
    judged: list[Any] = [{"<=": [rule["effective_from"], {"var": "day"}]}]
    if "effective_to" in rule:
        judged.append({"<=": [{"var": "day"}, rule["effective_to"]]})
    if "authorization_type" in rule:
        judged.append({"===": [{"var": "authorization_type"}, rule["authorization_type"]]})
    for name, values in engine.LISTS.items():
        if values in rule:
            judged.append({"in": [{"var": name}, rule[values]]})
    return {"and": judged}


RULES: dict[str, list[tuple[dict[str, Any], str]]] = {}
for one in engine.rules():
    key = f"{one['code_type']} {one['code_from']}"
    RULES.setdefault(key, []).append((logic(one), one["requirement"]))


def answer(question: dict[str, Any]) -> str:
    for condition, requirement in RULES.get(f"{question['code_type']} {question['code']}", ()):
        if json_logic.jsonLogic(condition, question):
            return requirement
    return "UNABLE_TO_DETERMINE"


if __name__ == "__main__":
    engine.run(answer)
