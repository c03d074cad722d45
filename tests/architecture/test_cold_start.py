"""What the check's cold start does without: each module of requests costs it a hundredth or two."""

import subprocess
import sys
from typing import Final

LOADED: Final = """
import sys
import functions.check.handler
import precert.adapters.dynamodb.reference, precert.adapters.s3.rule_lists
print("\\n".join(sys.modules))
"""
NEEDLESS: Final = (
    "boto3",
    "precert.adapters.content_types",
    "precert.adapters.dynamodb.operations",
    "precert.adapters.dynamodb.request_items",
    "precert.domain.documents",
    "precert.domain.request",
    "precert.domain.review",
    "precert.usecases.ports.listings",
    "puremagic",
    "ulid",
)


def test_nothing_of_requests_is_imported_when_the_check_starts() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)
    assert set(NEEDLESS) & set(ran.stdout.splitlines()) == set()
