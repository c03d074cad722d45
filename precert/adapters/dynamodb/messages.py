"""The inbox (port :class:`precert.usecases.messages.Inbox`).

An inbox is one partition: messages by time, and after them the number of unread messages. The first
page is read from the end, so that it includes this number.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.cursors import Position, cursor_of, key_of_row, position_of
from precert.adapters.dynamodb.keys import UNREAD_SK, expired_unread_pk, inbox_pk, inbox_sk, instant
from precert.adapters.dynamodb.table import (
    ABSENT,
    ConditionFailedError,
    Item,
    Writes,
    from_wire,
    get,
    json_of,
    read_one,
    readable,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.names import PK, SK, TTL_ATTRIBUTE
from precert.usecases.messages import Message, MessagePage, NoMessageError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


MARKED_AT_ONCE: Final = 50
"""Maximum number of messages that one transaction marks as read. A transaction has at most 100
operations, and all are repeated after a conflict.
"""
EXPIRED_UNREAD_RETENTION: Final = timedelta(days=7)
"""How long it is recorded that an expired message was decremented. The stream repeats for one day."""

READ_AT_ONCE: int | None = None
"""Maximum number of messages that one query reads; by default 1 MB."""
MAX_PAGES = 100
"""Maximum number of queries of one call that marks all messages, so that the call does not time out."""
MAY_ARRIVE_LATE = timedelta(minutes=10)
"""The next call reads messages of these last minutes again, as messages can be delivered late."""
_KEY: Final = frozenset({SK})


_MARKED_FROM: Final = "marked_from"
_MARKED_TO: Final = "marked_to"
"""The sort keys between which all messages are marked as read."""


_OLDEST: Final = "0"
"""Sorts before every message, whose sort key begins with a year."""


@dataclass
class _Marking:
    """The remaining messages and queries of a call that marks all, and its position."""

    unmarked: int
    pages: int
    is_done: bool = False
    position: str | None = None


class DynamoDBInbox:
    """Messages of a TIN, each stored and counted once even if its event is delivered repeatedly."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def deliver(self, tin: str, message: Message, *, retained_until: datetime) -> None:
        item = {
            PK: inbox_pk(tin),
            SK: inbox_sk(message.at, message.message_id),
            "message": json_of(message),
            TTL_ATTRIBUTE: ceil(retained_until.timestamp()),
        }
        self._once([self._put(item), self._count(tin, 1)])

    def page(self, tin: str, *, limit: int, cursor: str | None) -> MessagePage:
        named = ("inbox", tin)
        after = position_of(cursor, named, _KEY).key if cursor is not None else None
        response = self._query(tin, after, limit if after else limit + 1)
        items = [from_wire(item) for item in response["Items"]]
        unread = None
        if after is None:
            counted, uncounted = _counts([one for one in items if one[SK] == UNREAD_SK])
            unread = None if uncounted else next(iter(counted), 0)
        messages, damaged = readable(
            RecordKind.MESSAGE,
            (item for item in items if item[SK] != UNREAD_SK),
            _message_of,
            message_id_of_key,
        )
        last = response.get("LastEvaluatedKey")
        position = Position(key_of_row(from_wire(last), _KEY)) if last else None
        return MessagePage(tuple(messages), unread, cursor_of(position, named), damaged)

    def mark_read(self, tin: str, message_id: str, at: datetime, *, now: datetime) -> None:
        sk = inbox_sk(at, message_id)
        try:
            self._writes.transact([self._mark(tin, sk, now), self._count(tin, -1)])
        except ConditionFailedError as failed:
            if failed.item is None:
                raise NoMessageError from failed

    def mark_all_read(self, tin: str, *, most: int, now: datetime) -> int:
        """Mark messages that arrived since the last call, then continue where that call ended."""
        counted = self._counted(tin)
        work = _Marking(min(most, _unread_in(counted)), MAX_PAGES)
        if work.unmarked <= 0:
            return _unread_in(counted)
        newest, oldest = counted.get(_MARKED_TO), counted.get(_MARKED_FROM, UNREAD_SK)
        if newest is not None:
            self._mark_part(tin, work, now, above=newest, below=UNREAD_SK)
            if not work.is_done:
                return self.unread(tin)
        self._mark_part(tin, work, now, above="", below=oldest)
        if work.is_done and self.unread(tin):
            # The remaining messages were delivered late, among newer ones: the next call reads all.
            self._continue_from(tin, None, None)
        elif work.position is not None:
            self._continue_from(tin, work.position, instant(now - MAY_ARRIVE_LATE))
        return self.unread(tin)

    def _mark_part(
        self, tin: str, work: "_Marking", now: datetime, *, above: str, below: str
    ) -> None:
        """Mark unread messages between two sort keys, newest first, as far as the limits allow."""
        work.is_done = False
        work.position = below
        while work.pages and work.unmarked:
            work.pages -= 1
            response = self._unread_page(tin, above, work.position)
            found = [str(from_wire(item)[SK]) for item in response["Items"]]
            for start in range(0, len(found), MARKED_AT_ONCE):
                chunk = found[start : start + min(MARKED_AT_ONCE, work.unmarked)]
                self._mark_chunk(tin, chunk, now)
                work.unmarked -= len(chunk)
                work.position = chunk[-1] if chunk else work.position
                if not work.unmarked and chunk[-1:] != found[-1:]:
                    return
            last = response.get("LastEvaluatedKey")
            if last is None:
                work.is_done, work.position = True, _OLDEST
                return
            work.position = str(from_wire(last)[SK])

    def count_expired(self, tin: str, message_id: str, at: datetime, *, now: datetime) -> None:
        expired = {
            PK: expired_unread_pk(tin),
            SK: inbox_sk(at, message_id),
            TTL_ATTRIBUTE: ceil((now + EXPIRED_UNREAD_RETENTION).timestamp()),
        }
        self._once([self._put(expired), self._count(tin, -1)])

    def _mark_chunk(self, tin: str, sks: list[str], now: datetime) -> None:
        """Mark messages as read in one transaction, except those that another call marked first."""
        left = list(sks)
        while left:
            marks = [self._mark(tin, sk, now) for sk in left]
            try:
                self._writes.transact([*marks, self._count(tin, -len(left))])
            except ConditionFailedError as failed:
                del left[failed.index]
                continue
            return

    def _unread_page(self, tin: str, above: str, below: str) -> dict[str, Any]:
        """One query of the unread messages between two sort keys, both excluded."""
        more: dict[str, Any] = {} if READ_AT_ONCE is None else {"Limit": READ_AT_ONCE}
        key = {PK: inbox_pk(tin)}
        with transient_errors():
            response: Any = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk > :above",
                FilterExpression="attribute_exists(message) AND attribute_not_exists(read_at)",
                ExpressionAttributeValues=to_wire({":pk": key[PK], ":above": above or _OLDEST}),
                ScanIndexForward=False,
                ExclusiveStartKey=to_wire({**key, SK: below}),
                **more,
            )
        found: dict[str, Any] = response
        return found

    def _continue_from(self, tin: str, oldest: str | None, newest: str | None) -> None:
        """Store the sort keys between which all messages are marked; ``None`` deletes them."""
        update: dict[str, Any] = {"UpdateExpression": f"REMOVE {_MARKED_FROM}, {_MARKED_TO}"}
        if oldest is not None:
            update = {
                "UpdateExpression": f"SET {_MARKED_FROM} = :from, {_MARKED_TO} = :to",
                "ExpressionAttributeValues": to_wire({":from": oldest, ":to": newest}),
            }
        key = to_wire({PK: inbox_pk(tin), SK: UNREAD_SK})
        self._writes.update(TableName=self._table, Key=key, **update)

    def _query(self, tin: str, after: Any, limit: int | None, **more: Any) -> dict[str, Any]:
        if after is not None:
            more["ExclusiveStartKey"] = to_wire({**after, PK: inbox_pk(tin)})
        if limit is not None:
            more["Limit"] = limit
        with transient_errors():
            response: Any = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=to_wire({":pk": inbox_pk(tin)}),
                ScanIndexForward=False,
                **more,
            )
        found: dict[str, Any] = response
        return found

    def unread(self, tin: str) -> int:
        return _unread_in(self._counted(tin))

    def _counted(self, tin: str) -> Item:
        return get(self._client, self._table, inbox_pk(tin), UNREAD_SK) or {}

    def _once(self, operations: list[dict[str, Any]]) -> None:
        try:
            self._writes.transact(operations)
        except ConditionFailedError:
            return

    def _put(self, item: Item) -> dict[str, Any]:
        put = {"TableName": self._table, "Item": to_wire(item), "ConditionExpression": ABSENT}
        return {"Put": put}

    def _mark(self, tin: str, sk: str, now: datetime) -> dict[str, Any]:
        update = {
            "TableName": self._table,
            "Key": to_wire({PK: inbox_pk(tin), SK: sk}),
            "UpdateExpression": "SET read_at = :now",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(read_at)",
            "ExpressionAttributeValues": to_wire({":now": instant(now)}),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return {"Update": update}

    def _count(self, tin: str, change: int) -> dict[str, Any]:
        update = {
            "TableName": self._table,
            "Key": to_wire({PK: inbox_pk(tin), SK: UNREAD_SK}),
            "UpdateExpression": "ADD unread :change",
            "ExpressionAttributeValues": to_wire({":change": change}),
        }
        return {"Update": update}


def _counts(items: list[Item]) -> tuple[list[int], tuple[str, ...]]:
    return readable(RecordKind.UNREAD_COUNT, items, _count_of, _inbox_of)


def _count_of(item: Item) -> int:
    return int(item["unread"])


def _inbox_of(item: Item) -> str:
    return str(item[PK])


def _unread_in(item: Item) -> int:
    return read_one(RecordKind.UNREAD_COUNT, item, _count_of, _inbox_of) if item else 0


def message_id_of_key(item: Item) -> str:
    """The id of a message from its sort key, for messages that cannot be read."""
    return sort_key_of(item).partition("#")[2]


def _message_of(item: Item) -> Message:
    message = Message.model_validate_json(item["message"])
    if "read_at" not in item:
        return message
    return Message.model_validate({**dict(message), "read_at": item["read_at"]})
