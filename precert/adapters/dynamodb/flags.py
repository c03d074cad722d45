"""Flags in the requests table (port :class:`precert.usecases.ports.requests.Flags`).

The flagged requests of a TIN are a set in one item. The transaction of each flag has a condition on the
set's size, so that concurrent calls cannot exceed the limit. The row also has the time of the flag, for
the lists. A submission replaces the row of a draft, so a draft's flag is stored in the request's future
row as well.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.keys import (
    DRAFT_PARTY_SK,
    flags_key,
    microseconds,
    party_sk,
    request_pk,
)
from precert.adapters.dynamodb.table import (
    ConditionFailedError,
    Writes,
    from_wire,
    get,
    to_wire,
    transient_errors,
)
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.names import FLAG, PK, SK, TIN
from precert.usecases.ports.requests import MAX_FLAGGED, ConcurrentChangeError, FlagsFullError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_IDS = "request_ids"


class DynamoDBFlags:
    """Requests that a TIN flagged (port ``Flags``)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def flag(self, request: Request, tin: str, *, now: datetime) -> None:
        count = self._count(
            tin,
            f"ADD {_IDS} :ids",
            {":ids": {request.request_id}, ":id": request.request_id, ":most": MAX_FLAGGED},
        )
        count["ConditionExpression"] = (
            f"attribute_not_exists({_IDS}) OR contains({_IDS}, :id) OR size({_IDS}) < :most"
        )
        change = f"SET {FLAG} = if_not_exists({FLAG}, :now)"
        updates = self._row_updates(request, tin, change, {":now": microseconds(now)})
        try:
            self._writes.transact([{"Update": count}, *updates])
        except ConditionFailedError as failed:
            raise (FlagsFullError if failed.index == 0 else ConcurrentChangeError) from failed

    def unflag(self, request: Request, tin: str) -> None:
        count = self._count(tin, f"DELETE {_IDS} :ids", {":ids": {request.request_id}})
        updates = self._row_updates(request, tin, f"REMOVE {FLAG}", {})
        try:
            self._writes.transact([{"Update": count}, *updates])
        except ConditionFailedError as failed:
            raise ConcurrentChangeError from failed

    def drop_deleted(self, tin: str) -> bool:
        counted = get(self._client, self._table, *flags_key(tin)) or {}
        flagged = sorted(counted.get(_IDS, ()))
        if not flagged:
            return False
        keys = [
            {PK: request_pk(request_id), SK: sk}
            for request_id in flagged
            for sk in (party_sk(tin), DRAFT_PARTY_SK)
        ]
        with transient_errors():
            response = self._client.batch_get_item(
                RequestItems={
                    self._table: {"Keys": [to_wire(key) for key in keys], "ConsistentRead": True}
                }
            )
        if response.get("UnprocessedKeys"):
            return False
        rows = [from_wire(item) for item in response["Responses"][self._table]]
        listed = {row[PK] for row in rows if row.get(TIN) == tin and FLAG in row}
        unlisted = {one for one in flagged if request_pk(one) not in listed}
        if unlisted:
            self._writes.update(**self._count(tin, f"DELETE {_IDS} :ids", {":ids": unlisted}))
        return bool(unlisted)

    def _count(self, tin: str, change: str, values: dict[str, Any]) -> dict[str, Any]:
        pk, sk = flags_key(tin)
        return {
            "TableName": self._table,
            "Key": to_wire({PK: pk, SK: sk}),
            "UpdateExpression": change,
            "ExpressionAttributeValues": to_wire(values),
        }

    def _row_updates(
        self, request: Request, tin: str, change: str, values: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """The change of the request's row, and for a draft also of its future row."""
        listed = self._row_update(request, party_sk(tin), change, values)
        if request.status is not Status.INCOMPLETE:
            return [_if_listed(listed, tin)]
        draft = self._row_update(request, DRAFT_PARTY_SK, change, values)
        return [{"Update": listed}, _if_listed(draft, tin)]

    def _row_update(
        self, request: Request, sk: str, change: str, values: dict[str, Any]
    ) -> dict[str, Any]:
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request.request_id), SK: sk}),
            "UpdateExpression": change,
        }
        return update | ({"ExpressionAttributeValues": to_wire(values)} if values else {})


def _if_listed(update: dict[str, Any], tin: str) -> dict[str, Any]:
    values = {**update.get("ExpressionAttributeValues", {}), **to_wire({":tin": tin})}
    condition = {"ConditionExpression": f"{TIN} = :tin", "ExpressionAttributeValues": values}
    return {"Update": update | condition}


def uncount(table: str, tin: str, request_id: str) -> dict[str, Any]:
    """An update that removes a request from the set of flagged ones."""
    pk, sk = flags_key(tin)
    return {
        "TableName": table,
        "Key": to_wire({PK: pk, SK: sk}),
        "UpdateExpression": f"DELETE {_IDS} :ids",
        "ExpressionAttributeValues": to_wire({":ids": {request_id}}),
    }


def flag_missing(
    client: "DynamoDBClient", table: str, tin: str, request_id: str
) -> dict[str, Any] | None:
    """An update that adds a request to the set of flagged ones; ``None`` if the set has it.

    One AWS call.
    """
    pk, sk = flags_key(tin)
    if request_id in (get(client, table, pk, sk) or {}).get(_IDS, ()):
        return None
    return {
        "TableName": table,
        "Key": to_wire({PK: pk, SK: sk}),
        "UpdateExpression": f"ADD {_IDS} :ids",
        "ExpressionAttributeValues": to_wire({":ids": {request_id}}),
    }
