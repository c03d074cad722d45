"""Loaded data as items (ports of :mod:`precert.usecases.ports.loading`).

Each item has the date of the file that it came from in ``as_of``; the condition of its write refuses
an older file's data. An item without the attribute is older than any file.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, SecretStr

from precert.adapters.dynamodb.bulk import Bulk, Pacer
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
    from_wire,
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
    from mypy_boto3_dynamodb.type_defs import WriteRequestOutputTypeDef, WriteRequestTypeDef

Model = TypeVar("Model", bound=BaseModel)

AS_OF: Final = "as_of"
NOT_NEWER: Final = "attribute_not_exists(as_of) OR as_of <= :as_of"
"""The condition of every write; an item that does not exist has no attribute either."""
AS_READ: Final = "as_of = :seen"
UNDATED: Final = "attribute_not_exists(as_of)"
"""The item is as it was read: of the same file, or of none."""
_READ_BATCH: Final = 100
_WRITE_BATCH: Final = 25
_UNIT_BYTES: Final = 1024


class DynamoDBLoads:
    """Writes of the commands that load files; no function writes the reference table."""

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
        self._writes = writes
        self._macs = macs

    # -- reads ----------------------------------------------------------------------------------

    def plans(self) -> tuple[Plan, ...]:
        items = query_all(self._client, self._table, PLANS_PK)
        found, _ = readable(RecordKind.PLAN, items, _plan_of, sort_key_of)
        return tuple(found)

    def members(self, member_ids: Collection[str]) -> dict[str, Member]:
        keys = [{PK: member_pk(one), SK: COVERAGE_SK} for one in sorted(member_ids)]
        members = [member_of(item) for item in self._read(keys)]
        return {member.member_id.upper(): member for member in members if member}

    def stored_members(self, member_ids: Collection[str]) -> dict[str, StoredMember]:
        keys = [{PK: member_pk(one), SK: COVERAGE_SK} for one in sorted(member_ids)]
        found = [stored for item in self._read(keys) for stored in _stored(item)]
        return {one.member.member_id.upper(): one for one in found}

    def all_members(self) -> Iterator[StoredMember]:
        for item in self._scanned(COVERAGE_SK):
            yield from _stored(item)

    def stored_plans(self) -> Iterator[StoredRecord]:
        for item in query_all(self._client, self._table, PLANS_PK):
            yield StoredRecord(item[SK], item.get(AS_OF))

    def stored_providers(self) -> Iterator[StoredRecord]:
        for item in self._scanned(ENTRY_SK):
            yield StoredRecord(provider_id_of_key(item), item.get(AS_OF))

    def _scanned(self, sk: str) -> Iterator[Item]:
        """Keys, date and member of all items with a sort key."""
        start: dict[str, Any] = {}
        with transient_errors():
            while True:
                answer = self._bulk.attempt(
                    partial(
                        self._client.scan,
                        TableName=self._table,
                        FilterExpression="sk = :sk",
                        # The loading role may read these attributes only.
                        ProjectionExpression="pk, sk, as_of, #member",
                        ExpressionAttributeNames={"#member": "member"},
                        ExpressionAttributeValues=to_wire({":sk": sk}),
                        **start,
                    ),
                    0,
                    self._writes,
                )
                yield from map(from_wire, answer["Items"])
                if "LastEvaluatedKey" not in answer:
                    return
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

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
        wire = to_wire(item)
        with transient_errors():
            self._attempt(lambda: self._client.put_item(TableName=self._table, Item=wire), [wire])

    def put_plans(self, plans: Sequence[Plan], as_of: datetime) -> list[bool]:
        items = [{PK: PLANS_PK, SK: plan.plan_id, "plan": json_of(plan)} for plan in plans]
        return self._put_each(items, as_of)

    def put_zips(self, zips: Sequence[ZipPlace], as_of: datetime) -> list[bool]:
        return self._put_each([zip_item(one) for one in zips], as_of)

    def put_members(self, members: Sequence[Member], as_of: datetime) -> list[bool]:
        return self._put_each([member_item(member) for member in members], as_of)

    def replace_members(self, changes: Sequence[MemberChange], as_of: datetime) -> list[bool]:
        require_writes()
        return self._bulk.each(lambda change: self._replace(change, as_of), changes)

    def remove_plans(self, plans: Sequence[StoredRecord]) -> list[bool]:
        require_writes()
        return self._bulk.each(
            lambda plan: self._delete({PK: PLANS_PK, SK: plan.record_id}, plan.as_of), plans
        )

    def remove_providers(self, providers: Sequence[StoredRecord]) -> list[bool]:
        require_writes()
        return self._bulk.each(self._remove_provider, providers)

    def _remove_provider(self, provider: StoredRecord) -> bool:
        """Remove the search keys, and then the entry, which lists them: so it can be repeated.

        An entry that another load stores meanwhile is filed again.
        """
        key = {PK: provider_pk(provider.record_id), SK: ENTRY_SK}
        item = get(self._client, self._table, *key.values())
        filed = _filed_before(item or {})
        if item is None or not filed or item.get(AS_OF) != provider.as_of:
            return False
        self._write({"DeleteRequest": {"Key": to_wire(dict(one))}} for one in sorted(filed))
        if self._delete(key, provider.as_of):
            return True
        stored = get(self._client, self._table, *key.values())
        if stored is not None:
            again = filings(filed_of(stored))
            self._write({"PutRequest": {"Item": to_wire(one)}} for one in again)
        return False

    def _delete(self, key: Item, seen: str | None) -> bool:
        """Delete an item that is as it was read."""
        wire, condition = to_wire(key), _as_read(seen)
        return self._conditional(
            lambda: self._client.delete_item(TableName=self._table, Key=wire, **condition), wire
        )

    def _replace(self, change: MemberChange, as_of: datetime) -> bool:
        seen = change.before.as_of if change.before else None
        if change.member is None:
            return self._delete({PK: member_pk(change.member_id), SK: COVERAGE_SK}, seen)
        condition = _as_read(seen)
        wire = to_wire({**member_item(change.member), AS_OF: instant(as_of)})
        return self._conditional(
            lambda: self._client.put_item(TableName=self._table, Item=wire, **condition), wire
        )

    def _conditional(self, call: Callable[[], Mapping[str, Any]], item: Item) -> bool:
        try:
            self._attempt(call, [item])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            with transient_errors():
                raise
        return True

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
        """Store the item from the hash to the member, and the member's current hash.

        In this order: a hash without a current one leads to no member. The other hash is deleted.
        """
        path = to_wire({PK: ssn_pk(digest), SK: member_id.upper()})
        self._attempt(lambda: self._client.put_item(TableName=self._table, Item=path), [path])
        current: Item = {PK: member_pk(member_id), SK: SSN_SK, "digest": digest}
        stored, before = self._put(current, as_of)
        if before.get("digest", digest) != digest:
            outdated = before["digest"] if stored else digest
            key = to_wire({PK: ssn_pk(outdated), SK: member_id.upper()})
            self._attempt(lambda: self._client.delete_item(TableName=self._table, Key=key), [key])
        return stored

    def put_entries(
        self, entries: Sequence[tuple[DirectoryEntry, Place]], as_of: datetime
    ) -> list[bool]:
        require_writes()
        batches = [
            entries[start : start + _READ_BATCH] for start in range(0, len(entries), _READ_BATCH)
        ]
        filed = self._bulk.each(lambda batch: self._file(batch, as_of), batches)
        return [one for batch in filed for one in batch]

    def _file(self, batch: Sequence[Filed], as_of: datetime) -> list[bool]:
        """File a batch again; of an unchanged entry only its date is written."""
        before = {
            item[PK]: item for item in self._read([_key_of(entry_item(filed)) for filed in batch])
        }
        known = [before.get(entry_item(filed)[PK], {}) for filed in batch]
        older = [one.get(AS_OF, "") <= instant(as_of) for one in known]
        changed = [
            (filed, one)
            for filed, one, may_store in zip(batch, known, older, strict=True)
            if may_store and {**one, AS_OF: None} != {**entry_item(filed), AS_OF: None}
        ]
        self._write(
            {"PutRequest": {"Item": to_wire(item)}}
            for filed, _ in changed
            for item in filings(filed)
        )
        self._write(
            {"DeleteRequest": {"Key": to_wire(dict(key))}}
            for filed, one in changed
            for key in _filed_before(one) - {tuple(key.items()) for key in filing_keys(filed)}
        )
        # Last, so that the entry lists its filed keys if loading stops before the end.
        return [
            may_store and self._put(entry_item(filed), as_of)[0]
            for filed, may_store in zip(batch, older, strict=True)
        ]

    # -- calls ----------------------------------------------------------------------------------

    def _put_each(self, items: Sequence[Item], as_of: datetime) -> list[bool]:
        require_writes()
        return self._bulk.each(lambda item: self._put(item, as_of)[0], items)

    def _put(self, item: Item, as_of: datetime) -> tuple[bool, Item]:
        """Store an item unless a newer one is stored; also returns the item that was there."""
        wire = to_wire({**item, AS_OF: instant(as_of)})

        def put() -> Mapping[str, Any]:
            return self._client.put_item(
                TableName=self._table,
                Item=wire,
                ConditionExpression=NOT_NEWER,
                ExpressionAttributeValues=to_wire({":as_of": instant(as_of)}),
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )

        try:
            answer = self._attempt(put, [wire])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False, from_wire(dict[str, Any](error.response).get("Item", {}))
            with transient_errors():
                raise
        return True, from_wire(answer.get("Attributes", {}))

    def _attempt(
        self, call: Callable[[], Mapping[str, Any]], items: Iterable[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        return self._bulk.attempt(call, sum(map(write_units, items)), self._writes)

    def _read(self, keys: Sequence[Mapping[str, str]]) -> list[Item]:
        batches = [keys[start : start + _READ_BATCH] for start in range(0, len(keys), _READ_BATCH)]
        return [item for found in self._bulk_reads(batches) for item in found]

    def _bulk_reads(self, batches: Sequence[Sequence[Mapping[str, str]]]) -> list[list[Item]]:
        return [self._read_batch([to_wire(key) for key in batch]) for batch in batches]

    def _read_batch(self, keys: list[Item]) -> list[Item]:
        found: list[Item] = []
        attempt = 0
        with transient_errors():
            while keys:
                requested: dict[str, Any] = {self._table: {"Keys": keys}}
                answer = self._bulk.attempt(
                    partial(self._client.batch_get_item, RequestItems=requested),
                    0,
                    self._writes,
                )
                found += [from_wire(item) for item in answer["Responses"].get(self._table, [])]
                keys = list(
                    answer.get("UnprocessedKeys", {}).get(self._table, {"Keys": []})["Keys"]
                )
                if keys:
                    self._bulk.wait(attempt)
                attempt += 1
        return found

    def _write(self, requests: "Iterable[WriteRequestTypeDef]") -> None:
        """Puts and deletions without condition, whatever is unprocessed again."""
        waiting: list[WriteRequestTypeDef | WriteRequestOutputTypeDef] = list(requests)
        attempt = 0
        with transient_errors():
            while waiting:
                batch, waiting = waiting[:_WRITE_BATCH], waiting[_WRITE_BATCH:]
                answer = self._attempt(
                    partial(self._client.batch_write_item, RequestItems={self._table: batch}),
                    [
                        one["PutRequest"]["Item"]
                        if "PutRequest" in one
                        else one["DeleteRequest"]["Key"]
                        for one in batch
                    ],
                )
                unprocessed = answer.get("UnprocessedItems", {}).get(self._table, [])
                waiting.extend(unprocessed)
                attempt = attempt + 1 if unprocessed else 0
                if unprocessed:
                    self._writes.throttled()
                    self._bulk.wait(attempt)


def _as_read(seen: str | None) -> dict[str, Any]:
    """The condition that an item has the date with which it was read, or none as then."""
    if seen is None:
        return {"ConditionExpression": UNDATED}
    return {
        "ConditionExpression": AS_READ,
        "ExpressionAttributeValues": to_wire({":seen": seen}),
    }


def write_units(wire: Mapping[str, Any]) -> int:
    """The write units of an item: one for each KB that is begun."""
    size = sum(
        len(name) + len(str(value).encode())
        for name, typed in wire.items()
        for value in typed.values()
    )
    return max(1, ceil(size / _UNIT_BYTES))


def _stored(item: Item) -> Iterator[StoredMember]:
    """The member of its item; one that cannot be read is reported and left out."""
    try:
        member = member_of(item)
    except DamagedRecordError:
        return
    if member is not None:
        yield StoredMember(member, item.get(AS_OF))


def _key_of(item: Item) -> dict[str, str]:
    return {PK: item[PK], SK: item[SK]}


def _filed_before(item: Item) -> set[tuple[tuple[str, str], ...]]:
    """The keys under which an entry was filed; none if it is new or cannot be read."""
    if not item:
        return set()
    try:
        filed = filed_of(item)
    except ValueError:
        return set()
    return {tuple(key.items()) for key in filing_keys(filed)}


def _plan_of(item: Item) -> Plan:
    return Plan.model_validate_json(item["plan"])
