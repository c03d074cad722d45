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
from precert.adapters.dynamodb.directory import ENTRY_SK, provider_id_of_key
from precert.adapters.dynamodb.filing import Filings
from precert.adapters.dynamodb.keys import PLANS_PK, instant, load_key, member_pk
from precert.adapters.dynamodb.reference import COVERAGE_SK, member_item, member_of, zip_item
from precert.adapters.dynamodb.ssn_hashes import SsnHashes
from precert.adapters.dynamodb.table import (
    Item,
    get,
    json_of,
    query_all,
    readable,
    sort_key_of,
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
        self._hashes = SsnHashes(self._items)
        self._filings = Filings(self._items)
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
        return self._bulk.each(self._filings.remove, providers)

    def _replace(self, change: MemberChange, as_of: datetime) -> bool:
        seen = change.before.as_of if change.before else None
        if change.member is None:
            key = {PK: member_pk(change.member_id), SK: COVERAGE_SK}
            return self._items.delete_with(key, seen, self._hashes.deletions(change.member_id))
        return self._items.replace({**member_item(change.member), AS_OF: instant(as_of)}, seen)

    def put_ssns(self, ssns: Sequence[tuple[str, SecretStr]], as_of: datetime) -> list[bool]:
        require_writes()
        digests = self._digests()
        known = self._hashes.current(sorted({member_id.upper() for member_id, _ in ssns}))

        def put(one: tuple[str, SecretStr]) -> bool:
            member_id, text = one
            digest = self._bulk.attempt(
                lambda: digests.digest(text.get_secret_value()), 1, self._macs
            )
            return self._hashes.put(member_id, digest, as_of, known)

        return self._bulk.each(put, ssns)

    def put_entries(
        self, entries: Sequence[tuple[DirectoryEntry, Place]], as_of: datetime
    ) -> list[bool]:
        require_writes()
        batches = [
            entries[start : start + READ_BATCH] for start in range(0, len(entries), READ_BATCH)
        ]
        filed = self._bulk.each(lambda batch: self._filings.put(batch, as_of), batches)
        return [one for batch in filed for one in batch]


def _stored(item: Item) -> Iterator[StoredMember]:
    """The member of an item; a damaged one is reported and left out."""
    try:
        member = member_of(item)
    except DamagedRecordError:
        return
    if member is not None:
        yield StoredMember(member, item.get(AS_OF))


def _plan_of(item: Item) -> Plan:
    return Plan.model_validate_json(item["plan"])
