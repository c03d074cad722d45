"""Members, ZIP codes, the directory and the rule list in force (the reference table)."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import Item, from_wire, json_of, to_wire
from precert.adapters.dynamodb.drafts import name_key
from precert.adapters.dynamodb.keys import cell_pk, entry_sk, member_pk, zip_pk
from precert.adapters.dynamodb.reads import get, query_all, transient_faults
from precert.contract import PK, SK
from precert.domain.coverage import Coverage
from precert.domain.directory import DirectoryEntry, Place, cell_of, cells_near
from precert.domain.errors import TransientError
from precert.domain.rules import RuleListVersion
from precert.domain.values import ProviderKind
from precert.usecases.ports.reference import CheckFacts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_RULE_LIST_KEY = {PK: "RULE_LIST", SK: "CURRENT"}
_COVERAGE_SK = "COVERAGE"
_BATCH = 25


class DynamoDBReference:
    """Reads of the functions, and the writes of those who load files."""

    def __init__(self, client: "DynamoDBClient", *, reference_table: str) -> None:
        self._client = client
        self._table = reference_table

    def check_facts(self, member_id: str) -> CheckFacts:
        keys = [{PK: member_pk(member_id), SK: _COVERAGE_SK}, _RULE_LIST_KEY]
        with transient_faults():
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": [to_wire(key) for key in keys]}}
            )
        if answer.get("UnprocessedKeys"):
            raise TransientError("The table is busy. Try again.")
        found = {item[SK]: item for item in map(from_wire, answer["Responses"][self._table])}
        return CheckFacts(
            coverage=_coverage(found.get(_COVERAGE_SK)),
            rule_list=_rule_list(found.get(_RULE_LIST_KEY[SK])),
        )

    def coverage(self, member_id: str) -> Coverage | None:
        return _coverage(get(self._client, self._table, member_pk(member_id), _COVERAGE_SK))

    def place(self, zip_code: str) -> Place | None:
        item = get(self._client, self._table, zip_pk(zip_code), "PLACE")
        return Place.model_validate_json(item["place"]) if item else None

    def entries_near(
        self, place: Place, kind: ProviderKind
    ) -> tuple[tuple[DirectoryEntry, Place], ...]:
        items = query_all(self._client, self._table, cell_pk(kind, cell_of(place)))
        return tuple(
            (
                DirectoryEntry.model_validate_json(item["entry"]),
                Place.model_validate_json(item["place"]),
            )
            for item in items
        )

    def put_coverages(self, coverages: Collection[Coverage]) -> None:
        self._put_all(
            {
                PK: member_pk(coverage.member_id),
                SK: _COVERAGE_SK,
                "active_from": coverage.active_from.isoformat(),
                "active_to": (coverage.active_to or date.max).isoformat(),
                "date_of_birth": coverage.date_of_birth.isoformat(),
                "name_key": name_key(coverage.last_name, coverage.first_name),
                "coverage": json_of(coverage),
            }
            for coverage in coverages
        )

    def put_places(self, places: Mapping[str, Place]) -> None:
        self._put_all(
            {PK: zip_pk(zip_code), SK: "PLACE", "place": json_of(place)}
            for zip_code, place in places.items()
        )

    def put_entries(self, entries: Collection[tuple[DirectoryEntry, Place]]) -> None:
        self._put_all(
            {
                PK: cell_pk(entry.kind, cell),
                SK: entry_sk(entry.name, entry.provider_id),
                "entry": json_of(entry),
                "place": json_of(place),
            }
            for entry, place in entries
            for cell in sorted(cells_near(place))
        )

    def put_rule_list(self, version: RuleListVersion) -> None:
        with transient_faults():
            self._client.put_item(
                TableName=self._table,
                Item=to_wire(
                    {
                        **_RULE_LIST_KEY,
                        "version": version.version,
                        "effective_from": version.effective_from.isoformat(),
                        "object_key": version.object_key,
                        "sha256": version.sha256,
                    }
                ),
            )

    def _put_all(self, items: Iterator[Item]) -> None:
        waiting: list[dict[str, Any]] = [{"PutRequest": {"Item": to_wire(i)}} for i in items]
        while waiting:
            batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
            with transient_faults():
                answer = self._client.batch_write_item(RequestItems={self._table: batch})  # type: ignore[dict-item]
            waiting.extend(answer.get("UnprocessedItems", {}).get(self._table, []))  # type: ignore[arg-type]


def _coverage(item: Item | None) -> Coverage | None:
    return Coverage.model_validate_json(item["coverage"]) if item else None


def _rule_list(item: Item | None) -> RuleListVersion | None:
    if item is None:
        return None
    return RuleListVersion(
        version=item["version"],
        effective_from=date.fromisoformat(item["effective_from"]),
        object_key=item["object_key"],
        sha256=item["sha256"],
    )
