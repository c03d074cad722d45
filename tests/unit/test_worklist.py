"""The reviewers' queue: what is in each view, and whose case it is to decide."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from precert.domain.caller import Caller
from precert.domain.disputes import DisputeKind
from precert.domain.rows import WorklistRow
from precert.domain.statuses import WaitingOn
from precert.domain.values import Urgency
from precert.domain.worklist import (
    NotDecidable,
    QueueView,
    counts_of,
    is_in,
    is_mine,
    not_decidable,
)
from precert.names import Entitlement

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
NURSE = Caller(subject="nurse", entitlements=frozenset({Entitlement.REVIEWER}))
PHYSICIAN = Caller(
    subject="physician",
    entitlements=frozenset({Entitlement.REVIEWER, Entitlement.PHYSICIAN_REVIEWER}),
)


def row(**columns: Any) -> WorklistRow:
    row: dict[str, Any] = {
        "request_id": "01J1QZ8Y7N4W3V2T1S0R9Q8P7B",
        "number": "PC0000000026",
        "plan_id": "OAP-COMPLETE",
        "urgency": Urgency.STANDARD,
        "cycle": 1,
        "warn_at": NOW + HOUR,
        "due_at": NOW + 2 * HOUR,
        "assigned_to": "colleague",
        "assigned_until": NOW + HOUR,
        **columns,
    }
    return WorklistRow(**row)


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        (QueueView.EXPEDITED, {"urgency": Urgency.EXPEDITED}),
        (QueueView.EXPEDITED, {"urgency": Urgency.EMERGENCY}),
        (QueueView.DUE_SOON, {"warn_at": NOW}),
        (QueueView.OVERDUE, {"warn_at": NOW - HOUR, "due_at": NOW}),
        (QueueView.UNASSIGNED, {"assigned_to": None, "assigned_until": None}),
        (QueueView.UNASSIGNED, {"assigned_until": NOW}),
        (QueueView.WAITING_ON_PROVIDER, {"waiting_on": WaitingOn.PROVIDER, "warn_at": NOW}),
        (QueueView.WAITING_ON_PROVIDER, {"waiting_on": WaitingOn.PROVIDER, "due_at": NOW}),
        (QueueView.AWAITS_SIGNATURE, {"awaits_signature": True}),
        (QueueView.AWAITS_PHYSICIAN, {"awaits_signature": True, "awaits_physician": True}),
        (QueueView.RETURNED, {"returned_to": "nurse"}),
        (QueueView.NEW_DOCUMENTS, {"new_documents": ("D1",)}),
        *((QueueView.DISPUTED, {"cycle": 2, "dispute": kind}) for kind in DisputeKind),
    ],
)
def test_case_is_counted_in_its_view_alone_when_it_has_one_trait(
    view: QueueView, columns: dict[str, Any]
) -> None:
    assert [one for one in QueueView if is_in(one, row(**columns), NOW)] == [view]


def test_case_is_in_no_view_when_it_has_no_trait() -> None:
    assert [one for one in QueueView if is_in(one, row(), NOW)] == []


def test_case_is_in_no_view_when_an_update_started_its_cycle() -> None:
    assert [one for one in QueueView if is_in(one, row(cycle=2), NOW)] == []


def test_case_is_mine_when_it_is_assigned_to_me_and_the_time_runs() -> None:
    assert is_mine(row(), "colleague", NOW)
    assert not is_mine(row(), "nurse", NOW)
    assert not is_mine(row(assigned_until=NOW), "colleague", NOW)


def test_counts_agree_with_the_views_when_a_queue_is_counted() -> None:
    rows = [
        row(),
        row(urgency=Urgency.EXPEDITED, new_documents=("D1",)),
        row(plan_id="HMO-BASIC", plan_name="Basic HMO", assigned_to="nurse"),
    ]
    counts = counts_of(rows, NURSE, ["HMO-BASIC", "OAP-COMPLETE", "PPO-COMPLETE"], NOW)
    assert (counts.open, counts.mine) == (3, 1)
    assert counts.plans == {"HMO-BASIC": 1, "OAP-COMPLETE": 2, "PPO-COMPLETE": 0}
    assert counts.plan_names == {"HMO-BASIC": "Basic HMO"}
    assert {view for view, count in counts.views.items() if count} == {
        QueueView.EXPEDITED,
        QueueView.NEW_DOCUMENTS,
    }
    assert list(counts.views) == list(QueueView)


FREE = {"assigned_to": None, "assigned_until": None}
PROPOSED = {**FREE, "awaits_signature": True, "awaits_physician": True, "proposed_by": "nurse"}


@pytest.mark.parametrize(
    ("caller", "columns", "expected"),
    [
        (NURSE, FREE, []),
        (NURSE, {"assigned_to": "nurse"}, []),
        (NURSE, {}, [NotDecidable.ASSIGNED_TO_ANOTHER]),
        (NURSE, {"assigned_until": NOW}, []),
        (NURSE, {**FREE, "provider_persons": ("nurse",)}, [NotDecidable.OWN_REQUEST]),
        (NURSE, {**FREE, "earlier_reviewers": ("nurse",)}, [NotDecidable.DECIDED_EARLIER]),
        (NURSE, PROPOSED, [NotDecidable.NEEDS_ANOTHER_SIGNATURE]),
        (NURSE, {**PROPOSED, "proposed_by": "other"}, [NotDecidable.NEEDS_PHYSICIAN]),
        (PHYSICIAN, PROPOSED, []),
        (NURSE, {**PROPOSED, "proposed_by": "other", "awaits_physician": False}, []),
        (
            NURSE,
            {"provider_persons": ("nurse",), "earlier_reviewers": ("nurse",)},
            [
                NotDecidable.OWN_REQUEST,
                NotDecidable.DECIDED_EARLIER,
                NotDecidable.ASSIGNED_TO_ANOTHER,
            ],
        ),
    ],
)
@pytest.mark.rule("W10")
def test_all_reasons_are_listed_when_a_case_is_not_the_callers_to_decide(
    caller: Caller, columns: dict[str, Any], expected: list[NotDecidable]
) -> None:
    assert list(not_decidable(row(**columns), caller, NOW)) == expected


def test_case_is_not_decidable_when_the_reviewer_acts_for_a_provider() -> None:
    acting = NURSE.model_copy(update={"tins": frozenset({"463778226"})})
    found = not_decidable(row(**FREE, tins=("463778226", "203129831")), acting, NOW)
    assert list(found) == [NotDecidable.OWN_REQUEST]
