"""What follows a write: the requests table's stream, filtered, to the functions that carry on."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.dead_letters import DeadLetters
from infra.constructs.functions import ServiceFunction
from precert.names import (
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    INBOX_PK_PREFIX,
    PK,
    REQUEST_SK,
    SK,
)

EVENTS_WRITTEN: Final = {
    "eventName": ["INSERT"],
    "dynamodb": {"Keys": {SK: {"S": [{"prefix": EVENT_SK_PREFIX}]}}},
}
"""Event records are written once and never changed."""

DRAFTS_SAVED: Final = {
    "eventName": ["MODIFY"],
    "dynamodb": {
        "Keys": {SK: {"S": [REQUEST_SK]}},
        "NewImage": {"status": {"S": ["INCOMPLETE"]}},
    },
}
"""A save writes the draft alone; its line on the dashboard follows."""

REQUESTS_REMOVED: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {"Keys": {SK: {"S": [REQUEST_SK]}}},
}
"""Drafts that are gone, whether time took them or somebody: what belonged to them goes too."""

MESSAGES_REMOVED: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {"Keys": {PK: {"S": [{"prefix": INBOX_PK_PREFIX}]}}},
}
"""Messages whose time is over: the unread ones are counted off."""


DOCUMENTS_REMOVED: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {"Keys": {SK: {"S": [{"prefix": DOCUMENT_SK_PREFIX}]}}},
}
"""Documents that were taken off a draft: their bytes go too."""


BATCH_SIZE: Final = 25
LANES: Final = 10
"""Batches of a shard that are delivered at a time, as many as Lambda allows: a record that keeps
failing holds up its own lane, and nine of ten requests go on.
"""


class StreamMapping(Construct):
    """One reader of the stream. A record that keeps failing is set aside, and the rest goes on."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: dynamodb.Table,
        function: ServiceFunction,
        records: Sequence[Mapping[str, Any]],
    ) -> None:
        super().__init__(scope, construct_id)
        stream = table.table_stream_arn
        if stream is None:
            raise ValueError(f"{table.node.path} has no stream")
        self.dead_letters = DeadLetters(self, "DeadLetters")
        function.allow(
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            [stream],
        )
        function.allow(["dynamodb:ListStreams"], ["*"])
        function.allow(["sqs:SendMessage"], [self.dead_letters.queue.queue_arn])
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            function_name=function.function.function_arn,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            # By partition key, so that what happens to one request keeps its order.
            parallelization_factor=LANES,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=10,
            maximum_record_age_in_seconds=6 * 60 * 60,
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
