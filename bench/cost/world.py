"""The product's handlers over simulated AWS, with everything counted that AWS charges for.

It is the world of ``tests/simulation`` without failures and without random numbers. Sizes are those of
the real items, objects and log lines: nothing is replaced but AWS. Each stream record, event and task
is an invocation of its own, as at a low rate; batches would cost less.
"""

import io
import json
import logging
import resource
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta
from functools import cache
from types import ModuleType
from typing import Any, Final

import pytest
from aws_lambda_powertools.logging import logger as powertools_logger

from bench.cost.prices import prices
from bench.cost.usage import Item, Usage
from functions.audit import handler as audit
from functions.expire import handler as expire
from functions.relay import handler as relay
from functions.subscriptions import handler as subscriptions
from functions.upload import scan
from functions.workflow import handler as workflow
from infra.constructs.api import ACCESS_LOG_FORMAT
from precert import bootstrap
from precert.adapters.dynamodb.directory import entry_item
from precert.adapters.dynamodb.table import to_wire
from precert.adapters.inspection.content_types import inspect_content
from precert.domain.caller import Grant
from precert.domain.event_types import SUBSCRIPTION_EVENT_TYPES
from precert.names import DOCUMENT_SK_PREFIX, INBOX_PK_PREFIX, INDEXES, REQUEST_SK, Env, Index
from precert.observability import logger
from precert.settings import Settings
from tests.adapters.capacity import in_index, index_units, item_size, write_units
from tests.fakes.gateway import matched
from tests.fakes.printing import printer
from tests.fakes.samples import directory, payer
from tests.simulation.reference import REFERENCE
from tests.simulation.streams import stream_record
from tests.simulation.table import Written
from tests.simulation.wire import Perform
from tests.simulation.wire import Wire as WireTo
from tests.simulation.world import REQUESTS, Context, World

AUDIT: Final = "audit"
LIMITS: Final = "limits"
ISSUER: Final = "https://issuer.example/pool"
KB: Final = 1024
GB: Final = 1024**3
METERED_API_BYTES: Final = 512 * KB
METERED_EVENT_BYTES: Final = 64 * KB
EXPRESS_GB: Final = 64 / 1024
"""Step Functions charges 64 MB of one function's call."""
QUEUE_CALLS_PER_EVENT: Final = 3
"""EventBridge sends a message; Lambda receives and deletes it."""
_OBJECT_WRITES: Final = frozenset({"put_object", "copy_object", "list_objects_v2"})
_CONTEXT: Final = Context()


class CountedWorld(World):
    """A world in which nothing fails, and everything is counted."""

    rules = (*World.rules, (SUBSCRIPTION_EVENT_TYPES, subscriptions))
    """No provider has a subscription: its function only looks for one."""

    def __init__(self, *, scans: bool = False) -> None:
        super().__init__(seed=0)
        self.usage = Usage()
        self.scans = scans
        self.function = self.log = ""
        self.wire = CountedWire(self)
        self.tables.tables |= {AUDIT: {}, LIMITS: {}}
        self.audited: list[Written] = []
        self.removed_items: list[Written] = []
        self.deps = self._counted_deps()

    def _counted_deps(self) -> Any:
        deps = self._deps()
        values = {
            Env.AUDIT_TABLE: AUDIT,
            Env.LIMITS_TABLE: LIMITS,
            Env.AUDIT_BUCKET: "audit",
            Env.RIGHTS: "table",
            Env.CALLS_PER_MINUTE: "1200",
            Env.SUBSCRIPTIONS_QUEUE: "subscriptions",
            Env.SCAN_DOCUMENTS: "on" if self.scans else "off",
        }
        named = {name.value: value for name, value in values.items()}
        deps.settings = Settings({**deps.settings.environ, **named})
        deps.payer = payer()
        deps.delivery_queue = _NoDeliveries()  # type: ignore[assignment]
        deps.printer = printer()
        deps.inspect = cache(inspect_content)
        del deps.audit_log
        serials = iter(range(10**6))
        deps.serial = lambda: next(serials)
        return deps

    def _between(self) -> None:
        self.clock.at += timedelta(milliseconds=5)

    # -- what is charged ----------------------------------------------------------------------------

    def use(self, item: Item, number: float = 1) -> None:
        self.usage.items[item] += number

    def _written(self, written: list[Written]) -> None:
        super()._written(written)
        self.audited += [one for one in written if one.table == AUDIT]
        self.removed_items += [one for one in written if _cleaned_up(one)]

    def call(self, operation: str, perform: Perform, parameters: Mapping[str, Any]) -> Any:
        """One call of a client."""
        self.usage.calls[operation] += 1
        self.usage.calls_by_function.setdefault(self.function, Counter())[operation] += 1
        self._between()
        keys = list(_keys(operation, parameters))
        before = [self.tables.item(*key) for key in keys]
        answer = perform(operation, parameters)
        transaction = operation == "transact_write_items"
        for key, old in zip(keys, before, strict=True):
            new = self.tables.item(*key)
            units = write_units(old, new, in_transaction=transaction) + index_units(old, new)
            self.use(Item.WRITE_UNITS, units)
            self.usage.writes_by_key[key[0], key[1][0]] += units - index_units(old, new)
            for name, index in INDEXES.items():
                for partition, used in _index_writes(old, new, index):
                    self.usage.writes_by_key[name, partition] += used
        match operation:
            case "get_item" | "query" | "batch_get_item":
                self.use(Item.READ_UNITS, _read_units(operation, parameters, answer))
            case "put_events":
                for entry in parameters["Entries"]:
                    size = len(json.dumps(entry, default=str).encode())
                    self.use(Item.EVENTS, -(-size // METERED_EVENT_BYTES))
                    self.use(Item.EVENT_ARCHIVE_GB, size / GB)
            case "generate_mac":
                self.use(Item.KEY_CALLS)
            case _ if operation in _OBJECT_WRITES:
                self.use(Item.OBJECT_WRITES)
            case "get_object" | "head_object":
                self.use(Item.OBJECT_READS)
        return answer

    # -- invocations --------------------------------------------------------------------------------

    def _assessed(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.use(Item.EXPRESS_CALLS)
        seconds = prices().assumptions.milliseconds_per_assessment / 1000
        self.use(Item.EXPRESS_GB_SECONDS, EXPRESS_GB * seconds)
        function, log = self.function, self.log
        answer = self.run(workflow, {"task": "assess", **json.loads(parameters["input"])})
        self.function, self.log = function, log
        return {"status": "SUCCEEDED", "output": json.dumps(answer)}

    def run(self, function: ModuleType, event: Mapping[str, Any]) -> Any:
        """Invoke a function, count its log and metrics, and measure its processor time."""
        name = function.__name__.removeprefix("functions.")
        if function.__name__.startswith("functions.workflow"):
            name = f"{name}.{event['task']}"
        self.function, usage = name, self.usage
        usage.invocations[name] += 1
        log, metrics = io.StringIO(), io.StringIO()
        handler = logger.registered_handler
        if not isinstance(handler, logging.StreamHandler):
            raise TypeError("the logger writes to a stream")
        previous = handler.setStream(log)
        started = _processor_seconds()
        try:
            with redirect_stdout(metrics):
                answer = function.handle(event, _CONTEXT)
        finally:
            handler.setStream(previous)
        usage.cpu_seconds.setdefault(name, []).append(_processor_seconds() - started)
        self.log = log.getvalue()
        lines = self.log + metrics.getvalue()
        self.use(Item.LOG_GB, len(lines.encode()) / GB)
        for line in metrics.getvalue().splitlines():
            usage.metrics |= set(_metrics_of(json.loads(line)))
        return answer

    def http(
        self,
        function: ModuleType,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str,
        query: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Any:
        """One API call; its function has no grants in memory, so that it reads them."""
        self.deps.__dict__.pop("callers", None)
        event = {
            "version": "2.0",
            **matched(method, path),
            "rawPath": path,
            "rawQueryString": "",
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "queryStringParameters": query,
            "requestContext": {
                "http": {
                    "method": method,
                    "path": path,
                    "sourceIp": "203.0.113.9",
                    "userAgent": "Mozilla/5.0",
                },
                "requestId": f"JKJaXmPLvHcESHA={self._ids}",
                "authorizer": {"jwt": {"claims": token(by)}},
                "stage": "$default",
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self.run(function, event)
        text = answer["body"] or ""
        if answer["statusCode"] >= 300:
            raise AssertionError(f"{method} {path}: {answer['statusCode']} {text} {self.log}")
        size = len(text.encode())
        self.use(Item.API_CALLS, max(1, -(-size // METERED_API_BYTES)))
        for item in (Item.EDGE_CALLS, Item.WAF_CALLS):
            self.use(item)
        self.use(Item.EDGE_GB, size / GB)
        self.use(Item.LOG_GB, len(json.dumps(_ACCESS_LOG_LINE).encode()) / GB)
        return json.loads(text) if text and not answer["isBase64Encoded"] else None

    # -- what follows -------------------------------------------------------------------------------

    def settle(self) -> None:
        """Deliver every record and event, and run every task, until nothing is left."""
        while self._step():
            pass

    def _step(self) -> bool:
        relayed, expired = self.mappings
        if self.removed_items:
            removed = self.removed_items.pop(0)
            self._stream(expire, stream_record(removed, "1"))
        elif relayed.behind:
            record = min(
                (waiting[0] for waiting in relayed.records.values()), key=lambda one: one.number
            )
            relayed.remove([record])
            self._stream(relay, record.content)
        elif self.deliveries:
            delivery = self.deliveries.pop(0)
            self.use(Item.QUEUE_CALLS, QUEUE_CALLS_PER_EVENT)
            body = json.dumps({"detail": delivery.detail})
            answer = self.run(delivery.handler, {"Records": [{"messageId": "1", "body": body}]})
            assert answer["batchItemFailures"] == [], delivery.what
        elif ready := self.machine.ready():
            execution = ready[0]
            assert execution.payload is not None
            token = execution.token
            self.run(workflow, execution.payload)
            self.machine.returned(execution, token)
        else:
            expired.records.clear()
            return False
        return True

    def archive_audit(self) -> None:
        """The mapping of the audit's archive waits five minutes for a batch."""
        self.settle()
        if self.audited:
            batch, self.audited = self.audited, []
            records = [stream_record(one, f"{number:021d}") for number, one in enumerate(batch)]
            self._stream(audit, *records)

    def _stream(self, function: ModuleType, *records: dict[str, Any]) -> None:
        answer = self.run(function, {"Records": list(records)})
        assert answer["batchItemFailures"] == [], records

    def upload(self, form: Mapping[str, Any], body: bytes) -> None:
        """The provider's browser sends a file; with scans GuardDuty reads it and sends its result."""
        key = form["fields"]["key"]
        self.use(Item.OBJECT_WRITES)
        self.bucket.upload(key, body)
        self.settle()
        if not self.scans:
            return
        self.use(Item.SCANNED_OBJECTS)
        self.use(Item.SCANNED_GB, len(body) / GB)
        self.use(Item.OBJECT_READS)
        version_id, _ = self.bucket.versions[key][-1]
        detail = {
            "s3ObjectDetails": {"objectKey": key, "versionId": version_id},
            "scanResultDetails": {"scanResultStatus": "NO_THREATS_FOUND"},
        }
        body_ = json.dumps({"detail": detail})
        self.use(Item.QUEUE_CALLS, QUEUE_CALLS_PER_EVENT)
        answer = self.run(scan, {"Records": [{"messageId": "1", "body": body_}]})
        assert answer["batchItemFailures"] == []
        self.settle()

    def prepare(self, *grants: Grant) -> None:
        """Grant rights, and load the directory entries of the request's providers; uncounted."""
        counted, self.usage = self.usage, Usage()
        for one in grants:
            self.deps.grants.store(one)
        for entry in directory().values():
            place = self.deps.code_sets.place(entry.address.zip_code)
            assert place is not None
            item = to_wire(entry_item((entry, place)))
            self.tables.perform("put_item", {"TableName": REFERENCE, "Item": item})
        self.usage = counted

    def finish(self) -> Usage:
        """The usage, with what is counted at the end."""
        self.archive_audit()
        for execution in self.machine.executions.values():
            # AWS counts the start as well.
            self.use(Item.TRANSITIONS, len(execution.entered) + 1)
            self.use(Item.TRACES)
        held = [one for name in (REQUESTS, AUDIT) for one in self.tables.items(name)]
        self.usage.stored_bytes = sum(map(item_size, held))
        for number in self.usage.invocations.values():
            self.use(Item.LAMBDA_CALLS, number)
        return self.usage


class CountedWire(WireTo):
    """Passes the calls of all clients to the world."""

    def __init__(self, world: CountedWorld) -> None:
        super().__init__(world.rng, lambda: None, world.note)
        self.world = world

    def call(self, operation: str, perform: Perform, parameters: Mapping[str, Any]) -> Any:
        return self.world.call(operation, perform, parameters)


class _NoDeliveries:
    """The queue of deliveries, to which nothing is sent while no provider has a subscription."""

    def request(self, subscription_ids: Sequence[str], *, delay: timedelta = timedelta()) -> None:
        raise AssertionError(f"{len(subscription_ids)} deliveries were requested in {delay}")


def token(subject: str) -> dict[str, str]:
    """The claims of an access token, which name no rights."""
    return {
        "sub": subject,
        "iss": ISSUER,
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
    }


@contextmanager
def counted(world: CountedWorld) -> Iterator[None]:
    """Inject a world into the handlers, with the log level of production."""
    level = logger.log_level
    with pytest.MonkeyPatch.context() as patch:
        logger.setLevel("INFO")
        # Each invocation is a warm one, so that lines are of one length.
        patch.setattr(powertools_logger, "is_cold_start", False)
        patch.setattr(bootstrap, "Dependencies", lambda: world.deps)
        bootstrap.dependencies.cache_clear()
        yield
    logger.setLevel(level)
    bootstrap.dependencies.cache_clear()


_ACCESS_LOG_LINE: Final = {
    **ACCESS_LOG_FORMAT,
    "request_id": "JKJaXmPLvHcESHA=",
    "route": "POST /v1/drafts/{draft_id}/submission",
    "status": "200",
    "latency_ms": "123",
    "integration_latency_ms": "123",
    "response_bytes": "12345",
    "time": "1783954800000",
}


def _cleaned_up(one: Written) -> bool:
    """What the cleanup's mapping passes."""
    pk, sk = one.key
    if one.table != REQUESTS or one.new is not None:
        return False
    return sk == REQUEST_SK or sk.startswith(DOCUMENT_SK_PREFIX) or pk.startswith(INBOX_PK_PREFIX)


def _processor_seconds() -> float:
    """Of this process, and of those that it has ended: documents are decoded in one of their own."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _keys(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Table and key of each item that a call may write."""
    if operation == "transact_write_items":
        writes = [next(iter(one.values())) for one in parameters["TransactItems"]]
    elif operation in {"put_item", "update_item", "delete_item"}:
        writes = [parameters]
    else:
        return
    for one in writes:
        key = one.get("Key") or one["Item"]
        yield one["TableName"], (key["pk"]["S"], key["sk"]["S"])


def _index_writes(old: Any, new: Any, index: Index) -> Iterator[tuple[str, int]]:
    """Partition and write units of an index: of an entry that moves, both its places."""
    before, after = (in_index(one, index) for one in (old, new))
    if before == after:
        return
    moved = before and after and any(before[name] != after[name] for name in index.key)
    entries = (before, after) if moved else (after or before,)
    for entry in entries:
        if entry:
            yield entry[index.partition_key]["S"], max(1, -(-item_size(entry) // KB))


def _read_units(operation: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Units by the published rules: half for eventually consistent reads, for each started 4 KB."""
    if operation == "batch_get_item":
        return sum(
            _units(item_size(item), consistent=bool(requested.get("ConsistentRead")))
            for table, requested in parameters["RequestItems"].items()
            for item in answer["Responses"].get(table, [])
        )
    consistent = bool(parameters.get("ConsistentRead"))
    found = answer["Items"] if operation == "query" else [answer.get("Item")]
    return _units(sum(map(item_size, found)), consistent=consistent)


def _units(size: int, *, consistent: bool) -> float:
    return max(1, -(-size // 4096)) * (1.0 if consistent else 0.5)


def _metrics_of(line: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The metrics that CloudWatch extracts from a line."""
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                yield (metric["Name"], *(str(line[name]) for name in dimensions))
