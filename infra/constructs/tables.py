"""The tables: requests, the system of record; reference data, which the payer loads; call counts."""

from typing import Final

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.encryption import READ, WRITE, Encryption
from infra.constructs.functions import ServiceFunction
from infra.findings import acknowledge_checks
from precert import names as shared_names

READ_ACTIONS: Final = ("dynamodb:GetItem", "dynamodb:Query")
WRITE_ACTIONS: Final = (
    *READ_ACTIONS,
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
"""A transaction requires the permission of each operation in it."""

_READ_ONLY: Final = frozenset({*READ_ACTIONS, "dynamodb:BatchGetItem"})


class Tables(Construct):
    """The requests table with stream, TTL and list indexes; the reference table without them."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, encryption: Encryption
    ) -> None:
        super().__init__(scope, construct_id)
        self._encryption = encryption
        restored = stage.restored
        self.requests: dynamodb.ITable = (
            dynamodb.Table.from_table_attributes(
                self,
                "Requests",
                table_name=restored.requests_table,
                table_stream_arn=restored.requests_stream_arn,
                encryption_key=encryption.key,
            )
            if restored.requests_table
            else self._requests(stage)
        )
        self.reference: dynamodb.ITable = (
            dynamodb.Table.from_table_attributes(
                self,
                "Reference",
                table_name=restored.reference_table,
                encryption_key=encryption.key,
            )
            if restored.reference_table
            else self._table("Reference", stage)
        )
        self.limits = self._table(
            "Limits", stage, time_to_live_attribute=shared_names.TTL_ATTRIBUTE
        )

        acknowledge_checks(
            self.limits,
            "DynamoDBInBackupPlan",
            "It has the call counts of the last minutes, which start at zero after a disaster.",
        )

    def _requests(self, stage: StageConfig) -> dynamodb.Table:
        table = self._table(
            "Requests",
            stage,
            time_to_live_attribute=shared_names.TTL_ATTRIBUTE,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )
        for name, index in shared_names.INDEXES.items():
            table.add_global_secondary_index(
                index_name=name,
                partition_key=_key(index.partition_key),
                sort_key=_key(index.sort_key),
                projection_type=(
                    dynamodb.ProjectionType.INCLUDE
                    if index.carries
                    else dynamodb.ProjectionType.KEYS_ONLY
                ),
                non_key_attributes=list(index.carries) or None,
            )
        return table

    def _table(
        self,
        name: str,
        stage: StageConfig,
        *,
        time_to_live_attribute: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            partition_key=_key(shared_names.PK),
            sort_key=_key(shared_names.SK),
            time_to_live_attribute=time_to_live_attribute,
            stream=stream,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._encryption.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=stage.retain_data,
            removal_policy=stage.removal_policy,
        )

    def allow_requests(
        self, function: ServiceFunction, actions: tuple[str, ...], *indexes: str
    ) -> None:
        """Allow actions on the requests table, and queries of the named indexes."""
        self._allow(function, self.requests, actions)
        if indexes:
            arns = [f"{self.requests.table_arn}/index/{name}" for name in indexes]
            function.allow(["dynamodb:Query"], arns)

    def allow_reference(self, function: ServiceFunction, actions: tuple[str, ...]) -> None:
        """Allow actions on the reference table, which no function writes."""
        self._allow(function, self.reference, actions)

    def allow_grants(self, function: ServiceFunction) -> None:
        """Allow reading what a caller may do, and no other item of the reference table."""
        function.allow(
            ["dynamodb:GetItem"],
            [self.reference.table_arn],
            {
                "ForAllValues:StringLike": {
                    "dynamodb:LeadingKeys": [f"{shared_names.GRANT_PK_PREFIX}*"]
                }
            },
        )
        self._encryption.allow(function, READ)

    def allow_clients(self, function: ServiceFunction) -> None:
        """Allow reading the registrations of clients, and no other item of the reference table."""
        function.allow(
            ["dynamodb:GetItem"],
            [self.reference.table_arn],
            {
                "ForAllValues:StringLike": {
                    "dynamodb:LeadingKeys": [f"{shared_names.CLIENT_PK_PREFIX}*"]
                }
            },
        )
        self._encryption.allow(function, READ)

    def allow_limits(self, function: ServiceFunction) -> None:
        """Allow counting the calls of clients."""
        self._allow(function, self.limits, ("dynamodb:UpdateItem",))

    def _allow(
        self, function: ServiceFunction, table: dynamodb.ITable, actions: tuple[str, ...]
    ) -> None:
        function.allow(actions, [table.table_arn])
        self._encryption.allow(function, READ if set(actions) <= _READ_ONLY else WRITE)


def _key(name: str) -> dynamodb.Attribute:
    kind = dynamodb.AttributeType
    return dynamodb.Attribute(
        name=name, type=kind.NUMBER if name in shared_names.NUMBERS else kind.STRING
    )
