"""Locks on what is asked for, and the footprints of a member's requests (S2).

A lock is one item for each signature. It has an attribute for every request that stands, named by the
request's id, with its footprint; whoever adds one does so on the version that was compared. What is
withdrawn leaves the lock and the member's footprints in the transaction that withdraws it; what is
archived leaves them as it is cleaned up behind. A lock that nobody is left in goes too, so versions
begin at an instant: a lock that is made anew never has a version that its forerunner had.
"""

from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.keys import (
    LOCK_SK,
    duplicate_pk,
    footprint_sk,
    footprints_pk,
    microseconds,
)
from precert.adapters.dynamodb.request_items import packed, unpacked
from precert.adapters.dynamodb.table import (
    ABSENT,
    ConditionFailedError,
    Item,
    Writes,
    get,
    query_all,
    to_wire,
    transient_faults,
)
from precert.contract import PK, SK
from precert.domain.duplicates import Footprint, footprint_of
from precert.domain.errors import TransientError
from precert.domain.request import Request
from precert.domain.review import Channel
from precert.usecases.ports.requests import DuplicateFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

LOCK_ATTEMPTS = 5


class DynamoDBFootprints:
    """Footprints by member (port :class:`precert.usecases.ports.requests.Footprints`)."""

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
        held = _held(known)
        for value in held.values():
            existing = unpacked(Footprint, value)
            if existing.overlaps(footprint):
                raise DuplicateFoundError(existing)
        put["ConditionExpression"] = "version = :known"
        put["ExpressionAttributeValues"] = to_wire({":known": known["version"]})
    version = int(known["version"]) + 1 if known else microseconds(footprint.submitted_at)
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


def footprint_left_by(request: Request) -> Footprint | None:
    """The footprint that a request left as it came in; what a vendor reported left none (W8)."""
    review = request.submitted
    if review.channel is Channel.VENDOR:
        return None
    return submitted_footprint(request)


def submitted_footprint(request: Request) -> Footprint:
    """What a request was locked by: a reconciliation leaves the lock where it is."""
    review, content = request.submitted, request.content_as_submitted
    return footprint_of(request.request_id, review.number, review.submitted_at, content)


def forget(client: "DynamoDBClient", table: str, footprint: Footprint) -> None:
    """Release what is held for a request that is gone; may be repeated from any point.

    Raises:
        TransientError: others were quicker at the lock every time.
    """
    with transient_faults():
        client.delete_item(TableName=table, Key=to_wire(_footprint_key(footprint)))
    writes, key = Writes(client), _lock_key(footprint)
    for _ in range(LOCK_ATTEMPTS):
        item = get(client, table, key[PK], key[SK])
        if item is None:
            return
        others = _held(item).keys() - {footprint.request_id}
        if others and footprint.request_id not in item:
            return
        known: dict[str, Any] = {
            "TableName": table,
            "Key": to_wire(key),
            "ConditionExpression": "version = :known",
            "ExpressionAttributeValues": to_wire({":known": item["version"]}),
        }
        try:
            if others:
                writes.update(**_left(known, footprint))
            else:
                writes.delete(**known)
        except ConditionFailedError:
            continue
        return
    raise TransientError("Others are asking for the same. Try again.")


def _left(known: dict[str, Any], footprint: Footprint) -> dict[str, Any]:
    """The update of a lock by which a request leaves it, as the version is that was read."""
    values = {**known["ExpressionAttributeValues"], **to_wire({":one": 1})}
    return known | {
        "UpdateExpression": "REMOVE #request ADD version :one",
        "ExpressionAttributeNames": {"#request": footprint.request_id},
        "ExpressionAttributeValues": values,
    }


def _held(item: Item) -> Item:
    """Footprints in a lock by request id."""
    return {name: value for name, value in item.items() if name not in (PK, SK, "version")}


def _lock_key(footprint: Footprint) -> Item:
    return {PK: duplicate_pk(footprint.signature), SK: LOCK_SK}


def _footprint_key(footprint: Footprint) -> Item:
    return {PK: footprints_pk(footprint.member_id), SK: footprint_sk(footprint.request_id)}
