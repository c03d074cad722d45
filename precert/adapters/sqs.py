"""The dead-letter queue of a stream consumer (port ``DeadLetters``)."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError
from precert.usecases.ports.workflow import PoisonRecord

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

POISON_RECORD: Final = "PoisonRecord"
"""The ``condition`` of a record that the function set aside, beside those of Lambda."""


class SqsDeadLetters:
    """The stream consumers' dead-letter queue (port ``DeadLetters``)."""

    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def set_aside(self, record: PoisonRecord) -> None:
        found = {name: value for name, value in asdict(record).items() if value != {}}
        body = json.dumps({"condition": POISON_RECORD, **found})
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The queue did not accept the record. Try again.") from error
