"""Lists over the indexes (port :class:`precert.usecases.ports.listings.Listings`)."""

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from precert.adapters.dynamodb.codec import from_wire, to_wire
from precert.adapters.dynamodb.cursors import cursor_of, key_of
from precert.adapters.dynamodb.keys import REQUEST_PK_PREFIX, dashboard_pk, worklist_pk
from precert.adapters.dynamodb.reads import transient_faults
from precert.contract import (
    DASHBOARD_INDEX,
    DASHBOARD_PK,
    DASHBOARD_SK,
    PK,
    ROW_ATTRIBUTE,
    SK,
    WORKLIST_INDEX,
    WORKLIST_PK,
    WORKLIST_SK,
)
from precert.usecases.ports.listings import DashboardRow, Page, WorklistRow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Row = TypeVar("Row", bound=BaseModel)


class DynamoDBListings:
    """Pages of the narrow indexes: one query each."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def dashboard(self, tin: str, *, limit: int, cursor: str | None) -> Page[DashboardRow]:
        return self._page(
            DashboardRow,
            DASHBOARD_INDEX,
            (DASHBOARD_PK, dashboard_pk(tin)),
            DASHBOARD_SK,
            limit=limit,
            cursor=cursor,
            forward=False,
        )

    def worklist(self, plan_id: str, *, limit: int, cursor: str | None) -> Page[WorklistRow]:
        return self._page(
            WorklistRow,
            WORKLIST_INDEX,
            (WORKLIST_PK, worklist_pk(plan_id)),
            WORKLIST_SK,
            limit=limit,
            cursor=cursor,
            forward=True,
        )

    def open_rounds(self) -> tuple[str, ...]:
        with transient_faults():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                IndexName=WORKLIST_INDEX,
                ProjectionExpression="pk",
            )
            return tuple(
                str(from_wire(item)[PK]).removeprefix(REQUEST_PK_PREFIX)
                for page in pages
                for item in page["Items"]
            )

    def _page(
        self,
        kind: type[Row],
        index: str,
        partition: tuple[str, str],
        sort_key: str,
        *,
        limit: int,
        cursor: str | None,
        forward: bool,
    ) -> Page[Row]:
        name, value = partition
        key_names = frozenset({PK, SK, sort_key})
        start: dict[str, Any] = {}
        if cursor is not None:
            key = key_of(cursor, key_names)
            start["ExclusiveStartKey"] = to_wire({**key, name: value})
        with transient_faults():
            answer = self._client.query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression=f"{name} = :partition",
                ExpressionAttributeValues=to_wire({":partition": value}),
                ScanIndexForward=forward,
                Limit=limit,
                **start,
            )
        rows = tuple(
            kind.model_validate_json(from_wire(item)[ROW_ATTRIBUTE]) for item in answer["Items"]
        )
        last = answer.get("LastEvaluatedKey")
        next_key = {k: v for k, v in from_wire(last).items() if k in key_names} if last else None
        return Page(rows, cursor_of(next_key))
