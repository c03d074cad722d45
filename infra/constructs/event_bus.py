"""The bus of domain events and its archive. Vendors and subscribers use the ARN of the bus."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct

from infra.config import StageConfig
from infra.resources import resource_of
from precert.names import EVENT_SOURCE, VENDOR_DETERMINED, VENDOR_SOURCE_PREFIX


class EventBus(Construct):
    """A dedicated event bus, to which other systems can subscribe without access to the table."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.bus = events.EventBus(
            self, "Bus", description=f"Domain events of precert {stage.name}; ids only"
        )
        self.bus.apply_removal_policy(stage.removal_policy)
        if stage.archive_days:
            archive = self.bus.archive(
                "Archive",
                description="For replay to a consumer that failed or was unavailable",
                # What precert publishes, and what vendors report: the prefix of all their sources.
                event_pattern=events.EventPattern(source=events.Match.prefix(EVENT_SOURCE)),
                retention=cdk.Duration.days(stage.archive_days),
            )
            resource_of(archive, events.CfnArchive).apply_removal_policy(stage.removal_policy)
        for vendor_id, account in stage.vendors.items():
            self._allow_vendor(vendor_id, account)

    def _allow_vendor(self, vendor_id: str, account: str) -> None:
        """Allow a vendor's account to put that vendor's determinations on the bus, and nothing else."""
        events.CfnEventBusPolicy(
            self,
            f"Vendor{vendor_id}",
            event_bus_name=self.bus.event_bus_name,
            statement_id=f"Vendor{vendor_id}",
            statement={
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{cdk.Aws.PARTITION}:iam::{account}:root"},
                "Action": "events:PutEvents",
                "Resource": self.bus.event_bus_arn,
                "Condition": {
                    "StringEquals": {
                        "events:source": f"{VENDOR_SOURCE_PREFIX}{vendor_id}",
                        "events:detail-type": VENDOR_DETERMINED,
                    }
                },
            },
        )
