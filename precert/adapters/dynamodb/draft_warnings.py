"""Drafts to be warned of (port :class:`precert.usecases.ports.drafts.DraftWarnings`).

A draft's line carries the worklist index's keys while its warning is ahead: partition ``DRAFTS``,
sorted by the instant. So a look costs what is due, however many drafts there are.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import from_wire, to_wire
from precert.adapters.dynamodb.keys import (
    DRAFT_PARTY_SK,
    DRAFTS_QUEUE,
    REQUEST_PK_PREFIX,
    instant,
    request_pk,
)
from precert.adapters.dynamodb.operations import put_event
from precert.adapters.dynamodb.reads import transient_faults
from precert.adapters.dynamodb.transactions import ConditionFailedError, Writes
from precert.contract import PK, REQUEST_SK, SK, WORKLIST_INDEX, WORKLIST_PK, WORKLIST_SK
from precert.domain.events import Event
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.ports.drafts import DraftChangedError, DueWarning

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_DRAFT, _EVENT, _LINE = range(3)
"""The operations of a warning, in their order."""


class DynamoDBDraftWarnings:
    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def due(self, now: datetime) -> Iterator[DueWarning]:
        start: dict[str, Any] = {}
        while True:
            with transient_faults():
                answer = self._client.query(
                    TableName=self._table,
                    IndexName=WORKLIST_INDEX,
                    KeyConditionExpression=f"{WORKLIST_PK} = :drafts AND {WORKLIST_SK} <= :now",
                    ExpressionAttributeValues=to_wire(
                        {":drafts": DRAFTS_QUEUE, ":now": instant(now)}
                    ),
                    **start,
                )
            for item in map(from_wire, answer["Items"]):
                yield DueWarning(item[PK].removeprefix(REQUEST_PK_PREFIX), item[WORKLIST_SK])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def give(self, warning: DueWarning, draft: Request, event: Event) -> None:
        unchanged = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(draft.request_id), SK: REQUEST_SK}),
            "ConditionExpression": "version = :version AND #status = :incomplete",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_wire(
                {":version": draft.version, ":incomplete": Status.INCOMPLETE.value}
            ),
        }
        operations = [
            {"ConditionCheck": unchanged},
            put_event(self._table, event),
            {"Update": self._without_warning(warning)},
        ]
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            if failed.index == _EVENT:
                # It was given before, and the line was brought up to date late.
                self.take_off(warning)
                return
            raise DraftChangedError from failed

    def take_off(self, warning: DueWarning) -> None:
        try:
            self._writes.update(**self._without_warning(warning))
        except ConditionFailedError:
            return

    def _without_warning(self, warning: DueWarning) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(warning.request_id), SK: DRAFT_PARTY_SK}),
            "UpdateExpression": f"REMOVE {WORKLIST_PK}, {WORKLIST_SK}",
            "ConditionExpression": f"{WORKLIST_SK} = :listed",
            "ExpressionAttributeValues": to_wire({":listed": warning.listed_at}),
        }
