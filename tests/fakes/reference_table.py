"""The reference table as DynamoDB serves it: conditions, throttling by partition and table, lost calls.

Time passes only by the clock's ``sleep`` and by the latency of calls, so that a load of a million
members takes simulated minutes. With a journal, what was written survives the process.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from botocore.exceptions import ClientError, ReadTimeoutError

from precert.adapters.dynamodb.bulk import LoadSpeed
from precert.adapters.dynamodb.dated_table import write_units
from precert.bootstrap import Dependencies
from precert.names import Env
from precert.settings import Settings
from tests.fakes.audit import MemoryAudit
from tests.simulation.expressions import condition

Wire = dict[str, Any]
Key = tuple[str, str]

PARTITION_UNITS: Final = 1000
"""Write units a second of one partition."""
INITIAL_UNITS: Final = 4000
"""Write units a second of a new on-demand table, which has four partitions."""
SCAN_PAGE: Final = 100
DOUBLING: Final = 1800.0
"""Seconds within which a table serves at most twice its former peak."""


@dataclass
class SimulatedTime:
    """A clock that advances only by waiting."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Capacity:
    """The write units that an on-demand table serves, second by second, without burst capacity."""

    time: SimulatedTime
    table: float = INITIAL_UNITS
    partitions: int = 4
    used: Counter[tuple[int, int]] = field(default_factory=Counter)
    peak: float = 0.0
    since: float = 0.0
    throttled: int = 0

    def take(self, pk: str, units: int) -> bool:
        """Whether a write is served."""
        second = int(self.time.now)
        if self.time.now - self.since >= DOUBLING:
            self.table = max(self.table, 2 * self.peak)
            self.partitions = max(self.partitions, int(self.table // PARTITION_UNITS))
            self.since, self.peak = self.time.now, 0.0
        partition = crc32(pk.encode()) % self.partitions
        of_table = self.used[second, -1] + units
        of_partition = self.used[second, partition] + units
        if of_table > self.table or of_partition > PARTITION_UNITS:
            self.throttled += 1
            return False
        self.used[second, -1], self.used[second, partition] = of_table, of_partition
        self.peak = max(self.peak, of_table)
        return True


def error(code: str, status: int = 400, **fields: Any) -> ClientError:
    response: Any = {
        **fields,
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Fake")


class FakeReferenceTable:
    """One table, as a client of DynamoDB and of KMS sees it."""

    def __init__(
        self,
        *,
        capacity: Capacity | None = None,
        latency: float = 0.0,
        journal: Path | None = None,
        before: Callable[[str, int], None] = lambda _operation, _number: None,
    ) -> None:
        self.items: dict[Key, Wire] = {}
        self.calls: Counter[str] = Counter()
        self.units = 0
        self._capacity = capacity
        self._latency = latency
        self._before = before
        for line in journal.read_text().splitlines() if journal and journal.exists() else ():
            try:
                self._replay(json.loads(line))
            except json.JSONDecodeError:  # the process was killed while it wrote this line
                break
        self._journal = journal

    # -- writes ---------------------------------------------------------------------------------

    def put_item(self, **arguments: Any) -> Wire:
        self._call("PutItem")
        item = arguments["Item"]
        key = _key(item)
        before = self.items.get(key)
        if not _holds(before, arguments):
            self._charge(item)
            raise error("ConditionalCheckFailedException", Item=before)
        self._charge(item)
        self._set(key, item)
        return {"Attributes": before} if before and "ReturnValues" in arguments else {}

    def delete_item(self, **arguments: Any) -> Wire:
        self._call("DeleteItem")
        key = arguments["Key"]
        before = self.items.get(_key(key))
        if not _holds(before, arguments):
            raise error("ConditionalCheckFailedException")
        self._charge(before or key)
        self._set(_key(key), None)
        return {}

    def transact_write_items(self, **arguments: Any) -> Wire:
        self._call("TransactWriteItems")
        writes = [(kind, body) for one in arguments["TransactItems"] for kind, body in one.items()]
        keys = [_key(body.get("Item") or body["Key"]) for _, body in writes]
        assert len(set(keys)) == len(keys)
        stored = [self.items.get(key) for key in keys]
        held = [_holds(item, body) for item, (_, body) in zip(stored, writes, strict=True)]
        if not all(held):
            reasons = [{"Code": "None" if one else "ConditionalCheckFailed"} for one in held]
            raise error("TransactionCanceledException", CancellationReasons=reasons)
        for item, (_, body) in zip(stored, writes, strict=True):
            # Each write of a transaction is charged twice.
            self._charge(body.get("Item") or item or body["Key"], times=2)
        for key, (kind, body) in zip(keys, writes, strict=True):
            self._set(key, body["Item"] if kind == "Put" else None)
        return {}

    def batch_write_item(self, **arguments: Any) -> Wire:
        self._call("BatchWriteItem")
        [(table, requests)] = arguments["RequestItems"].items()
        assert len(requests) <= 25
        unprocessed = []
        for request in requests:
            [(kind, body)] = request.items()
            item = body["Item"] if kind == "PutRequest" else body["Key"]
            try:
                self._charge(item)
            except ClientError:
                unprocessed.append(request)
                continue
            self._set(_key(item), item if kind == "PutRequest" else None)
        if len(unprocessed) == len(requests):
            raise error("ProvisionedThroughputExceededException")
        return {"UnprocessedItems": {table: unprocessed} if unprocessed else {}}

    # -- reads ----------------------------------------------------------------------------------

    def get_item(self, **arguments: Any) -> Wire:
        self._call("GetItem")
        found = self.items.get(_key(arguments["Key"]))
        return {"Item": found} if found else {}

    def batch_get_item(self, **arguments: Any) -> Wire:
        self._call("BatchGetItem")
        [(table, requested)] = arguments["RequestItems"].items()
        keys = requested["Keys"]
        assert len(keys) <= 100
        found = [self.items[_key(key)] for key in keys if _key(key) in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def query(self, **arguments: Any) -> Wire:
        self._call("Query")
        pk = arguments["ExpressionAttributeValues"][":pk"]["S"]
        return {"Items": [item for key, item in sorted(self.items.items()) if key[0] == pk]}

    def scan(self, **arguments: Any) -> Wire:
        self._call("Scan")
        assert arguments["FilterExpression"] == "sk = :sk"
        sk = arguments["ExpressionAttributeValues"][":sk"]["S"]
        keys = sorted(key for key in self.items if key[1] == sk)
        if "ExclusiveStartKey" in arguments:
            keys = [key for key in keys if key > _key(arguments["ExclusiveStartKey"])]
        page = [self.items[key] for key in keys[:SCAN_PAGE]]
        if len(keys) <= SCAN_PAGE:
            return {"Items": page}
        last = {name: page[-1][name] for name in ("pk", "sk")}
        return {"Items": page, "LastEvaluatedKey": last}

    # -- KMS ------------------------------------------------------------------------------------

    def generate_mac(self, **arguments: Any) -> Wire:
        self._call("GenerateMac")
        return {"Mac": crc32(arguments["Message"]).to_bytes(4, "big") * 8}

    # -- the table ------------------------------------------------------------------------------

    def _call(self, operation: str) -> None:
        self.calls[operation] += 1
        self._before(operation, self.calls[operation])
        if self._capacity is not None:
            self._capacity.time.now += self._latency

    def _charge(self, item: Wire, *, times: int = 1) -> None:
        units = times * write_units(item)
        if self._capacity is not None and not self._capacity.take(item["pk"]["S"], units):
            raise error("ThrottlingException")
        self.units += units

    def _set(self, key: Key, item: Wire | None) -> None:
        self._replay([*key, item])
        if self._journal is not None:
            with self._journal.open("a") as opened:
                opened.write(json.dumps([*key, item]) + "\n")

    def _replay(self, entry: list[Any]) -> None:
        pk, sk, item = entry
        if item is None:
            self.items.pop((pk, sk), None)
        else:
            self.items[pk, sk] = item


def lost(operation: str) -> Exception:
    """The answer of a call that was made got lost."""
    return ReadTimeoutError(endpoint_url=operation)


def _key(item: Wire) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _holds(item: Wire | None, arguments: Mapping[str, Any]) -> bool:
    text = arguments.get("ConditionExpression")
    if text is None:
        return True
    names = arguments.get("ExpressionAttributeNames", {})
    values = arguments.get("ExpressionAttributeValues", {})
    holds, mentioned = condition(text)
    assert mentioned == names.keys() | values.keys()
    return holds(item or {}, names, values)


class Session:
    """The clients of a fake table; the same for every service."""

    region_name = "us-east-1"

    def __init__(self, table: Any) -> None:
        self._table = table

    def client(self, _name: str, **_: Any) -> Any:
        return self._table


OPERATOR_ARN: Final = "arn:aws:sts::123456789012:assumed-role/loading/robin.moss"


def dependencies(table: Any, *, workers: int = 4) -> Dependencies:
    deps = Dependencies(
        settings=Settings({Env.REFERENCE_TABLE: "reference", Env.SSN_KEY: "key"}),
        load_speed=LoadSpeed(workers, 10**9, 10**9),
    )
    deps.session = Session(table)  # type: ignore[assignment]
    deps.operator = OPERATOR_ARN
    deps.audit_log = MemoryAudit()
    return deps
