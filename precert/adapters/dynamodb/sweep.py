"""The positions where sweeps continue (port ``SweepPositions``)."""

from enum import StrEnum
from typing import TYPE_CHECKING

from precert.adapters.dynamodb.keys import SWEEP_PK
from precert.adapters.dynamodb.table import Writes, get, to_wire
from precert.names import PK, SK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBSweepPositions:
    """One item per queue. Two concurrent runs may overwrite each other's position."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def read(self, queue: StrEnum) -> str | None:
        item = get(self._client, self._table, SWEEP_PK, queue.value)
        return str(item["position"]) if item and "position" in item else None

    def write(self, queue: StrEnum, position: str | None) -> None:
        key = to_wire({PK: SWEEP_PK, SK: queue.value})
        if position is None:
            self._writes.update(
                TableName=self._table,
                Key=key,
                UpdateExpression="REMOVE #position",
                ExpressionAttributeNames={"#position": "position"},
            )
        else:
            self._writes.update(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET #position = :position",
                ExpressionAttributeNames={"#position": "position"},
                ExpressionAttributeValues=to_wire({":position": position}),
            )
