"""Peer-to-peer discussions before and after a determination (W12)."""

import pytest

from precert.domain.disputes import DiscussionOutcome, DisputeKind, DisputeOption
from precert.domain.errors import (
    ActionNotAllowedError,
    InvalidInputError,
    NotEntitledError,
    SameReviewerError,
)
from precert.domain.event_types import EventType
from precert.domain.notices import NoticeKind, kind_of
from precert.domain.statuses import Action, LineStatus, Status, WaitingOn
from precert.usecases.review import offer_peer_to_peer
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.requests import JUST_READ
from tests.unit.test_disputes import DAY, LAST, Case, reviewer


@pytest.mark.rule("W12")
@pytest.mark.parametrize("outcome", ["UPHELD", "WITHDRAWN", "NO_SHOW"])
def test_determination_and_appeal_rights_remain_when_a_discussion_changes_nothing(
    outcome: str,
) -> None:
    case = Case()
    case.deny()
    before = case.options()
    waiting = case.dispute(DisputeKind.PEER_TO_PEER)
    assert waiting.due_at == START + 2 * DAY
    assert Action.RECORD_PEER_TO_PEER in waiting.reviewer_actions(reviewer(1), START)
    assert Action.DECIDE not in waiting.reviewer_actions(reviewer(1), START)
    with pytest.raises(ActionNotAllowedError):
        case.decide(("1.2", "APPROVED"), by=1)
    case.now += 3 * DAY
    after = case.outcome(outcome)
    assert (after.status, after.waiting_on) == (Status.PARTIALLY_APPROVED, WaitingOn.NONE)
    assert after.submitted.lines == waiting.submitted.lines
    [discussion] = after.submitted.appeals
    assert (discussion.outcome, discussion.closed_by, discussion.closed_at) == (
        outcome,
        "reviewer-1",
        case.now,
    )
    # The time of the discussion does not count.
    assert case.options()[DisputeOption.APPEAL] == before[DisputeOption.APPEAL] + 3 * DAY
    assert DisputeOption.PEER_TO_PEER not in case.options()
    assert case.outcome(outcome) == after
    with pytest.raises(ActionNotAllowedError):
        case.outcome("UPHELD" if outcome != "UPHELD" else "NO_SHOW")
    assert case.types[-1] is EventType.PEER_TO_PEER_CLOSED
    assert case.appeal().submitted.appeals[-1].level == 1


@pytest.mark.rule("W10", "W12")
def test_discussion_makes_a_determination_when_it_overturns_the_denial() -> None:
    case = Case()
    case.deny()
    case.dispute(DisputeKind.PEER_TO_PEER)
    nurse = reviewer(5, physician=False)
    for outcome in ("UPHELD", "OVERTURNED"):
        with pytest.raises(NotEntitledError):
            case.outcome(outcome, by=nurse)
    with pytest.raises(InvalidInputError) as nothing:
        case.outcome("OVERTURNED", ("1.2", "DENIED"))
    assert [error.code for error in nothing.value.errors] == ["nothing_overturned"]
    with pytest.raises(InvalidInputError) as missing:
        case.outcome("OVERTURNED")
    assert [error.pointer for error in missing.value.errors] == ["/lines"]
    with pytest.raises(InvalidInputError) as contradiction:
        case.outcome("NO_SHOW", ("1.2", "APPROVED"))
    assert [error.code for error in contradiction.value.errors] == ["not_applicable"]
    after = case.outcome("OVERTURNED", ("1.2", "APPROVED"))
    assert after.status is Status.APPROVED
    assert after.submitted.appeals[0].outcome is DiscussionOutcome.OVERTURNED
    assert case.types[-1] is EventType.PEER_TO_PEER_OVERTURNED
    assert kind_of(after.submitted, 2) is NoticeKind.REVIEW_OVERTURNED
    assert case.outcome("OVERTURNED", ("1.2", "APPROVED")) == after


@pytest.mark.rule("W12", "W3")
def test_overturned_denial_waits_for_a_signature_when_the_payer_requires_two() -> None:
    payer = samples.payer()
    settings = payer.utilization_management.model_copy(
        update={"second_signature": frozenset({LineStatus.APPROVED})}
    )
    case = Case()
    case.deny()
    case.dispute(DisputeKind.PEER_TO_PEER)
    case.payer = payer.model_copy(update={"utilization_management": settings})
    proposed = case.outcome("OVERTURNED", ("1.2", "APPROVED"))
    assert (proposed.cycle_is_open, proposed.submitted.appeals[0].outcome) == (True, None)
    assert case.outcome("OVERTURNED", ("1.2", "APPROVED")) == proposed
    with pytest.raises(ActionNotAllowedError):
        case.outcome("OVERTURNED", ("1.2", "APPROVED"), by=reviewer(3))
    with pytest.raises(SameReviewerError):
        case.sign(by=1)
    after = case.sign(by=2)
    assert after.status is Status.APPROVED
    assert after.submitted.appeals[0].outcome is DiscussionOutcome.OVERTURNED
    assert after.submitted.lines[1].decisions[-1].signed_by == "reviewer-2"
    assert case.outcome("OVERTURNED", ("1.2", "APPROVED")) == after


def test_nurse_records_a_no_show_when_the_clinician_was_not_reached() -> None:
    case = Case()
    case.deny()
    case.dispute(DisputeKind.PEER_TO_PEER)
    after = case.outcome("NO_SHOW", by=reviewer(5, physician=False))
    assert after.submitted.appeals[0].closed_by == "reviewer-5"


@pytest.mark.rule("W12")
def test_outcome_is_on_record_when_the_discussion_was_before_the_determination() -> None:

    case = Case()
    with pytest.raises(ActionNotAllowedError):
        case.outcome("UPHELD", cycle=1)
    offer_peer_to_peer(
        samples.REQUEST_ID,
        reviewer(1),
        read=JUST_READ,
        requests=case.store,
        payer=samples.payer(),
        now=START,
    )
    assert Action.RECORD_PEER_TO_PEER in case.request.reviewer_actions(reviewer(1), START)
    with pytest.raises(InvalidInputError):
        case.outcome("OVERTURNED", cycle=1)
    after = case.outcome("NO_SHOW", cycle=1)
    offer = after.submitted.peer_to_peer
    assert offer is not None
    assert (offer.outcome, offer.recorded_by) == (DiscussionOutcome.NO_SHOW, "reviewer-1")
    assert case.outcome("NO_SHOW", cycle=1) == after
    with pytest.raises(ActionNotAllowedError):
        case.outcome("UPHELD", cycle=1)
    assert (after.status, case.types[-1]) == (Status.PENDING, EventType.PEER_TO_PEER_RECORDED)
    assert case.deny().status is Status.PARTIALLY_APPROVED


@pytest.mark.rule("W7", "W12")
def test_appeal_is_accepted_when_a_discussion_added_time() -> None:
    case = Case()
    case.deny()
    end = case.options()[DisputeOption.APPEAL]
    case.dispute(DisputeKind.PEER_TO_PEER)
    case.now += 5 * DAY
    case.outcome("UPHELD")
    case.now = end + 5 * DAY
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed"):
        case.appeal()
    case.now -= LAST
    assert Action.APPEAL in case.request.provider_actions(case.now)
    assert case.appeal().submitted.appeals[-1].level == 1
