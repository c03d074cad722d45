"""Directory entries as items: filed once for every place and word by which a search finds them.

A search reads one partition, of its own cell and the first letters of what was typed, and there only
what begins so. An entry is filed in each cell from which it can be within the radius, under each word
of its name; so the work is done once at loading, and a search costs the same in any directory.
"""

from collections.abc import Collection, Iterator

from precert.adapters.dynamodb.codec import Item, json_of
from precert.adapters.dynamodb.keys import cell_pk, entry_sk, provider_pk, zip_entries_pk
from precert.contract import PK, SK
from precert.domain.directory import DirectoryEntry, Place, cells_near, words_filed
from precert.domain.names import words_of
from precert.usecases.ports.reference import FiledEntries

ENTRY_SK = "ENTRY"
Filed = tuple[DirectoryEntry, Place]


def entry_item(filed: Filed) -> Item:
    """The entry itself; what it was filed by is made of it again when it changes."""
    return {PK: provider_pk(filed[0].provider_id), SK: ENTRY_SK, **_parts(filed)}


def filing_keys(filed: Filed) -> Iterator[Item]:
    """Every key under which searches find the entry."""
    entry, place = filed
    yield {
        PK: zip_entries_pk(entry.kind, entry.address.zip_code),
        SK: entry_sk(" ".join(words_of(entry.name)), entry.provider_id),
    }
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
    """Entries, each once: two words of a name may begin alike."""
    by_id = {filed[0].provider_id: filed for filed in map(filed_of, items)}
    return FiledEntries(tuple(by_id.values()), complete)


def _parts(filed: Filed) -> Item:
    entry, place = filed
    return {"entry": json_of(entry), "place": json_of(place)}
