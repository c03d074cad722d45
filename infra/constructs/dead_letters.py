"""Dead-letter queues, each with an alarm."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.findings import acknowledge


class DeadLetters(Construct):
    """A dead-letter queue with two weeks' retention. It contains stream positions or ids, never PHI."""

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
