"""What reviewers and leads may do beside deciding: add notes, and assign cases to colleagues (T1)."""

from datetime import timedelta

import pytest

from precert.domain.caller import Caller
from precert.domain.case_assignment import assign, reassign, release
from precert.domain.errors import ActionNotAllowedError
from precert.domain.proposals import propose
from precert.domain.request import Request
from precert.domain.review import MAX_ASSIGNMENTS, MAX_NOTES, MAX_PROPOSALS
from precert.domain.reviewing import add_note
from precert.domain.statuses import Action, LineStatus, Status
from precert.names import Entitlement
from tests.fakes import samples
from tests.fakes.clock import START


def reader(*more: Entitlement, subject: str = "r", tins: frozenset[str] = frozenset()) -> Caller:
    return Caller(subject=subject, entitlements=frozenset({Entitlement.REVIEWER, *more}), tins=tins)


@pytest.mark.rule("T1", "W12")
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("lead", [False, True])
def test_notes_and_reassignment_are_offered_when_the_reviewer_may_take_them(
    status: Status, lead: bool
) -> None:
    request = samples.request(status)
    caller = reader(*([Entitlement.REVIEW_LEAD] if lead else []))
    actions = request.reviewer_actions(caller, START)
    assert (Action.ADD_NOTE in actions) is (status is not Status.INCOMPLETE)
    assert (Action.REASSIGN in actions) is (lead and status is Status.PENDING)
    # Who acts for the providers only reads.
    own = reader(Entitlement.REVIEW_LEAD, tins=frozenset({samples.PROVIDER_TIN}))
    assert request.reviewer_actions(own, START) == (Action.DETAILS,)


@pytest.mark.rule("T1", "W12")
def test_note_is_not_offered_when_the_case_has_as_many_as_it_can_have() -> None:
    request, by = samples.request(Status.PENDING), reader()
    for number in range(MAX_NOTES):
        assert Action.ADD_NOTE in request.reviewer_actions(by, START)
        change = add_note(request, f"Note {number}.", by.subject, START)
        assert change is not None
        request = change.request
    assert Action.ADD_NOTE not in request.reviewer_actions(by, START)
    with pytest.raises(ActionNotAllowedError):
        add_note(request, "One more.", by.subject, START)


@pytest.mark.rule("T1", "W12")
def test_lead_can_reassign_when_the_case_is_assigned_to_another_reviewer() -> None:
    change = assign(samples.request(Status.PENDING), "other", START + timedelta(hours=1), START)
    assert change is not None
    offered = {
        lead: change.request.reviewer_actions(
            reader(*([Entitlement.REVIEW_LEAD] if lead else [])), START
        )
        for lead in (True, False)
    }
    assert offered == {
        True: (Action.DETAILS, Action.REASSIGN, Action.ADD_NOTE),
        False: (Action.DETAILS, Action.ADD_NOTE),
    }


def assigned_and_released(request: Request, times: int) -> Request:
    for number in range(times):
        at = START + timedelta(minutes=number)
        taken = assign(request, "r", at + timedelta(hours=1), at)
        assert taken is not None
        returned = release(taken.request, "r", at)
        assert returned is not None
        request = returned.request
    return request


def test_assignment_is_refused_when_the_cycle_was_assigned_as_often_as_it_can_be() -> None:
    """Each is an event, and the history is read with the case."""
    pending, lead = samples.request(Status.PENDING), reader(Entitlement.REVIEW_LEAD)
    request = assigned_and_released(pending, MAX_ASSIGNMENTS - 1)
    assert {Action.ASSIGN, Action.REASSIGN} <= set(request.reviewer_actions(lead, START))
    request = assigned_and_released(request, 1)
    offered = request.reviewer_actions(lead, START)
    assert not {Action.ASSIGN, Action.REASSIGN} & set(offered)
    assert Action.DECIDE in offered
    until = START + timedelta(hours=1)
    with pytest.raises(ActionNotAllowedError):
        assign(request, "r", until, START)
    with pytest.raises(ActionNotAllowedError):
        reassign(request, "s", until, "r", START)


def test_last_assignment_can_be_taken_back_when_no_other_is_possible() -> None:
    request = assigned_and_released(samples.request(Status.PENDING), MAX_ASSIGNMENTS - 1)
    last = assign(request, "other", START + timedelta(hours=1), START)
    assert last is not None
    assert Action.REASSIGN in last.request.reviewer_actions(reader(Entitlement.REVIEW_LEAD), START)
    assert reassign(last.request, None, START, "r", START) is not None


def test_proposal_is_refused_when_the_cycle_has_had_as_many_as_it_can_have() -> None:
    request = samples.request(Status.PENDING)
    decisions = {
        line.line_id: samples.decision(LineStatus.APPROVED) for line in request.submitted.lines
    }
    for _ in range(MAX_PROPOSALS):
        request = propose(request, decisions, "r", START).request
    with pytest.raises(ActionNotAllowedError):
        propose(request, decisions, "r", START)
