"""Items of loaded data (ports of :mod:`precert.usecases.ports.loading`).

Each item has the date of the file that it came from (:mod:`precert.adapters.dynamodb.dated_table`).
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from precert.adapters.dynamodb.bulk import Bulk, Pacer
from precert.adapters.dynamodb.dated_table import AS_OF, READ_BATCH, DatedTable
from precert.adapters.dynamodb.directory import (
    ENTRY_SK,
    Filed,
    entry_item,
    filed_of,
    filing_keys,
    filings,
    provider_id_of_key,
)
from precert.adapters.dynamodb.keys import (
    PLANS_PK,
    instant,
    load_key,
    member_pk,
    provider_pk,
    ssn_pk,
)
from precert.adapters.dynamodb.reference import (
    COVERAGE_SK,
    SSN_SK,
    member_item,
    member_of,
    zip_item,
)
from precert.adapters.dynamodb.table import (
    Item,
    get,
    json_of,
    query_all,
    readable,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.coverage import Member, Plan
from precert.domain.damage import RecordKind
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.errors import DamagedRecordError
from precert.domain.loading import ZipPlace
from precert.domain.loads import (
    Checkpoint,
    Counts,
    LoadKind,
    MemberChange,
    StoredMember,
    StoredRecord,
)
from precert.names import PK, SK
from precert.usecases.ports.reference import Digests
from precert.usecases.ports.writes import require_writes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBLoads:
    """Writes of the commands that load files. No function writes the reference table."""

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        reference_table: str,
        digests: Callable[[], Digests],
        bulk: Bulk,
        writes: Pacer,
        macs: Pacer,
    ) -> None:
        self._client = client
        self._table = reference_table
        self._digests = digests
        self._bulk = bulk
        self._items = DatedTable(client, table=reference_table, bulk=bulk, writes=writes)
        self._macs = macs

    # -- reads ----------------------------------------------------------------------------------

    def plans(self) -> tuple[Plan, ...]:
        items = query_all(self._client, self._table, PLANS_PK)
        found, _ = readable(RecordKind.PLAN, items, _plan_of, sort_key_of)
        return tuple(found)

    def members(self, member_ids: Collection[str]) -> dict[str, Member]:
        keys = [{PK: member_pk(one), SK: COVERAGE_SK} for one in sorted(member_ids)]
        members = [member_of(item) for item in self._items.read(keys)]
        return {member.member_id.upper(): member for member in members if member}

    def stored_members(self, member_ids: Collection[str]) -> dict[str, StoredMember]:
        keys = [{PK: member_pk(one), SK: COVERAGE_SK} for one in sorted(member_ids)]
        found = [stored for item in self._items.read(keys) for stored in _stored(item)]
        return {one.member.member_id.upper(): one for one in found}

    def all_members(self) -> Iterator[StoredMember]:
        for item in self._items.scanned(COVERAGE_SK):
            yield from _stored(item)

    def stored_plans(self) -> Iterator[StoredRecord]:
        for item in query_all(self._client, self._table, PLANS_PK):
            yield StoredRecord(item[SK], item.get(AS_OF))

    def stored_providers(self) -> Iterator[StoredRecord]:
        for item in self._items.scanned(ENTRY_SK):
            yield StoredRecord(provider_id_of_key(item), item.get(AS_OF))

    def checkpoint(self, kind: LoadKind, load_id: str) -> Checkpoint | None:
        item = get(self._client, self._table, *load_key(kind.value, load_id))
        if item is None:
            return None
        finished = item.get("finished_at")
        return Checkpoint(
            as_of=datetime.fromisoformat(item[AS_OF]),
            line=int(item["line"]),
            counts=Counts(**json.loads(item["counts"])),
            finished_at=datetime.fromisoformat(finished) if finished else None,
        )

    # -- writes ---------------------------------------------------------------------------------

    def save(self, kind: LoadKind, load_id: str, checkpoint: Checkpoint) -> None:
        pk, sk = load_key(kind.value, load_id)
        item: Item = {
            PK: pk,
            SK: sk,
            AS_OF: instant(checkpoint.as_of),
            "line": checkpoint.line,
            "counts": json.dumps(asdict(checkpoint.counts)),
            "finished_at": instant(checkpoint.finished_at) if checkpoint.finished_at else None,
        }
        with transient_errors():
            self._items.store(item)

    def put_plans(self, plans: Sequence[Plan], as_of: datetime) -> list[bool]:
        items = [{PK: PLANS_PK, SK: plan.plan_id, "plan": json_of(plan)} for plan in plans]
        return self._items.put_each(items, as_of)

    def put_zips(self, zips: Sequence[ZipPlace], as_of: datetime) -> list[bool]:
        return self._items.put_each([zip_item(one) for one in zips], as_of)

    def put_members(self, members: Sequence[Member], as_of: datetime) -> list[bool]:
        return self._items.put_each([member_item(member) for member in members], as_of)

    def replace_members(self, changes: Sequence[MemberChange], as_of: datetime) -> list[bool]:
        require_writes()
        return self._bulk.each(lambda change: self._replace(change, as_of), changes)

    def remove_plans(self, plans: Sequence[StoredRecord]) -> list[bool]:
        require_writes()
        return self._bulk.each(
            lambda plan: self._items.delete({PK: PLANS_PK, SK: plan.record_id}, plan.as_of), plans
        )

    def remove_providers(self, providers: Sequence[StoredRecord]) -> list[bool]:
        require_writes()
        return self._bulk.each(self._remove_provider, providers)

    def _remove_provider(self, provider: StoredRecord) -> bool:
        """Remove the search keys, then the entry; returns whether it was removed.

        The search keys are derived from the entry, so it is removed last and the call can be repeated.
        If another load stored the entry meanwhile, its search keys are stored again.
        """
        key = {PK: provider_pk(provider.record_id), SK: ENTRY_SK}
        item = get(self._client, self._table, *key.values())
        filed = _filed_before(item or {})
        if item is None or not filed or item.get(AS_OF) != provider.as_of:
            return False
        self._items.write({"DeleteRequest": {"Key": to_wire(dict(one))}} for one in sorted(filed))
        if self._items.delete(key, provider.as_of):
            return True
        stored = get(self._client, self._table, *key.values())
        if stored is not None:
            again = filings(filed_of(stored))
            self._items.write({"PutRequest": {"Item": to_wire(one)}} for one in again)
        return False

    def _replace(self, change: MemberChange, as_of: datetime) -> bool:
        seen = change.before.as_of if change.before else None
        if change.member is None:
            return self._items.delete({PK: member_pk(change.member_id), SK: COVERAGE_SK}, seen)
        return self._items.replace(member_item(change.member), as_of, seen)

    def put_ssns(self, ssns: Sequence[tuple[str, SecretStr]], as_of: datetime) -> list[bool]:
        require_writes()
        digests = self._digests()

        def put(one: tuple[str, SecretStr]) -> bool:
            member_id, text = one
            digest = self._bulk.attempt(
                lambda: digests.digest(text.get_secret_value()), 1, self._macs
            )
            return self.put_ssn_digest(member_id, digest, as_of)

        return self._bulk.each(put, ssns)

    def put_ssn_digest(self, member_id: str, digest: str, as_of: datetime) -> bool:
        """Store the item that leads from the hash to the member, then the member's current hash.

        In this order, a failure in between leaves a hash that is not current, which finds no member.
        The outdated hash is deleted.
        """
        self._items.store({PK: ssn_pk(digest), SK: member_id.upper()})
        current: Item = {PK: member_pk(member_id), SK: SSN_SK, "digest": digest}
        stored, before = self._items.put(current, as_of)
        if before.get("digest", digest) != digest:
            outdated = before["digest"] if stored else digest
            self._items.remove({PK: ssn_pk(outdated), SK: member_id.upper()})
        return stored

    def put_entries(
        self, entries: Sequence[tuple[DirectoryEntry, Place]], as_of: datetime
    ) -> list[bool]:
        require_writes()
        batches = [
            entries[start : start + READ_BATCH] for start in range(0, len(entries), READ_BATCH)
        ]
        filed = self._bulk.each(lambda batch: self._file(batch, as_of), batches)
        return [one for batch in filed for one in batch]

    def _file(self, batch: Sequence[Filed], as_of: datetime) -> list[bool]:
        """Store a batch with its search keys; of an unchanged entry only the date is written."""
        before = {
            item[PK]: item
            for item in self._items.read([_key_of(entry_item(filed)) for filed in batch])
        }
        known = [before.get(entry_item(filed)[PK], {}) for filed in batch]
        older = [one.get(AS_OF, "") <= instant(as_of) for one in known]
        changed = [
            (filed, one)
            for filed, one, may_store in zip(batch, known, older, strict=True)
            if may_store and {**one, AS_OF: None} != {**entry_item(filed), AS_OF: None}
        ]
        self._items.write(
            {"PutRequest": {"Item": to_wire(item)}}
            for filed, _ in changed
            for item in filings(filed)
        )
        self._items.write(
            {"DeleteRequest": {"Key": to_wire(dict(key))}}
            for filed, one in changed
            for key in _filed_before(one) - {tuple(key.items()) for key in filing_keys(filed)}
        )
        # Entries are stored last, so that an interrupted load is repeated for them.
        return [
            may_store and self._items.put(entry_item(filed), as_of)[0]
            for filed, may_store in zip(batch, older, strict=True)
        ]


def _stored(item: Item) -> Iterator[StoredMember]:
    """The member of an item; a damaged one is reported and left out."""
    try:
        member = member_of(item)
    except DamagedRecordError:
        return
    if member is not None:
        yield StoredMember(member, item.get(AS_OF))


def _key_of(item: Item) -> dict[str, str]:
    return {PK: item[PK], SK: item[SK]}


def _filed_before(item: Item) -> set[tuple[tuple[str, str], ...]]:
    """The search keys of a stored entry; none if it is new or cannot be read."""
    if not item:
        return set()
    try:
        filed = filed_of(item)
    except ValueError:
        return set()
    return {tuple(key.items()) for key in filing_keys(filed)}


def _plan_of(item: Item) -> Plan:
    return Plan.model_validate_json(item["plan"])
