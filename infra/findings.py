"""Acknowledge a cdk-nag finding at the construct where it occurs, with the reason."""

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Acknowledge ``finding``: the rule id, with the detail in brackets if the rule has one."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def arn_prefix(stack: cdk.Stack, service: str) -> str:
    """Return the beginning of an ARN as a finding contains it: with values where the stack has them."""
    partition, region, account = (
        f"<AWS::{name}>" if cdk.Token.is_unresolved(value) else value
        for name, value in (
            ("Partition", stack.partition),
            ("Region", stack.region),
            ("AccountId", stack.account),
        )
    )
    return f"arn:{partition}:{service}:{region}:{account}"
