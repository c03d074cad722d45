"""What reviewers and leads may do beside deciding: add notes, and assign cases to colleagues (T1)."""

from datetime import timedelta

import pytest

from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError
from precert.domain.review import MOST_NOTES
from precert.domain.reviewing import add_note, assign
from precert.domain.statuses import Action, Status
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
    for number in range(MOST_NOTES):
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
