"""Backups of tables and buckets in a locked vault, with copies in a second Region and a second account.

These backups are for the loss of the Region or of the account. After an error in the same Region, use
point-in-time recovery of the tables, which loses minutes and not hours.
"""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import BackupConfig, StageConfig
from infra.findings import acknowledge, acknowledge_inline_policy
from infra.resources import unique_name

_POLICIES: Final = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "AWSBackupServiceRolePolicyForS3Backup",
)
_START: Final = cdk.Duration.hours(1)
_COMPLETE: Final = cdk.Duration.hours(12)


class Backups(Construct):
    """One vault, one plan, and the role with which AWS Backup reads."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        config: BackupConfig,
        tables: Sequence[dynamodb.ITable],
        buckets: Sequence[s3.IBucket],
        keys: Sequence[kms.IKey],
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Backups of precert {stage.name}",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(30 if stage.retain_data else 7),
            removal_policy=stage.removal_policy,
        )
        self.vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=unique_name(stage.name, "backups"),
            encryption_key=self.key,
            lock_configuration=_lock(config),
            removal_policy=stage.removal_policy,
        )
        plan = backup.BackupPlan(self, "Plan", backup_plan_name=unique_name(stage.name, "backups"))
        retention = cdk.Duration.days(config.retention_days)
        plan.add_rule(
            backup.BackupPlanRule(
                rule_name="Regular",
                backup_vault=self.vault,
                schedule_expression=events.Schedule.expression(
                    f"cron(0 {hours_of(config.every_hours)} * * ? *)"
                ),
                start_window=_START,
                completion_window=_COMPLETE,
                delete_after=retention,
                copy_actions=[
                    backup.BackupPlanCopyActionProps(
                        destination_backup_vault=backup.BackupVault.from_backup_vault_arn(
                            self, name, arn
                        ),
                        delete_after=retention,
                    )
                    for name, arn in (
                        ("SecondRegion", config.second_region_vault),
                        ("SecondAccount", config.second_account_vault),
                    )
                    if arn is not None
                ],
            )
        )
        role = self._role(keys)
        plan.add_selection(
            "Data",
            role=role,
            resources=[
                *(backup.BackupResource.from_dynamo_db_table(table) for table in tables),
                *(backup.BackupResource.from_arn(bucket.bucket_arn) for bucket in buckets),
            ],
            disable_default_backup_policy=True,
        )

    def _role(self, keys: Sequence[kms.IKey]) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="AWS Backup reads tables and buckets",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(p) for p in _POLICIES],
        )
        region = cdk.Stack.of(self).region
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
                resources=[key.key_arn for key in keys],
                conditions={
                    "StringEquals": {
                        "kms:ViaService": [
                            f"{one}.{region}.amazonaws.com" for one in ("dynamodb", "s3")
                        ]
                    }
                },
            )
        )
        for policy in _POLICIES:
            acknowledge(
                role,
                f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]",
                "AWS Backup documents these policies for its role, and extends them with the service.",
            )
        acknowledge_inline_policy(role)
        return role


def hours_of(every: int) -> str:
    """Return the hours of a cron expression; an increment of 24 hours would not be valid."""
    return ",".join(str(hour) for hour in range(0, 24, every))


def _lock(config: BackupConfig) -> backup.LockConfiguration | None:
    """Return the vault's lock. In compliance mode it is permanent after ``lock_changeable_days``."""
    if config.lock == "none":
        return None
    return backup.LockConfiguration(
        min_retention=cdk.Duration.days(config.retention_days),
        changeable_for=(
            cdk.Duration.days(config.lock_changeable_days) if config.lock == "compliance" else None
        ),
    )
