"""The KMS keys: for health information, hashes of SSNs, access tokens, and operations."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.functions import ServiceFunction

READ = ("kms:Decrypt", "kms:DescribeKey")
WRITE = (*READ, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")


class Encryption(Construct):
    """Customer managed keys: CloudTrail logs their use, and access to them can be revoked.

    Functions may use the data key through DynamoDB and S3 only, never to decrypt directly.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "DataKey",
            description=f"Requests, reference data and documents of precert {stage.name}",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(30 if stage.retain_data else 7),
            removal_policy=stage.removal_policy,
        )
        self.ssn_key = kms.Key(
            self,
            "SsnKey",
            description=f"Keyed hashes of social security numbers of precert {stage.name}",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            pending_window=cdk.Duration.days(30 if stage.retain_data else 7),
            removal_policy=stage.removal_policy,
        )
        self.signing_key = kms.Key(
            self,
            "SigningKey",
            description=f"Signatures of access tokens of precert {stage.name}",
            key_spec=kms.KeySpec.RSA_2048,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=cdk.Duration.days(30 if stage.retain_data else 7),
            removal_policy=stage.removal_policy,
        )
        self.operations_key = self._operations_key(stage)
        region = cdk.Stack.of(self).region
        self._through = [f"{service}.{region}.amazonaws.com" for service in ("dynamodb", "s3")]

    @property
    def keys(self) -> tuple[kms.Key, ...]:
        """All keys of the construct."""
        return self.key, self.ssn_key, self.signing_key, self.operations_key

    def _operations_key(self, stage: StageConfig) -> kms.Key:
        """Create the key of logs, alarms' topics and origin secrets, which contain no PHI."""
        stack = cdk.Stack.of(self)
        key = kms.Key(
            self,
            "OperationsKey",
            description=f"Logs and alarms of precert {stage.name}",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(30 if stage.retain_data else 7),
            removal_policy=stage.removal_policy,
        )
        group = stack.format_arn(
            service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
        )
        for service, actions, condition in (
            (
                f"logs.{stack.region}.amazonaws.com",
                ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"),
                {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
            ),
            *(
                (
                    f"{name}.amazonaws.com",
                    ("kms:Decrypt", "kms:GenerateDataKey*"),
                    {"StringEquals": {"aws:SourceAccount": stack.account}},
                )
                for name in ("budgets", "cloudwatch", "events")
            ),
        ):
            key.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(service)],
                    actions=list(actions),
                    resources=["*"],
                    conditions=condition,
                )
            )
        return key

    def allow(self, function: ServiceFunction, actions: tuple[str, ...]) -> None:
        """Allow actions by name; the CDK's grants would add wildcards."""
        function.role.add_to_policy(
            iam.PolicyStatement(
                actions=list(actions),
                resources=[self.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": self._through}},
            )
        )

    def allow_scan(self, role: iam.Role) -> None:
        """Allow GuardDuty to read objects and to write its validation object."""
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[self.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": self._through[1]}},
            )
        )

    def allow_loading(self, role: iam.Role) -> None:
        """Allow writing the reference table, and hashing SSNs."""
        role.add_to_policy(
            iam.PolicyStatement(
                actions=list(WRITE),
                resources=[self.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": self._through[0]}},
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["kms:GenerateMac"], resources=[self.ssn_key.key_arn])
        )

    def allow_ssn_digests(self, function: ServiceFunction) -> None:
        """Allow hashing only: this key never leaves KMS and cannot decrypt anything."""
        function.allow(["kms:GenerateMac"], [self.ssn_key.key_arn])

    def allow_signing(self, function: ServiceFunction) -> None:
        """Allow signing access tokens, and reading the public key."""
        function.allow(["kms:GetPublicKey", "kms:Sign"], [self.signing_key.key_arn])
