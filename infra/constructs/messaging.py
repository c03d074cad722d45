"""The rules for the bus of domain events, for the documents' bucket and for scheduled work."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.functions import ServiceFunction
from infra.constructs.queues import DeadLetters, EventQueue
from infra.constructs.workflow import Workflow
from precert.domain.event_types import (
    MESSAGE_EVENT_TYPES,
    NOTICE_EVENT_TYPES,
    SUBSCRIPTION_EVENT_TYPES,
)
from precert.names import DOCUMENT_PREFIX, EVENT_SOURCE, VENDOR_DETERMINED, VENDOR_SOURCE_PREFIX

WARNINGS_EVERY: Final = cdk.Duration.minutes(15)
"""The longest delay of an expiration warning."""
CLOCKS_SWEPT_EVERY: Final = cdk.Duration.minutes(2)
"""An execution has one minute to record a due event before a sweep records it. With a run that fails, a
due event is recorded five minutes late at most."""
SUBSCRIPTIONS_SWEPT_EVERY: Final = cdk.Duration.minutes(1)
"""The longest delay of a heartbeat, and of a retry after a pause of more than 15 minutes."""
UPLOAD_SWEEPS_EVERY: Final = cdk.Duration.minutes(5)
ORPHANS_SWEPT_EVERY: Final = cdk.Duration.minutes(15)
"""Each run looks at 20,000 files and 50 megabytes of records."""


class Messaging(Construct):
    """Rules that deliver events of the bus, of other AWS services and of schedules to functions."""

    def __init__(self, scope: Construct, construct_id: str, *, bus: events.EventBus) -> None:
        super().__init__(scope, construct_id)
        self.bus = bus

    def deliver_messages(self, inbox: ServiceFunction) -> EventQueue:
        """Deliver the events that both providers receive as messages."""
        return _rule(
            self,
            "Messages",
            inbox,
            "Events that both providers receive as messages",
            pattern=events.EventPattern(
                source=[EVENT_SOURCE], detail_type=[kind.value for kind in MESSAGE_EVENT_TYPES]
            ),
            bus=self.bus,
        )

    def deliver_determinations(self, notices: ServiceFunction) -> EventQueue:
        """Deliver the determinations for which notices are rendered."""
        return _rule(
            self,
            "Notices",
            notices,
            "Determinations for which notices are rendered",
            pattern=events.EventPattern(
                source=[EVENT_SOURCE], detail_type=[kind.value for kind in NOTICE_EVENT_TYPES]
            ),
            bus=self.bus,
        )

    def deliver_reports(self, reports: ServiceFunction) -> EventQueue:
        """Deliver vendors' determinations; each vendor has its own event source."""
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

    def deliver_uploads(self, verify: ServiceFunction, bucket: s3.Bucket) -> EventQueue:
        """Deliver uploads of documents, which S3 reports on the account's default bus."""
        return _rule(
            self,
            "Uploads",
            verify,
            "Uploaded documents",
            pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": DOCUMENT_PREFIX}]},
                },
            ),
        )

    def deliver_scans(self, scan: ServiceFunction, bucket: s3.Bucket) -> EventQueue:
        """Deliver results of malware scans; only AWS can put events with a source ``aws.*``."""
        return _rule(
            self,
            "Scans",
            scan,
            "Results of malware scans of documents",
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

    def deliver_ended_executions(
        self, executions: ServiceFunction, workflow: Workflow
    ) -> EventQueue:
        """Deliver status changes of failed executions; Step Functions sends them at best effort."""
        return _rule(
            self,
            "Executions",
            executions,
            "Executions that failed, were aborted or timed out",
            pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [workflow.machine.state_machine_arn],
                    "status": ["FAILED", "ABORTED", "TIMED_OUT"],
                },
            ),
        )

    def subscriptions_queue(self, timeout: cdk.Duration) -> EventQueue:
        """Create the queue of events, heartbeats and retries of subscriptions.

        It is created before the functions that send to it, one of which processes it.
        """
        return EventQueue(self, "SubscriptionsQueue", timeout=timeout)

    def notify_subscribers(self, queue: EventQueue, subscriptions: ServiceFunction) -> None:
        """Deliver the events of which subscribers are notified, one per invocation.

        A slow endpoint therefore delays only its own notification.
        """
        queue.deliver_to(subscriptions, batch_size=1)
        _deliver_to_queue(
            self,
            "Subscriptions",
            queue,
            "Events of which subscribers are notified",
            pattern=events.EventPattern(
                source=[EVENT_SOURCE],
                detail_type=[kind.value for kind in SUBSCRIPTION_EVENT_TYPES],
            ),
            bus=self.bus,
        )

    def sweep_subscriptions(self, sweep: ServiceFunction) -> DeadLetters:
        """Query on a schedule for due heartbeats, retries and lost deliveries of subscriptions."""
        return _schedule(
            self,
            "SubscriptionSweeps",
            sweep,
            "Heartbeats, retries and lost deliveries of subscriptions",
            SUBSCRIPTIONS_SWEPT_EVERY,
        )

    def sweep_clocks(self, sweep: ServiceFunction) -> DeadLetters:
        """Query on a schedule for late clocks and lost executions."""
        return _schedule(
            self, "Clocks", sweep, "Clocks of open cycles and lost executions", CLOCKS_SWEPT_EVERY
        )

    def warn_of_expiry(self, warn: ServiceFunction) -> DeadLetters:
        """Query on a schedule for drafts whose warning is due."""
        return _schedule(
            self, "Warnings", warn, "Warnings of drafts that are about to expire", WARNINGS_EVERY
        )

    def sweep_uploads(self, sweep: ServiceFunction) -> DeadLetters:
        """Query on a schedule for uploads that were not verified."""
        return _schedule(
            self, "UploadSweeps", sweep, "Uploads that were not verified", UPLOAD_SWEEPS_EVERY
        )

    def sweep_orphans(self, sweep: ServiceFunction) -> DeadLetters:
        """Look on a schedule for records and files without their request."""
        return _schedule(
            self,
            "OrphanSweeps",
            sweep,
            "Records and files whose request no longer exists",
            ORPHANS_SWEPT_EVERY,
        )


def _schedule(
    scope: Construct, name: str, function: ServiceFunction, description: str, every: cdk.Duration
) -> DeadLetters:
    """Invoke the function on a schedule, without a queue: the next run repeats a failed run's work."""
    dead_letters = DeadLetters(scope, f"{name}DeadLetters")
    events.Rule(
        scope,
        f"{name}Rule",
        description=description,
        schedule=events.Schedule.rate(every),
        targets=[
            targets.LambdaFunction(
                function.live,
                dead_letter_queue=dead_letters.queue,
                retry_attempts=10,
                max_event_age=every,
            )
        ],
    )
    return dead_letters


def _rule(
    scope: Construct,
    name: str,
    function: ServiceFunction,
    description: str,
    *,
    pattern: events.EventPattern,
    bus: events.EventBus | None = None,
) -> EventQueue:
    """Deliver the events of a pattern to the function's queue."""
    queue = EventQueue(scope, f"{name}Queue", timeout=function.timeout)
    queue.deliver_to(function)
    _deliver_to_queue(scope, name, queue, description, pattern=pattern, bus=bus)
    return queue


def _deliver_to_queue(
    scope: Construct,
    name: str,
    queue: EventQueue,
    description: str,
    *,
    pattern: events.EventPattern,
    bus: events.EventBus | None,
) -> None:
    events.Rule(
        scope,
        f"{name}Rule",
        description=description,
        event_bus=bus,
        event_pattern=pattern,
        targets=[
            targets.SqsQueue(
                queue.queue,
                dead_letter_queue=queue.dead_letters.queue,
                retry_attempts=185,
                max_event_age=cdk.Duration.hours(24),
            )
        ],
    )
