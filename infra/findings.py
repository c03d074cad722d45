"""Acknowledge a cdk-nag finding at the construct where it occurs, with the reason."""

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Acknowledge ``finding``: the rule id, with the detail in brackets if the rule has one."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
