"""Items in DynamoDB's JSON format, reads, and conditional writes, with boto3's errors converted.

A failed condition is an expected result and is never retried. A transaction that conflicts with
another, and a write of an item that a transaction writes, are retried a few times. botocore retries
calls that are throttled or get no response, with the same ClientRequestToken, so that nothing is
written twice after a lost response.
"""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from zlib import crc32

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from precert.domain.damage import RecordKind, damaged, report_damage
from precert.domain.errors import TransientError
from precert.names import PK, REQUEST_PK_PREFIX, SK
from precert.usecases.ports.writes import require_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


Item = dict[str, Any]
Model = TypeVar("Model")


def to_wire(item: Mapping[str, Any]) -> Item:
    """Attributes in DynamoDB's JSON format; those that are ``None`` are left out."""
    return {name: _typed(value) for name, value in item.items() if value is not None}


def from_wire(item: Mapping[str, Any]) -> Item:
    return {name: _plain(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    """One value in DynamoDB's JSON format, as boto3's serializer writes it, which is slow to import."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list() | tuple():
            return {"L": [_typed(one) for one in value]}
        case Mapping():
            return {"M": {name: _typed(one) for name, one in value.items()}}
        case set() | frozenset() if value and all(isinstance(one, str) for one in value):
            return {"SS": list(value)}
        case None:
            return {"NULL": True}
    raise TypeError(f"no attribute can be stored as {type(value).__name__}")


def _plain(wire: Mapping[str, Any]) -> Any:
    """The value of DynamoDB's JSON format."""
    [(kind, value)] = wire.items()
    match kind:
        case "N":
            return Decimal(value)
        case "L":
            return [_plain(one) for one in value]
        case "M":
            return from_wire(value)
        case "SS":
            return set(value)
        case "NULL":
            return None
        case "NS" | "BS":  # not written by this product, but must not make an item unreadable
            return list(value)
        case "B":  # base64 text in a stream's record
            return b64decode(value) if isinstance(value, str) else value
        case "S" | "BOOL":
            return value
    raise TypeError(f"no attribute can be stored as {kind}")


def json_of(model: BaseModel) -> str:
    """A model as JSON text, for attributes that operators read in the console."""
    return json.dumps(model.model_dump(mode="json", exclude_none=True), separators=(",", ":"))


@contextmanager
def transient_errors() -> Iterator[None]:
    """Convert boto3's errors of calls that can be repeated.

    Raises:
        TransientError: boto3 raised an error.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TransientError(
            f"The table did not respond ({type(error).__name__}). Try again."
        ) from error


def readable(
    kind: RecordKind,
    items: Iterable[Item],
    read: Callable[[Item], Model],
    id_of: Callable[[Item], str],
) -> tuple[list[Model], tuple[str, ...]]:
    """The records of the items, and the ids of those that cannot be read, which are reported.

    ``kind`` is the kind of record in the report, ``id_of`` returns the id of an item from its key.
    """
    found, unread = list[Model](), list[str]()
    for item in items:
        try:
            found.append(read(item))
        except Exception as error:  # noqa: BLE001 - any failure to parse a stored item is damage
            unread.append(id_of(item))
            report_damage(kind, id_of(item), error)
    return found, tuple(unread)


def read_one(
    kind: RecordKind, item: Item, read: Callable[[Item], Model], id_of: Callable[[Item], str]
) -> Model:
    """The record of one item.

    Raises:
        DamagedRecordError: it cannot be read. The damage is reported.
    """
    found, unread = readable(kind, [item], read, id_of)
    if unread:
        raise damaged(unread[0])
    return found[0]


def request_id_of(item: Item) -> str:
    """The id of the request to which an item of the requests table belongs, from its key."""
    return str(item[PK]).removeprefix(REQUEST_PK_PREFIX)


def sort_key_of(item: Item) -> str:
    return str(item[SK])


def get(client: "DynamoDBClient", table: str, pk: str, sk: str) -> Item | None:
    """One item by a consistent read, or ``None``. One AWS call."""
    with transient_errors():
        response = client.get_item(
            TableName=table, Key=to_wire({PK: pk, SK: sk}), ConsistentRead=True
        )
    item = response.get("Item")
    return from_wire(item) if item else None


def query_all(client: "DynamoDBClient", table: str, pk: str, **arguments: Any) -> list[Item]:
    """A whole item collection by consistent reads. One AWS call per 1 MB."""
    return query_some(client, table, pk, ConsistentRead=True, **arguments)[0]


def query_some(
    client: "DynamoDBClient",
    table: str,
    pk: str,
    *,
    beginning: str = "",
    pages: int | None = None,
    **arguments: Any,
) -> tuple[list[Item], bool]:
    """Items by prefix of the sort key, and whether these are all. At most ``pages`` AWS calls."""
    condition, values = "pk = :pk", {":pk": pk}
    if beginning:
        condition, values = f"{condition} AND begins_with(sk, :sk)", {**values, ":sk": beginning}
    items: list[Item] = []
    start: dict[str, Any] = {}
    read = 0
    while pages is None or read < pages:
        with transient_errors():
            response = client.query(
                TableName=table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=to_wire(values),
                **arguments,
                **start,
            )
        items.extend(from_wire(item) for item in response["Items"])
        if "LastEvaluatedKey" not in response:
            return items, True
        start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}
        read += 1
    return items, False


def pages_of(query: Callable[..., Any], **arguments: Any) -> Iterator[list[Item]]:
    """The items of each page of a query. One AWS call per page, which has at most 1 MB."""
    start: dict[str, Any] = {}
    while True:
        with transient_errors():
            response = query(**arguments, **start)
        yield [from_wire(item) for item in response["Items"]]
        if "LastEvaluatedKey" not in response:
            return
        start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}


ABSENT = "attribute_not_exists(pk)"
"""The condition that the item does not exist yet."""
REPEATABLE: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
"""Cancellation reasons after which a transaction can be retried; botocore does not retry it."""
ITEM_IN_TRANSACTION: Final = "TransactionConflictException"
"""The error of a write of one item that a transaction writes; botocore does not retry it either."""
CONFLICT_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 0.8, 0.8)
"""Maximum seconds to wait before each retry of a write after a conflict or throttling."""
MIN_PAUSE = 0.25
"""Minimum part of a pause. The rest is random, so that writers of one item do not conflict again."""


def _chance_of(operations: Sequence[dict[str, Any]]) -> Callable[[], float]:
    """Returns pseudorandom numbers from 0 to 1, which differ from those of other transactions."""
    drawn, number = repr(operations).encode(), count()
    return lambda: crc32(b"%d" % next(number), crc32(drawn)) / 0xFFFFFFFF


def conflict_pauses(chance: Callable[[], float]) -> Iterator[float]:
    """The pauses before retries, in seconds."""
    for longest in CONFLICT_PAUSES:
        yield longest * (MIN_PAUSE + (1 - MIN_PAUSE) * chance())


class ConditionFailedError(Exception):
    """A condition was not true.

    ``index`` is that of the first operation whose condition failed; ``item`` is the stored item, if
    any.
    """

    def __init__(self, index: int, item: Item | None) -> None:
        super().__init__(f"condition {index}")
        self.index = index
        self.item = item


class Writes:
    """Conditional writes with one boto3 client."""

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._pause = pause

    def transact(self, operations: Sequence[dict[str, Any]]) -> None:
        """Write all operations, or none.

        Raises:
            ConditionFailedError: a condition was not true.
            TransientError: the table did not confirm the write.
        """
        require_writes()
        for pause in (*conflict_pauses(_chance_of(operations)), None):
            try:
                self._client.transact_write_items(TransactItems=cast("Any", list(operations)))
            except ClientError as error:
                response: dict[str, Any] = dict(error.response)
                reasons = response.get("CancellationReasons", [])
                _raise_failed_condition(reasons)
                codes = {reason.get("Code") for reason in reasons}
                if not REPEATABLE.isdisjoint(codes) and pause is not None:
                    self._pause(pause)
                    continue
                raise _transient(error) from error
            except BotoCoreError as error:
                raise _transient(error) from error
            return

    def update(self, **arguments: Any) -> None:
        """One conditional update; a failed condition returns the stored item in the error."""
        self._write(
            self._client.update_item, arguments | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        )

    def put(self, **arguments: Any) -> None:
        """One put, with or without a condition."""
        self._write(self._client.put_item, arguments)

    def delete(self, **arguments: Any) -> None:
        """One conditional delete."""
        self._write(self._client.delete_item, arguments)

    def _write(self, call: Callable[..., object], arguments: Mapping[str, Any]) -> None:
        """Write one item, and retry if a transaction writes it at the same moment."""
        require_writes()
        for pause in (*conflict_pauses(_chance_of([dict(arguments)])), None):
            try:
                call(**arguments)
            except ClientError as error:
                if error.response["Error"]["Code"] == ITEM_IN_TRANSACTION and pause is not None:
                    self._pause(pause)
                    continue
                _raise_single(error)
            except BotoCoreError as error:
                raise _transient(error) from error
            return


def _raise_failed_condition(reasons: Sequence[dict[str, Any]]) -> None:
    for index, reason in enumerate(reasons):
        if reason.get("Code") == "ConditionalCheckFailed":
            item = reason.get("Item")
            raise ConditionFailedError(index, from_wire(item) if item else None)


def _raise_single(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise _transient(error) from error
    item = dict[str, Any](error.response).get("Item")
    raise ConditionFailedError(0, from_wire(item) if item else None) from error


def _transient(error: Exception) -> TransientError:
    return TransientError(
        f"The table did not accept the write ({type(error).__name__}). Try again."
    )
