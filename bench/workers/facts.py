"""What the one AWS call of a check would have brought."""

import json
from datetime import date, datetime
from pathlib import Path

from bench.workers import given
from precert.domain.coverage import Member
from precert.domain.rules import RuleListVersion
from precert.usecases.ports.reference import CheckFacts


class Facts:
    """The reference table as the check asks it."""

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "facts.json").read_text())
        version = told["rule_list"]
        self._facts = CheckFacts(
            member=Member.model_validate_json(json.dumps(told["member"])),
            rule_list=RuleListVersion(
                version=version["version"],
                effective_from=date.fromisoformat(version["effective_from"]),
                object_key=version["object_key"],
                sha256=version["sha256"],
                published_at=datetime.fromisoformat(version["published_at"]),
            ),
            assertion_key=given.KEY,
        )

    def check_facts(self, member_id: str) -> CheckFacts:
        return self._facts
