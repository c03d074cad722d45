"""Prices and assumptions, and what usage costs by them."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, model_validator

from bench.cost.usage import Item, Usage

FILE: Final = Path(__file__).with_name("prices.toml")
ACTIVE_USERS: Final = "active_users"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Frozen):
    price: float
    per: float
    unit: str
    source: str
    read: str

    @property
    def of_one(self) -> float:
        return self.price / self.per


class Assumptions(_Frozen):
    milliseconds_per_table_call: float
    milliseconds_per_transaction: float
    milliseconds_per_other_call: float
    milliseconds_per_assessment: float
    cpu_milliseconds_per_call: float
    megabytes_per_processor: float
    restores_per_1000: float
    cold_starts_per_1000: float
    cold_start_cpu_milliseconds: float
    pollers_per_queue: int
    poll_seconds: int
    key_cache_minutes: int
    web_acl_rules: int
    days_per_month: int


class Prices(_Frozen):
    region: str
    date: date
    prices: Mapping[str, Price]
    assumptions: Assumptions

    @model_validator(mode="after")
    def _complete(self) -> "Prices":
        expected = {*(item.value for item in Item), ACTIVE_USERS}
        if expected != self.prices.keys():
            raise ValueError(f"prices and units differ: {expected ^ self.prices.keys()}")
        return self

    def of(self, item: Item) -> Price:
        return self.prices[item.value]

    def cost(self, items: Mapping[Item, float]) -> dict[Item, float]:
        """Dollars by item."""
        return {item: number * self.of(item).of_one for item, number in items.items()}


@cache
def prices() -> Prices:
    values: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Prices.model_validate(values)


def billed_milliseconds(
    name: str, usage: Usage, cpu: Mapping[str, float], megabytes: int, assumed: Assumptions
) -> float:
    """Of all invocations of a function: its processor time at its memory, and its calls' waiting."""
    calls = usage.calls_by_function.get(name, Counter())
    number = usage.invocations[name]
    computing = number * cpu[name] + sum(calls.values()) * assumed.cpu_milliseconds_per_call
    waiting = sum(_latency(operation, assumed) * count for operation, count in calls.items())
    share = min(1.0, megabytes / assumed.megabytes_per_processor)
    return computing / share + waiting


def _latency(operation: str, assumed: Assumptions) -> float:
    if operation == "transact_write_items":
        return assumed.milliseconds_per_transaction
    if operation in {"get_item", "query", "batch_get_item", "put_item", "update_item"}:
        return assumed.milliseconds_per_table_call
    if operation == "start_sync_execution":
        return assumed.milliseconds_per_assessment
    return assumed.milliseconds_per_other_call
