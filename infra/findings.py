"""Acknowledge a cdk-nag finding at the construct where it occurs, with the reason."""

from typing import Final

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Acknowledge ``finding``: the rule id, with the detail in brackets if the rule has one."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


_CHECKERS: Final = ("HIPAA.Security", "NIST.800.53.R5")


def acknowledge_checks(construct: IConstruct, rule: str, reason: str) -> None:
    """Acknowledge the finding of a rule that the HIPAA and the NIST 800-53 checks share."""
    for checker in _CHECKERS:
        acknowledge(construct, f"{checker}-{rule}", reason)


def acknowledge_inline_policy(role: IConstruct) -> None:
    """Acknowledge that a role has its permissions in an inline policy."""
    acknowledge_checks(
        role,
        "IAMNoInlinePolicy",
        "The policy is for this role only: a managed policy could be attached to other principals too.",
    )


def acknowledge_release_alarm(alarm: IConstruct) -> None:
    """Acknowledge that an alarm has no action of its own: the deployment reads it."""
    acknowledge_checks(
        alarm,
        "CloudWatchAlarmAction",
        "The deployment reads this alarm and rolls back; alarms with actions report the same errors.",
    )


def arn_prefix(stack: cdk.Stack, service: str) -> str:
    """Return the beginning of an ARN as a finding contains it.

    Partition, Region and account are values if the stack has them, or else names as ``<AWS::Region>``.
    """
    partition, region, account = (
        f"<AWS::{name}>" if cdk.Token.is_unresolved(value) else value
        for name, value in (
            ("Partition", stack.partition),
            ("Region", stack.region),
            ("AccountId", stack.account),
        )
    )
    return f"arn:{partition}:{service}:{region}:{account}"
