"""The role of the commands that load a payer's files."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.audit import Audit
from infra.constructs.encryption import Encryption
from infra.constructs.tables import Tables
from infra.findings import acknowledge_inline_policy

_LOADED: Final = (
    *("AT#*", "CELL#*", "LOAD#*", "MEMBER#*", "PLANS", "PROVIDER#*", "SSN#*", "TIN#*", "ZIP#*"),
)
"""Partitions that a load reads and writes: neither rule lists nor the key of assertion ids."""
_SCANNED: Final = ("as_of", "member", "pk", "sk")
"""Attributes that a full load reads of every member."""


class Loading(Construct):
    """A role that users of this account may assume if their own policies allow it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tables: Tables,
        encryption: Encryption,
        audit: Audit,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.AccountRootPrincipal(),
            description="Loads plans, members, SSNs, providers and ZIP codes",
            max_session_duration=cdk.Duration.hours(4),
        )
        table = tables.reference.table_arn
        self._allow(
            (
                *("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem"),
                *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
            ),
            table,
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(_LOADED)}},
        )
        self._allow(
            ("dynamodb:Scan",),
            table,
            {
                "ForAllValues:StringEquals": {"dynamodb:Attributes": list(_SCANNED)},
                "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
            },
        )
        self._allow(("cloudformation:DescribeStacks",), cdk.Stack.of(self).stack_id)
        encryption.allow_loading(self.role)
        audit.allow_recording(self.role)
        acknowledge_inline_policy(self.role)

    def _allow(
        self, actions: tuple[str, ...], resource: str, conditions: dict[str, object] | None = None
    ) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=[resource], conditions=conditions)
        )
