"""Verify records that are derived from requests, after a restore (port ``DerivedRecords``).

A DynamoDB backup is not consistent across transactions: it can have only some of a transaction's
writes. The request is the source of truth. Its other records are compared with those that a write of
the same state would store, which the same functions build.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.duplicates import put_fingerprint, release_lock, set_lock
from precert.adapters.dynamodb.flags import flag_missing
from precert.adapters.dynamodb.keys import (
    DEEMED_DENIAL_SK,
    DRAFT_PARTY_SK,
    DRAFTS_QUEUE,
    INTAKE_SK,
    NOTICE_SK_PREFIX,
    OVERDUE_SK,
    PARTY_SK_PREFIX,
    UNREAD_SK,
    backlog_sk,
    inbox_pk,
    instant,
    notice_sk,
    request_pk,
)
from precert.adapters.dynamodb.queue_entries import (
    delegation_writes,
    intake_writes,
    queue_writes,
    unmatched_writes,
    worklist_attributes,
)
from precert.adapters.dynamodb.registrations import put_number, registered_writes
from precert.adapters.dynamodb.request_items import request_of, row_writes
from precert.adapters.dynamodb.table import (
    ConditionFailedError,
    Item,
    Writes,
    from_wire,
    get,
    json_of,
    query_all,
    readable,
    sort_key_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.duplicates import current_fingerprint, submitted_fingerprint
from precert.domain.errors import DamagedRecordError
from precert.domain.events import Event
from precert.domain.notices import Notice
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.rows import row_of_request
from precert.domain.statuses import Status
from precert.names import (
    CHECKS_PK,
    CHECKS_SK,
    EVENT_SK_PREFIX,
    FLAG,
    INBOX_PK_PREFIX,
    PK,
    REQUEST_PK_PREFIX,
    REQUEST_SK,
    ROW_ATTRIBUTE,
    SK,
    TIN,
    WORKLIST_PK,
    WORKLIST_SK,
)
from precert.usecases.restoring import Derived, TablePart

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_QUEUED: Final = (OVERDUE_SK, DEEMED_DENIAL_SK, INTAKE_SK)
_QUEUED_PREFIXES: Final = ("UNMATCHED#", backlog_sk(""))
_INDEXED: Final = (CHECKS_PK, CHECKS_SK, WORKLIST_PK, WORKLIST_SK, ROW_ATTRIBUTE)
Operation = dict[str, Any]


class DynamoDBDerivedRecords:
    """Repairs derived records. Each write requires the request's version, so it undoes no change."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def part(self, after: str | None, *, events_since: datetime) -> TablePart:
        start: dict[str, Any] = {"ExclusiveStartKey": json.loads(after)} if after else {}
        with transient_errors():
            page = self._client.scan(
                TableName=self._table,
                FilterExpression="#sk = :request OR #sk = :unread OR begins_with(#sk, :event)",
                ProjectionExpression="#pk, #sk, #event",
                ExpressionAttributeNames={"#pk": PK, "#sk": SK, "#event": "event"},
                ExpressionAttributeValues=to_wire(
                    {":request": REQUEST_SK, ":unread": UNREAD_SK, ":event": EVENT_SK_PREFIX}
                ),
                ConsistentRead=True,
                **start,
            )
        items = [from_wire(item) for item in page["Items"]]
        stored = [item for item in items if sort_key_of(item).startswith(EVENT_SK_PREFIX)]
        events, _ = readable(
            RecordKind.EVENT,
            stored,
            lambda item: Event.model_validate_json(item["event"]),
            sort_key_of,
        )
        last = page.get("LastEvaluatedKey")
        return TablePart(
            request_ids=tuple(_named(items, REQUEST_PK_PREFIX, REQUEST_SK)),
            tins=tuple(_named(items, INBOX_PK_PREFIX, UNREAD_SK)),
            events=tuple(event for event in events if event.at >= events_since),
            position=json.dumps(last) if last else None,
        )

    def repair(
        self, request_id: str, *, warn_at: Callable[[datetime], datetime | None]
    ) -> list[Derived]:
        def attempt() -> list[Derived]:
            items = {
                sort_key_of(item): item
                for item in query_all(self._client, self._table, request_pk(request_id))
                if not sort_key_of(item).startswith((EVENT_SK_PREFIX, NOTICE_SK_PREFIX))
            }
            header = items.get(REQUEST_SK)
            if header is None:
                return []
            try:
                request = request_of(header)
            except DamagedRecordError:
                return [Derived.DAMAGED]
            needed = [
                *self._entries(request, items, warn_at),
                *([] if request.review is None else self._other_partitions(request)),
                *self._flags(request, items),
            ]
            self._write(request, [one for _, operation in needed for one in operation])
            return list(dict.fromkeys(kind for kind, _ in needed))

        return retry(attempt, on=ConditionFailedError)

    def _write(self, request: Request, operations: list[Operation]) -> None:
        if not operations:
            return
        key = to_wire({PK: request_pk(request.request_id), SK: REQUEST_SK})
        unchanged = {
            "TableName": self._table,
            "Key": key,
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": to_wire({":version": request.version}),
        }
        # An update of the request's own item has this condition already.
        own = any(one.get("Update", {}).get("Key") == key for one in operations)
        check: list[Operation] = [] if own else [{"ConditionCheck": unchanged}]
        self._writes.transact([*check, *operations])

    def _entries(
        self,
        request: Request,
        items: dict[str, Item],
        warn_at: Callable[[datetime], datetime | None],
    ) -> Iterator[tuple[Derived, list[Operation]]]:
        """Corrections of the entries in lists and queues, and of the index attributes."""
        rows = row_writes(
            self._table,
            row_of_request(request),
            request.tins,
            request.content.member_id,
            listed=request.is_listed,
        )
        if request.review is None:
            rows = [_warned(one, request, items, warn_at) for one in rows]
        queued: list[Operation] = []
        if request.review is not None:
            queued = [
                *unmatched_writes(self._table, request.request_id, request.content, request.review),
                *intake_writes(self._table, request),
                *registered_writes(self._table, request),
                *delegation_writes(self._table, request),
                *queue_writes(self._table, request),
            ]
            yield from self._index_attributes(request, items[REQUEST_SK])
        for kind, operations in ((Derived.LIST_ENTRY, rows), (Derived.QUEUE_ENTRY, queued)):
            needed = [one for one in operations if _is_needed(one, items)]
            if needed:
                yield kind, needed
        known = {_sort_key(one) for one in (*rows, *queued)}
        for sk in items.keys() - known:
            if sk in _QUEUED or sk.startswith(_QUEUED_PREFIXES):
                yield Derived.QUEUE_ENTRY, [self._deletion(request, sk)]
            elif sk == DRAFT_PARTY_SK or (sk.startswith(PARTY_SK_PREFIX) and TIN in items[sk]):
                yield Derived.LIST_ENTRY, [self._deletion(request, sk)]

    def _index_attributes(
        self, request: Request, header: Item
    ) -> Iterator[tuple[Derived, list[Operation]]]:
        expected = worklist_attributes(request)
        if all(header.get(name) == expected.get(name) for name in _INDEXED):
            return
        absent = [name for name in _INDEXED if name not in expected]
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in expected)
        if not expected:
            expression = ""
        if absent:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in absent)
        values = {f":{name}": value for name, value in expected.items()}
        update = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(request.request_id), SK: REQUEST_SK}),
            "UpdateExpression": expression.strip(),
            "ConditionExpression": "version = :version",
            "ExpressionAttributeNames": {f"#{name}": name for name in _INDEXED},
            "ExpressionAttributeValues": to_wire({**values, ":version": request.version}),
        }
        yield Derived.INDEXES, [{"Update": update}]

    def _other_partitions(self, request: Request) -> Iterator[tuple[Derived, list[Operation]]]:
        """Corrections of the records of a submitted request that are in other partitions."""
        number = put_number(self._table, request)
        stored = self._stored(number["Item"])
        if stored is None:
            yield Derived.NUMBER, [{"Put": number}]
        elif stored["request_id"] != request.request_id:
            yield Derived.NUMBER_OF_ANOTHER, []
        fingerprint = current_fingerprint(request)
        put = put_fingerprint(self._table, fingerprint)
        is_void = request.status is Status.VOID
        if not is_void and self._stored(put["Put"]["Item"]) is None:
            yield Derived.FINGERPRINT, [put]
        submitted, at = submitted_fingerprint(request), request.updated_at
        hold = set_lock(self._table, submitted, fingerprint, at)
        locked = request.request_id in (self._stored(hold["Update"]["Key"]) or {})
        if locked and (is_void or request.is_adverse):
            yield Derived.DUPLICATE_LOCK, [release_lock(self._table, submitted, at)]
        elif not locked and not is_void and not request.is_adverse:
            yield Derived.DUPLICATE_LOCK, [hold]

    def _flags(
        self, request: Request, items: dict[str, Item]
    ) -> Iterator[tuple[Derived, list[Operation]]]:
        """Corrections of the TINs' sets of flagged requests, from the flags of rows."""
        for item in items.values():
            if FLAG in item and TIN in item:
                missing = flag_missing(self._client, self._table, item[TIN], request.request_id)
                if missing is not None:
                    yield Derived.FLAG, [{"Update": missing}]

    def _stored(self, item: Item) -> Item | None:
        key = from_wire({name: item[name] for name in (PK, SK)})
        return get(self._client, self._table, key[PK], key[SK])

    def _deletion(self, request: Request, sk: str) -> Operation:
        key = to_wire({PK: request_pk(request.request_id), SK: sk})
        return {"Delete": {"TableName": self._table, "Key": key}}

    def recount(self, tin: str) -> bool:
        def attempt() -> bool:
            items = query_all(self._client, self._table, inbox_pk(tin))
            unread = sum("message" in item and "read_at" not in item for item in items)
            counted = next((item["unread"] for item in items if item[SK] == UNREAD_SK), 0)
            if unread == counted:
                return False
            self._writes.update(
                TableName=self._table,
                Key=to_wire({PK: inbox_pk(tin), SK: UNREAD_SK}),
                UpdateExpression="SET unread = :unread",
                ConditionExpression="unread = :counted",
                ExpressionAttributeValues=to_wire({":unread": unread, ":counted": counted}),
            )
            return True

        return retry(attempt, on=ConditionFailedError)

    def set_notice(self, request_id: str, notice: Notice) -> None:
        self._writes.update(
            TableName=self._table,
            Key=to_wire({PK: request_pk(request_id), SK: notice_sk(notice.notice_id)}),
            UpdateExpression="SET notice = :notice",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues=to_wire({":notice": json_of(notice)}),
        )


def _named(items: list[Item], prefix: str, sk: str) -> Iterator[str]:
    for item in items:
        if item[SK] == sk and str(item[PK]).startswith(prefix):
            yield str(item[PK]).removeprefix(prefix)


def _arguments(operation: Operation) -> tuple[str, dict[str, Any]]:
    [(kind, arguments)] = operation.items()
    return kind, arguments


def _sort_key(operation: Operation) -> str:
    _, arguments = _arguments(operation)
    wire = arguments.get("Key") or arguments["Item"]
    return str(from_wire({SK: wire[SK]})[SK])


def _is_needed(operation: Operation, items: dict[str, Item]) -> bool:
    """Whether the operation would change the stored item."""
    kind, arguments = _arguments(operation)
    stored = items.get(_sort_key(operation))
    if kind == "Delete":
        return stored is not None
    if kind == "Put":
        return stored != from_wire(arguments["Item"])
    if stored is None:
        return True
    values = from_wire(arguments["ExpressionAttributeValues"])
    names = arguments["ExpressionAttributeNames"]
    return any(stored.get(name) != values.get(f":{name}") for name in names.values())


def _warned(
    operation: Operation,
    draft: Request,
    items: dict[str, Item],
    warn_at: Callable[[datetime], datetime | None],
) -> Operation:
    """The update of a draft's row; with the time of its warning if the row is missing."""
    at = warn_at(draft.updated_at)
    if DRAFT_PARTY_SK in items or at is None:
        return operation
    update = dict(operation["Update"])
    sets = f"SET {WORKLIST_PK} = :drafts, {WORKLIST_SK} = :warn_at, "
    update["UpdateExpression"] = update["UpdateExpression"].replace("SET ", sets, 1)
    update["ExpressionAttributeValues"] = update["ExpressionAttributeValues"] | to_wire(
        {":drafts": DRAFTS_QUEUE, ":warn_at": instant(at)}
    )
    return {"Update": update}
