"""Delete expired items with a stream record.

Emulator: `TimeToLiveSpecification` of a table in a template is dropped. If TTL is enabled by a call, a
thread deletes items once a minute without a stream record, so that the cleanup is never invoked.
Patch: set the specification from the template; delete expired items every few seconds, each with a
REMOVE record whose `userIdentity` is the service's, as DynamoDB does.
Remove when: the template's setting takes effect and expirations have stream records.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps.stack_properties import Properties, after_create_and_update
from local.cloud.gaps.upstream import module, wrap

INTERVAL_SECONDS: Final = float(os.environ.get("PRECERT_CLOUD_EXPIRY_SECONDS", "5"))
#: DynamoDB does not delete items that expired more than five years ago.
OLDEST_SECONDS: Final = 5 * 365 * 86400
SERVICE: Final = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_REAPER: Final = "dynamodb-ttl-reaper"
_sweeping = threading.local()


def expired(item: dict[str, Any], attribute: str, now: float) -> bool:
    """Return whether the item's TTL is in the past, but not by more than five years."""
    value = item.get(attribute)
    try:
        at = float(value["N"]) if isinstance(value, dict) else None
    except (KeyError, TypeError, ValueError):
        return False
    return at is not None and now - OLDEST_SECONDS < at < now


def _set_expiry(name: str, props: Properties) -> None:
    specification = props.get("TimeToLiveSpecification")
    tables = module("services.dynamodb")
    if specification:
        tables._update_ttl({"TableName": name, "TimeToLiveSpecification": specification})
    elif name in tables._ttl_settings:
        tables._ttl_settings.pop(name, None)


def _remove(tables: Any, table: Any, partition: Any, sort: Any) -> None:
    old = tables._remove_item(table, partition, sort)
    _sweeping.on = True
    try:
        tables._emit_stream_event(table["TableName"], "REMOVE", old, None)
    finally:
        _sweeping.on = False


async def sweep(now: float) -> None:
    """Delete the items of every table with TTL that have expired at ``now``, in Unix seconds.

    This runs on the event loop, as every write, so that stream records stay in order.
    """
    tables = module("services.dynamodb")
    scope = module("core.responses").request_scope
    for (account, region, name), setting in list(tables._ttl_settings.all_items()):
        table = tables._tables.get_scoped(account, region, name)
        attribute = setting.get("AttributeName")
        if table is None or setting.get("TimeToLiveStatus") != "ENABLED" or not attribute:
            continue
        with scope(account, region):
            for partition, items in list(table["items"].items()):
                for sort, item in list(items.items()):
                    if expired(item, attribute, now):
                        _remove(tables, table, partition, sort)


def _identified(build: Callable[..., Any]) -> Callable[..., Any]:
    def build_identified(*args: Any, **kwargs: Any) -> Any:
        record = build(*args, **kwargs)
        if getattr(_sweeping, "on", False):
            record["userIdentity"] = dict(SERVICE)
        return record

    return build_identified


def _without_reaper(remove: Callable[..., Any]) -> Callable[..., Any]:
    """Disable the emulator's own thread, which deletes expired items without a stream record."""

    def remove_unless_reaper(*args: Any) -> Any:
        if threading.current_thread().name == _REAPER:
            return None
        return remove(*args)

    return remove_unless_reaper


def _sweep_forever() -> None:
    pause = threading.Event()
    app = module("app")
    while not pause.wait(INTERVAL_SECONDS):
        if app._MAIN_LOOP is None:
            continue
        try:
            asyncio.run_coroutine_threadsafe(sweep(time.time()), app._MAIN_LOOP).result(timeout=60)
        except Exception:
            app.logger.exception("expiry sweep failed; trying again")


def apply() -> None:
    """Apply the template's setting, and start the sweep."""
    after_create_and_update("AWS::DynamoDB::Table", _set_expiry)
    wrap(module("services.dynamodb"), "_build_change_record", _identified)
    wrap(module("services.dynamodb"), "_remove_item", _without_reaper)
    threading.Thread(target=_sweep_forever, daemon=True, name="precert-expiry").start()
