"""SQS queues: the dead-letter queues of functions and their redrive, and the queue of notifications.

A message in a dead-letter queue is an event that EventBridge could not deliver, the keys of a stream
record that can never be processed, or the position of stream records. A redrive invokes the function
synchronously, because Lambda discards an asynchronous event after three failed attempts. A message is
deleted only after success.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError
from precert.names import COMMON, PK, REDRIVE, SK, Delivery
from precert.usecases.ports.workflow import PoisonRecord
from precert.usecases.ports.writes import require_writes
from precert.usecases.repairs import FailedDeliveries, Redelivery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef


_HIDDEN_SECONDS: Final = 60
"""Visibility timeout of messages that are being redelivered."""
_STREAM_BATCH: Final = "DDBStreamBatchInfo"
_ARRIVALS: Final = ("approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord")
_REMOVE: Final = "REMOVE"
_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


class Receiver(NamedTuple):
    """A function, and its dead-letter queue."""

    queue_url: str
    function: str


def receivers_of(text: str) -> dict[Delivery, Receiver]:
    """The receivers in the environment variable: JSON of queue URL and function by delivery.

    What all URLs and all functions begin with can be stated once, under :data:`COMMON`.
    """
    found: dict[str, Sequence[str]] = json.loads(text)
    queues, functions = found.pop(COMMON, ("", ""))
    return {
        Delivery(name): Receiver(f"{queues}{queue}", f"{functions}{function}")
        for name, (queue, function) in found.items()
    }


class SqsDeliveries:
    """Port ``Deliveries`` of :mod:`precert.usecases.repairs`."""

    def __init__(
        self,
        sqs: "SQSClient",
        functions: "LambdaClient",
        dynamodb: "DynamoDBClient",
        *,
        receivers: Mapping[Delivery, Receiver],
        requests_table: str,
    ) -> None:
        self._sqs = sqs
        self._functions = functions
        self._dynamodb = dynamodb
        self._receivers = receivers
        self._table = requests_table

    def failed(self) -> tuple[FailedDeliveries, ...]:
        try:
            return tuple(self._of(one) for one in Delivery if one in self._receivers)
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error

    def count_failed(self) -> int:
        try:
            return sum(self._count(one.queue_url) for one in self._receivers.values())
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error

    def _of(self, delivery: Delivery) -> FailedDeliveries:
        url = self._receivers[delivery].queue_url
        count = self._count(url)
        return FailedDeliveries(delivery, count, self._oldest(url) if count else None)

    def _count(self, url: str) -> int:
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))
        return sum(int(found["Attributes"][name]) for name in _COUNTS)

    def _oldest(self, url: str) -> datetime | None:
        # A queue returns some of its messages, usually the oldest ones. They remain visible.
        messages = self._receive(url, most=10, hidden=0)
        sent = [int(one["Attributes"]["SentTimestamp"]) for one in messages]
        return datetime.fromtimestamp(min(sent) / 1000, UTC) if sent else None

    def send_again(
        self, delivery: Delivery, *, most: int, tried: set[str] | None = None
    ) -> Redelivery:
        require_writes()
        tried = set() if tried is None else tried
        receiver = self._receivers[delivery]
        redelivered = failed = without_record = 0
        instants: list[datetime] = []
        try:
            for message in self._untried(receiver.queue_url, most, tried):
                tried.add(message["MessageId"])
                event = self._event_of(message.get("Body", ""))
                if event is None:
                    without_record += 1
                    instants += _instants_of(message.get("Body", ""))
                elif self._accepts(receiver.function, event):
                    self._sqs.delete_message(
                        QueueUrl=receiver.queue_url, ReceiptHandle=message["ReceiptHandle"]
                    )
                    redelivered += 1
                else:
                    failed += 1
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error
        between = (min(instants), max(instants)) if instants else None
        return Redelivery(delivery, redelivered, failed, without_record, between)

    def _untried(self, url: str, most: int, tried: Collection[str]) -> "list[MessageTypeDef]":
        """Messages that were not tried; tried ones are visible again when others took long."""
        for _ in range(len(tried) // most + 2):
            received = self._receive(url, most=most, hidden=_HIDDEN_SECONDS)
            found = [one for one in received if one["MessageId"] not in tried]
            if found or not received:
                return found
        return []

    def _receive(self, url: str, *, most: int, hidden: int) -> "list[MessageTypeDef]":
        response = self._sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hidden,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        return response.get("Messages", [])

    def _event_of(self, body: str) -> dict[str, Any] | None:
        """The event of a message, or ``None`` if the message has only a position of the stream."""
        try:
            event = json.loads(body)
        except ValueError:
            return None
        if not isinstance(event, dict) or _STREAM_BATCH in event:
            return None
        return event if "event_name" not in event else self._record(event)

    def _record(self, poison: Mapping[str, Any]) -> dict[str, Any] | None:
        """The stream record of a poison record's item, in its current state.

        For a deleted item it has only the ids in the message; the archive has the rest of a request. If
        the record fails again, the function reports it instead of sending it to the queue again.
        """
        if not poison.get(PK) or not poison.get(SK):
            return None
        key = {PK: {"S": poison[PK]}, SK: {"S": poison[SK]}}
        changed = {"Keys": key, "SequenceNumber": str(poison.get("sequence_number", "0"))}
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        if poison["event_name"] == _REMOVE and poison.get("removed") and "Item" not in found:
            changed["OldImage"] = poison["removed"]
        elif poison["event_name"] != _REMOVE and "Item" in found:
            changed["NewImage"] = found["Item"]
        else:
            return None
        record = {"eventName": poison["event_name"], "dynamodb": changed}
        return {REDRIVE: True, "Records": [record]}

    def _accepts(self, function: str, event: Mapping[str, Any]) -> bool:
        """Whether the function processed the event; a call without a response counts as failed."""
        try:
            response = self._functions.invoke(
                FunctionName=function, Payload=json.dumps(event).encode()
            )
        except BotoCoreError:
            return False
        if response.get("FunctionError"):
            return False
        result: Any = json.loads(response["Payload"].read() or b"null")
        return not (isinstance(result, dict) and result.get("batchItemFailures"))


def _instants_of(body: str) -> list[datetime]:
    """When the first and the last record of a position, or a record of the audit, were written."""
    try:
        message = json.loads(body)
        position = message.get(_STREAM_BATCH)
        texts = (
            # The sort key of the audit begins with the time.
            [str(message[SK]).partition("#")[0]]
            if position is None
            else [position[name] for name in _ARRIVALS]
        )
        return [datetime.fromisoformat(text) for text in texts]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


def _transient(error: Exception) -> TransientError:
    return TransientError(f"The queue did not respond ({type(error).__name__}). Try again.")


POISON_RECORD: Final = "PoisonRecord"
"""The ``condition`` of a message that a function sent; Lambda's messages have others."""


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


_BATCH: Final = 10
_MAX_DELAY: Final = timedelta(minutes=15)


class SqsDeliveryQueue:
    """The queue of the function that sends notifications (port ``DeliveryQueue``)."""

    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def request(self, subscription_ids: Sequence[str], *, delay: timedelta = timedelta()) -> None:
        require_writes()
        seconds = ceil(min(delay, _MAX_DELAY).total_seconds())
        for start in range(0, len(subscription_ids), _BATCH):
            ids = subscription_ids[start : start + _BATCH]
            try:
                response = self._client.send_message_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {
                            "Id": str(number),
                            "MessageBody": json.dumps({"subscription_id": one}),
                            "DelaySeconds": seconds,
                        }
                        for number, one in enumerate(ids)
                    ],
                )
            except (BotoCoreError, ClientError) as error:
                raise TransientError("The queue did not accept the delivery.") from error
            if response.get("Failed"):
                raise TransientError("The queue did not accept the delivery.")
