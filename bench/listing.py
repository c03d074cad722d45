"""One page of the provider dashboard: AWS calls and read units, at 100 and at 10,000 requests.

The adapter and its use case run over indexes in memory, which are filled by the updates that a
submission writes and read in order, as DynamoDB reads them. Read units are counted from the size of
the index entries that a page reads. Nothing is measured by the clock.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bench.tables import table
from functions.status.models import DashboardResponse
from precert.adapters.dynamodb.dashboard_rows import PAGE
from precert.adapters.dynamodb.listings import DynamoDBListings
from precert.adapters.dynamodb.request_items import row_writes
from precert.domain.caller import Caller
from precert.domain.rows import row_of_request
from precert.domain.statuses import Status
from precert.domain.values import Sort
from precert.names import INDEXES, Entitlement
from precert.usecases.requests import list_requests
from tests.adapters.capacity import in_index, read_units
from tests.fakes import samples
from tests.fakes.clock import START

SIZES: Final = (100, 10_000)
PAGES: Final = 300
QUICK_PAGES: Final = 3
TABLE: Final = "requests"
Entry = tuple[Any, str, str]
"""Sort key, partition key and sort key of the table: the order of an index."""


@dataclass
class IndexesInMemory:
    """As much of the DynamoDB client as lists use; each partition of an index is in order."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    order: dict[tuple[str, str], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    calls: int = 0
    read: list[dict[str, Any]] = field(default_factory=list)

    def put(self, update: dict[str, Any]) -> None:
        """The first update of an item: all of its values are set."""
        values = update["ExpressionAttributeValues"]
        new_values = {name.removeprefix(":"): value for name, value in values.items()}
        key = update["Key"]
        item = {**key, **new_values}
        self.items[key["pk"]["S"], key["sk"]["S"]] = item
        for name, index in INDEXES.items():
            if entry := in_index(item, index):
                [partition] = entry[index.partition_key].values()
                insort(self.order[name, partition], self._entry(item, index.sort_key))

    @staticmethod
    def _entry(item: dict[str, Any], sort_key: str) -> Entry:
        [(kind, value)] = item[sort_key].items()
        return (int(value) if kind == "N" else value, item["pk"]["S"], item["sk"]["S"])

    def query(self, **query: Any) -> dict[str, Any]:
        self.calls += 1
        index, values = INDEXES[query["IndexName"]], query["ExpressionAttributeValues"]
        order = self.order[query["IndexName"], values[":p"]["S"]]
        start, end = 0, len(order)
        if ":first" in values:
            start = bisect_left(order, (int(values[":first"]["N"]), "", ""))
            end = bisect_right(order, (int(values[":last"]["N"]), "~", "~"))
        if after := query.get("ExclusiveStartKey"):
            entry = self._entry(after, index.sort_key)
            if query["ScanIndexForward"]:
                start = bisect_right(order, entry)
            else:
                end = bisect_left(order, entry)
        limit = query["Limit"]
        if query["ScanIndexForward"]:
            found, more = order[start:end][:limit], end - start > limit
        else:
            found, more = order[max(start, end - limit) : end][::-1], end - start > limit
        page = [dict(in_index(self.items[pk, sk], index) or {}) for _, pk, sk in found]
        self.read += page
        last = {n: page[-1][n] for n in ("pk", "sk", *index.key)} if more else None
        return {"Items": page, **({"LastEvaluatedKey": last} if last else {})}


def filled(count: int) -> IndexesInMemory:
    """Create pended requests of one provider and one patient, one per minute."""
    index = IndexesInMemory()
    pending = samples.request(Status.PENDING)
    for number in range(count):
        changed = START - timedelta(minutes=number)
        request = pending.model_copy(
            update={"request_id": f"{number:026d}", "updated_at": changed, "created_at": changed}
        )
        lines = row_writes(TABLE, row_of_request(request), request.tins, request.content.member_id)
        for line in lines:
            index.put(line["Update"])
    return index


LISTS: Final[dict[str, dict[str, Any]]] = {
    "all, last changed first": {},
    "one status": {"status": Status.PENDING},
    "one patient": {"member_id": samples.PATIENT["member_id"]},
    "by due date": {"sort": Sort.DUE},
}


def pages(index: IndexesInMemory, filters: dict[str, Any]) -> Callable[[], str | None]:
    """Reads one page after the other, from the beginning again after the last."""
    listings = DynamoDBListings(index, requests_table=TABLE)  # type: ignore[arg-type]
    caller = Caller(
        subject="bench",
        entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
        tins=frozenset({samples.PROVIDER_TIN}),
    )
    payer, cursor = samples.payer(), None

    def page() -> str | None:
        nonlocal cursor
        found = list_requests(
            caller,
            tin=None,
            limit=PAGE,
            cursor=cursor,
            listings=listings,
            payer=payer,
            now=START,
            **filters,
        )
        cursor = DashboardResponse.of(found, payer=payer, now=START).cursor
        return cursor

    return page


@dataclass(frozen=True)
class PageCost:
    """Return the cost of the most expensive page of a list."""

    calls: int
    read_units: float


def page_cost(index: IndexesInMemory, filters: dict[str, Any], count: int) -> PageCost:
    """Read so many pages of a list."""
    page, calls, units = pages(index, filters), 0, 0.0
    for _ in range(count):
        index.calls, index.read = 0, []
        page()
        calls, units = max(calls, index.calls), max(units, read_units(index.read))
    return PageCost(calls, units)


def report(quick: bool) -> str:
    """The table of calls and read units for each list."""
    indexes = [filled(size) for size in SIZES]
    count = QUICK_PAGES if quick else PAGES
    rows = []
    for name, filters in LISTS.items():
        costs = [page_cost(index, filters, count) for index in indexes]
        rows.append((name, *(f"{one.calls}, {one.read_units}" for one in costs)))
    return table(
        f"Dashboard page of {PAGE} rows: AWS calls, read units (the most expensive of {count} pages)",
        ("list", *(f"{size:,} requests" for size in SIZES)),
        rows,
    )
