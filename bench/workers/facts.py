"""A stub of the one AWS call of a check."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bench.workers import harness
from precert.domain.coverage import Member
from precert.domain.rules import RuleListVersion
from precert.usecases.ports.reference import CheckFacts


def rule_list_of(facts: dict[str, Any]) -> RuleListVersion:
    """The compiled rule list that the facts name."""
    stored = facts["rule_list"]
    return RuleListVersion(
        version=stored["version"],
        effective_from=date.fromisoformat(stored["effective_from"]),
        object_key=stored["object_key"],
        sha256=stored["sha256"],
        published_at=datetime.fromisoformat(stored["published_at"]),
    )


class Facts:
    """The reference table, as the check reads it."""

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "facts.json").read_text())
        self._facts = CheckFacts(
            member=Member.model_validate_json(json.dumps(facts["member"])),
            rule_list=rule_list_of(facts),
            assertion_key=harness.KEY,
        )

    def check_facts(self, member_id: str) -> CheckFacts:
        return self._facts
