"""Lists over the indexes (port :class:`precert.usecases.ports.listings.Listings`)."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.codec import Item, from_wire, to_wire
from precert.adapters.dynamodb.cursors import Position, cursor_of, key_of_row, position_of
from precert.adapters.dynamodb.keys import (
    DRAFTS_QUEUE,
    OVERDUE_QUEUE,
    REQUEST_PK_PREFIX,
    UNMATCHED_QUEUE,
    microseconds,
    tin_member,
    tin_status,
    worklist_pk,
)
from precert.adapters.dynamodb.reads import transient_faults
from precert.adapters.dynamodb.rows import row_of
from precert.contract import (
    DASHBOARD_INDEX,
    DUE_INDEX,
    FLAGGED_INDEX,
    INDEXES,
    PATIENT_INDEX,
    PK,
    ROW_ATTRIBUTE,
    SK,
    STATUS_INDEX,
    WORKLIST_INDEX,
    WORKLIST_PK,
)
from precert.domain.values import Sort
from precert.usecases.ports.listings import (
    CursorError,
    DashboardRow,
    Lines,
    Page,
    UnmatchedRow,
    WorklistRow,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

CATCHING_UP: Final = timedelta(seconds=5)
"""How far before a reader began its catching up begins: a write is stamped before it is stored."""

_NEVER: Final = -(10**18)
"""Earlier than any instant in microseconds: a list may be asked to end before 1970."""
_EVER: Final = 10**18
"""Later than any instant in microseconds; a cursor's are smaller."""


@dataclass(frozen=True)
class _Slice:
    """A part of an index: one partition, and of numbers from where to where."""

    index: str
    partition: str
    forward: bool
    between: tuple[int, int] | None = None

    def may_grow_after(self, since: int) -> bool:
        """Whether what changes from then on comes to its beginning."""
        return self.between is not None and since <= self.between[1]

    def beginning_at(self, since: int) -> "_Slice":
        if self.between is None:
            raise CursorError
        first, last = max(self.between[0], since), self.between[1]
        if first > last:
            raise CursorError
        return replace(self, between=(first, last))

    @property
    def key_names(self) -> frozenset[str]:
        return frozenset({PK, SK, INDEXES[self.index].sort_key})


class DynamoDBListings:
    """Pages of the narrow indexes: one query each."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def lines(
        self, wanted: Lines, *, limit: int, cursor: str | None, now: datetime
    ) -> Page[DashboardRow]:
        list_, named = _slice_of(wanted), ("lines", *astuple(wanted))
        if cursor is None:
            position = Position(None, since=microseconds(now - CATCHING_UP))
        else:
            position = position_of(cursor, named, list_.key_names)
        part = list_.beginning_at(position.since) if position.again else list_
        items, last_key = self._query(part, position.key, limit)
        following = None
        if last_key is not None:
            following = replace(position, key=last_key)
        elif cursor is not None and not position.again and list_.may_grow_after(position.since):
            following = Position(None, position.since, again=True)
        return Page(tuple(row_of(item) for item in items), cursor_of(following, named))

    def flagged(self, tin: str) -> tuple[DashboardRow, ...]:
        items, _ = self._query(_Slice(FLAGGED_INDEX, tin, forward=False), None, 100)
        return tuple(row_of(item) for item in items)

    def worklist(
        self, plan_id: str, *, limit: int, cursor: str | None, held_by: str | None = None
    ) -> Page[WorklistRow]:
        list_ = _Slice(WORKLIST_INDEX, worklist_pk(plan_id), forward=True)
        if held_by is None:
            return self._rounds("worklist", list_, limit=limit, cursor=cursor)
        return self._held(list_, held_by)

    def overdue(self, *, limit: int, cursor: str | None) -> Page[WorklistRow]:
        list_ = _Slice(WORKLIST_INDEX, OVERDUE_QUEUE, forward=True)
        return self._rounds("overdue", list_, limit=limit, cursor=cursor)

    def unmatched(self, *, limit: int, cursor: str | None) -> Page[UnmatchedRow]:
        list_ = _Slice(WORKLIST_INDEX, UNMATCHED_QUEUE, forward=True)
        items, following = self._page("unmatched", list_, limit=limit, cursor=cursor)
        rows = (UnmatchedRow.model_validate_json(item[ROW_ATTRIBUTE]) for item in items)
        return Page(tuple(rows), following)

    def open_rounds(self) -> tuple[str, ...]:
        with transient_faults():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                IndexName=WORKLIST_INDEX,
                ProjectionExpression="pk",
                FilterExpression=f"{WORKLIST_PK} <> :drafts AND {WORKLIST_PK} <> :unmatched",
                ExpressionAttributeValues=to_wire(
                    {":drafts": DRAFTS_QUEUE, ":unmatched": UNMATCHED_QUEUE}
                ),
            )
            found = (
                str(from_wire(item)[PK]).removeprefix(REQUEST_PK_PREFIX)
                for page in pages
                for item in page["Items"]
            )
            # What is overdue stands in two partitions.
            return tuple(dict.fromkeys(found))

    def _rounds(
        self, name: str, list_: _Slice, *, limit: int, cursor: str | None
    ) -> Page[WorklistRow]:
        items, following = self._page(name, list_, limit=limit, cursor=cursor)
        return Page(tuple(map(_round_of, items)), following)

    def _page(
        self, name: str, list_: _Slice, *, limit: int, cursor: str | None
    ) -> tuple[list[Item], str | None]:
        """Items of one page, and the cursor of the next."""
        named: Sequence[object] = (name, list_.partition)
        key = position_of(cursor, named, list_.key_names).key if cursor else None
        items, last_key = self._query(list_, key, limit)
        return items, cursor_of(Position(last_key) if last_key else None, named)

    def _held(self, list_: _Slice, held_by: str) -> Page[WorklistRow]:
        """What one reviewer holds: few, wherever they stand; a call reads some thousand lines."""
        rows: list[WorklistRow] = []
        key: dict[str, str | int] | None = None
        while True:
            items, key = self._query(list_, key, None)
            rows += (row for row in map(_round_of, items) if row.held_by == held_by)
            if key is None:
                return Page(tuple(rows), None)

    def _query(
        self, list_: _Slice, after: Any, limit: int | None
    ) -> tuple[list[Item], dict[str, str | int] | None]:
        """Items of one call, and the key of the last where there may be more."""
        index = INDEXES[list_.index]
        names, values = {"#p": index.partition_key}, {":p": list_.partition}
        start: dict[str, Any] = {}
        condition, bounds = "#p = :p", dict[str, int]()
        if list_.between is not None:
            names["#s"] = index.sort_key
            condition += " AND #s BETWEEN :first AND :last"
            bounds = {":first": list_.between[0], ":last": list_.between[1]}
            if (
                after is not None
                and not bounds[":first"] <= after[index.sort_key] <= bounds[":last"]
            ):
                raise CursorError
        if after is not None:
            key = {**after, index.partition_key: list_.partition}
            start["ExclusiveStartKey"] = to_wire(key)
        if limit is not None:
            start["Limit"] = limit
        with transient_faults():
            answer = self._client.query(
                TableName=self._table,
                IndexName=list_.index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=to_wire({**values, **bounds}),
                ScanIndexForward=list_.forward,
                **start,
            )
        last = answer.get("LastEvaluatedKey")
        items = [from_wire(item) for item in answer["Items"]]
        return items, key_of_row(from_wire(last), list_.key_names) if last else None


def _round_of(item: Item) -> WorklistRow:
    return WorklistRow.model_validate_json(item[ROW_ATTRIBUTE])


def _slice_of(wanted: Lines) -> _Slice:
    """The index that has the wanted lines in their order."""
    if wanted.sort is Sort.DUE:
        return _Slice(DUE_INDEX, wanted.tin, forward=True)
    between = (
        microseconds(wanted.changed_from) if wanted.changed_from else _NEVER,
        microseconds(wanted.changed_to) if wanted.changed_to else _EVER,
    )
    if wanted.member_id is not None:
        partition = tin_member(wanted.tin, wanted.member_id)
        return _Slice(PATIENT_INDEX, partition, forward=False, between=between)
    if wanted.status is not None:
        partition = tin_status(wanted.tin, wanted.status)
        return _Slice(STATUS_INDEX, partition, forward=False, between=between)
    return _Slice(DASHBOARD_INDEX, wanted.tin, forward=False, between=between)
