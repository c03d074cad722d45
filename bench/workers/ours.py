"""The product's handler without its AWS call: ``FOLDER CALLS``."""

import os
import sys

os.environ.update(
    POWERTOOLS_SERVICE_NAME="precert",
    POWERTOOLS_METRICS_NAMESPACE="precert",
    POWERTOOLS_LOG_LEVEL="INFO",
    AWS_LAMBDA_FUNCTION_NAME="check",
    AWS_REGION="us-east-1",
    REFERENCE_TABLE="reference",
    RIGHTS="claims",
    CALLS_PER_MINUTE="off",
    ORIGIN_SECRETS="off",
    PARTNERS_DOMAIN="none",
    RULE_LISTS_BUCKET="rules",
)

from pathlib import Path
from types import SimpleNamespace

from bench.workers import harness
from bench.workers.facts import Facts
from functions.check import handler
from precert import bootstrap
from precert.adapters.s3.rule_lists import S3RuleLists


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    deps = bootstrap.dependencies()
    deps.now = lambda: harness.NOW
    deps.__dict__["reference"] = Facts(folder)
    deps.__dict__["rule_list_versions"] = None
    deps.__dict__["audit_log"] = SimpleNamespace(append=lambda _record: None)
    deps.__dict__["rule_lists"] = S3RuleLists(harness.NO_CLIENT, bucket="rules", folder=folder)
    harness.serve(handler.handle, count)


if __name__ == "__main__":
    main()
