"""Directory entries as items, and frequently selected providers.

A search reads one partition, that of a map cell and the first letters of the entered word, with the
word as prefix of the sort key. An entry is stored in each cell within the radius, under each word of
its name. The work is done when entries are loaded, and the cost of a search does not depend on the size
of the directory.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.keys import (
    cell_pk,
    entry_sk,
    frequent_pk,
    instant,
    provider_pk,
    tin_entries_pk,
    zip_entries_pk,
)
from precert.adapters.dynamodb.table import (
    Item,
    json_of,
    query_some,
    readable,
    sort_key_of,
    to_wire,
)
from precert.domain.content import Provider
from precert.domain.damage import Readable, RecordKind
from precert.domain.directory import (
    DirectoryEntry,
    FrequentProvider,
    Place,
    cells_near,
    most_frequent,
    selected_provider,
    selection_key,
    words_filed,
)
from precert.domain.request import Request
from precert.domain.text import words_of
from precert.names import PK, SK
from precert.usecases.ports.reference import FiledEntries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


ENTRY_SK = "ENTRY"
FILING = 2
"""Increase it with every change of :func:`filing_keys`, so that loads store unchanged entries again."""
Filed = tuple[DirectoryEntry, Place]


def entry_item(filed: Filed) -> Item:
    """The item of an entry. Its filing keys are computed from it when it changes."""
    return {PK: provider_pk(filed[0].provider_id), SK: ENTRY_SK, "filing": FILING, **_parts(filed)}


def filing_keys(filed: Filed) -> Iterator[Item]:
    """Every key under which searches find the entry."""
    entry, place = filed
    by_name = entry_sk(" ".join(words_of(entry.name)), entry.provider_id)
    yield {PK: zip_entries_pk(entry.kind, entry.address.zip_code), SK: by_name}
    yield {PK: tin_entries_pk(entry.tin), SK: f"{entry.kind.value}#{by_name}"}
    for cell in sorted(cells_near(place)):
        for word in sorted(words_filed(entry.name)):
            yield {PK: cell_pk(entry.kind, cell, word), SK: entry_sk(word, entry.provider_id)}


def filings(filed: Filed) -> Iterator[Item]:
    parts = _parts(filed)
    return ({**key, **parts} for key in filing_keys(filed))


def filed_of(item: Item) -> Filed:
    return (
        DirectoryEntry.model_validate_json(item["entry"]),
        Place.model_validate_json(item["place"]),
    )


def found(items: Collection[Item], *, complete: bool) -> FiledEntries:
    """The entries without duplicates, as two words of a name may begin with the same letters."""
    entries, damaged = readable(RecordKind.DIRECTORY_ENTRY, items, filed_of, provider_id_of_key)
    by_id = {filed[0].provider_id: filed for filed in entries}
    return FiledEntries(tuple(by_id.values()), complete, tuple(dict.fromkeys(damaged)))


def provider_id_of_key(item: Item) -> str:
    """The provider's id, from the key of its entry or of one of its filings."""
    if item[SK] == ENTRY_SK:
        return str(item[PK]).removeprefix(provider_pk(""))
    return sort_key_of(item).rpartition("#")[2]


def _parts(filed: Filed) -> Item:
    entry, place = filed
    return {"entry": json_of(entry), "place": json_of(place)}


_PAGES = 1
"""1 MB, which is about 2,000 providers of one TIN; ten are returned."""


class DynamoDBFrequentProviders:
    """How often each TIN selected a provider (port ``FrequentProviders``)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def of(self, tin: str) -> Readable[FrequentProvider]:
        items, _ = query_some(self._client, self._table, frequent_pk(tin), pages=_PAGES)
        found, damaged = readable(RecordKind.FREQUENT_PROVIDER, items, _frequent_of, sort_key_of)
        return Readable(most_frequent(found), damaged)


def _frequent_of(item: Item) -> FrequentProvider:
    return FrequentProvider(
        provider=Provider.model_validate_json(item["provider"]),
        selected=int(item["selected"]),
        selected_at=item["selected_at"],
    )


def count_selection(table: str, draft: Request, *, replaced: bool = False) -> list[dict[str, Any]]:
    """The operations that count the selected providers, in the transaction that creates the draft.

    The condition fails if a count is damaged; with ``replaced``, the counts are overwritten.
    """
    provider = selected_provider(draft.content)
    if provider is None:
        return []
    values = {":provider": json_of(provider), ":now": instant(draft.created_at), ":one": 1}
    update: dict[str, Any] = {
        "TableName": table,
        "UpdateExpression": "SET provider = :provider, selected_at = :now, selected = :one",
    }
    if not replaced:
        values[":number"] = "N"
        update |= {
            "UpdateExpression": "SET provider = :provider, selected_at = :now ADD selected :one",
            "ConditionExpression": (
                "attribute_not_exists(selected) OR attribute_type(selected, :number)"
            ),
        }
    update["ExpressionAttributeValues"] = to_wire(values)
    return [
        {
            "Update": {
                **update,
                "Key": to_wire({PK: frequent_pk(tin), SK: selection_key(provider)}),
            }
        }
        for tin in sorted(draft.tins)
    ]
