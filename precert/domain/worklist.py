"""The reviewers' worklist: its views and counts, and whether a reviewer may decide a case."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from precert.domain.caller import Caller
from precert.domain.decisions import DecidingRole
from precert.domain.rows import WorklistRow
from precert.domain.statuses import WaitingOn
from precert.domain.values import Urgency


class QueueView(StrEnum):
    """A subset of the worklist, which is counted and can be listed."""

    EXPEDITED = "EXPEDITED"
    DUE_SOON = "DUE_SOON"
    OVERDUE = "OVERDUE"
    UNASSIGNED = "UNASSIGNED"
    WAITING_ON_PROVIDER = "WAITING_ON_PROVIDER"
    AWAITS_SIGNATURE = "AWAITS_SIGNATURE"
    AWAITS_PHYSICIAN = "AWAITS_PHYSICIAN"
    RETURNED = "RETURNED"
    NEW_DOCUMENTS = "NEW_DOCUMENTS"
    DISPUTED = "DISPUTED"


def is_assigned(row: WorklistRow, now: datetime) -> bool:
    """Whether the case is assigned to a reviewer at present."""
    return (
        row.assigned_to is not None and row.assigned_until is not None and now < row.assigned_until
    )


def is_mine(row: WorklistRow, subject: str, now: datetime) -> bool:
    """Whether the case is assigned to this reviewer."""
    return row.assigned_to == subject and is_assigned(row, now)


def _is_due_soon(row: WorklistRow, now: datetime) -> bool:
    waits = row.waiting_on is WaitingOn.PAYER
    return waits and row.warn_at is not None and row.warn_at <= now < row.due_at


VIEWS: Final[Mapping[QueueView, Callable[[WorklistRow, datetime], bool]]] = MappingProxyType(
    {
        QueueView.EXPEDITED: lambda row, _: row.urgency is not Urgency.STANDARD,
        QueueView.DUE_SOON: _is_due_soon,
        QueueView.OVERDUE: lambda row, now: row.waiting_on is WaitingOn.PAYER and row.due_at <= now,
        QueueView.UNASSIGNED: lambda row, now: not is_assigned(row, now),
        QueueView.WAITING_ON_PROVIDER: lambda row, _: row.waiting_on is WaitingOn.PROVIDER,
        QueueView.AWAITS_SIGNATURE: lambda row, _: (
            row.awaits_signature and not row.awaits_physician
        ),
        QueueView.AWAITS_PHYSICIAN: lambda row, _: row.awaits_physician,
        QueueView.RETURNED: lambda row, _: row.returned_to is not None,
        QueueView.NEW_DOCUMENTS: lambda row, _: bool(row.new_documents),
        QueueView.DISPUTED: lambda row, _: row.dispute is not None,
    }
)
"""Whether a case is in each view at an instant."""


def is_in(view: QueueView, row: WorklistRow, now: datetime) -> bool:
    """Whether a case is in this view."""
    return VIEWS[view](row, now)


class NotDecidable(StrEnum):
    """Why the caller may not decide a case. Codes never change."""

    OWN_REQUEST = "OWN_REQUEST"
    DECIDED_EARLIER = "DECIDED_EARLIER"
    ASSIGNED_TO_ANOTHER = "ASSIGNED_TO_ANOTHER"
    NEEDS_PHYSICIAN = "NEEDS_PHYSICIAN"
    NEEDS_ANOTHER_SIGNATURE = "NEEDS_ANOTHER_SIGNATURE"


def not_decidable(row: WorklistRow, caller: Caller, now: datetime) -> tuple[NotDecidable, ...]:
    """All reasons why this reviewer may not decide the case now; () if there are none (W7, W10)."""
    by = caller.subject
    others = row.awaits_signature and row.proposed_by not in (None, by)
    reasons = {
        NotDecidable.OWN_REQUEST: by in row.provider_persons
        or not caller.tins.isdisjoint(row.tins),
        NotDecidable.DECIDED_EARLIER: by in row.earlier_reviewers,
        NotDecidable.ASSIGNED_TO_ANOTHER: is_assigned(row, now) and row.assigned_to != by,
        NotDecidable.NEEDS_PHYSICIAN: others
        and row.awaits_physician
        and caller.deciding_role is not DecidingRole.PHYSICIAN,
        NotDecidable.NEEDS_ANOTHER_SIGNATURE: row.proposed_by == by,
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


@dataclass(frozen=True)
class QueueCounts:
    """The number of cases in a reviewer's worklist: all, by view and by plan id.

    ``mine`` counts those assigned to the reviewer. If ``complete`` is false, not every row was read and
    the real numbers can be greater. ``damaged`` has the ids of requests whose rows cannot be read.
    """

    open: int
    mine: int
    views: dict[QueueView, int]
    plans: dict[str, int]
    plan_names: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    damaged: tuple[str, ...] = ()


def counts_of(
    rows: Iterable[WorklistRow], caller: Caller, plan_ids: Iterable[str], now: datetime
) -> QueueCounts:
    """The counts of these rows, for a caller who reviews the plans ``plan_ids``."""
    views, plans = Counter[QueueView](), Counter[str]()
    names: dict[str, str] = {}
    mine = 0
    for row in rows:
        plans[row.plan_id] += 1
        if row.plan_name is not None:
            names[row.plan_id] = row.plan_name
        mine += is_mine(row, caller.subject, now)
        views.update(view for view in QueueView if is_in(view, row, now))
    return QueueCounts(
        open=plans.total(),
        mine=mine,
        views={view: views[view] for view in QueueView},
        plans={plan_id: plans[plan_id] for plan_id in plan_ids},
        plan_names=names,
    )
