"""Acknowledges a finding of the checks where it arises, with the reason why it stays."""

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """``finding`` without the pack's prefix, with brackets where the rule names a detail."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
