"""Reads of the reference table: members, the directory and the rule list in effect.

A condition cannot search a list, so every coverage span has its own attributes: ``from_1`` and
``to_1``, ``from_2`` and ``to_2``, up to the limit of spans. Absent attributes never match.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.directory import (
    ENTRY_SK,
    filed_of,
    found,
    provider_id_of_key,
)
from precert.adapters.dynamodb.keys import (
    ASSERTION_KEY,
    cell_pk,
    member_pk,
    provider_pk,
    ssn_pk,
    tin_entries_pk,
    zip_entries_pk,
    zip_key,
)
from precert.adapters.dynamodb.rule_lists import RULE_LIST_KEY, rule_list_of
from precert.adapters.dynamodb.table import (
    Item,
    from_wire,
    get,
    json_of,
    query_all,
    query_some,
    read_one,
    readable,
    to_wire,
    transient_errors,
)
from precert.domain.content import Patient
from precert.domain.coverage import MAX_SPANS, Member
from precert.domain.damage import Readable, RecordKind
from precert.domain.directory import DirectoryEntry, Place, cell_of
from precert.domain.errors import TransientError
from precert.domain.loading import ZipPlace
from precert.domain.text import folded
from precert.domain.values import ProviderKind
from precert.names import PK, SK
from precert.usecases.ports.reference import MAX_NAMES, MAX_PAGES, CheckFacts, FiledEntries, Places

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


COVERAGE_SK: Final = "COVERAGE"
SSN_SK: Final = "SSN"
_COVERED: Final = " OR ".join(
    f"(from_{slot} <= :day AND to_{slot} >= :day)" for slot in range(1, MAX_SPANS + 1)
)


def member_item(member: Member) -> Item:
    """The item of a member, with the dates of each span in attributes that conditions read."""
    slots: Item = {}
    for slot, span in enumerate(member.spans, start=1):
        slots |= {f"from_{slot}": span.active_from.isoformat()}
        slots |= {f"to_{slot}": span.last_day.isoformat()}
    return {
        PK: member_pk(member.member_id),
        SK: COVERAGE_SK,
        "date_of_birth": member.date_of_birth.isoformat(),
        "name_key": _name_key(member.last_name, member.first_name),
        "member": json_of(member),
        **slots,
    }


def zip_item(place: ZipPlace) -> Item:
    pk, sk = zip_key(place.zip_code)
    center = Place(latitude=place.latitude, longitude=place.longitude)
    return {PK: pk, SK: sk, "place": json_of(center)}


def member_of(item: Item | None) -> Member | None:
    """The member of an item.

    Raises:
        DamagedRecordError: it cannot be read. The damage is reported.
    """
    return read_one(RecordKind.MEMBER, item, _member_of, _member_digest) if item else None


def _member_of(item: Item) -> Member:
    return Member.model_validate_json(item["member"])


def _member_digest(item: Item) -> str:
    """The digest that identifies a member in logs and problems, which contain no member id."""
    return sha256(str(item[PK]).encode()).hexdigest()


def covered_condition(table: str, patient: Patient, day: date) -> dict[str, Any]:
    """A condition check that the member matches the patient entered, and is covered that day."""
    values = {
        ":day": day.isoformat(),
        ":born": patient.date_of_birth.isoformat(),
        ":name": _name_key(patient.last_name, patient.first_name),
    }
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": to_wire({PK: member_pk(patient.member_id), SK: COVERAGE_SK}),
            "ConditionExpression": f"date_of_birth = :born AND name_key = :name AND ({_COVERED})",
            "ExpressionAttributeValues": to_wire(values),
        }
    }


def _name_key(last_name: str, first_name: str) -> str:
    """The folded names, which conditions compare."""
    return f"{folded(last_name)}#{folded(first_name)}"


class DynamoDBReference:
    """Reads of the functions; :mod:`precert.adapters.dynamodb.loading` writes."""

    def __init__(self, client: "DynamoDBClient", *, reference_table: str) -> None:
        self._client = client
        self._table = reference_table

    def loaded_place(self, zip_code: str) -> Place | None:
        """The center of a ZIP code that was loaded. One AWS call."""
        items = query_all(self._client, self._table, zip_key(zip_code)[0])
        return Place.model_validate_json(items[0]["place"]) if items else None

    def check_facts(self, member_id: str) -> CheckFacts:
        member_key = {PK: member_pk(member_id), SK: COVERAGE_SK}
        items = self._get_all([member_key, RULE_LIST_KEY, ASSERTION_KEY])
        by_sk = {item[SK]: item for item in items}
        key = by_sk.get(ASSERTION_KEY[SK])
        return CheckFacts(
            member=member_of(by_sk.get(COVERAGE_SK)),
            rule_list=rule_list_of(by_sk.get(RULE_LIST_KEY[SK])),
            assertion_key=bytes(key["key"]) if key else None,
        )

    def member(self, member_id: str) -> Member | None:
        return member_of(get(self._client, self._table, member_pk(member_id), COVERAGE_SK))

    def members_by_ssn(self, digest: str) -> Readable[Member]:
        ids = [item[SK] for item in query_all(self._client, self._table, ssn_pk(digest))]
        if not ids:
            return Readable()
        keys = [{PK: member_pk(one), SK: sk} for one in ids for sk in (COVERAGE_SK, SSN_SK)]
        by_key = {_key(item): item for item in self._get_all(keys)}
        items = [
            by_key[member_pk(one), COVERAGE_SK]
            for one in ids
            if (member_pk(one), COVERAGE_SK) in by_key
            # An item of an outdated hash can still exist; only the current hash counts.
            and by_key.get((member_pk(one), SSN_SK), {}).get("digest") == digest
        ]
        members, damaged = readable(RecordKind.MEMBER, items, _member_of, _member_digest)
        return Readable(tuple(members), damaged)

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        keys = [{PK: provider_pk(one), SK: ENTRY_SK} for one in sorted(set(provider_ids))]
        items = self._get_all(keys) if keys else []
        found_, _ = readable(RecordKind.DIRECTORY_ENTRY, items, filed_of, provider_id_of_key)
        return {entry.provider_id: entry for entry, _ in found_}

    def entry(self, provider_id: str) -> DirectoryEntry | None:
        items = self._get_all([{PK: provider_pk(provider_id), SK: ENTRY_SK}])
        if not items:
            return None
        return read_one(RecordKind.DIRECTORY_ENTRY, items[0], filed_of, provider_id_of_key)[0]

    def entries_near(self, place: Place, kind: ProviderKind, word: str) -> FiledEntries:
        return self._entries(cell_pk(kind, cell_of(place), word), beginning=word)

    def entries_at(self, zip_code: str, kind: ProviderKind) -> FiledEntries:
        return self._entries(zip_entries_pk(kind, zip_code))

    def names_of(self, tin: str) -> Readable[str]:
        # A provider has an entry per address, so names can occur repeatedly.
        items, _ = query_some(
            self._client, self._table, tin_entries_pk(tin), pages=1, Limit=10 * MAX_NAMES
        )
        filed, damaged = readable(RecordKind.DIRECTORY_ENTRY, items, filed_of, provider_id_of_key)
        names = dict.fromkeys(entry.name for entry, _ in filed)
        return Readable(tuple(names)[:MAX_NAMES], tuple(dict.fromkeys(damaged)))

    def _entries(self, pk: str, *, beginning: str = "") -> FiledEntries:
        items, complete = query_some(
            self._client, self._table, pk, beginning=beginning, pages=MAX_PAGES
        )
        return found(items, complete=complete)

    def _get_all(self, keys: Sequence[Mapping[str, str]]) -> list[Item]:
        """At most 100 items. One AWS call."""
        with transient_errors():
            response = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": [to_wire(key) for key in keys]}}
            )
        if response.get("UnprocessedKeys"):
            raise TransientError("The table is busy. Try again.")
        return [from_wire(item) for item in response["Responses"].get(self._table, [])]


def _key(item: Item) -> tuple[str, str]:
    return item[PK], item[SK]


class LoadedPlaces:
    """ZIP codes of the shipped code sets, and those that were loaded (port ``Places``)."""

    def __init__(self, shipped: Places, loaded: Callable[[str], Place | None]) -> None:
        self._shipped = shipped
        self._loaded = loaded

    def place(self, zip_code: str) -> Place | None:
        return self._shipped.place(zip_code) or self._loaded(zip_code)
