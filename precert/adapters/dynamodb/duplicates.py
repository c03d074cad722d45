"""Locks on what is asked for, and the footprints of a member's requests (S2).

A lock is one item for each signature. It has an attribute for every request that stands, named by the
request's id, with its footprint; whoever adds one does so on the version that was compared. What is
withdrawn leaves the lock and the member's footprints in the transaction that withdraws it.
"""

from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import Item, to_wire
from precert.adapters.dynamodb.keys import LOCK_SK, duplicate_pk, footprint_sk, footprints_pk
from precert.adapters.dynamodb.reads import query_all
from precert.adapters.dynamodb.request_items import packed, unpacked
from precert.adapters.dynamodb.transactions import ABSENT
from precert.contract import PK, SK
from precert.domain.duplicates import Footprint
from precert.usecases.ports.duplicates import DuplicateFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

LOCK_ATTEMPTS = 5


class DynamoDBFootprints:
    """Footprints by member (port :class:`precert.usecases.ports.duplicates.Footprints`)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def of_member(self, member_id: str) -> tuple[Footprint, ...]:
        items = query_all(self._client, self._table, footprints_pk(member_id))
        return tuple(unpacked(Footprint, item["footprint"]) for item in items)


def put_footprint(table: str, footprint: Footprint) -> dict[str, Any]:
    item = {**_footprint_key(footprint), "footprint": packed(footprint)}
    return {"Put": {"TableName": table, "Item": to_wire(item)}}


def lock(table: str, footprint: Footprint, known: Item | None) -> dict[str, Any]:
    """The operation that adds a request to its lock, on what is known of it: at first, nothing.

    Raises:
        DuplicateFoundError: a request in it has days in common with this one.
    """
    put: dict[str, Any] = {
        "TableName": table,
        "ConditionExpression": ABSENT,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    held: Item = {}
    if known is not None:
        held = {name: value for name, value in known.items() if name not in (PK, SK, "version")}
        for value in held.values():
            existing = unpacked(Footprint, value)
            if existing.overlaps(footprint):
                raise DuplicateFoundError(existing)
        put["ConditionExpression"] = "version = :known"
        put["ExpressionAttributeValues"] = to_wire({":known": known["version"]})
    version = int(known["version"]) + 1 if known else 1
    put["Item"] = to_wire(
        {
            **_lock_key(footprint),
            **held,
            "version": version,
            footprint.request_id: packed(footprint),
        }
    )
    return {"Put": put}


def release(table: str, footprint: Footprint) -> list[dict[str, Any]]:
    """Operations that let others ask for the same again."""
    unlock = {
        "TableName": table,
        "Key": to_wire(_lock_key(footprint)),
        "UpdateExpression": "REMOVE #request ADD version :one",
        "ExpressionAttributeNames": {"#request": footprint.request_id},
        "ExpressionAttributeValues": to_wire({":one": 1}),
    }
    forget = {"TableName": table, "Key": to_wire(_footprint_key(footprint))}
    return [{"Update": unlock}, {"Delete": forget}]


def replace(table: str, submitted: Footprint, now: Footprint) -> list[dict[str, Any]]:
    """Operations that put another footprint in the place of a standing request's own.

    The lock stays where the submission put it: the same entered again is still the same.
    """
    locked = {
        "TableName": table,
        "Key": to_wire(_lock_key(submitted)),
        "UpdateExpression": "SET #request = :footprint ADD version :one",
        "ExpressionAttributeNames": {"#request": submitted.request_id},
        "ExpressionAttributeValues": to_wire({":footprint": packed(now), ":one": 1}),
    }
    return [{"Update": locked}, put_footprint(table, now)]


def _lock_key(footprint: Footprint) -> Item:
    return {PK: duplicate_pk(footprint.signature), SK: LOCK_SK}


def _footprint_key(footprint: Footprint) -> Item:
    return {PK: footprints_pk(footprint.member_id), SK: footprint_sk(footprint.request_id)}
