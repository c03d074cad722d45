"""Deliver the requests table's stream, filtered, to the functions that process it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.functions import ServiceFunction
from infra.constructs.queues import DeadLetters

BATCH_SIZE: Final = 25
PARALLEL_BATCHES: Final = 10
"""Batches of a shard that are processed in parallel, Lambda's maximum. A record that fails repeatedly
blocks only its own batch; nine of ten requests are not affected.
"""


FOREVER: Final = -1
"""No limit of retries in Lambda: ``RECORD_AGE_SECONDS`` ends them."""
RECORD_AGE_SECONDS: Final = 24 * 60 * 60 - 60
"""Just before a record expires from the stream, Lambda sends its position to the dead-letter queue."""


class StreamMapping(Construct):
    """One consumer of the stream.

    Lambda sends a record that fails in all retries to the dead-letter queue. A record that can never
    be processed is sent there by the function itself, at the first attempt.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: dynamodb.ITable,
        function: ServiceFunction,
        dead_letters: DeadLetters,
        records: Sequence[Mapping[str, Any]],
        batch_size: int = BATCH_SIZE,
        parallel_batches: int = PARALLEL_BATCHES,
        window: cdk.Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        stream = table.table_stream_arn
        if stream is None:
            raise ValueError(f"{table.node.path} has no stream")
        self.dead_letters = dead_letters
        function.allow(
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            [stream],
        )
        function.allow(["dynamodb:ListStreams"], ["*"])
        function.allow(["sqs:SendMessage"], [self.dead_letters.queue.queue_arn])
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            function_name=function.live.function_arn,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            batch_size=batch_size,
            maximum_batching_window_in_seconds=window.to_seconds() if window else None,
            # The records of one item stay in order; those of different items may not.
            parallelization_factor=parallel_batches,
            bisect_batch_on_function_error=True,
            # Retry until the record expires: after a failure of a service or of a deployment. The
            # function itself sends a record that can never be processed to the dead-letter queue.
            maximum_retry_attempts=FOREVER,
            maximum_record_age_in_seconds=RECORD_AGE_SECONDS,
            function_response_types=["ReportBatchItemFailures"],
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[
                    lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(pattern))
                    for pattern in records
                ]
            ),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                    destination=self.dead_letters.queue.queue_arn
                )
            ),
        )
        mapping.node.add_dependency(function.role)
