"""The buckets: documents of requests, compiled rule lists, and the archive."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.encryption import READ, WRITE, Encryption
from infra.constructs.functions import ServiceFunction
from infra.findings import acknowledge, acknowledge_checks
from infra.resources import documents_bucket_name, objects_of, resource_of
from precert.names import DOCUMENT_PREFIX, HISTORY_PREFIX, NOTICE_PREFIX, RULE_LIST_PREFIX

_COLDER: Final = [
    s3.Transition(
        storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
        transition_after=cdk.Duration.days(30),
    ),
    s3.Transition(
        storage_class=s3.StorageClass.DEEP_ARCHIVE, transition_after=cdk.Duration.days(365)
    ),
]
"""Archived requests are read occasionally in their first year, and rarely after it."""


_ANY_DISTRIBUTION: Final = "https://*.cloudfront.net"
"""The portal's origin in a stage without a domain: the distribution refers to this bucket, so that the
bucket cannot refer to the distribution. Presigned URLs authorize uploads and downloads, not origins."""


def _origins(stage: StageConfig) -> list[str]:
    portal = f"https://{stage.portal.domain}" if stage.portal.domain else _ANY_DISTRIBUTION
    return list(dict.fromkeys((portal, *stage.portal_origins, *stage.cors_origins)))


class Documents(Construct):
    """Three buckets. Portals upload documents directly; S3 reports each upload on the default bus."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        encryption: Encryption,
    ) -> None:
        super().__init__(scope, construct_id)
        self._encryption = encryption
        self.documents = self._bucket(
            "Documents",
            stage,
            bucket_name=documents_bucket_name(stage.name),
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.POST, s3.HttpMethods.GET],
                    allowed_origins=_origins(stage),
                    allowed_headers=["*"],
                    exposed_headers=["ETag"],
                    max_age=3600,
                )
            ],
        )
        self._enable_events(self.documents)
        self.rule_lists = self._bucket("RuleLists", stage)
        self.archive = self._bucket(
            "Archive", stage, colder=_COLDER, locked_days=stage.history_lock_days
        )

    def _bucket(
        self,
        name: str,
        stage: StageConfig,
        *,
        bucket_name: str | None = None,
        cors: list[s3.CorsRule] | None = None,
        colder: list[s3.Transition] | None = None,
        locked_days: int | None = None,
    ) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            name,
            bucket_name=bucket_name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._encryption.key,
            bucket_key_enabled=True,
            versioned=True,
            object_lock_enabled=True if locked_days else None,
            object_lock_default_retention=(
                s3.ObjectLockRetention.compliance(cdk.Duration.days(locked_days))
                if locked_days
                else None
            ),
            cors=cors,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Cleanup",
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    expired_object_delete_marker=True,
                    transitions=colder,
                )
            ],
            removal_policy=stage.removal_policy,
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "CloudTrail data events of the account's own trail record who read which document.",
        )
        acknowledge_checks(
            bucket,
            "S3BucketLoggingEnabled",
            "CloudTrail data events of the account's own trail record who read which document.",
        )
        acknowledge_checks(
            bucket,
            "S3BucketReplicationEnabled",
            "AWS Backup copies the bucket to a second Region and account, where it is locked too.",
        )
        return bucket

    @property
    def origin(self) -> str:
        """The origin of presigned forms and links: the documents bucket's regional address."""
        name, region = self.documents.bucket_name, cdk.Stack.of(self).region
        return f"https://{name}.s3.{region}.{cdk.Aws.URL_SUFFIX}"

    @staticmethod
    def _enable_events(bucket: s3.Bucket) -> None:
        """Set the resource's property; the construct would add a custom resource for it."""
        resource = resource_of(bucket, s3.CfnBucket)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )

    def allow_documents(self, function: ServiceFunction, actions: tuple[str, ...]) -> None:
        """Allow actions on all objects below the documents' prefix."""
        self._allow(function, self.documents, DOCUMENT_PREFIX, actions)

    def allow_notices(self, function: ServiceFunction, actions: tuple[str, ...]) -> None:
        """Allow actions on determination notices; only the function that renders them writes them."""
        self._allow(function, self.documents, NOTICE_PREFIX, actions)

    def allow_document_versions(self, function: ServiceFunction) -> None:
        """Allow listing object versions, because the cleanup deletes all versions of an object."""
        function.allow(
            ["s3:ListBucketVersions"],
            [self.documents.bucket_arn],
            {"StringLike": {"s3:prefix": [f"{DOCUMENT_PREFIX}*", f"{NOTICE_PREFIX}*"]}},
        )

    def allow_archive(self, function: ServiceFunction) -> None:
        """Allow writing to the archive, which no function reads."""
        self._allow(function, self.archive, HISTORY_PREFIX, ("s3:PutObject",))

    def allow_listing(self, function: ServiceFunction) -> None:
        """Allow checking whether a document slot has an upload before the slot is reused."""
        function.allow(
            ["s3:ListBucket"],
            [self.documents.bucket_arn],
            {"StringLike": {"s3:prefix": f"{DOCUMENT_PREFIX}*"}},
        )

    def allow_listing_all(self, function: ServiceFunction) -> None:
        """Allow listing the files of all requests and of the archive, without reading the archive."""
        for bucket, prefixes in (
            (self.documents, (DOCUMENT_PREFIX, NOTICE_PREFIX)),
            (self.archive, (HISTORY_PREFIX,)),
        ):
            function.allow(
                ["s3:ListBucket"],
                [bucket.bucket_arn],
                {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
            )

    def allow_detecting_missing_objects(self, function: ServiceFunction) -> None:
        """Allow ListBucket, without which S3 responds to a read of a missing object with 403, not 404.

        There is no condition on the prefix: reading an object passes no prefix and would not match.
        """
        function.allow(["s3:ListBucket"], [self.documents.bucket_arn])

    def allow_rule_lists(self, function: ServiceFunction) -> None:
        """Allow reading the versions of the rule list."""
        self._allow(function, self.rule_lists, RULE_LIST_PREFIX, ("s3:GetObject",))

    def _allow(
        self, function: ServiceFunction, bucket: s3.Bucket, prefix: str, actions: tuple[str, ...]
    ) -> None:
        objects = objects_of(bucket, prefix)
        function.allow(actions, [objects.arn])
        function.acknowledge_wildcard(
            objects.finding,
            "Object keys are opaque ids assigned at run time; the prefix is as specific as possible.",
        )
        self._encryption.allow(function, WRITE if "s3:PutObject" in actions else READ)
