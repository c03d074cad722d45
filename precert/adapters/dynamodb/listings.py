"""Lists from the indexes, one query per page (port ``Listings``)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, assert_never

from precert.adapters.dynamodb.cursors import Position, cursor_of, key_of_row, position_of
from precert.adapters.dynamodb.dashboard_rows import row_of
from precert.adapters.dynamodb.keys import (
    DEEMED_DENIAL_QUEUE,
    INTAKE_QUEUE,
    OVERDUE_QUEUE,
    REGISTERED_LIST,
    UNMATCHED_QUEUE,
    VENDOR_BACKLOG,
    backlog_sk,
    checked_until,
    checks_sk,
    member_hash,
    microseconds,
    registered_list_pk,
    tin_member,
    tin_status,
    vendor_list_pk,
    worklist_pk,
)
from precert.adapters.dynamodb.table import (
    Item,
    from_wire,
    pages_of,
    readable,
    request_id_of,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.rows import (
    DashboardRow,
    DelegationRow,
    IntakeExceptionRow,
    UnmatchedRow,
    WorklistRow,
)
from precert.domain.values import Sort
from precert.names import (
    CHECKS_INDEX,
    CHECKS_PK,
    CHECKS_SK,
    CYCLE,
    DASHBOARD_INDEX,
    DUE_INDEX,
    FLAGGED_INDEX,
    INDEXES,
    MEMBER_INDEX,
    NEW_DOCUMENTS,
    PATIENT_INDEX,
    PK,
    ROW_ATTRIBUTE,
    SK,
    STATUS_INDEX,
    WORKLIST_INDEX,
    WORKLIST_PK,
    WORKLIST_SK,
)
from precert.usecases.ports.listings import (
    CheckQueue,
    CursorError,
    Cycles,
    ListFilters,
    OpenCycle,
    OpenCycles,
    Page,
    WaitQueue,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


CATCHING_UP: Final = timedelta(seconds=5)
"""Margin before the reader's start, from which changed rows are read: a row has the time before its
write.
"""

_NEVER: Final = -(10**18)
"""Before any time in microseconds, even of a filter that ends before 1970."""
_EVER: Final = 10**18
"""After any time in microseconds. Numbers in a cursor are smaller."""


@dataclass(frozen=True)
class _Slice:
    """A part of an index: one partition and a range of its sort key."""

    index: str
    partition: str
    forward: bool
    between: tuple[int, int] | None = None
    after: str | None = None
    """The sort key after which the part begins."""

    def may_grow_after(self, since: int) -> bool:
        """Whether rows that change after ``since`` are added at the beginning."""
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

    def rows(
        self, filters: ListFilters, *, limit: int, cursor: str | None, now: datetime
    ) -> Page[DashboardRow]:
        list_, named = _slice_of(filters), ("lines", *astuple(filters))
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
        rows, damaged = readable(RecordKind.DASHBOARD_ROW, items, row_of, request_id_of)
        return Page(tuple(rows), cursor_of(following, named), damaged)

    def flagged(self, tin: str) -> Page[DashboardRow]:
        items, _ = self._query(_Slice(FLAGGED_INDEX, tin, forward=False), None, 100)
        rows, damaged = readable(RecordKind.DASHBOARD_ROW, items, row_of, request_id_of)
        return Page(tuple(rows), None, damaged)

    def worklist(
        self, cycles: Cycles, *, limit: int, cursor: str | None, now: datetime
    ) -> Page[WorklistRow]:
        named = ("worklist", *astuple(cycles))
        key = position_of(cursor, named, _WORKLIST_CURSOR).key if cursor else None
        after = str(key[WORKLIST_SK]) if key else None
        items, end = self._merged(cycles, after, limit)
        shown, rows, unread = list[Item](), list[WorklistRow](), list[str]()
        for item in items:
            if len(rows) + len(unread) == limit:
                end = str(shown[-1][WORKLIST_SK])
                break
            found, damaged = readable(RecordKind.WORKLIST_ROW, [item], _cycle_of, request_id_of)
            shown.append(item)
            rows += (row for row in found if cycles.matches(row, now))
            # A damaged row may match the filters.
            unread += damaged
        following = Position({WORKLIST_SK: end}) if end else None
        return Page(tuple(rows), cursor_of(following, named), tuple(unread))

    def open_cycles_of(self, plan_ids: Sequence[str], *, most_calls: int) -> OpenCycles:
        rows, unread = list[WorklistRow](), list[str]()
        waiting: list[tuple[_Slice, Any]] = [(_plan(plan_id), None) for plan_id in plan_ids]
        for _ in range(most_calls):
            if not waiting:
                break
            list_, key = waiting.pop(0)
            items, last = self._query(list_, key, None)
            found, damaged = readable(RecordKind.WORKLIST_ROW, items, _cycle_of, request_id_of)
            rows += found
            unread += damaged
            if last is not None:
                waiting.append((list_, last))
        return OpenCycles(tuple(rows), tuple(unread), complete=not waiting)

    def _merged(
        self, cycles: Cycles, after: str | None, limit: int
    ) -> tuple[list[Item], str | None]:
        """Items of all plans after a sort key, in order, and the sort key up to which all were read.

        Sort keys are unique over all plans, so one key is a position in every plan's partition.
        """
        items, ends = list[Item](), list[str]()
        for plan_id in cycles.plan_ids:
            part = replace(_plan(plan_id), after=after)
            found, last = self._query(part, None, None if cycles.filtered else limit)
            items += found
            if last is not None:
                ends.append(str(last[WORKLIST_SK]))
        end = min(ends, default=None)
        items.sort(key=_worklist_sk)
        return [one for one in items if end is None or _worklist_sk(one) <= end], end

    def overdue(self, *, limit: int, cursor: str | None) -> Page[WorklistRow]:
        list_ = _Slice(WORKLIST_INDEX, OVERDUE_QUEUE, forward=True)
        return self._cycles("overdue", list_, limit=limit, cursor=cursor)

    def deemed_denials(self, *, limit: int, cursor: str | None) -> Page[WorklistRow]:
        list_ = _Slice(WORKLIST_INDEX, DEEMED_DENIAL_QUEUE, forward=True)
        return self._cycles("deemed_denials", list_, limit=limit, cursor=cursor)

    def unmatched(self, *, limit: int, cursor: str | None) -> Page[UnmatchedRow]:
        list_ = _Slice(WORKLIST_INDEX, UNMATCHED_QUEUE, forward=True)
        items, following = self._page("unmatched", list_, limit=limit, cursor=cursor)
        rows, damaged = readable(RecordKind.UNMATCHED_ROW, items, _unmatched_of, request_id_of)
        return Page(tuple(rows), following, damaged)

    def intake_exceptions(self, *, limit: int, cursor: str | None) -> Page[IntakeExceptionRow]:
        list_ = _Slice(WORKLIST_INDEX, INTAKE_QUEUE, forward=True)
        items, following = self._page("intake", list_, limit=limit, cursor=cursor)
        rows, damaged = readable(RecordKind.INTAKE_ROW, items, _intake_row_of, request_id_of)
        return Page(tuple(rows), following, damaged)

    def processing(self, *, limit: int, cursor: str | None) -> Page[str]:
        list_ = _Slice(CHECKS_INDEX, CheckQueue.UNASSESSED.value, forward=True)
        items, following = self._page("processing", list_, limit=limit, cursor=cursor)
        return Page(tuple(map(request_id_of, items)), following)

    def of_member(self, member_id: str, *, limit: int, cursor: str | None) -> Page[str]:
        list_ = _Slice(MEMBER_INDEX, member_hash(member_id), forward=False)
        items, following = self._page("member", list_, limit=limit, cursor=cursor)
        return Page(tuple(map(request_id_of, items)), following)

    def registered(self, by: str | None, *, limit: int, cursor: str | None) -> Page[str]:
        partition = REGISTERED_LIST if by is None else registered_list_pk(by)
        list_ = _Slice(MEMBER_INDEX, partition, forward=False)
        items, following = self._page("registered", list_, limit=limit, cursor=cursor)
        return Page(tuple(map(request_id_of, items)), following)

    def delegations(
        self, vendor_id: str, *, is_open: bool, limit: int, cursor: str | None
    ) -> Page[DelegationRow]:
        partition = vendor_list_pk(vendor_id, is_open=is_open)
        return self._delegations(
            "delegations", _Slice(WORKLIST_INDEX, partition, forward=is_open), limit, cursor
        )

    def vendor_backlog(self, *, limit: int, cursor: str | None) -> Page[DelegationRow]:
        list_ = _Slice(WORKLIST_INDEX, VENDOR_BACKLOG, forward=True)
        return self._delegations("vendor_backlog", list_, limit, cursor)

    def _delegations(
        self, name: str, list_: _Slice, limit: int, cursor: str | None
    ) -> Page[DelegationRow]:
        items, following = self._page(name, list_, limit=limit, cursor=cursor)
        rows, damaged = readable(RecordKind.DELEGATION_ROW, items, _delegation_of, request_id_of)
        return Page(tuple(rows), following, damaged)

    def due_delegations(self, now: datetime) -> Iterator[tuple[str, str]]:
        first, last = checked_until(now)
        values = {":backlog": VENDOR_BACKLOG, ":first": first, ":last": last}
        for page in pages_of(
            self._client.query,
            TableName=self._table,
            IndexName=WORKLIST_INDEX,
            KeyConditionExpression=(
                f"{WORKLIST_PK} = :backlog AND {WORKLIST_SK} BETWEEN :first AND :last"
            ),
            ExpressionAttributeValues=to_wire(values),
        ):
            for item in page:
                yield request_id_of(item), item[SK].removeprefix(backlog_sk(""))

    def open_cycles(self) -> tuple[str, ...]:
        found: list[str] = []
        for queue in CheckQueue:
            position: str | None = None
            while True:
                page = self.checks(queue, after=position, limit=None)
                found += [*(one.request_id for one in page.rows), *page.damaged]
                position = page.cursor
                if position is None:
                    break
        return tuple(found)

    def waits_since(self, queue: WaitQueue) -> datetime | None:
        match queue:
            case WaitQueue.PROCESSING:
                list_ = _Slice(CHECKS_INDEX, CheckQueue.UNASSESSED.value, forward=True)
                key = CHECKS_SK
            case WaitQueue.NOTICES:
                list_ = _Slice(WORKLIST_INDEX, queue.value, forward=True)
                key = WORKLIST_SK
            case other:
                assert_never(other)
        items, _ = self._query(list_, None, 1)
        return _instant_of(str(items[0][key])) if items else None

    def due_checks(self, until: datetime) -> Iterator[OpenCycle]:
        values = {":pended": CheckQueue.PENDED.value, ":until": checks_sk(until, "~")}
        for page in pages_of(
            self._client.query,
            TableName=self._table,
            IndexName=CHECKS_INDEX,
            KeyConditionExpression=f"{CHECKS_PK} = :pended AND {CHECKS_SK} <= :until",
            ExpressionAttributeValues=to_wire(values),
        ):
            yield from _open_cycles(page)[0]

    def checks(self, queue: CheckQueue, *, after: str | None, limit: int | None) -> Page[OpenCycle]:
        part = _Slice(CHECKS_INDEX, queue.value, forward=True, after=after)
        items, last = self._query(part, None, limit)
        found, damaged = _open_cycles(items)
        return Page(tuple(found), str(last[CHECKS_SK]) if last else None, damaged)

    def _cycles(
        self, name: str, list_: _Slice, *, limit: int, cursor: str | None
    ) -> Page[WorklistRow]:
        items, following = self._page(name, list_, limit=limit, cursor=cursor)
        rows, damaged = readable(RecordKind.WORKLIST_ROW, items, _cycle_of, request_id_of)
        return Page(tuple(rows), following, damaged)

    def _page(
        self, name: str, list_: _Slice, *, limit: int, cursor: str | None
    ) -> tuple[list[Item], str | None]:
        """Items of one page, and the cursor of the next."""
        named: Sequence[object] = (name, list_.partition)
        key = position_of(cursor, named, list_.key_names).key if cursor else None
        items, last_key = self._query(list_, key, limit)
        return items, cursor_of(Position(last_key) if last_key else None, named)

    def _query(
        self, list_: _Slice, after: Any, limit: int | None
    ) -> tuple[list[Item], dict[str, str | int] | None]:
        """Items of one query, and the key of the last one if there may be more."""
        index = INDEXES[list_.index]
        names, values = {"#p": index.partition_key}, {":p": list_.partition}
        start: dict[str, Any] = {}
        condition, bounds = "#p = :p", dict[str, int | str]()
        if list_.between is not None:
            names["#s"] = index.sort_key
            condition += " AND #s BETWEEN :first AND :last"
            bounds = {":first": list_.between[0], ":last": list_.between[1]}
            if (
                after is not None
                and not list_.between[0] <= after[index.sort_key] <= list_.between[1]
            ):
                raise CursorError
        if list_.after is not None:
            names["#s"] = index.sort_key
            condition += " AND #s > :after"
            bounds[":after"] = list_.after
        if after is not None:
            key = {**after, index.partition_key: list_.partition}
            start["ExclusiveStartKey"] = to_wire(key)
        if limit is not None:
            start["Limit"] = limit
        with transient_errors():
            response = self._client.query(
                TableName=self._table,
                IndexName=list_.index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=to_wire({**values, **bounds}),
                ScanIndexForward=list_.forward,
                **start,
            )
        last = response.get("LastEvaluatedKey")
        items = [from_wire(item) for item in response["Items"]]
        return items, key_of_row(from_wire(last), list_.key_names) if last else None


def _open_cycles(items: Iterable[Item]) -> tuple[list[OpenCycle], tuple[str, ...]]:
    return readable(RecordKind.OPEN_CYCLE, items, _open_cycle_of, request_id_of)


def _open_cycle_of(item: Item) -> OpenCycle:
    at = _instant_of(str(item[CHECKS_SK]))
    return OpenCycle(request_id_of(item), int(item[CYCLE]), at)


def _instant_of(sort_key: str) -> datetime:
    """The time with which a sort key begins."""
    return datetime.fromisoformat(sort_key.partition("#")[0])


def _delegation_of(item: Item) -> DelegationRow:
    return DelegationRow.model_validate_json(item[ROW_ATTRIBUTE])


def _unmatched_of(item: Item) -> UnmatchedRow:
    return UnmatchedRow.model_validate_json(item[ROW_ATTRIBUTE])


def _intake_row_of(item: Item) -> IntakeExceptionRow:
    return IntakeExceptionRow.model_validate_json(item[ROW_ATTRIBUTE])


def _cycle_of(item: Item) -> WorklistRow:
    row = WorklistRow.model_validate_json(item[ROW_ATTRIBUTE])
    return row.model_copy(update={"new_documents": new_documents_of(item)})


def new_documents_of(item: Item) -> tuple[str, ...]:
    """Ids of attached documents that no reviewer has read."""
    return tuple(sorted(item.get(NEW_DOCUMENTS, ())))


def _worklist_sk(item: Item) -> str:
    return str(item[WORKLIST_SK])


def _plan(plan_id: str) -> _Slice:
    return _Slice(WORKLIST_INDEX, worklist_pk(plan_id), forward=True)


_WORKLIST_CURSOR: Final = frozenset({WORKLIST_SK})
"""Names in a cursor of the reviewers' queue."""


def _slice_of(filters: ListFilters) -> _Slice:
    """The index that has the entries in the requested order."""
    if filters.sort is Sort.DUE:
        return _Slice(DUE_INDEX, filters.tin, forward=True)
    between = (
        microseconds(filters.changed_from) if filters.changed_from else _NEVER,
        microseconds(filters.changed_to) if filters.changed_to else _EVER,
    )
    if filters.member_id is not None:
        partition = tin_member(filters.tin, filters.member_id)
        return _Slice(PATIENT_INDEX, partition, forward=False, between=between)
    if filters.status is not None:
        partition = tin_status(filters.tin, filters.status)
        return _Slice(STATUS_INDEX, partition, forward=False, between=between)
    return _Slice(DASHBOARD_INDEX, filters.tin, forward=False, between=between)
