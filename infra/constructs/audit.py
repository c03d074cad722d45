"""The audit of access to health information: a table that functions append to, and a locked archive.

Both have a key of their own. In stages that retain data, S3 keeps every object in compliance mode until
its retention ends: no user can change or delete it before, not even the account's root user.
"""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.encryption import WRITE
from infra.constructs.functions import ServiceFunction
from infra.constructs.queues import DeadLetters
from infra.constructs.streams import StreamMapping
from infra.deliveries import AUDIT_APPENDED
from infra.findings import acknowledge, acknowledge_checks
from infra.resources import objects_of
from precert.names import AUDIT_PREFIX, HOOK_CALLS_PREFIX, PK, SK, TTL_ATTRIBUTE

_CHANGES = (
    *("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"),
    *("dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
)


class Audit(Construct):
    """The table of the last months, and the archive."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Audit of access to health information of precert {stage.name}",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(30 if stage.retain_data else 7),
            removal_policy=stage.removal_policy,
        )
        self.table = self._table(stage)
        self.archive = self._archive(stage)

    def _table(self, stage: StageConfig) -> dynamodb.Table:
        """Create the table. No principal can change or delete an item; TTL deletes archived items."""
        kind = dynamodb.AttributeType.STRING
        return dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=PK, type=kind),
            sort_key=dynamodb.Attribute(name=SK, type=kind),
            time_to_live_attribute=TTL_ATTRIBUTE,
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            resource_policy=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        sid="AppendOnly",
                        effect=iam.Effect.DENY,
                        principals=[iam.AnyPrincipal()],
                        actions=list(_CHANGES),
                        resources=["*"],
                    )
                ]
            ),
            deletion_protection=stage.retain_data,
            removal_policy=stage.removal_policy,
        )

    def _archive(self, stage: StageConfig) -> s3.Bucket:
        retention = cdk.Duration.days(stage.audit_days)
        bucket = s3.Bucket(
            self,
            "Archive",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=(
                s3.ObjectLockRetention.compliance(retention)
                if stage.retain_data
                else s3.ObjectLockRetention.governance(retention)
            ),
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Cleanup", abort_incomplete_multipart_upload_after=cdk.Duration.days(1)
                )
            ],
            removal_policy=stage.removal_policy,
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "CloudTrail data events of the account's own trail record who read which object.",
        )
        acknowledge_checks(
            bucket,
            "S3BucketLoggingEnabled",
            "CloudTrail data events of the account's own trail record who read which object.",
        )
        acknowledge_checks(
            bucket,
            "S3BucketReplicationEnabled",
            "AWS Backup copies the bucket to a second Region and account, where it is locked too.",
        )
        return bucket

    def allow_append(self, function: ServiceFunction) -> None:
        """Allow putting items, and nothing else."""
        function.allow(["dynamodb:PutItem"], [self.table.table_arn])
        self._allow_key(function, "dynamodb")

    def allow_hook_calls(self, function: ServiceFunction) -> None:
        """Allow storing calls of CDS Hooks services with their responses, and nothing else."""
        objects = objects_of(self.archive, HOOK_CALLS_PREFIX)
        function.allow(["s3:PutObject"], [objects.arn])
        function.acknowledge_wildcard(
            objects.finding,
            "Object keys contain ids of calls; the prefix is as specific as possible.",
        )
        self._allow_key(function, "s3")

    def allow_recording(self, role: iam.Role) -> None:
        """Allow a role that commands assume to put items, and nothing else."""
        region = cdk.Stack.of(self).region
        role.add_to_policy(
            iam.PolicyStatement(actions=["dynamodb:PutItem"], resources=[self.table.table_arn])
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=list(WRITE),
                resources=[self.key.key_arn],
                conditions={
                    "StringEquals": {"kms:ViaService": [f"dynamodb.{region}.amazonaws.com"]}
                },
            )
        )

    def archive_records(self, function: ServiceFunction, dead_letters: DeadLetters) -> DeadLetters:
        """Deliver the table's stream to the function that writes the archive."""
        mapping = StreamMapping(
            function,
            "AuditAppended",
            table=self.table,
            function=function,
            dead_letters=dead_letters,
            records=(AUDIT_APPENDED,),
            batch_size=1000,
            # The maximum of Lambda, because S3 charges by object. The table has the records meanwhile.
            window=cdk.Duration.minutes(5),
            parallel_batches=1,
        )
        objects = objects_of(self.archive, AUDIT_PREFIX)
        function.allow(["s3:PutObject"], [objects.arn])
        function.acknowledge_wildcard(
            objects.finding,
            "Object keys contain days and sequence numbers; the prefix is as specific as possible.",
        )
        self._allow_key(function, "dynamodb", "s3")
        return mapping.dead_letters

    def _allow_key(self, function: ServiceFunction, *services: str) -> None:
        region = cdk.Stack.of(self).region
        function.allow(
            WRITE,
            [self.key.key_arn],
            {
                "StringEquals": {
                    "kms:ViaService": [f"{one}.{region}.amazonaws.com" for one in services]
                }
            },
        )
