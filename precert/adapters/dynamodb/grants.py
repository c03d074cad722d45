"""Grants (port :class:`precert.usecases.grants.Grants`) in the reference table.

No function can write this table. A second item per grant lists all of them for operators.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from precert.adapters.dynamodb.keys import GRANT_SK, GRANTS_PK, grant_pk
from precert.adapters.dynamodb.table import (
    Item,
    get,
    json_of,
    query_all,
    read_one,
    to_wire,
    transient_errors,
)
from precert.domain.caller import Grant
from precert.domain.damage import RecordKind
from precert.domain.errors import DamagedRecordError
from precert.names import PK, SK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBGrants:
    """TINs, plans, vendors and entitlements by subject (port ``Grants``)."""

    def __init__(self, client: "DynamoDBClient", *, reference_table: str) -> None:
        self._client = client
        self._table = reference_table

    def read(self, issuer: str, subject: str) -> Grant | None:
        item = get(self._client, self._table, grant_pk(issuer, subject), GRANT_SK)
        return read_one(RecordKind.GRANT, item, _grant_of, _key_of) if item else None

    def store(self, grant: Grant) -> None:
        key = {PK: grant_pk(grant.issuer, grant.subject), SK: GRANT_SK}
        listed = {PK: GRANTS_PK, SK: f"{grant.issuer}#{grant.subject}"}
        with transient_errors():
            if grant.is_empty:
                for one in (key, listed):
                    self._client.delete_item(TableName=self._table, Key=to_wire(one))
                return
            text = {"issuer": grant.issuer, "subject": grant.subject}
            for item in ({**listed, **text}, {**key, "grant": json_of(grant)}):
                self._client.put_item(TableName=self._table, Item=to_wire(item))

    def stored(self) -> Iterator[Grant]:
        for item in query_all(self._client, self._table, GRANTS_PK):
            try:
                grant = self.read(item["issuer"], item["subject"])
            except DamagedRecordError:
                # It is reported. The others are listed all the same.
                continue
            if grant is not None:
                yield grant


def _grant_of(item: Item) -> Grant:
    return Grant.model_validate_json(item["grant"])


def _key_of(item: Item) -> str:
    return str(item[PK])
