"""Locks against duplicates, and the duplicate fingerprints of a member's requests (S2).

A lock is one item per signature, with an attribute for every open request: its id, and its fingerprint
as the value. A write that adds a request has a condition on the version that was compared. A withdrawn
request leaves the lock and the member's fingerprints in the transaction that withdraws it, an archived
one in its cleanup. A lock without requests is deleted; versions begin at the current time, so that a
lock created again never has a version of the deleted one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.keys import (
    LOCK_SK,
    duplicate_pk,
    fingerprint_sk,
    fingerprints_pk,
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
    transient_errors,
)
from precert.domain.duplicates import Fingerprint, fingerprint_of
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.review import Channel
from precert.names import PK, SK
from precert.usecases.ports.requests import DuplicateFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

LOCK_BUSY: Final = "Others are asking for the same. Send it again."


class DynamoDBFingerprints:
    """Fingerprints by member (port :class:`precert.usecases.ports.requests.Fingerprints`)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def of_member(self, member_id: str) -> tuple[Fingerprint, ...]:
        items = query_all(self._client, self._table, fingerprints_pk(member_id))
        return tuple(unpacked(Fingerprint, item["fingerprint"]) for item in items)


def put_fingerprint(table: str, fingerprint: Fingerprint) -> dict[str, Any]:
    item = {**_fingerprint_key(fingerprint), "fingerprint": packed(fingerprint)}
    return {"Put": {"TableName": table, "Item": to_wire(item)}}


class LockChangedError(Exception):
    """Another request was added to the lock first; ``item`` is the stored lock."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the lock changed")
        self.item = item


def write_with_lock(
    table: str, fingerprint: Fingerprint, write: Callable[[dict[str, Any]], None]
) -> None:
    """Call ``write`` with the operation that adds a request to its lock; retry on LockChangedError.

    Raises:
        DuplicateFoundError: a request in the lock has days in common with this one.
        TransientError: the lock changed at every attempt.
    """
    known: Item | None = None

    def attempt() -> None:
        nonlocal known
        try:
            write(lock(table, fingerprint, known))
        except LockChangedError as changed:
            known = changed.item
            raise

    retry(attempt, on=LockChangedError, message=LOCK_BUSY)


def lock(table: str, fingerprint: Fingerprint, known: Item | None) -> dict[str, Any]:
    """The operation that adds a request to its lock as last read; ``None`` at the first attempt.

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
            existing = unpacked(Fingerprint, value)
            if existing.overlaps(fingerprint):
                raise DuplicateFoundError(existing)
        put["ConditionExpression"] = "version = :known"
        put["ExpressionAttributeValues"] = to_wire({":known": known["version"]})
    version = int(known["version"]) + 1 if known else microseconds(fingerprint.submitted_at)
    put["Item"] = to_wire(
        {
            **_lock_key(fingerprint),
            **held,
            "version": version,
            fingerprint.request_id: packed(fingerprint),
        }
    )
    return {"Put": put}


def release(table: str, fingerprint: Fingerprint) -> list[dict[str, Any]]:
    """Operations that allow the same request again."""
    unlock = {
        "TableName": table,
        "Key": to_wire(_lock_key(fingerprint)),
        "UpdateExpression": "REMOVE #request ADD version :one",
        "ExpressionAttributeNames": {"#request": fingerprint.request_id},
        "ExpressionAttributeValues": to_wire({":one": 1}),
    }
    forget = {"TableName": table, "Key": to_wire(_fingerprint_key(fingerprint))}
    return [{"Update": unlock}, {"Delete": forget}]


def replace(table: str, submitted: Fingerprint, now: Fingerprint) -> list[dict[str, Any]]:
    """Operations that replace the fingerprint of an open request.

    The lock of the submission is not moved: the same request entered again is still a duplicate.
    """
    locked = {
        "TableName": table,
        "Key": to_wire(_lock_key(submitted)),
        "UpdateExpression": "SET #request = :fingerprint ADD version :one",
        "ExpressionAttributeNames": {"#request": submitted.request_id},
        "ExpressionAttributeValues": to_wire({":fingerprint": packed(now), ":one": 1}),
    }
    return [{"Update": locked}, put_fingerprint(table, now)]


def fingerprint_left_by(request: Request) -> Fingerprint | None:
    """The fingerprint of a request as submitted; a vendor's report has none (W8)."""
    review = request.submitted
    if review.channel is Channel.VENDOR:
        return None
    return submitted_fingerprint(request)


def submitted_fingerprint(request: Request) -> Fingerprint:
    """The fingerprint in a request's lock; a reconciliation does not move the lock."""
    review, content = request.submitted, request.content_as_submitted
    return fingerprint_of(request.request_id, review.number, review.submitted_at, content)


def forget(client: "DynamoDBClient", table: str, fingerprint: Fingerprint) -> None:
    """Remove a deleted request's fingerprint and lock; may be repeated after any failure.

    Raises:
        TransientError: the lock changed at every attempt.
    """
    with transient_errors():
        client.delete_item(TableName=table, Key=to_wire(_fingerprint_key(fingerprint)))
    writes, key = Writes(client), _lock_key(fingerprint)

    def attempt() -> None:
        item = get(client, table, key[PK], key[SK])
        if item is None:
            return
        others = _held(item).keys() - {fingerprint.request_id}
        if others and fingerprint.request_id not in item:
            return
        known: dict[str, Any] = {
            "TableName": table,
            "Key": to_wire(key),
            "ConditionExpression": "version = :known",
            "ExpressionAttributeValues": to_wire({":known": item["version"]}),
        }
        if others:
            writes.update(**_left(known, fingerprint))
        else:
            writes.delete(**known)

    retry(attempt, on=ConditionFailedError, message=LOCK_BUSY)


def _left(known: dict[str, Any], fingerprint: Fingerprint) -> dict[str, Any]:
    """The update that removes a request from a lock, with a condition on the version read."""
    values = {**known["ExpressionAttributeValues"], **to_wire({":one": 1})}
    return known | {
        "UpdateExpression": "REMOVE #request ADD version :one",
        "ExpressionAttributeNames": {"#request": fingerprint.request_id},
        "ExpressionAttributeValues": values,
    }


def _held(item: Item) -> Item:
    """Fingerprints in a lock by request id."""
    return {name: value for name, value in item.items() if name not in (PK, SK, "version")}


def _lock_key(fingerprint: Fingerprint) -> Item:
    return {PK: duplicate_pk(fingerprint.signature), SK: LOCK_SK}


def _fingerprint_key(fingerprint: Fingerprint) -> Item:
    return {PK: fingerprints_pk(fingerprint.member_id), SK: fingerprint_sk(fingerprint.request_id)}
