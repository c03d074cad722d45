"""What a page of the dashboard costs as requests grow: ``python -m bench.listing [requests ...]``.

The adapter and its use case over indexes in memory, filled by the updates that a submission writes,
and read in order as DynamoDB reads them: emulators look at every item of the table for each query,
so their times say how large the table is. Units are counted from what the index holds. Times are this
process's alone; their ratio shows whether our own part of a page grows.
"""

import sys
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any, Final

from precert.adapters.dynamodb.listings import DynamoDBListings
from precert.adapters.dynamodb.operations import set_lines
from precert.adapters.dynamodb.rows import PAGE
from precert.api.answers.lists import DashboardAnswer
from precert.contract import INDEXES, Entitlement
from precert.domain.caller import Caller
from precert.domain.statuses import Status
from precert.domain.values import Sort
from precert.usecases.list_requests import list_requests
from precert.usecases.ports.listings import row_of_request
from tests.adapters.capacity import in_index, read_units
from tests.fakes import samples
from tests.fakes.clock import START

SIZES: Final = (100, 10_000)
ROUNDS: Final = 300
TABLE: Final = "requests"
Entry = tuple[Any, str, str]
"""Sort key, partition key and sort key of the table: the order of an index."""


@dataclass
class IndexesInMemory:
    """As much of the DynamoDB client as lists use; each partition of an index is kept in order."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    order: dict[tuple[str, str], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    calls: int = 0
    read: list[dict[str, Any]] = field(default_factory=list)

    def put(self, update: dict[str, Any]) -> None:
        """The first update of an item: all of its values are set."""
        values = update["ExpressionAttributeValues"]
        given = {name.removeprefix(":"): value for name, value in values.items()}
        key = update["Key"]
        item = {**key, **given}
        self.items[key["pk"]["S"], key["sk"]["S"]] = item
        for name, index in INDEXES.items():
            if held := in_index(item, index):
                [partition] = held[index.partition_key].values()
                insort(self.order[name, partition], self._entry(item, index.sort_key))

    @staticmethod
    def _entry(item: dict[str, Any], sort_key: str) -> Entry:
        [(kind, value)] = item[sort_key].items()
        return (int(value) if kind == "N" else value, item["pk"]["S"], item["sk"]["S"])

    def query(self, **asked: Any) -> dict[str, Any]:
        self.calls += 1
        index, values = INDEXES[asked["IndexName"]], asked["ExpressionAttributeValues"]
        order = self.order[asked["IndexName"], values[":p"]["S"]]
        start, end = 0, len(order)
        if ":first" in values:
            start = bisect_left(order, (int(values[":first"]["N"]), "", ""))
            end = bisect_right(order, (int(values[":last"]["N"]), "~", "~"))
        if after := asked.get("ExclusiveStartKey"):
            entry = self._entry(after, index.sort_key)
            if asked["ScanIndexForward"]:
                start = bisect_right(order, entry)
            else:
                end = bisect_left(order, entry)
        limit = asked["Limit"]
        if asked["ScanIndexForward"]:
            found, more = order[start:end][:limit], end - start > limit
        else:
            found, more = order[max(start, end - limit) : end][::-1], end - start > limit
        page = [dict(in_index(self.items[pk, sk], index) or {}) for _, pk, sk in found]
        self.read += page
        last = {n: page[-1][n] for n in ("pk", "sk", *index.key)} if more else None
        return {"Items": page, **({"LastEvaluatedKey": last} if last else {})}


def filled(count: int) -> IndexesInMemory:
    """So many pending requests of one office and one patient, one a minute."""
    table = IndexesInMemory()
    pending = samples.request(Status.PENDING)
    for number in range(count):
        changed = START - timedelta(minutes=number)
        request = pending.model_copy(
            update={"request_id": f"{number:026d}", "updated_at": changed, "created_at": changed}
        )
        lines = set_lines(TABLE, row_of_request(request), request.tins, request.content.member_id)
        for line in lines:
            table.put(line["Update"])
    return table


LISTS: Final[dict[str, dict[str, Any]]] = {
    "all, last changed first": {},
    "one status": {"status": Status.PENDING},
    "one patient": {"member_id": samples.PATIENT["member_id"]},
    "by due date": {"sort": Sort.DUE},
}


def pages(table: IndexesInMemory, filters: dict[str, Any]) -> Callable[[], str | None]:
    """Reads one page after the other, from the beginning again after the last."""
    listings = DynamoDBListings(table, requests_table=TABLE)  # type: ignore[arg-type]
    caller = Caller(
        subject="bench",
        entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
        tins=frozenset({samples.OFFICE_TIN}),
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
        cursor = DashboardAnswer.of(found).cursor
        return cursor

    return page


def measured(size: int) -> dict[str, float]:
    """Seconds of a page of each list, as the median; prints what it cost."""
    table, seconds = filled(size), dict[str, float]()
    for name, filters in LISTS.items():
        page, times, units, calls = pages(table, filters), list[float](), list[float](), 0
        for _ in range(ROUNDS):
            table.calls, table.read = 0, []
            began = perf_counter()
            page()
            times.append(perf_counter() - began)
            units.append(read_units(table.read))
            calls = max(calls, table.calls)
        seconds[name] = median(times)
        print(
            f"{size:>7,} requests  {name:<24} at most {calls} call, {max(units)} read units a page"
        )
    return seconds


def main() -> None:
    sizes = [int(size.replace("_", "")) for size in sys.argv[1:]] or list(SIZES)
    found = [measured(size) for size in sizes]
    for name in LISTS:
        ratio = found[-1][name] / found[0][name]
        print(f"{name:<24} a page at {sizes[-1]:,} takes {ratio:.2f} times that at {sizes[0]:,}")


if __name__ == "__main__":
    main()
