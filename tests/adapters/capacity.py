"""DynamoDB read and write units of the calls in a block.

moto does not compute capacity, so the items before and after each call are read from its memory and
counted by the published rules: the size of an item is that of its attributes' names and values; a
write costs one unit per started KB of the larger of the item before and after, twice that in a
transaction; an index is written when its projected attributes change. A failed condition costs as
much as the write.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any, Final

from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from precert.names import INDEXES, PK, SK, Index

Item = Mapping[str, Any]
"""Attributes in DynamoDB's typed form."""

_ACCOUNT: Final = "123456789012"


def value_size(value: Mapping[str, Any]) -> int:
    """Bytes of one attribute value."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            digits = Decimal(content).normalize().as_tuple()
            return ceil(len(digits.digits) / 2) + 1 + digits.sign
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(one.encode()) for one in content)
        case "L":
            return 3 + sum(1 + value_size(one) for one in content)
        case "M":
            return 3 + sum(
                1 + len(name.encode()) + value_size(one) for name, one in content.items()
            )
    raise TypeError(f"no size is known of {kind}")


def item_size(item: Item | None) -> int:
    """Bytes of an item, as charged for reads and writes; zero without an item."""
    return sum(len(name.encode()) + value_size(value) for name, value in (item or {}).items())


def write_units(before: Item | None, after: Item | None, *, in_transaction: bool = False) -> int:
    """Table units of one write, whether it succeeded or failed its condition."""
    units = max(1, ceil(max(item_size(before), item_size(after)) / 1024))
    return units * 2 if in_transaction else units


def index_units(before: Item | None, after: Item | None) -> int:
    """Units of all indexes for one write."""
    units = 0
    for index in INDEXES.values():
        old, new = (in_index(item, index) for item in (before, after))
        if old == new:
            continue
        moved = old and new and any(old[name] != new[name] for name in index.key)
        sizes = [item_size(one) for one in (old, new) if one]
        units += sum(ceil(size / 1024) for size in (sizes if moved else [max(sizes)]))
    return units


def in_index(item: Item | None, index: Index) -> Item | None:
    """The projection of an item in an index; empty if the item does not have its key."""
    if item is None or not all(name in item for name in index.key):
        return None
    return {name: item[name] for name in (PK, SK, *index.key, *index.carries) if name in item}


def read_units(items: Iterable[Item]) -> float:
    """Units of one eventually consistent query that reads these items."""
    return max(1, ceil(sum(map(item_size, items)) / 4096)) / 2


@dataclass
class Bill:
    """Units of the calls made in the block."""

    table: int = 0
    indexes: int = 0
    by_call: list[tuple[str, int]] = field(default_factory=list)

    @property
    def writes(self) -> int:
        return self.table + self.indexes


@contextmanager
def billed(client: Any) -> Iterator[Bill]:
    """Count the cost of the client's writes in the block."""
    bill, content = Bill(), dict[str, Any]()

    def requested(params: dict[str, Any], model: Any, **_: Any) -> None:
        written = list(_written(model.name, params))
        content["before"] = [(table, key, stored(table, key)) for table, key in written]

    def answered(model: Any, **_: Any) -> None:
        in_transaction = model.name == "TransactWriteItems"
        spent = bill.writes
        for table, key, before in content.pop("before"):
            after = stored(table, key)
            bill.table += write_units(before, after, in_transaction=in_transaction)
            bill.indexes += index_units(before, after)
        if bill.writes > spent:
            bill.by_call.append((model.name, bill.writes - spent))

    events = client.meta.events
    events.register("provide-client-params.dynamodb", requested)
    events.register("after-call.dynamodb", answered)
    try:
        yield bill
    finally:
        events.unregister("provide-client-params.dynamodb", requested)
        events.unregister("after-call.dynamodb", answered)


def _written(operation: str, params: Mapping[str, Any]) -> Iterable[tuple[str, Item]]:
    """Table and key of each item that a call may write."""
    if operation == "TransactWriteItems":
        for one in params["TransactItems"]:
            [write] = one.values()
            yield write["TableName"], _key(write)
    elif operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        yield params["TableName"], _key(params)


def _key(write: Mapping[str, Any]) -> Item:
    named = write["Key"] if "Key" in write else write["Item"]
    return {PK: named[PK], SK: named[SK]}


def stored(table: str, key: Item) -> Item | None:
    """An item as moto stores it."""
    content = get_backend("dynamodb")[_ACCOUNT]["us-east-1"].tables[table]
    item = content.get_item(DynamoType(key[PK]), DynamoType(key[SK]))
    return _bytes_of(item.to_json()["Attributes"]) if item else None


def _bytes_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Binary values as bytes, as charged; moto stores them as Base64."""
    return {name: _raw(value) for name, value in attributes.items()}


def _raw(value: Mapping[str, Any]) -> dict[str, Any]:
    [(kind, content)] = value.items()
    if kind == "B":
        return {"B": content if isinstance(content, bytes) else b64decode(content)}
    if kind == "M":
        return {"M": _bytes_of(content)}
    if kind == "L":
        return {"L": [_raw(one) for one in content]}
    return {kind: content}
