"""What a search of the directory costs as it grows: ``python -m bench.directory [entries ...]``.

The adapter itself over a table in memory that pages as DynamoDB does, at a megabyte. Every search is
compared with a look at each entry. Counts, no times: calls and pages are what is paid and waited for.
"""

import random
import sys
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import zipcodes

from precert.adapters.dynamodb.reference import DynamoDBReference
from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.content import Address
from precert.domain.directory import (
    SEARCH_RADIUS_MILES,
    DirectoryEntry,
    Place,
    ProviderSearch,
    miles_between,
    name_matches,
)
from precert.domain.payer import Payer
from precert.domain.values import NPI_PREFIX, ProviderKind, luhn_digit
from precert.usecases.load_reference import load_directory_entries
from precert.usecases.search_providers import search_providers
from tests.fakes.samples import payer

SIZES: Final = (1_000, 20_000)
SEARCHES: Final = 200
PAGE_BYTES: Final = 1_000_000
STATES: Final = ("OH", "NY", "CA", "TX", "MT")
FIRST: Final = (
    "Ada",
    "Ben",
    "Cara",
    "Dev",
    "Eli",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "Jun",
    "Kim",
    "Leo",
)
LAST: Final = tuple(
    f"{start}{middle}{end}"
    for start in (
        "Ab",
        "Bren",
        "Cal",
        "Dor",
        "Est",
        "Fer",
        "Gal",
        "Hol",
        "Kes",
        "Lan",
        "Mor",
        "Nor",
    )
    for middle in ("a", "e", "i", "o", "un", "ar")
    for end in ("son", "ton", "wick", "dale", "berg", "ski", "man", "field")
)
KINDS_OF_PLACE: Final = ("Hospital", "Medical Center", "Imaging", "Surgery Center", "Clinic")


@dataclass
class TableInMemory:
    """As much of the DynamoDB client as the adapter uses."""

    items: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    order: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    calls: int = 0
    bytes_read: int = 0

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        [(table, asked)] = RequestItems.items()
        keys = [(key["pk"]["S"], key["sk"]["S"]) for key in asked["Keys"]]
        found = [self.items[pk][sk] for pk, sk in keys if sk in self.items.get(pk, {})]
        return {"Responses": {table: found}}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        for operation in next(iter(RequestItems.values())):
            item = operation["PutRequest"]["Item"]
            pk, sk = item["pk"]["S"], item["sk"]["S"]
            if sk not in self.items[pk]:
                insort(self.order[pk], sk)
            self.items[pk][sk] = item
        return {}

    def query(self, ExpressionAttributeValues: dict[str, Any], **rest: Any) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        pk = ExpressionAttributeValues[":pk"]["S"]
        beginning = ExpressionAttributeValues.get(":sk", {"S": ""})["S"]
        after = rest.get("ExclusiveStartKey", {}).get("sk", {"S": ""})["S"]
        keys = self.order.get(pk, [])
        page: list[dict[str, Any]] = []
        size = 0
        for sk in keys[bisect_left(keys, max(beginning, after)) :]:
            if not sk.startswith(beginning):
                break
            if sk == after:
                continue
            item = self.items[pk][sk]
            size += sum(len(name) + len(value["S"]) for name, value in item.items())
            page.append(item)
            if size >= PAGE_BYTES:
                self.bytes_read += size
                return {"Items": page, "LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": sk}}}
        self.bytes_read += size
        return {"Items": page}

    @property
    def held(self) -> int:
        return sum(map(len, self.items.values()))


class Centres:
    """Centres of the ZIP codes of :data:`STATES`."""

    def __init__(self) -> None:
        self.known = {
            row["zip_code"]: (Place(latitude=float(row["lat"]), longitude=float(row["long"])), row)
            for row in zipcodes.list_all()  # type: ignore[no-untyped-call]  # its stub lacks the types
            if row["state"] in STATES and row["active"] and row["lat"] and row["long"]
        }

    def place(self, zip_code: str) -> Place | None:
        return self.known[zip_code][0] if zip_code in self.known else None


def entries(count: int, centres: Centres, chance: random.Random) -> Iterator[DirectoryEntry]:
    """Made-up providers, most of them people; half of all crowd in a tenth of the ZIP codes."""
    zips = sorted(centres.known)
    crowded = chance.sample(zips, len(zips) // 10)
    for number in range(count):
        zip_code = chance.choice(crowded if chance.random() < 0.5 else zips)
        row = centres.known[zip_code][1]
        person = chance.random() < 0.75
        name = (
            f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            if person
            else f"{chance.choice(LAST)} {chance.choice(LAST)} {chance.choice(KINDS_OF_PLACE)}"
        )
        digits = f"8{number:08d}"
        yield DirectoryEntry(
            provider_id=f"B{number:07d}",
            kind=ProviderKind.INDIVIDUAL if person else ProviderKind.FACILITY,
            name=name,
            npi=f"{digits}{luhn_digit(NPI_PREFIX + digits)}",
            tin=f"{690000000 + number:09d}",
            address=Address(
                line_1=f"{number} Main Street", city="Town", state=row["state"], zip_code=zip_code
            ),
        )


def searches(directory: list[DirectoryEntry], chance: random.Random) -> Iterator[ProviderSearch]:
    """Near a provider, by the beginning of one of its words, of three to six letters."""
    for entry in chance.sample(directory, SEARCHES):
        word = chance.choice(entry.name.split())
        yield ProviderSearch(
            zip_code=entry.address.zip_code,
            kind=entry.kind,
            name=word[: chance.randint(3, 6)],
        )


def expected(
    search: ProviderSearch, directory: Iterable[DirectoryEntry], centres: Centres
) -> set[str]:
    """Ids by a look at every entry."""
    here, found = centres.known[search.zip_code][0], set()
    for entry in directory:
        if entry.kind is search.kind and name_matches(entry.name, search.name):
            there = centres.known[entry.address.zip_code][0]
            if miles_between(here, there) <= SEARCH_RADIUS_MILES:
                found.add(entry.provider_id)
    return found


def measure(count: int, centres: Centres, texts: Payer) -> None:
    chance = random.Random(count)
    directory = list(entries(count, centres, chance))
    table = TableInMemory()
    reference = DynamoDBReference(table, reference_table="reference")  # type: ignore[arg-type]
    load_directory_entries(directory, places=centres, reference=reference)
    caller = Caller(subject="bench", entitlements=frozenset({Entitlement.PATIENT_SEARCH}))
    most_calls, most_bytes, total_bytes, wrong, shown_short = 0, 0, 0, 0, 0
    for search in searches(directory, chance):
        table.calls = table.bytes_read = 0
        found = search_providers(search, caller, directory=reference, places=centres, payer=texts)
        ids = {one.entry.provider_id for one in found.providers}
        right = expected(search, directory, centres)
        wrong += not (ids == right or (found.more and ids <= right))
        shown_short += found.more
        most_calls, most_bytes = max(most_calls, table.calls), max(most_bytes, table.bytes_read)
        total_bytes += table.bytes_read
    print(
        f"{count:>9,} entries  {table.held / count:5.1f} items each  {SEARCHES} searches: "
        f"at most {most_calls} call(s), {total_bytes / SEARCHES / 1000:7.1f} KB read on average, "
        f"{most_bytes / 1000:7.1f} KB at most; {shown_short} asked for another letter; {wrong} wrong"
    )


def main() -> None:
    sizes = [int(size.replace("_", "")) for size in sys.argv[1:]] or list(SIZES)
    centres, texts = Centres(), payer()
    for size in sizes:
        measure(size, centres, texts)


if __name__ == "__main__":
    main()
