"""Queues between the buses and the functions that process their events, and dead-letter queues."""

from math import ceil
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.functions import ServiceFunction
from infra.deliveries import MAX_AT_ONCE, QUEUE_BATCH_SIZE
from infra.findings import acknowledge


class DeadLetters(Construct):
    """A dead-letter queue with two weeks' retention, watched by an alarm.

    It contains stream positions or ids, never PHI.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        acknowledge(
            self.queue, "AwsSolutions-SQS3", "This is the dead-letter queue; an alarm watches it."
        )


RETRIED_FOR: Final = cdk.Duration.hours(12)
"""How long a failing event is retried before it is moved to the dead-letter queue."""
RETAINED: Final = cdk.Duration.days(14)


class EventQueue(Construct):
    """The queue of one function, which reports the events of a batch that failed.

    EventBridge invokes a function asynchronously: after three failures within minutes Lambda discards
    the event. A queue retries it for hours, and then moves it to the dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        timeout: cdk.Duration,
    ) -> None:
        """``timeout`` is that of the function, which :meth:`deliver_to` connects."""
        super().__init__(scope, construct_id)
        self.dead_letters = DeadLetters(self, "DeadLetters")
        # AWS recommends six times the function's timeout, so that a throttled batch is retried.
        hidden = cdk.Duration.seconds(6 * timeout.to_seconds())
        # SQS ignores the age of a message that was received three times. An event on which the function
        # fails is received a third time after twice the visibility timeout: the alarm is earlier.
        self.late_after = cdk.Duration.seconds(10 * timeout.to_seconds())
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETAINED,
            visibility_timeout=hidden,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters.queue,
                max_receive_count=ceil(RETRIED_FOR.to_seconds() / hidden.to_seconds()),
            ),
        )

    def deliver_to(self, function: ServiceFunction, *, batch_size: int = QUEUE_BATCH_SIZE) -> None:
        """Let the function process the events of the queue."""
        self.function = function
        function.allow(
            [
                *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage"),
                *("sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
            ],
            [self.queue.queue_arn],
        )
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            function_name=function.live.function_arn,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=MAX_AT_ONCE
            ),
        )
        mapping.node.add_dependency(function.role)
