"""The page ``docs/cost.md``, from counts, durations, prices and templates."""

import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from bench.cost import idle
from bench.cost.prices import ACTIVE_USERS, Prices, billed_milliseconds
from bench.cost.scenarios import SCENARIOS, SCHEDULED, idle_run, usage_of
from bench.cost.usage import Amounts, Item, Usage
from infra.catalog import ALL
from infra.constructs.functions import INSPECTING_MB, FunctionSpec

DURATIONS: Final = Path(__file__).with_name("durations.toml")
DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "cost.md"
GOALS: Final = {"automatic": 0.20, "pended": 0.45}
"""Dollars for 1,000 requests, without scans."""
IDLE_GOAL: Final = 60.0
"""Dollars for a month of ``prod`` without requests."""
MEMORY_MB: Final = {"dev": 512, "prod": 512}
"""``memory_mb`` of the stages."""
RETAINED_MONTHS: Final = 24
"""``history_years`` of the sample payer; audit records leave the table after three months."""
SCANS: Final = (Item.SCANNED_OBJECTS, Item.SCANNED_GB)
MEASURED_RUNS: Final = 7
_SPECS: Final[Mapping[str, FunctionSpec]] = {spec.module: spec for spec in ALL}
_GROUPS: Final[Mapping[str, tuple[Item, ...]]] = {
    "Step Functions": (Item.TRANSITIONS, Item.EXPRESS_CALLS, Item.EXPRESS_GB_SECONDS),
    "DynamoDB writes": (Item.WRITE_UNITS,),
    "DynamoDB reads": (Item.READ_UNITS,),
    "Lambda": (Item.LAMBDA_CALLS, Item.LAMBDA_GB_SECONDS, Item.RESTORED_GB),
    "S3": (Item.OBJECT_WRITES, Item.OBJECT_READS),
    "API Gateway": (Item.API_CALLS,),
    "CloudFront and AWS WAF": (Item.EDGE_CALLS, Item.EDGE_GB, Item.WAF_CALLS),
    "Logs": (Item.LOG_GB,),
    "EventBridge": (Item.EVENTS, Item.EVENT_ARCHIVE_GB),
    "SQS": (Item.QUEUE_CALLS,),
    "X-Ray": (Item.TRACES,),
    "KMS": (Item.KEY_CALLS,),
}


def paragraph(text: str) -> str:
    """Lines as the other documents have them."""
    return textwrap.fill(text.strip(), 118, break_on_hyphens=False, break_long_words=False)


class Row(NamedTuple):
    item: Item
    number: float
    dollars: float


def spec_of(name: str) -> FunctionSpec:
    """The function of a counted invocation; tasks of the workflow are counted by name."""
    return _SPECS[name] if name in _SPECS else _SPECS[name.rpartition(".")[0]]


def memory_of(spec: FunctionSpec, stage: str) -> int:
    return max(MEMORY_MB[stage], INSPECTING_MB * spec.inspects)


@cache
def durations() -> Mapping[str, float]:
    """Milliseconds of processor time by function, as ``make cost MEASURE=1`` measured them."""
    values = tomllib.loads(DURATIONS.read_text(encoding="utf-8"))
    return {name: float(one) for name, one in values["cpu_milliseconds"].items()}


def with_lambda(usage: Usage, stage: str, tariff: Prices) -> Amounts:
    """The usage, with what Lambda charges for the invocations."""
    assumed, items = tariff.assumptions, usage.items.copy()
    for name, number in usage.invocations.items():
        spec = spec_of(name)
        megabytes = memory_of(spec, stage)
        milliseconds = billed_milliseconds(name, usage, durations(), megabytes, assumed)
        gigabytes = megabytes / 1024
        if spec.serves_http:
            items[Item.RESTORED_GB] += number * assumed.restores_per_1000 / 1000 * gigabytes
        else:
            share = min(1.0, megabytes / assumed.megabytes_per_processor)
            starts = number * assumed.cold_starts_per_1000 / 1000
            milliseconds += starts * assumed.cold_start_cpu_milliseconds / share
        items[Item.LAMBDA_GB_SECONDS] += milliseconds / 1000 * gigabytes
    return items


def rows_of(items: Mapping[Item, float], tariff: Prices) -> list[Row]:
    """Items with their dollars, the most expensive first."""
    dollars = tariff.cost(items)
    rows = [Row(item, number, dollars[item]) for item, number in items.items() if number]
    return sorted(rows, key=lambda row: (-row.dollars, row.item))


def total(items: Mapping[Item, float], tariff: Prices) -> float:
    return sum(tariff.cost(items).values())


def idle_month(folder: Path, stage: str, tariff: Prices) -> Amounts:
    """Units of a month without requests."""
    assumed = tariff.assumptions
    used = idle.monthly(folder, assumed)
    metrics: set[tuple[str, ...]] = set()
    for construct_id, runs in idle.runs(folder, assumed).items():
        usage = idle_run(construct_id)
        for item, number in with_lambda(usage, stage, tariff).items():
            used[item] += number * runs
        metrics |= usage.metrics
        used[Item.KEY_CALLS] += (
            assumed.days_per_month * idle.MINUTES_PER_DAY // assumed.key_cache_minutes
        )
    used[Item.METRICS] += len(metrics)
    return used


def measured() -> str:
    """Measure the processor time of each function; return the text of the file."""
    found: dict[str, list[float]] = {}
    for _ in range(MEASURED_RUNS):
        for usage in (
            *(usage_of(name, scans=True) for name in SCENARIOS),
            *map(idle_run, SCHEDULED),
        ):
            for name, seconds in usage.cpu_seconds.items():
                found.setdefault(name, []).extend(seconds)
    lines = [f'"{name}" = {median(seconds) * 1000:.1f}' for name, seconds in sorted(found.items())]
    return "\n".join(
        [
            "# Milliseconds of processor time of an invocation: medians, measured by",
            "# `make cost MEASURE=1` on one core of x86-64. AWS calls are simulated and not included.",
            "",
            "[cpu_milliseconds]",
            *lines,
            "",
        ]
    )


# -- the page ---------------------------------------------------------------------------------------


def page(folders: Mapping[str, Path], tariff: Prices) -> str:
    """The page; ``folders`` are the assemblies of the stages."""
    usages = {name: usage_of(name) for name in SCENARIOS}
    items = {name: with_lambda(usage, "prod", tariff) for name, usage in usages.items()}
    months = {stage: idle_month(folder, stage, tariff) for stage, folder in folders.items()}
    return "\n".join(
        [
            *_introduction(tariff),
            *_results(items, months, tariff),
            *_by_service(items, tariff),
            *_counts(usages),
            *_scans(usages, tariff),
            *_storage(usages, tariff),
            *_idle(months, tariff),
            *_in_use(usages, tariff),
            *_prices(tariff),
        ]
    )


def _introduction(tariff: Prices) -> Iterator[str]:
    yield "# What precert costs"
    yield ""
    yield paragraph(
        f"Generated by `make cost`: US dollars in {tariff.region}, prices of "
        f"{tariff.date}, without free "
        "tiers, taxes and support. What is charged is counted while the product's "
        "handlers run on simulated "
        "AWS services, and in the synthesized templates; a test compares this page with "
        "the counts. Prices and "
        "assumptions are in `bench/cost/prices.toml`. "
    )
    yield ""


def _results(
    items: Mapping[str, Amounts], months: Mapping[str, Amounts], tariff: Prices
) -> Iterator[str]:
    yield "| | dollars | goal | |"
    yield "| --- | ---: | ---: | --- |"
    for name, used in items.items():
        dollars = total(used, tariff) * 1000
        yield _result(f"1,000 {name} requests, without scans", dollars, GOALS.get(name))
    for stage, used in months.items():
        goal = IDLE_GOAL if stage == "prod" else None
        yield _result(f"a month of `{stage}` without requests", total(used, tariff), goal)
    yield ""
    yield paragraph(
        "An *automatic* request is approved by the rules; for a *pended* one the "
        "provider uploads a document "
        "and a reviewer decides; an *appealed* one is denied, appealed with a second "
        "document, and approved. "
        "The provider searches the patient, checks the requirements, saves the draft "
        "three times, validates and "
        "submits it, and opens the message, the request and its notice. Each event and "
        "stream record has an "
        "invocation of its own, as where there are few requests; audit records of five "
        "minutes are one object. "
    )
    yield ""


def _result(what: str, dollars: float, goal: float | None) -> str:
    if goal is None:
        return f"| {what} | {dollars:.2f} | | |"
    return f"| {what} | {dollars:.2f} | {goal:.2f} | {'met' if dollars <= goal else 'missed'} |"


def _by_service(items: Mapping[str, Amounts], tariff: Prices) -> Iterator[str]:
    yield "## 1,000 requests by service"
    yield ""
    yield f"| | {' | '.join(items)} |"
    yield f"| --- |{' ---: |' * len(items)}"
    groups = [
        (
            group,
            [sum(tariff.cost({one: used[one] for one in of}).values()) for used in items.values()],
        )
        for group, of in _GROUPS.items()
    ]
    for group, dollars in sorted(groups, key=lambda one: -one[1][0]):
        yield f"| {group} | {' | '.join(f'{one * 1000:.3f}' for one in dollars)} |"
    yield ""


def _counts(usages: Mapping[str, Usage]) -> Iterator[str]:
    yield "## Counts of one request"
    yield ""
    yield f"| | {' | '.join(usages)} |"
    yield f"| --- |{' ---: |' * len(usages)}"
    shown = {
        Item.API_CALLS: "API calls",
        Item.LAMBDA_CALLS: "Lambda invocations",
        Item.TRANSITIONS: "state transitions",
        Item.WRITE_UNITS: "write units",
        Item.READ_UNITS: "read units",
        Item.EVENTS: "events on the bus",
        Item.QUEUE_CALLS: "SQS requests",
        Item.OBJECT_WRITES: "S3 writes",
        Item.OBJECT_READS: "S3 reads",
    }
    for item, label in shown.items():
        numbers = [f"{usage.items[item]:g}" for usage in usages.values()]
        yield f"| {label} | {' | '.join(numbers)} |"
    sizes = [f"{usage.items[Item.LOG_GB] * 1024**2:.0f}" for usage in usages.values()]
    yield f"| KB of logs | {' | '.join(sizes)} |"
    yield ""


def _scans(usages: Mapping[str, Usage], tariff: Prices) -> Iterator[str]:
    del usages
    scanned = usage_of("pended", scans=True)
    extra = tariff.cost({item: scanned.items[item] for item in SCANS})
    per_object = extra[Item.SCANNED_OBJECTS] * 1000
    yield "## Malware scans"
    yield ""
    yield paragraph(
        f"GuardDuty charges {per_object:.3f} dollars for 1,000 documents and "
        f"{tariff.of(Item.SCANNED_GB).of_one:.2f} dollars for each GB: with documents of "
        f"1 MB, "
        f"{per_object + tariff.of(Item.SCANNED_GB).of_one * 1000 / 1024:.2f} dollars for "
        f"1,000 documents. "
    )
    yield ""


def _storage(usages: Mapping[str, Usage], tariff: Prices) -> Iterator[str]:
    month = tariff.of(Item.TABLE_GB_MONTHS).of_one + tariff.of(Item.BACKUP_GB_MONTHS).of_one
    yield "## Storage"
    yield ""
    yield paragraph(
        "The items that a request leaves in the tables, with point-in-time recovery, for "
        "the two years of its "
        "retention; documents are in S3 at "
        f"{tariff.of(Item.OBJECT_GB_MONTHS).of_one:.3f} dollars for each GB and month. "
    )
    yield ""
    yield "| | KB | dollars for 1,000 requests and two years |"
    yield "| --- | ---: | ---: |"
    for name, usage in usages.items():
        size = usage.stored_bytes
        dollars = size * 1000 / 1024**3 * month * RETAINED_MONTHS
        yield f"| {name} | {size / 1024:.0f} | {dollars:.2f} |"
    yield ""


def _idle(months: Mapping[str, Amounts], tariff: Prices) -> Iterator[str]:
    yield "## A month without requests"
    yield ""
    yield f"| | {' | '.join(f'{stage}, number | {stage}, dollars' for stage in months)} |"
    yield f"| --- |{' ---: |' * 2 * len(months)}"
    rows = {
        stage: {row.item: row for row in rows_of(used, tariff)} for stage, used in months.items()
    }
    order = sorted(
        {item for of_stage in rows.values() for item in of_stage},
        key=lambda item: (-max(one[item].dollars for one in rows.values() if item in one), item),
    )
    for item in order:
        cells = [_cells(of_stage.get(item)) for of_stage in rows.values()]
        yield f"| {tariff.of(item).unit} | {' | '.join(cells)} |"
    sums = [f" | {total(used, tariff):.2f}" for used in months.values()]
    yield f"| total |{' |'.join(sums)} |"
    yield ""


def _cells(row: Row | None) -> str:
    return " | " if row is None else f"{_number(row.number)} | {row.dollars:.2f}"


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.3g}"


def _in_use(usages: Mapping[str, Usage], tariff: Prices) -> Iterator[str]:
    metrics = set[tuple[str, ...]]().union(*(usage.metrics for usage in usages.values()))
    dollars = len(metrics) * tariff.of(Item.METRICS).of_one
    yield "## A month in use"
    yield ""
    yield paragraph(
        f"The three kinds of requests send {len(metrics)} custom metrics: at most "
        f"{dollars:.2f} dollars a month "
        "if each is sent in every hour. A user who signs in costs "
        f"{tariff.prices[ACTIVE_USERS].of_one:.2f} dollars a month with threat protection "
        f"(Cognito Plus). A million "
        "members are about 1 GB of the reference table: "
    )
    month = tariff.of(Item.TABLE_GB_MONTHS).of_one + tariff.of(Item.BACKUP_GB_MONTHS).of_one
    yield paragraph(
        f"{month:.2f} dollars a month, and {tariff.of(Item.WRITE_UNITS).of_one * 1e6:.2f} "
        f"dollars to load them. "
    )
    yield ""


def _prices(tariff: Prices) -> Iterator[str]:
    yield "## Prices"
    yield ""
    yield paragraph(
        "*page*: read on AWS's page; *report*: on a page that quotes it; *no*: not read, "
        "because AWS's page shows "
        "its prices by script. Compare all of them with the account's before you rely on "
        "a total. "
    )
    yield ""
    yield "| unit | dollars | per | read | source |"
    yield "| --- | ---: | ---: | --- | --- |"
    for one in tariff.prices.values():
        yield f"| {one.unit} | {one.price:.10g} | {one.per:,.0f} | {one.read} | <{one.source}> |"
    yield ""
