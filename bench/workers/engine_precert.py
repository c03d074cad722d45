"""The product's compiled list and its rule precedence: ``FOLDER CALLS``."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from bench.workers import engine, harness
from bench.workers.facts import rule_list_of
from precert.adapters.s3.rule_lists import S3RuleLists
from precert.domain.rules import CodeQuery, answer_by, deciding_rule
from precert.domain.values import AuthorizationType, CodeType

FOLDER = Path(sys.argv[1])
VERSION = rule_list_of(json.loads((FOLDER / "facts.json").read_text()))
LISTS = S3RuleLists(harness.NO_CLIENT, bucket="rules", folder=FOLDER)


def answer(question: dict[str, Any]) -> str:
    query = CodeQuery(
        code=question["code"],
        code_type=CodeType(question["code_type"]),
        on=date.fromisoformat(question["day"]),
        plan_type=question["plan_type"],
        authorization_type=AuthorizationType(question["authorization_type"]),
        line_of_business=question["line_of_business"],
        type_of_service=question["type_of_service"],
        place_of_service=question["place_of_service"],
    )
    key = (query.code_type, query.code)
    rule = deciding_rule(query, LISTS.rules(VERSION, {key})[key])
    return answer_by(rule, query).requirement.value


if __name__ == "__main__":
    engine.run(answer)
