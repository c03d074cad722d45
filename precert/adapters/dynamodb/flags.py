"""Flags in the requests table (port :class:`precert.usecases.ports.requests.Flags`).

The flagged requests of a TIN are a set in one item; the transaction of each flag has a condition on
its size, so that the limit holds under concurrent calls. The entry has the flag and its time too, for
the lists. A submission replaces a draft's entry, so a draft's flag is also stored on the key of the
request's future entry.
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
from precert.usecases.ports.requests import MOST_FLAGGED, ConcurrentChangeError, FlagsFullError

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
            {":ids": {request.request_id}, ":id": request.request_id, ":most": MOST_FLAGGED},
        )
        count["ConditionExpression"] = (
            f"attribute_not_exists({_IDS}) OR contains({_IDS}, :id) OR size({_IDS}) < :most"
        )
        change = f"SET {FLAG} = if_not_exists({FLAG}, :now)"
        lines = self._lines(request, tin, change, {":now": microseconds(now)})
        try:
            self._writes.transact([{"Update": count}, *lines])
        except ConditionFailedError as failed:
            raise (FlagsFullError if failed.index == 0 else ConcurrentChangeError) from failed

    def unflag(self, request: Request, tin: str) -> None:
        count = self._count(tin, f"DELETE {_IDS} :ids", {":ids": {request.request_id}})
        lines = self._lines(request, tin, f"REMOVE {FLAG}", {})
        try:
            self._writes.transact([{"Update": count}, *lines])
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
            answer = self._client.batch_get_item(
                RequestItems={
                    self._table: {"Keys": [to_wire(key) for key in keys], "ConsistentRead": True}
                }
            )
        if answer.get("UnprocessedKeys"):
            return False
        lines = [from_wire(item) for item in answer["Responses"][self._table]]
        listed = {line[PK] for line in lines if line.get(TIN) == tin and FLAG in line}
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

    def _lines(
        self, request: Request, tin: str, change: str, values: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """The same change of the request's entry, and for a draft of its future entry."""
        listed = self._line(request, party_sk(tin), change, values)
        if request.status is not Status.INCOMPLETE:
            return [_if_listed(listed, tin)]
        draft = self._line(request, DRAFT_PARTY_SK, change, values)
        return [{"Update": listed}, _if_listed(draft, tin)]

    def _line(
        self, request: Request, sk: str, change: str, values: dict[str, Any]
    ) -> dict[str, Any]:
        line: dict[str, Any] = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request.request_id), SK: sk}),
            "UpdateExpression": change,
        }
        return line | ({"ExpressionAttributeValues": to_wire(values)} if values else {})


def _if_listed(line: dict[str, Any], tin: str) -> dict[str, Any]:
    values = {**line.get("ExpressionAttributeValues", {}), **to_wire({":tin": tin})}
    condition = {"ConditionExpression": f"{TIN} = :tin", "ExpressionAttributeValues": values}
    return {"Update": line | condition}


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
