"""What a removed draft leaves behind (port :class:`precert.usecases.ports.drafts.DraftRemains`)."""

from typing import TYPE_CHECKING

from precert.adapters.dynamodb.codec import to_wire
from precert.adapters.dynamodb.flags import uncount
from precert.adapters.dynamodb.keys import (
    DOCUMENT_SK_PREFIX,
    DRAFT_PARTY_SK,
    PARTY_SK_PREFIX,
    request_pk,
)
from precert.adapters.dynamodb.reads import query_all, transient_faults
from precert.contract import FLAG, PK, SK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBRemains:
    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
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
