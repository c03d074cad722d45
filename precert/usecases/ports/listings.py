"""Lists: a page is one query of narrow rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.rows import (
    DashboardRow,
    DelegationRow,
    IntakeExceptionRow,
    UnmatchedRow,
    WorklistRow,
)
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import Sort
from precert.domain.worklist import QueueView, is_in, is_mine

Row = TypeVar("Row")


class CursorError(InvalidInputError):
    """The cursor was not issued by this list."""

    def __init__(self) -> None:
        message = "must be the cursor of the previous page, or be omitted"
        super().__init__([FieldError("/cursor", "malformed", message)])


@dataclass(frozen=True)
class ListFilters:
    """The rows of a TIN, or of one patient. All filters apply, and bounds are inclusive."""

    tin: str
    member_id: str | None = None
    status: Status | None = None
    changed_from: datetime | None = None
    changed_to: datetime | None = None
    service_from: date | None = None
    service_to: date | None = None
    waiting_on: WaitingOn | None = None
    sort: Sort = Sort.CHANGED

    def matches(self, row: DashboardRow) -> bool:
        """Whether a row of the TIN, or of the patient, passes the filters."""
        return (
            (self.status is None or row.status is self.status)
            and (self.changed_from is None or row.updated_at >= self.changed_from)
            and (self.changed_to is None or row.updated_at <= self.changed_to)
            and (self.service_from is None or (row.last_day or date.min) >= self.service_from)
            and (self.service_to is None or (row.first_day or date.max) <= self.service_to)
            and (self.waiting_on is None or row.waiting_on is self.waiting_on)
        )


@dataclass(frozen=True)
class Cycles:
    """The open cycles of some plans. All filters apply."""

    plan_ids: tuple[str, ...]
    assigned_to: str | None = None
    """A reviewer: only cycles that are assigned to them."""
    view: QueueView | None = None

    @property
    def filtered(self) -> bool:
        return self.assigned_to is not None or self.view is not None

    def matches(self, row: WorklistRow, now: datetime) -> bool:
        """Whether an open cycle of the plans passes the filters."""
        mine = self.assigned_to is None or is_mine(row, self.assigned_to, now)
        return mine and (self.view is None or is_in(self.view, row, now))


@dataclass(frozen=True)
class OpenCycles:
    """Open cycles to be counted; ``complete`` unless the limit of calls was reached."""

    rows: tuple[WorklistRow, ...]
    damaged: tuple[str, ...]
    complete: bool


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list.

    ``cursor`` is that of the next page, ``None`` on the last one. ``damaged`` are ids of requests whose
    row cannot be read.
    """

    rows: tuple[Row, ...]
    cursor: str | None
    damaged: tuple[str, ...] = ()


class CheckQueue(StrEnum):
    """The queues of open cycles of all plans that the sweep reads."""

    UNASSESSED = "UNASSESSED"
    """Cycles that wait for their assessment, in the order of their opening."""
    PENDED = "PENDED"
    """Pended cycles in the order of the next check of their clock; those without one are last."""


@dataclass(frozen=True)
class OpenCycle:
    """An open cycle; ``at`` is when it was opened or is checked next, see :class:`CheckQueue`."""

    request_id: str
    cycle: int
    at: datetime


class WaitQueue(StrEnum):
    """Queues of work that the product must complete, in the order in which the wait began."""

    PROCESSING = "PROCESSING"
    """Requests that wait for their assessment."""
    NOTICES = "NOTICES"
    """Determinations that wait for their notices."""


class SweepPositions(Protocol):
    """Where the last run of a sweep ended in a queue; ``None`` is the beginning.

    Positions are stored by the value of ``queue``, which is unique over all sweeps.
    """

    def read(self, queue: StrEnum) -> str | None:
        """The position in the queue. One AWS call."""

    def write(self, queue: StrEnum, position: str | None) -> None:
        """Store the position in the queue. One AWS call."""


class Listings(Protocol):
    """Pages of requests, and of the queues of reviewers and operators."""

    def rows(
        self, filters: ListFilters, *, limit: int, cursor: str | None, now: datetime
    ) -> "Page[DashboardRow]":
        """Requests of a TIN. One AWS call.

        A page may be shorter than the limit; the last one has no cursor. If rows change while pages are
        read, each row is returned at least once: rows that moved to the top are returned again at the
        end. In the order of due dates no row is repeated.

        Raises:
            CursorError: the cursor is not of this list.
        """

    def flagged(self, tin: str) -> "Page[DashboardRow]":
        """The TIN's flagged rows, last flagged first. One AWS call."""

    def worklist(
        self, cycles: Cycles, *, limit: int, cursor: str | None, now: datetime
    ) -> "Page[WorklistRow]":
        """Open cycles of the plans in one order: expedited ones first, then by due date.

        One AWS call per plan. With a filter, each call reads up to 1 MB, and a page may be shorter than
        the limit; the last one has no cursor.

        Raises:
            CursorError: the cursor is not of this list.
        """

    def open_cycles_of(self, plan_ids: Sequence[str], *, most_calls: int) -> OpenCycles:
        """All open cycles of the plans. One AWS call per plan and per further MB of its rows."""

    def overdue(self, *, limit: int, cursor: str | None) -> "Page[WorklistRow]":
        """Open cycles of all plans whose deadline has passed, longest overdue first. One AWS call."""

    def deemed_denials(self, *, limit: int, cursor: str | None) -> "Page[WorklistRow]":
        """Open cycles whose passed deadline counts as a denial, longest overdue first. One AWS call."""

    def unmatched(self, *, limit: int, cursor: str | None) -> "Page[UnmatchedRow]":
        """Providers to be reconciled, first submitted first. One AWS call."""

    def intake_exceptions(self, *, limit: int, cursor: str | None) -> "Page[IntakeExceptionRow]":
        """Registered requests to be confirmed, first submitted first. One AWS call."""

    def processing(self, *, limit: int, cursor: str | None) -> "Page[str]":
        """Ids of requests whose open cycle is not assessed yet, first opened first. One AWS call."""

    def of_member(self, member_id: str, *, limit: int, cursor: str | None) -> "Page[str]":
        """The ids of a member's drafts and requests, last created first. One AWS call.

        Raises:
            CursorError: the cursor is not of this list.
        """

    def registered(self, by: str | None, *, limit: int, cursor: str | None) -> "Page[str]":
        """Ids of registered requests, last registered first, of one user or all. One AWS call.

        Raises:
            CursorError: the cursor is not of this list.
        """

    def delegations(
        self, vendor_id: str, *, is_open: bool, limit: int, cursor: str | None
    ) -> "Page[DelegationRow]":
        """Open delegations of a vendor, next due first; or closed ones, last changed first.

        One AWS call.

        Raises:
            CursorError: the cursor is not of this list.
        """

    def vendor_backlog(self, *, limit: int, cursor: str | None) -> "Page[DelegationRow]":
        """Open delegations of all vendors: overdue first, then by the next reminder or due date.

        One AWS call.
        """

    def due_delegations(self, now: datetime) -> Iterator[tuple[str, str]]:
        """Request and vendor ids of delegations whose clock is to be checked; one AWS call per page."""

    def open_cycles(self) -> tuple[str, ...]:
        """Ids of all requests with an open cycle; one call for each queue and each further MB."""

    def waits_since(self, queue: WaitQueue) -> datetime | None:
        """When the oldest entry of a queue began to wait; ``None`` for an empty one. One AWS call."""

    def due_checks(self, until: datetime) -> Iterator[OpenCycle]:
        """Pended cycles whose next check was due until then, first due first; one AWS call per page."""

    def checks(
        self, queue: CheckQueue, *, after: str | None, limit: int | None
    ) -> "Page[OpenCycle]":
        """Open cycles after a position of the queue, in its order. One AWS call.

        The page's cursor is the position after it, ``None`` at the end.
        """
