"""The progress of migrations, and the changes that they make (port ``MigrationRecords``)."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.keys import MIGRATION_PK, request_pk
from precert.adapters.dynamodb.queue_entries import worklist_attributes
from precert.adapters.dynamodb.table import (
    ConditionFailedError,
    Writes,
    from_wire,
    get,
    request_id_of,
    to_wire,
    transient_errors,
)
from precert.domain.request import Request
from precert.names import CHECKS_PK, CYCLE, PK, REQUEST_SK, SK
from precert.usecases.migrations import Progress, RequestPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

PAGE_ITEMS: Final = 1000
"""Number of items per page. About one item in ten is a request."""


class DynamoDBMigrations:
    """One item per migration. Requests are read by a scan."""

    def __init__(
        self, client: "DynamoDBClient", *, requests_table: str, page_items: int = PAGE_ITEMS
    ) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table
        self._page_items = page_items

    def progress(self, name: str) -> Progress:
        item = get(self._client, self._table, MIGRATION_PK, name)
        return Progress(**json.loads(item["progress"])) if item else Progress()

    def store(self, name: str, progress: Progress) -> None:
        item = {PK: MIGRATION_PK, SK: name, "progress": json.dumps(asdict(progress))}
        self._writes.put(TableName=self._table, Item=to_wire(item))

    def requests_after(self, position: str | None) -> RequestPage:
        start: dict[str, Any] = {"ExclusiveStartKey": json.loads(position)} if position else {}
        with transient_errors():
            response = self._client.scan(
                TableName=self._table,
                FilterExpression="#sk = :request",
                ProjectionExpression="#pk, #sk",
                ExpressionAttributeNames={"#pk": PK, "#sk": SK},
                ExpressionAttributeValues=to_wire({":request": REQUEST_SK}),
                Limit=self._page_items,
                ConsistentRead=True,
                **start,
            )
        last = response.get("LastEvaluatedKey")
        return RequestPage(
            tuple(request_id_of(item) for item in map(from_wire, response["Items"])),
            json.dumps(last) if last else None,
        )

    def index_cycle(self, request: Request) -> bool:
        sets = {CYCLE: request.submitted.cycle, **worklist_attributes(request)}
        values = {f":{name}": value for name, value in sets.items()}
        try:
            self._writes.update(
                TableName=self._table,
                Key=to_wire({PK: request_pk(request.request_id), SK: REQUEST_SK}),
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in sets),
                ConditionExpression="#version = :version AND attribute_not_exists(#checks)",
                ExpressionAttributeNames={
                    **{f"#{name}": name for name in sets},
                    "#version": "version",
                    "#checks": CHECKS_PK,
                },
                ExpressionAttributeValues=to_wire({**values, ":version": request.version}),
            )
        except ConditionFailedError:
            return False
        return True
