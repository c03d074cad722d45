"""The history of rule lists, one immutable item each, and a pointer to the list in effect.

The pointer is a separate item, so that a check can read it by key in the same call as the member.
"""

from collections.abc import Callable
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.keys import (
    ASSERTION_KEY,
    RULE_LIST_PK,
    instant,
    rule_list_at_sk,
    rule_list_version_sk,
)
from precert.adapters.dynamodb.table import (
    ABSENT,
    ConditionFailedError,
    Item,
    Writes,
    get,
    pages_of,
    read_one,
    readable,
    sort_key_of,
    to_wire,
)
from precert.domain.damage import RecordKind
from precert.domain.rules import RuleListVersion
from precert.names import PK, SK
from precert.usecases.ports.reference import RuleListChangedError, RuleListExistsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

RULE_LIST_KEY: Final = {PK: RULE_LIST_PK, SK: "IN_EFFECT"}
"""Sorts after the whole history."""
_POINTER: Final = 0
"""Index of the pointer's operation in the transaction."""


class DynamoDBRuleListVersions:
    """The history (port :class:`precert.usecases.ports.reference.RuleListVersions`)."""

    def __init__(
        self, client: "DynamoDBClient", *, reference_table: str, new_key: Callable[[], bytes]
    ) -> None:
        self._client = client
        self._table = reference_table
        self._new_key = new_key

    def in_effect(self) -> RuleListVersion | None:
        return rule_list_of(get(self._client, self._table, *RULE_LIST_KEY.values()))

    def in_effect_at(self, instant: datetime) -> RuleListVersion | None:
        found = self._history(until=instant, ScanIndexForward=False, Limit=1)
        return rule_list_of(found[0]) if found else None

    def published(self) -> tuple[RuleListVersion, ...]:
        found, _ = readable(RecordKind.RULE_LIST, self._history(), _rule_list_of, sort_key_of)
        return tuple(found)

    def put_in_effect(
        self, version: RuleListVersion, *, instead_of: RuleListVersion | None
    ) -> None:
        attributes = _item_of(version)
        writes = [
            self._put({**RULE_LIST_KEY, **attributes}, _unchanged(instead_of)),
            self._put(
                {PK: RULE_LIST_PK, SK: rule_list_version_sk(version.version)},
                {"ConditionExpression": ABSENT},
            ),
            self._put(
                {PK: RULE_LIST_PK, SK: rule_list_at_sk(version.published_at), **attributes},
                {"ConditionExpression": ABSENT},
            ),
            self._assertion_key(),
        ]
        try:
            Writes(self._client).transact(writes)
        except ConditionFailedError as error:
            if error.index == _POINTER:
                raise RuleListChangedError from error
            raise RuleListExistsError from error

    def _assertion_key(self) -> dict[str, Any]:
        """The HMAC key of assertion ids, created with the first list and never changed."""
        return {
            "Update": {
                "TableName": self._table,
                "Key": to_wire(ASSERTION_KEY),
                "UpdateExpression": "SET #key = if_not_exists(#key, :new)",
                "ExpressionAttributeNames": {"#key": "key"},
                "ExpressionAttributeValues": to_wire({":new": self._new_key()}),
            }
        }

    def _put(self, item: Item, condition: dict[str, Any]) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": to_wire(item), **condition}}

    def _history(self, *, until: datetime | None = None, **arguments: Any) -> list[Item]:
        last = rule_list_at_sk(until) if until else rule_list_at_sk(None)
        pages = pages_of(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_wire(
                {":pk": RULE_LIST_PK, ":first": "AT#", ":last": last}
            ),
            ConsistentRead=True,
            **arguments,
        )
        return next(pages) if "Limit" in arguments else list(chain.from_iterable(pages))


def rule_list_of(item: Item | None) -> RuleListVersion | None:
    """The rule list version in the pointer or in an item of the history.

    Raises:
        DamagedRecordError: it cannot be read. The damage is reported.
    """
    return read_one(RecordKind.RULE_LIST, item, _rule_list_of, sort_key_of) if item else None


def _rule_list_of(item: Item) -> RuleListVersion:
    published_at = datetime.fromisoformat(item["published_at"])
    if published_at.tzinfo is None:
        raise ValueError("published_at has no zone")
    return RuleListVersion(
        version=item["version"],
        effective_from=date.fromisoformat(item["effective_from"]),
        object_key=item["object_key"],
        sha256=item["sha256"],
        published_at=published_at,
    )


def _item_of(version: RuleListVersion) -> Item:
    return {
        "version": version.version,
        "effective_from": version.effective_from.isoformat(),
        "object_key": version.object_key,
        "sha256": version.sha256,
        "published_at": instant(version.published_at),
    }


def _unchanged(known: RuleListVersion | None) -> dict[str, Any]:
    if known is None:
        return {"ConditionExpression": ABSENT}
    return {
        "ConditionExpression": "#version = :known",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": to_wire({":known": known.version}),
    }
