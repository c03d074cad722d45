"""Throttle a table or an index above its maximum on-demand throughput, and count it.

Emulator: it stores the `OnDemandThroughput` of a table, not that of an index, and throttles nothing.
Patch: refuse a call that exceeds the maximum of a second with `ThrottlingException`, and cancel a
transaction with the reason `ThrottlingError`. Each item, and each page of a query, counts as one unit;
a batch is refused as a whole; writes do not use an index's units. Record `ReadThrottleEvents` and
`WriteThrottleEvents` by table, or by table and index, and `ThrottledRequests` by table and operation.
Remove when: the unpatched emulator throttles, and records these metrics.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from local.cloud.gaps.metrics import record
from local.cloud.gaps.upstream import module, wrap

_NAMESPACE: Final = "AWS/DynamoDB"
_READS: Final = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})
_ON_DEMAND: Final = "OnDemandThroughput"
_MESSAGE: Final = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"


class Access(NamedTuple):
    """A unit that a call uses of a table, or of an index of it."""

    table: str
    of_index: str | None
    kind: str
    """``Read`` or ``Write``."""


_used: dict[tuple[str, str, Access], tuple[int, int]] = {}
"""The second of the last access, and the units used in it, by account and Region."""


def accesses(operation: str, request: Mapping[str, Any]) -> Iterator[Access]:
    """Yield the units that a call of DynamoDB uses; none for calls that do not access items."""
    kind = "Read" if operation in _READS else "Write"
    if operation.startswith("Transact"):
        for part in request.get("TransactItems", ()):
            for one in part.values():
                yield Access(_name(one), None, kind)
    elif operation.startswith("Batch"):
        for table, listed in request.get("RequestItems", {}).items():
            for _ in listed.get("Keys", ()) if isinstance(listed, Mapping) else listed:
                yield Access(_name({"TableName": table}), None, kind)
    elif operation in _READS or operation in {"DeleteItem", "PutItem", "UpdateItem"}:
        yield Access(_name(request), request.get("IndexName"), kind)


def _name(request: Mapping[str, Any]) -> str:
    return str(request.get("TableName", "")).rpartition("/")[2]


def _limit(access: Access) -> int | None:
    table = module("services.dynamodb")._tables.get(access.table) or {}
    limited = table
    if access.of_index is not None:
        indexes = table.get("GlobalSecondaryIndexes") or ()
        limited = next((one for one in indexes if one["IndexName"] == access.of_index), {})
    units = (limited.get(_ON_DEMAND) or {}).get(f"Max{access.kind}RequestUnits")
    return None if units is None or int(units) < 0 else int(units)


def _is_throttled(access: Access, second: int) -> bool:
    """Return whether the units of this second are used up; else use one."""
    limit = _limit(access)
    if limit is None:
        return False
    responses = module("core.responses")
    key = (responses.get_account_id(), responses.get_region(), access)
    of, used = _used.get(key, (second, 0))
    used = used if of == second else 0
    _used[key] = (second, used + (used < limit))
    return used >= limit


def _count(operation: str, throttled: list[Access]) -> None:
    for access in throttled:
        dimensions = {"TableName": access.table}
        if access.of_index is not None:
            dimensions["GlobalSecondaryIndexName"] = access.of_index
        record(_NAMESPACE, f"{access.kind}ThrottleEvents", 1, dimensions)
    for table in {access.table for access in throttled}:
        dimensions = {"TableName": table, "Operation": operation}
        record(_NAMESPACE, "ThrottledRequests", 1, dimensions)


def _canceled(throttled: list[bool]) -> tuple[int, dict[str, str], bytes]:
    codes = ["ThrottlingError" if one else "None" for one in throttled]
    error = "TransactionCanceledException"
    body = {
        "__type": error,
        "message": "Transaction cancelled, please refer cancellation reasons for specific reasons "
        f"[{', '.join(codes)}]",
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": error}
    return HTTPStatus.BAD_REQUEST, headers, json.dumps(body).encode()


def _throttling(serve: Callable[..., Any]) -> Callable[..., Any]:
    refuse = module("core.responses").error_response_json

    async def serve_or_throttle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any
    ) -> Any:
        operation = str(headers.get("x-amz-target", "")).rpartition(".")[2]
        if not _any_limited(module("services.dynamodb")._tables):
            return await serve(method, path, headers, body, query)
        try:
            requested = list(accesses(operation, json.loads(body or b"{}")))
        except ValueError:
            requested = []
        second = int(time.time())
        refused = [_is_throttled(access, second) for access in requested]
        if not any(refused):
            return await serve(method, path, headers, body, query)
        _count(operation, [one for one, over in zip(requested, refused, strict=True) if over])
        if operation.startswith("Transact"):
            return _canceled(refused)
        return refuse("ThrottlingException", _MESSAGE, HTTPStatus.BAD_REQUEST)

    return serve_or_throttle


def _any_limited(tables: Any) -> bool:
    return any(
        _ON_DEMAND in table
        or any(_ON_DEMAND in index for index in table.get("GlobalSecondaryIndexes") or ())
        for table in list(tables.values())
    )


def _with_indexes(update: Callable[..., Any]) -> Callable[..., Any]:
    def update_with_indexes(data: Mapping[str, Any]) -> Any:
        answer = update(data)
        table = module("services.dynamodb")._tables.get(_name(data))
        if answer[0] == HTTPStatus.OK and table is not None:
            for changed in data.get("GlobalSecondaryIndexUpdates", ()):
                one = changed.get("Update", {})
                for index in table.get("GlobalSecondaryIndexes") or ():
                    if index["IndexName"] == one.get("IndexName") and _ON_DEMAND in one:
                        index[_ON_DEMAND] = one[_ON_DEMAND]
        return answer

    return update_with_indexes


def apply() -> None:
    """Throttle calls before they are served; store the maximum of an index."""
    tables = module("services.dynamodb")
    wrap(tables, "handle_request", _throttling)
    wrap(tables, "_update_table", _with_indexes)
