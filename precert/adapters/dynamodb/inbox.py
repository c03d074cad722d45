"""The inbox (port :class:`precert.usecases.ports.inbox.Inbox`)."""

from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import from_wire, json_of, to_wire
from precert.adapters.dynamodb.cursors import Position, cursor_of, key_of_row, position_of
from precert.adapters.dynamodb.keys import inbox_pk, inbox_sk
from precert.adapters.dynamodb.reads import transient_faults
from precert.adapters.dynamodb.transactions import ABSENT, ConditionFailedError, Writes
from precert.contract import PK, SK
from precert.usecases.ports.inbox import Message
from precert.usecases.ports.listings import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_KEY = frozenset({SK})


class DynamoDBInbox:
    """Messages of a TIN, each stored once however often its event is delivered."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def deliver(self, tin: str, message: Message) -> None:
        item = {
            PK: inbox_pk(tin),
            SK: inbox_sk(message.at, message.message_id),
            "message": json_of(message),
        }
        try:
            self._writes.put(TableName=self._table, Item=to_wire(item), ConditionExpression=ABSENT)
        except ConditionFailedError:
            return

    def page(self, tin: str, *, limit: int, cursor: str | None) -> Page[Message]:
        start: dict[str, Any] = {}
        named = ("inbox", tin)
        if cursor is not None:
            key = position_of(cursor, named, _KEY).key or {}
            start["ExclusiveStartKey"] = to_wire({**key, PK: inbox_pk(tin)})
        with transient_faults():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=to_wire({":pk": inbox_pk(tin)}),
                ScanIndexForward=False,
                Limit=limit,
                **start,
            )
        messages = tuple(
            Message.model_validate_json(from_wire(item)["message"]) for item in answer["Items"]
        )
        last = answer.get("LastEvaluatedKey")
        position = Position(key_of_row(from_wire(last), _KEY)) if last else None
        return Page(messages, cursor_of(position, named))
