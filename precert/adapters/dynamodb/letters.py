"""Letters' records (port :class:`precert.usecases.ports.letters.LetterRecords`)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import Item, json_of, to_wire
from precert.adapters.dynamodb.keys import letter_sk, request_pk
from precert.adapters.dynamodb.operations import put_event
from precert.adapters.dynamodb.transactions import ABSENT, ConditionFailedError, Writes
from precert.contract import PK, REQUEST_SK, SK
from precert.domain.events import Event
from precert.domain.letters import Letter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBLetters:
    """Letters beside their request, all of a round in one transaction with their event."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._writes = Writes(client)
        self._table = requests_table

    def record(self, request_id: str, letters: Sequence[Letter], event: Event) -> None:
        request_stands = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request_id), SK: REQUEST_SK}),
            "ConditionExpression": "attribute_exists(pk)",
        }
        operations: list[dict[str, Any]] = [
            *({"Put": self._put(request_id, letter)} for letter in letters),
            put_event(self._table, event),
            {"ConditionCheck": request_stands},
        ]
        try:
            self._writes.transact(operations)
        except ConditionFailedError:
            return

    def _put(self, request_id: str, letter: Letter) -> dict[str, Any]:
        item = {
            PK: request_pk(request_id),
            SK: letter_sk(letter.letter_id),
            "letter": json_of(letter),
        }
        return {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
        }


def letter_of(item: Item) -> Letter:
    """A letter of its item."""
    return Letter.model_validate_json(item["letter"])
