"""Locks against duplicates, and the duplicate fingerprints of a member's requests (S2).

A lock is one item per signature, with an attribute for every open request: its id as the name, and its
fingerprint as the value. A write that adds a request requires the version of the lock that was
compared. A withdrawn request is removed from the lock and from the member's fingerprints in the
transaction that withdraws it, an archived one in its cleanup. A lock without requests is deleted.
Versions begin at the current time, so that a new lock never has a version of the deleted one.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.keys import (
    LAST_APPROVAL_SK,
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
    readable,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.duplicates import Fingerprint
from precert.domain.request import Comparison, Request
from precert.domain.retry import retry
from precert.names import PK, SK, TTL_ATTRIBUTE
from precert.usecases.ports.requests import DuplicateFoundError, MemberFingerprints

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

LOCK_BUSY: Final = "The same services are being requested concurrently. Try again."


class DynamoDBFingerprints:
    """Fingerprints by member (port :class:`precert.usecases.ports.requests.Fingerprints`)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def of_member(self, member_id: str) -> MemberFingerprints:
        items = query_all(self._client, self._table, fingerprints_pk(member_id))
        last = next((item["approval"] for item in items if item[SK] == LAST_APPROVAL_SK), None)
        found, damaged = readable(
            RecordKind.FINGERPRINT,
            (item for item in items if item[SK] != LAST_APPROVAL_SK),
            _fingerprint_of,
            _request_id_of_key,
        )
        return MemberFingerprints(tuple(found), damaged, last)


def _fingerprint_of(item: Item) -> Fingerprint:
    return unpacked(Fingerprint, item["fingerprint"])


def _request_id_of_key(item: Item) -> str:
    return sort_key_of(item).removeprefix(fingerprint_sk(""))


def put_fingerprint(table: str, fingerprint: Fingerprint) -> dict[str, Any]:
    item = {**_fingerprint_key(fingerprint), "fingerprint": packed(fingerprint)}
    return {"Put": {"TableName": table, "Item": to_wire(item)}}


def approval_writes(
    table: str,
    approvals: Iterable[tuple[Request, Comparison | None]],
    retained_until: Callable[[datetime], datetime],
) -> list[dict[str, Any]]:
    """The write of an approval that was compared with the member's others, if there is one."""
    return [
        _approval(table, request, compared, retained_until(request.updated_at))
        for request, compared in approvals
        if compared is not None
    ]


def _approval(
    table: str, request: Request, compared: Comparison, expires: datetime
) -> dict[str, Any]:
    """The operation that serializes the compared approvals of a member.

    It requires that the last approval is the one that was read, so that the request was compared with
    every approved request of the member. The item expires with the history of the last approval.
    """
    item = {
        PK: fingerprints_pk(compared.member_id),
        SK: LAST_APPROVAL_SK,
        "approval": f"{request.request_id}#{request.version}",
        TTL_ATTRIBUTE: ceil(expires.timestamp()),
    }
    put: dict[str, Any] = {"TableName": table, "Item": to_wire(item), "ConditionExpression": ABSENT}
    if compared.last_approval is not None:
        put |= {
            "ConditionExpression": "approval = :last",
            "ExpressionAttributeValues": to_wire({":last": compared.last_approval}),
        }
    return {"Put": put}


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
        DuplicateFoundError: a request in the lock has the same services.
        TransientError: the lock was changed concurrently at every attempt.
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
    """The operation that adds a request to its lock; ``known`` is the stored lock, if it was read.

    Raises:
        DuplicateFoundError: a request in the lock has the same services.
    """
    if known is None:
        item = {
            **_lock_key(fingerprint),
            "version": microseconds(fingerprint.submitted_at),
            fingerprint.request_id: packed(fingerprint),
        }
        put: dict[str, Any] = {
            "TableName": table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return {"Put": put}
    # Damaged fingerprints remain in the lock; the assessment compares the member's requests again.
    found, _ = readable(
        RecordKind.FINGERPRINT,
        ({SK: name, "fingerprint": value} for name, value in _fingerprints(known).items()),
        _fingerprint_of,
        sort_key_of,
    )
    for existing in found:
        if fingerprint.is_refused_by(existing):
            raise DuplicateFoundError(existing)
    update: dict[str, Any] = {
        "TableName": table,
        "Key": to_wire(_lock_key(fingerprint)),
        "UpdateExpression": "SET #request = :fingerprint ADD version :one",
        "ConditionExpression": "version = :known",
        "ExpressionAttributeNames": {"#request": fingerprint.request_id},
        "ExpressionAttributeValues": to_wire(
            {":fingerprint": packed(fingerprint), ":one": 1, ":known": known["version"]}
        ),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {"Update": update}


def set_lock(table: str, submitted: Fingerprint, now: Fingerprint, at: datetime) -> dict[str, Any]:
    """The operation that adds a request to its lock, or replaces its fingerprint there.

    The key of the lock is still the submitted signature, so that submitting the same again is a
    repetition. The operation has no condition, because the request exists already.
    """
    update = {
        "TableName": table,
        "Key": to_wire(_lock_key(submitted)),
        "UpdateExpression": (
            "SET #request = :fingerprint, version = if_not_exists(version, :start) + :one"
        ),
        "ExpressionAttributeNames": {"#request": submitted.request_id},
        "ExpressionAttributeValues": to_wire(
            {":fingerprint": packed(now), ":start": microseconds(at), ":one": 1}
        ),
    }
    return {"Update": update}


def release_lock(table: str, submitted: Fingerprint, at: datetime) -> dict[str, Any]:
    """The operation that removes a request from its lock, so that the same can be requested again."""
    update = {
        "TableName": table,
        "Key": to_wire(_lock_key(submitted)),
        "UpdateExpression": ("SET version = if_not_exists(version, :start) + :one REMOVE #request"),
        "ExpressionAttributeNames": {"#request": submitted.request_id},
        "ExpressionAttributeValues": to_wire({":start": microseconds(at), ":one": 1}),
    }
    return {"Update": update}


def delete_fingerprint(table: str, fingerprint: Fingerprint) -> dict[str, Any]:
    return {"Delete": {"TableName": table, "Key": to_wire(_fingerprint_key(fingerprint))}}


def remove_fingerprint(client: "DynamoDBClient", table: str, fingerprint: Fingerprint) -> None:
    """Remove a deleted request's fingerprint and lock. Safe to repeat after any failure.

    Raises:
        TransientError: the lock was changed concurrently at every attempt.
    """
    with transient_errors():
        client.delete_item(TableName=table, Key=to_wire(_fingerprint_key(fingerprint)))
    writes, key = Writes(client), _lock_key(fingerprint)

    def attempt() -> None:
        item = get(client, table, key[PK], key[SK])
        if item is None:
            return
        others = _fingerprints(item).keys() - {fingerprint.request_id}
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


def _fingerprints(item: Item) -> Item:
    """Fingerprints in a lock by request id."""
    return {name: value for name, value in item.items() if name not in (PK, SK, "version")}


def _lock_key(fingerprint: Fingerprint) -> Item:
    return {PK: duplicate_pk(fingerprint.signature), SK: LOCK_SK}


def _fingerprint_key(fingerprint: Fingerprint) -> Item:
    return {PK: fingerprints_pk(fingerprint.member_id), SK: fingerprint_sk(fingerprint.request_id)}
