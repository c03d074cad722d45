"""Storing directory entries under the keys by which searches find them (C1).

The item of an entry is stored first, with the outdated versions of it whose search keys may still
exist; they are removed from it when all search keys are stored and the outdated ones deleted. Wherever
a load ends, the next one knows from the item which search keys to store and to delete.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from precert.adapters.dynamodb.dated_table import AS_OF, CONFLICTS, DatedTable
from precert.adapters.dynamodb.directory import (
    ENTRY_SK,
    Filed,
    entry_item,
    filed_of,
    filing_keys,
    filings,
)
from precert.adapters.dynamodb.keys import instant, provider_pk
from precert.adapters.dynamodb.table import Item, to_wire
from precert.domain.errors import TransientError
from precert.domain.loads import StoredRecord
from precert.names import PK, SK

OUTDATED: Final = "outdated"
"""The attribute of an entry whose search keys are being stored or deleted: its outdated versions."""
_PARTS: Final = frozenset({"entry", "place"})
Key = tuple[tuple[str, str], ...]


class Filings:
    """The directory entries of the reference table with their search keys."""

    def __init__(self, items: DatedTable) -> None:
        self._items = items

    def put(self, batch: Sequence[Filed], as_of: datetime) -> list[bool]:
        """Store a batch with its search keys; of an unchanged entry only the date is written.

        Raises:
            TransientError: other loads changed the entries concurrently.
        """
        results: dict[int, bool] = {}
        for _ in range(CONFLICTS):
            waiting = [index for index in range(len(batch)) if index not in results]
            if not waiting:
                return [results[index] for index in range(len(batch))]
            keys = {_key(batch[index]): None for index in waiting}
            known = {_key_of(item): item for item in self._items.read([*map(dict, keys)])}
            changed = []
            for index in waiting:
                filed = batch[index]
                stored = known.get(_key(filed), {})
                if stored.get(AS_OF, "") > instant(as_of):
                    results[index] = False
                    continue
                item = _dated(filed, as_of)
                unchanged = {**stored, AS_OF: None} == {**item, AS_OF: None}
                versions = [] if unchanged else _versions(stored)
                marked = item if unchanged else {**item, OUTDATED: versions}
                if self._items.replace(marked, stored.get(AS_OF)):
                    results[index] = True
                    if not unchanged:
                        changed.append((filed, versions))
            self._file(changed, as_of)
        raise TransientError(
            "Providers were changed concurrently. Run the same command again later."
        )

    def _file(self, changed: Sequence[tuple[Filed, Sequence[Item]]], as_of: datetime) -> None:
        """Store the search keys of entries, and delete those of their outdated versions only."""
        self._store(item for filed, _ in changed for item in filings(filed))
        self._delete(
            key for filed, versions in changed for key in _keys(versions) - _keys_of(filed)
        )
        for filed, _ in changed:
            if not self._items.replace(_dated(filed, as_of), instant(as_of)):
                self._restore(filed)

    def remove(self, provider: StoredRecord) -> bool:
        """Remove the search keys, then the entry; returns whether it was removed.

        An entry is not removed if it cannot be read, as its search keys are then unknown, or if another
        load stored it meanwhile: its search keys are stored again.
        """
        key = {PK: provider_pk(provider.record_id), SK: ENTRY_SK}
        stored = self._items.one(key)
        versions = _versions(stored)
        if not _keys(versions[:1]) or stored.get(AS_OF) != provider.as_of:
            return False
        if not self._items.replace({**stored, OUTDATED: versions}, provider.as_of):
            return False
        self._delete(_keys(versions))
        if self._items.delete(key, provider.as_of):
            return True
        self._restore(filed_of(stored))
        return False

    def _restore(self, filed: Filed) -> None:
        """File what another load stored instead of this entry, and delete the keys of this one."""
        stored = self._items.one(dict(_key(filed)))
        own = _keys(_versions(stored)[:1])
        self._delete(_keys_of(filed) - own)
        if own:
            self._store(filings(filed_of(stored)))

    def _store(self, items: Iterator[Item]) -> None:
        self._items.write({"PutRequest": {"Item": to_wire(one)}} for one in items)

    def _delete(self, keys: Collection[Key] | Iterator[Key]) -> None:
        self._items.write(
            {"DeleteRequest": {"Key": to_wire(dict(one))}} for one in sorted(set(keys))
        )


def _dated(filed: Filed, as_of: datetime) -> Item:
    return {**entry_item(filed), AS_OF: instant(as_of)}


def _key(filed: Filed) -> Key:
    return _key_of(entry_item(filed))


def _key_of(item: Item) -> Key:
    return (PK, item[PK]), (SK, item[SK])


def _versions(stored: Item) -> list[dict[str, Any]]:
    """The stored version of an entry, and the outdated ones whose search keys may still exist."""
    own = [{name: stored[name] for name in _PARTS}] if stored.keys() >= _PARTS else []
    return [*own, *(one for one in stored.get(OUTDATED, []) if one not in own)]


def _keys(versions: Sequence[Item]) -> set[Key]:
    """The search keys of versions of an entry, without those that cannot be read."""
    keys = set[Key]()
    for version in versions:
        try:
            keys |= _keys_of(filed_of(version))
        except ValueError:
            continue
    return keys


def _keys_of(filed: Filed) -> set[Key]:
    return {tuple(key.items()) for key in filing_keys(filed)}
