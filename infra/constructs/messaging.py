"""The bus of domain events, and who listens to it and to the documents' bucket."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.dead_letters import DeadLetters
from infra.constructs.functions import ServiceFunction
from precert.domain.event_types import MESSAGE_EVENT_TYPES, NOTICE_EVENT_TYPES
from precert.names import DOCUMENT_PREFIX, EVENT_SOURCE, VENDOR_DETERMINED, VENDOR_SOURCE_PREFIX

WARNINGS_EVERY: Final = cdk.Duration.minutes(15)
"""A warning comes at most this late; 12 hours are left then."""


class Messaging(Construct):
    """A bus of the product's own: partners subscribe to it without knowing the table."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.bus = events.EventBus(
            self, "Bus", description=f"Domain events of precert {stage.name}; ids only"
        )
        self.bus.apply_removal_policy(stage.removal_policy)
        if stage.archive_days:
            self.bus.archive(
                "Archive",
                description="For replay to a listener that was wrong or late",
                event_pattern=events.EventPattern(source=[EVENT_SOURCE]),
                retention=cdk.Duration.days(stage.archive_days),
            )

        for delegate, account in stage.vendors:
            self._admit(delegate, account)

    def _admit(self, delegate: str, account: str) -> None:
        """Lets a vendor's account put its own reports on the bus, and nothing else."""
        events.CfnEventBusPolicy(
            self,
            f"Vendor{delegate}",
            event_bus_name=self.bus.event_bus_name,
            statement_id=f"Vendor{delegate}",
            statement={
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{cdk.Aws.PARTITION}:iam::{account}:root"},
                "Action": "events:PutEvents",
                "Resource": self.bus.event_bus_arn,
                "Condition": {
                    "StringEquals": {
                        "events:source": f"{VENDOR_SOURCE_PREFIX}{delegate}",
                        "events:detail-type": VENDOR_DETERMINED,
                    }
                },
            },
        )

    def deliver_messages(self, inbox: ServiceFunction) -> DeadLetters:
        """Events that both providers hear of."""
        return _rule(
            self,
            "Messages",
            inbox,
            "Events that become messages of both providers",
            pattern=events.EventPattern(
                source=[EVENT_SOURCE], detail_type=[kind.value for kind in MESSAGE_EVENT_TYPES]
            ),
            bus=self.bus,
        )

    def deliver_determinations(self, notices: ServiceFunction) -> DeadLetters:
        """Determinations, which letters follow."""
        return _rule(
            self,
            "Notices",
            notices,
            "Determinations that letters are printed after",
            pattern=events.EventPattern(
                source=[EVENT_SOURCE], detail_type=[kind.value for kind in NOTICE_EVENT_TYPES]
            ),
            bus=self.bus,
        )

    def deliver_reports(self, reports: ServiceFunction) -> DeadLetters:
        """Vendors' determinations, each from the source that the vendor may put."""
        return _rule(
            self,
            "Reports",
            reports,
            "Determinations that vendors report",
            pattern=events.EventPattern(
                source=events.Match.prefix(VENDOR_SOURCE_PREFIX), detail_type=[VENDOR_DETERMINED]
            ),
            bus=self.bus,
        )

    def deliver_uploads(self, verify: ServiceFunction, bucket: s3.Bucket) -> DeadLetters:
        """Documents as they arrive; buckets speak on the account's default bus."""
        return _rule(
            self,
            "Uploads",
            verify,
            "Documents that a portal has uploaded",
            pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": DOCUMENT_PREFIX}]},
                },
            ),
        )

    def deliver_scans(self, scan: ServiceFunction, bucket: s3.Bucket) -> DeadLetters:
        """Results of scans for malware; nobody but AWS can put events of its own sources."""
        return _rule(
            self,
            "Scans",
            scan,
            "Results of scans of documents for malware",
            pattern=events.EventPattern(
                source=["aws.guardduty"],
                detail_type=["GuardDuty Malware Protection Object Scan Result"],
                detail={
                    "s3ObjectDetails": {
                        "bucketName": [bucket.bucket_name],
                        "objectKey": [{"prefix": DOCUMENT_PREFIX}],
                    }
                },
            ),
        )

    def warn_of_expiry(self, warn: ServiceFunction) -> DeadLetters:
        """Looks for drafts whose warning is due; a look that is missed is made up by the next."""
        return _rule(
            self,
            "Warnings",
            warn,
            "Drafts that will be removed soon",
            schedule=events.Schedule.rate(WARNINGS_EVERY),
        )


def _rule(
    scope: Construct,
    name: str,
    function: ServiceFunction,
    description: str,
    *,
    pattern: events.EventPattern | None = None,
    bus: events.EventBus | None = None,
    schedule: events.Schedule | None = None,
) -> DeadLetters:
    dead_letters = DeadLetters(scope, f"{name}DeadLetters")
    events.Rule(
        scope,
        f"{name}Rule",
        description=description,
        event_bus=bus,
        event_pattern=pattern,
        schedule=schedule,
        targets=[
            targets.LambdaFunction(
                function.function,
                dead_letter_queue=dead_letters.queue,
                retry_attempts=10,
                max_event_age=cdk.Duration.hours(6),
            )
        ],
    )
    return dead_letters
