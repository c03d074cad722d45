"""Counts of calls by client and minute (port ``CallCounts``), in the limits table."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from precert.adapters.dynamodb.table import to_wire, transient_errors
from precert.names import PK, SK, TTL_ATTRIBUTE
from precert.usecases.rate_limits import window_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_LIFETIME: Final = timedelta(minutes=5)


class DynamoDBCallCounts:
    """Calls of each client by minute (port ``CallCounts``)."""

    def __init__(self, client: "DynamoDBClient", *, limits_table: str) -> None:
        self._client = client
        self._table = limits_table

    def add(self, client: str, calls: int, now: datetime) -> int:
        with transient_errors():
            response = self._client.update_item(
                TableName=self._table,
                Key=to_wire({PK: client, SK: window_of(now)}),
                UpdateExpression="ADD calls :calls SET #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": TTL_ATTRIBUTE},
                ExpressionAttributeValues=to_wire(
                    {":calls": calls, ":ttl": int((now + _LIFETIME).timestamp())}
                ),
                ReturnValues="UPDATED_NEW",
            )
        return int(response["Attributes"]["calls"]["N"])
