"""The reviewers' queue: its views, its counts, and whether a reviewer may decide a case of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from precert.domain.caller import Caller
from precert.domain.review import DecidingRole
from precert.domain.rows import WorklistRow
from precert.domain.statuses import WaitingOn
from precert.domain.values import Urgency


class QueueView(StrEnum):
    """A part of the queue that is counted and can be listed."""

    EXPEDITED = "EXPEDITED"
    DUE_SOON = "DUE_SOON"
    OVERDUE = "OVERDUE"
    UNASSIGNED = "UNASSIGNED"
    WAITING_ON_PROVIDER = "WAITING_ON_PROVIDER"
    AWAITS_SIGNATURE = "AWAITS_SIGNATURE"
    AWAITS_PHYSICIAN = "AWAITS_PHYSICIAN"
    NEW_DOCUMENTS = "NEW_DOCUMENTS"
    APPEALS = "APPEALS"


def is_in(view: QueueView, row: WorklistRow, now: datetime) -> bool:
    """Whether a case is in this view."""
    payers_turn = row.waiting_on is WaitingOn.PAYER
    match view:
        case QueueView.EXPEDITED:
            return row.urgency is not Urgency.STANDARD
        case QueueView.DUE_SOON:
            return payers_turn and row.warn_at is not None and row.warn_at <= now < row.due_at
        case QueueView.OVERDUE:
            return payers_turn and row.due_at <= now
        case QueueView.UNASSIGNED:
            return not is_assigned(row, now)
        case QueueView.WAITING_ON_PROVIDER:
            return row.waiting_on is WaitingOn.PROVIDER
        case QueueView.AWAITS_SIGNATURE:
            return row.awaits_signature and not row.awaits_physician
        case QueueView.AWAITS_PHYSICIAN:
            return row.awaits_physician
        case QueueView.NEW_DOCUMENTS:
            return bool(row.new_documents)
        case QueueView.APPEALS:
            return row.cycle > 1
        case other:
            assert_never(other)


def is_assigned(row: WorklistRow, now: datetime) -> bool:
    """Whether the case is assigned to a reviewer."""
    return row.assigned_to is not None and row.held_until is not None and now < row.held_until


def is_mine(row: WorklistRow, subject: str, now: datetime) -> bool:
    """Whether the case is assigned to this reviewer."""
    return row.assigned_to == subject and is_assigned(row, now)


class NotDecidable(StrEnum):
    """Why a case is not the caller's to decide. Codes never change."""

    OWN_REQUEST = "OWN_REQUEST"
    DECIDED_EARLIER = "DECIDED_EARLIER"
    ASSIGNED_TO_ANOTHER = "ASSIGNED_TO_ANOTHER"
    NEEDS_PHYSICIAN = "NEEDS_PHYSICIAN"
    NEEDS_ANOTHER_SIGNATURE = "NEEDS_ANOTHER_SIGNATURE"


def not_decidable(row: WorklistRow, caller: Caller, now: datetime) -> tuple[NotDecidable, ...]:
    """All reasons why the case is not this reviewer's to decide now; none where it is (W7, W10)."""
    by = caller.subject
    others = row.awaits_signature and row.proposed_by not in (None, by)
    found = {
        NotDecidable.OWN_REQUEST: by in row.provider_persons
        or not caller.tins.isdisjoint(row.tins),
        NotDecidable.DECIDED_EARLIER: by in row.earlier_reviewers,
        NotDecidable.ASSIGNED_TO_ANOTHER: is_assigned(row, now) and row.assigned_to != by,
        NotDecidable.NEEDS_PHYSICIAN: others
        and row.awaits_physician
        and caller.deciding_role is not DecidingRole.PHYSICIAN,
        NotDecidable.NEEDS_ANOTHER_SIGNATURE: row.proposed_by == by,
    }
    return tuple(reason for reason, applies in found.items() if applies)


@dataclass(frozen=True)
class QueueCounts:
    """The number of cases in a reviewer's queue, in all and by view.

    ``complete`` is false where not every row was read: the numbers are then at least these.
    """

    open: int
    mine: int
    views: dict[QueueView, int]
    plans: dict[str, int]
    complete: bool = True
    damaged: tuple[str, ...] = ()


def counts_of(
    rows: Iterable[WorklistRow], caller: Caller, plan_ids: Iterable[str], now: datetime
) -> QueueCounts:
    """The counts of a queue of these rows, which are of these plans."""
    views, plans = Counter[QueueView](), Counter[str]()
    mine = 0
    for row in rows:
        plans[row.plan_id] += 1
        mine += is_mine(row, caller.subject, now)
        views.update(view for view in QueueView if is_in(view, row, now))
    return QueueCounts(
        open=plans.total(),
        mine=mine,
        views={view: views[view] for view in QueueView},
        plans={plan_id: plans[plan_id] for plan_id in plan_ids},
    )
