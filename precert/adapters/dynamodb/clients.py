"""Registered clients (port ``Clients``) and accepted ids of assertions (port ``AcceptedTokenIds``).

Registrations are in the reference table, which no function can write: one item by the client's id, and
one by the issuer of its CDS Hooks calls. Ids of assertions are in the limits table until they expire.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from precert.adapters.dynamodb.keys import (
    ASSERTION_SK,
    CLIENT_SK,
    CLIENTS_PK,
    assertion_pk,
    cds_client_pk,
    client_pk,
)
from precert.adapters.dynamodb.table import (
    ConditionFailedError,
    Item,
    Writes,
    get,
    json_of,
    query_all,
    read_one,
    to_wire,
    transient_errors,
)
from precert.domain.clients import RegisteredClient
from precert.domain.damage import RecordKind
from precert.domain.errors import DamagedRecordError
from precert.names import PK, SK, TTL_ATTRIBUTE
from precert.usecases.ports.clients import HooksIssuerTakenError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_OWNER: Final = "client_id"
_STORED_LONGER: Final = timedelta(minutes=1)


class DynamoDBClients:
    """Registrations by client id and by issuer of CDS Hooks calls."""

    def __init__(self, client: "DynamoDBClient", *, reference_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = reference_table

    def read(self, client_id: str) -> RegisteredClient | None:
        return self._read(client_pk(client_id))

    def of_cds_hooks(self, issuer: str) -> RegisteredClient | None:
        return self._read(cds_client_pk(issuer))

    def store(self, client: RegisteredClient) -> None:
        before = self.read(client.client_id)
        stale = set(_keys_of(before)) - set(_keys_of(client)) if before else set()
        own = {"client": json_of(client), _OWNER: client.client_id}
        # One transaction: whatever ends the command, no key of a former registration remains.
        try:
            self._writes.transact(
                [
                    *(self._put({PK: pk, SK: CLIENT_SK, **own}) for pk in _keys_of(client)),
                    {"Put": {"TableName": self._table, "Item": to_wire(_listed(client))}},
                    *(self._delete(pk, CLIENT_SK) for pk in stale),
                ]
            )
        except ConditionFailedError as failed:
            raise HooksIssuerTakenError from failed

    def remove(self, client: RegisteredClient) -> None:
        self._writes.transact(
            [
                *(self._delete(pk, CLIENT_SK) for pk in _keys_of(client)),
                self._delete(*_listed(client).values()),
            ]
        )

    def stored(self) -> Iterator[RegisteredClient]:
        for item in query_all(self._client, self._table, CLIENTS_PK):
            try:
                found = self.read(item[SK])
            except DamagedRecordError:
                # The damage is reported. The others are listed.
                continue
            if found is not None:
                yield found

    def _read(self, pk: str) -> RegisteredClient | None:
        item = get(self._client, self._table, pk, CLIENT_SK)
        return read_one(RecordKind.CLIENT, item, _client_of, _key_of) if item else None

    def _put(self, item: Item) -> dict[str, Any]:
        """The operation that stores an item, unless it is another client's."""
        put = {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": f"attribute_not_exists({_OWNER}) OR {_OWNER} = :owner",
            "ExpressionAttributeValues": to_wire({":owner": item[_OWNER]}),
        }
        return {"Put": put}

    def _delete(self, pk: str, sk: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": to_wire({PK: pk, SK: sk})}}


class DynamoDBAcceptedTokenIds:
    """One item for each accepted assertion, which TTL deletes."""

    def __init__(
        self, client: "DynamoDBClient", *, limits_table: str, new_id: Callable[[], str]
    ) -> None:
        self._client = client
        self._table = limits_table
        self._new_id = new_id

    def accept(self, token_id: str, expires: datetime) -> bool:
        with transient_errors():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=to_wire({PK: assertion_pk(token_id), SK: ASSERTION_SK}),
                    UpdateExpression="SET #ttl = :ttl, accepted_by = :call",
                    # botocore repeats a call whose response was lost.
                    ConditionExpression="attribute_not_exists(#pk) OR accepted_by = :call",
                    ExpressionAttributeNames={"#ttl": TTL_ATTRIBUTE, "#pk": PK},
                    ExpressionAttributeValues=to_wire(
                        {
                            ":ttl": int((expires + _STORED_LONGER).timestamp()),
                            ":call": self._new_id(),
                        }
                    ),
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                    return False
                raise
        return True


def _listed(client: RegisteredClient) -> dict[str, str]:
    """The item of a client in the list of all; it has no other attributes."""
    return {PK: CLIENTS_PK, SK: client.client_id}


def _keys_of(client: RegisteredClient) -> list[str]:
    issuer = client.cds_hooks_issuer
    return [client_pk(client.client_id), *([cds_client_pk(issuer)] if issuer else [])]


def _client_of(item: Item) -> RegisteredClient:
    return RegisteredClient.model_validate_json(item["client"])


def _key_of(item: Item) -> str:
    return str(item[PK])
