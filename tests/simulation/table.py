"""The part of DynamoDB that the adapters use: tables of items in wire format, and their stream.

Every call is one atomic step. ``tests/simulation/test_table.py`` compares it with moto on the
simulation's own traces.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from precert.names import INDEXES, PK, SK
from tests.simulation.broken import InvariantError
from tests.simulation.expressions import ExpressionError, Wire, comparable, condition, update

Key = tuple[str, str]
MAX_OPERATIONS: Final = 100


class Written(NamedTuple):
    """One item before and after a write, as in a stream record."""

    table: str
    key: Key
    old: Wire | None
    new: Wire | None
    by_ttl: bool = False

    @property
    def kind(self) -> str:
        if self.old is None:
            return "INSERT"
        return "REMOVE" if self.new is None else "MODIFY"


def failed(code: str, operation: str, **more: Any) -> ClientError:
    """The error that botocore raises for a response."""
    response: Any = {"Error": {"Code": code, "Message": code}, **more}
    return ClientError(response, operation)


class _FailedConditionError(Exception):
    def __init__(self, item: Wire | None) -> None:
        super().__init__("condition")
        self.item = item


@dataclass
class Tables:
    """Items by table, partition and sort key. An item is replaced, never changed in place."""

    tables: dict[str, dict[str, dict[str, Wire]]] = field(default_factory=dict)
    on_write: Callable[[list[Written]], None] = lambda _written: None
    before: dict[tuple[str, Key], Wire | None] = field(default_factory=dict)
    """The item before the last write of each key: an inconsistent read may still return it."""
    _tokens: set[str] = field(default_factory=set)
    _indexed: dict[tuple[str, str], dict[str, dict[Key, Wire]]] = field(default_factory=dict)
    """Items of an index by table, index and partition; filled at the first query of the index."""

    def item(self, table: str, key: Key) -> Wire | None:
        return self.tables[table].get(key[0], {}).get(key[1])

    def items(self, table: str) -> Iterator[Wire]:
        for partition in self.tables[table].values():
            yield from partition.values()

    def collection(self, table: str, pk: str) -> list[Wire]:
        """An item collection, in the order of its sort keys."""
        partition = self.tables[table].get(pk, {})
        return [partition[sk] for sk in sorted(partition)]

    # -- calls of the adapters ----------------------------------------------------------------------

    def perform(self, operation: str, parameters: Mapping[str, Any]) -> Wire:
        """Execute a call of the low-level client, and return its response.

        Raises:
            ClientError: as the client would.
            InvariantError: DynamoDB would reject the call as invalid.
        """
        try:
            return _OPERATIONS[operation](self, parameters)
        except ExpressionError as error:
            raise InvariantError(f"DynamoDB would refuse {operation}: {error}") from error
        except _FailedConditionError as error:
            more: dict[str, Any] = {}
            if error.item and parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
                more["Item"] = error.item
            raise failed("ConditionalCheckFailedException", operation, **more) from error

    def get_item(self, parameters: Mapping[str, Any]) -> Wire:
        table, key = parameters["TableName"], _key(parameters["Key"])
        found = self.item(table, key)
        return {"Item": found} if found is not None else {}

    def get_item_late(self, parameters: Mapping[str, Any]) -> Wire:
        """As an eventually consistent read from a replica without the last write."""
        table, key = parameters["TableName"], _key(parameters["Key"])
        found = self.before.get((table, key), self.item(table, key))
        return {"Item": found} if found is not None else {}

    def batch_get_item(self, parameters: Mapping[str, Any]) -> Wire:
        answers = {}
        for table, requested in parameters["RequestItems"].items():
            found = [self.item(table, _key(key)) for key in requested["Keys"]]
            answers[table] = [item for item in found if item is not None]
        return {"Responses": answers, "UnprocessedKeys": {}}

    def query(self, parameters: Mapping[str, Any]) -> Wire:
        holds, mentioned = condition(parameters["KeyConditionExpression"])
        names = parameters.get("ExpressionAttributeNames", {})
        values = parameters.get("ExpressionAttributeValues", {})
        _all_used(names, values, mentioned)
        table, index = parameters["TableName"], parameters.get("IndexName")
        items: Iterable[Wire]
        if index:
            keys = INDEXES[index].key
            items = self.in_index(table, index).get(_partition_of_index(parameters), {}).values()
        else:
            keys = (PK, SK)
            items = self.collection(table, _partition(parameters))
        found = [item for item in items if holds(item, names, values)]
        found.sort(key=lambda item: (comparable(item[keys[1]]), item[PK]["S"], item[SK]["S"]))
        if parameters.get("ScanIndexForward") is False:
            found.reverse()
        return _page(_projected(found, index), parameters, tuple(dict.fromkeys((PK, SK, *keys))))

    def in_index(self, table: str, index: str) -> dict[str, dict[Key, Wire]]:
        """The items of an index by partition and key."""
        if (table, index) not in self._indexed:
            self._indexed[table, index] = {}
            for item in self.items(table):
                self._index(table, index, None, item)
        return self._indexed[table, index]

    def _index(self, table: str, index: str, old: Wire | None, new: Wire | None) -> None:
        partitions, names = self._indexed[table, index], INDEXES[index].key
        for item, is_current in ((old, False), (new, True)):
            if item is None or any(name not in item for name in names):
                continue
            partition = partitions.setdefault(item[names[0]]["S"], {})
            if is_current:
                partition[_key(item)] = item
            else:
                partition.pop(_key(item), None)

    def scan(self, parameters: Mapping[str, Any]) -> Wire:
        index = parameters.get("IndexName")
        keys = (INDEXES[index].partition_key, INDEXES[index].sort_key) if index else (PK, SK)
        items = [
            item for item in self.items(parameters["TableName"]) if all(key in item for key in keys)
        ]
        items.sort(key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
        names = parameters.get("ExpressionAttributeNames", {})
        if text := parameters.get("FilterExpression"):
            holds, _ = condition(text)
            values = parameters.get("ExpressionAttributeValues", {})
            items = [item for item in items if holds(item, names, values)]
        if projection := parameters.get("ProjectionExpression"):
            named = (name.strip() for name in projection.split(","))
            expected = [names.get(name, name) for name in named]
            items = [{name: item[name] for name in expected if name in item} for item in items]
        return {"Items": items, "Count": len(items)}

    def put_item(self, parameters: Mapping[str, Any]) -> Wire:
        self._commit([self._put(parameters)])
        return {}

    def update_item(self, parameters: Mapping[str, Any]) -> Wire:
        written = self._update(parameters)
        self._commit([written])
        if parameters.get("ReturnValues") == "UPDATED_NEW":
            old, new = written.old or {}, written.new or {}
            return {"Attributes": {n: value for n, value in new.items() if old.get(n) != value}}
        return {}

    def delete_item(self, parameters: Mapping[str, Any]) -> Wire:
        self._commit([self._delete(parameters)])
        return {}

    def batch_write_item(self, parameters: Mapping[str, Any]) -> Wire:
        for table, requests in parameters["RequestItems"].items():
            for request in requests:
                if "PutRequest" in request:
                    put = {"TableName": table, "Item": request["PutRequest"]["Item"]}
                    self._commit([self._put(put)])
                else:
                    deleted = {"TableName": table, "Key": request["DeleteRequest"]["Key"]}
                    self._commit([self._delete(deleted)])
        return {"UnprocessedItems": {}}

    def transact_write_items(self, parameters: Mapping[str, Any]) -> Wire:
        token = parameters.get("ClientRequestToken")
        if token is not None and token in self._tokens:
            return {}
        operations = parameters["TransactItems"]
        if not 0 < len(operations) <= MAX_OPERATIONS:
            raise ExpressionError("too many operations, or none")
        written: list[Written | None] = []
        reasons: list[dict[str, Any]] = []
        for operation in operations:
            [(kind, requested)] = operation.items()
            reason: dict[str, Any] = {"Code": "None"}
            try:
                written.append(_TRANSACTED[kind](self, requested))
            except _FailedConditionError as error:
                reason = {"Code": "ConditionalCheckFailed"}
                if error.item and requested.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
                    reason["Item"] = error.item
            reasons.append(reason)
        keys = [_operand_key(operation) for operation in operations]
        if len(set(keys)) != len(keys):
            raise ExpressionError("two operations of a transaction on one item")
        if any(reason["Code"] != "None" for reason in reasons):
            raise failed(
                "TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons
            )
        self._commit(written)
        if token is not None:
            self._tokens.add(token)
        return {}

    # -- actions of DynamoDB itself -----------------------------------------------------------------

    def remove_by_ttl(self, table: str, key: Key) -> None:
        """Remove an item as DynamoDB does some time after its ``ttl``."""
        self._commit([Written(table, key, self.item(table, key), None, by_ttl=True)])

    def _put(self, parameters: Mapping[str, Any]) -> Written:
        table, new = parameters["TableName"], parameters["Item"]
        key = _key(new)
        old = self._checked(table, key, parameters, frozenset())
        return Written(table, key, old, dict(new))

    def _delete(self, parameters: Mapping[str, Any]) -> Written:
        table, key = parameters["TableName"], _key(parameters["Key"])
        return Written(table, key, self._checked(table, key, parameters, frozenset()), None)

    def _check(self, parameters: Mapping[str, Any]) -> None:
        self._checked(parameters["TableName"], _key(parameters["Key"]), parameters, frozenset())

    def _update(self, parameters: Mapping[str, Any]) -> Written:
        table, key = parameters["TableName"], _key(parameters["Key"])
        change, mentioned = update(parameters["UpdateExpression"])
        old = self._checked(table, key, parameters, mentioned)
        base: Wire = parameters["Key"] if old is None else old
        new = dict(base)
        names = parameters.get("ExpressionAttributeNames", {})
        change(base, new, names, parameters.get("ExpressionAttributeValues", {}))
        if _key(new) != key:
            raise ExpressionError("an update of a key")
        return Written(table, key, old, new)

    def _checked(
        self, table: str, key: Key, parameters: Mapping[str, Any], mentioned: frozenset[str]
    ) -> Wire | None:
        old = self.item(table, key)
        names = parameters.get("ExpressionAttributeNames", {})
        values = parameters.get("ExpressionAttributeValues", {})
        text = parameters.get("ConditionExpression")
        if text is None:
            _all_used(names, values, mentioned)
            return old
        holds, also = condition(text)
        _all_used(names, values, mentioned | also)
        if not holds(old or {}, names, values):
            raise _FailedConditionError(old)
        return old

    def _commit(self, written: list[Written | None]) -> None:
        done = [one for one in written if one is not None and one.old != one.new]
        for table, key, old, new, _ in done:
            for of_table, index in self._indexed:
                if of_table == table:
                    self._index(table, index, old, new)
            partition = self.tables[table].setdefault(key[0], {})
            self.before[table, key] = old
            if new is not None:
                partition[key[1]] = new
            else:
                partition.pop(key[1], None)
        if done:
            self.on_write(done)


_OPERATIONS: Final[dict[str, Callable[[Tables, Mapping[str, Any]], Wire]]] = {
    "get_item": Tables.get_item,
    "get_item_late": Tables.get_item_late,
    "batch_get_item": Tables.batch_get_item,
    "query": Tables.query,
    "scan": Tables.scan,
    "put_item": Tables.put_item,
    "update_item": Tables.update_item,
    "delete_item": Tables.delete_item,
    "batch_write_item": Tables.batch_write_item,
    "transact_write_items": Tables.transact_write_items,
}
_TRANSACTED: Final[dict[str, Callable[[Tables, Mapping[str, Any]], Written | None]]] = {
    "Put": Tables._put,
    "Update": Tables._update,
    "Delete": Tables._delete,
    "ConditionCheck": Tables._check,
}


def _key(item: Mapping[str, Any]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _operand_key(operation: Mapping[str, Any]) -> tuple[str, Key]:
    [requested] = operation.values()
    return requested["TableName"], _key(requested.get("Key") or requested["Item"])


def _partition(parameters: Mapping[str, Any]) -> str:
    """The partition of a query of the table itself, in the form ``pk = :pk``."""
    partition: str = parameters["ExpressionAttributeValues"][":pk"]["S"]
    return partition


_OF_PARTITION: Final = re.compile(r"\S+ = (:\w+)")


def _partition_of_index(parameters: Mapping[str, Any]) -> str:
    """The partition of a query of an index, whose condition begins with it."""
    found = _OF_PARTITION.match(parameters["KeyConditionExpression"])
    if found is None:
        raise ExpressionError("a query without a partition")
    partition: str = parameters["ExpressionAttributeValues"][found[1]]["S"]
    return partition


def _all_used(names: Mapping[str, Any], values: Mapping[str, Any], used: frozenset[str]) -> None:
    if used != names.keys() | values.keys():
        raise ExpressionError(
            f"names or values do not fit: {used ^ (names.keys() | values.keys())}"
        )


def _projected(items: list[Wire], index: str | None) -> list[Wire]:
    """The projection of items in an index."""
    if index is None:
        return items
    carried = {PK, SK, *INDEXES[index].key, *INDEXES[index].carries}
    return [{n: value for n, value in item.items() if n in carried} for item in items]


def _page(found: list[Wire], parameters: Mapping[str, Any], key_names: tuple[str, ...]) -> Wire:
    if start := parameters.get("ExclusiveStartKey"):
        keys = [{name: item[name] for name in key_names} for item in found]
        found = found[keys.index(start) + 1 :] if start in keys else found
    limit = parameters.get("Limit", len(found))
    answer: Wire = {"Items": found[:limit], "Count": min(limit, len(found))}
    if len(found) > limit:
        answer["LastEvaluatedKey"] = {name: found[limit - 1][name] for name in key_names}
    return answer
