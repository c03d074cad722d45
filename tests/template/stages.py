"""Configurations of stages: the files of the repository, with sample values for placeholders."""

import tomllib
from collections.abc import Mapping
from typing import Any, Final

from infra.config import StageConfig, parse_stage, stage_file

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
CERTIFICATE: Final = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
WEB_ACL: Final = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/portal/1"
STREAM: Final = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/restored-requests/stream/2026-11-26"
PLAN: Final[Mapping[str, Any]] = {
    "account": ACCOUNT,
    "region": REGION,
    "alarm_email": "operators@example.org",
    "monthly_budget": 1000,
    "backup": {
        **tomllib.loads(stage_file("prod").read_text(encoding="utf-8"))["backup"],
        "second_region_vault": f"arn:aws:backup:us-west-2:{ACCOUNT}:backup-vault:precert-prod",
        "second_account_vault": "arn:aws:backup:us-east-1:210987654321:backup-vault:precert-prod",
    },
    "portal": {
        "domain": "precert.example.org",
        "certificate_arn": CERTIFICATE,
    },
    "edge": {
        "origin_domain": "origin.precert.example.org",
        "origin_certificate_arn": CERTIFICATE,
    },
}
"""What a plan writes instead of the placeholders of ``config/prod.toml``."""


def values_of(name: str) -> dict[str, Any]:
    """The values of a stage's file."""
    return tomllib.loads(stage_file(name).read_text(encoding="utf-8"))


def dev(**changed: Any) -> StageConfig:
    """The stage ``dev`` with some values changed."""
    return parse_stage("dev", {**values_of("dev"), **changed}, source="dev")


def prod(**changed: Any) -> StageConfig:
    """The stage ``prod`` of a plan that has replaced the placeholders."""
    return parse_stage("prod", {**values_of("prod"), **PLAN, **changed}, source="prod")
