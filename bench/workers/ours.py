"""The product's own handler, the AWS call left out: ``FOLDER CALLS``."""

import os
import sys

os.environ.update(
    POWERTOOLS_SERVICE_NAME="precert",
    POWERTOOLS_METRICS_NAMESPACE="precert",
    POWERTOOLS_LOG_LEVEL="INFO",
    AWS_LAMBDA_FUNCTION_NAME="check",
    AWS_REGION="us-east-1",
    REFERENCE_TABLE="reference",
    RULE_LISTS_BUCKET="rules",
)

import json
from datetime import date, datetime
from pathlib import Path

from bench.workers import given
from functions.check import handler
from precert import bootstrap
from precert.adapters.s3.rule_lists import S3RuleLists
from precert.domain.coverage import Member
from precert.domain.rules import RuleListVersion
from precert.usecases.ports.reference import CheckFacts


class Facts:
    """The reference table as the check asks it: what the call would have brought."""

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


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    made = bootstrap.dependencies()
    made.now = lambda: given.NOW
    made.__dict__["reference"] = Facts(folder)
    made.__dict__["rule_list_versions"] = None
    made.__dict__["rule_lists"] = S3RuleLists(given.no_client, bucket="rules", folder=folder)
    given.serve(handler.handle, count)


if __name__ == "__main__":
    main()
