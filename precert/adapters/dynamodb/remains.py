"""What a removed draft leaves behind (port :class:`precert.usecases.ports.drafts.DraftRemains`)."""

from typing import TYPE_CHECKING

from precert.adapters.dynamodb.codec import to_wire
from precert.adapters.dynamodb.flags import uncount
from precert.adapters.dynamodb.keys import (
    DRAFT_PARTY_SK,
    PARTY_SK_PREFIX,
    request_pk,
)
from precert.adapters.dynamodb.operations import put_event
from precert.adapters.dynamodb.reads import query_all, transient_faults
from precert.adapters.dynamodb.transactions import ConditionFailedError, Writes
from precert.contract import DOCUMENT_SK_PREFIX, FLAG, PK, SK
from precert.domain.events import Event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBRemains:
    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def remove(self, request_id: str) -> None:
        pk = request_pk(request_id)
        for item in query_all(self._client, self._table, pk):
            sk = item[SK]
            if not sk.startswith((DOCUMENT_SK_PREFIX, PARTY_SK_PREFIX)):
                continue
            with transient_faults():
                if FLAG in item and sk != DRAFT_PARTY_SK:
                    tin = sk.removeprefix(PARTY_SK_PREFIX)
                    self._client.update_item(**uncount(self._table, tin, request_id))
                self._client.delete_item(TableName=self._table, Key=to_wire({PK: pk, SK: sk}))

    def record(self, event: Event) -> None:
        try:
            self._writes.put(**put_event(self._table, event)["Put"])
        except ConditionFailedError:
            return
