"""Who may act until when: the limits at which an action is no longer offered or a rule changes."""

from datetime import timedelta
from typing import Final

import pytest

from precert.domain import case_assignment, clocks, disputing
from precert.domain.caller import Caller, Grant, with_grant
from precert.domain.clocks import Deadline
from precert.domain.decision_clocks import ClockUnit, Period
from precert.domain.errors import InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.request import Request
from precert.domain.request_events import event_of
from precert.domain.review import PeerToPeer
from precert.domain.statuses import Action, Status
from precert.domain.values import Urgency
from precert.names import Entitlement
from tests.fakes import samples
from tests.fakes.clock import START

PENDED: Final = samples.request(Status.PENDING)
READER: Final = Caller(subject="reviewer-2", entitlements=frozenset({Entitlement.REVIEWER}))
DAY: Final = timedelta(days=1)


def appealed(*, expedited: bool) -> Request:
    """The appeal of a denial that ``reviewer-1`` decided, open for review."""
    filed = disputing.file_appeal(
        samples.request(Status.DENIED),
        ["1.1"],
        reason="New findings.",
        expedited=expedited,
        payer=samples.payer(),
        by="provider",
        now=START,
    ).request
    deadline = Deadline(START + DAY, START + 3 * DAY, samples.clock())
    return disputing.pend_appeal(filed, deadline, START).request


@pytest.mark.rule("W8")
def test_event_of_a_vendor_is_of_the_first_cycle_when_an_appeal_is_open() -> None:
    request = appealed(expedited=False)
    assert request.submitted.cycle == 2
    assert event_of(request, EventType.APPEAL_PENDED).cycle == 2
    assert event_of(request, EventType.REQUEST_DELEGATED, vendor_id="EVICORE-RAD").cycle == 1


@pytest.mark.rule("W7")
def test_urgency_is_that_of_the_appeal_when_one_is_open() -> None:
    service = samples.entered()["services"][0] | {"urgency": "EMERGENCY"}
    urgent = {"content": samples.content(services=[service])}
    for expedited, urgency in ((False, Urgency.STANDARD), (True, Urgency.EXPEDITED)):
        request = appealed(expedited=expedited).model_copy(update=urgent)
        assert request.urgency is Urgency.EMERGENCY
        assert request.cycle_urgency is urgency


@pytest.mark.rule("W2")
@pytest.mark.parametrize("pauses", [True, False])
def test_information_is_requested_after_the_deadline_when_the_clock_pauses(pauses: bool) -> None:
    clock = samples.clock().model_copy(update={"pause": pauses})
    review = PENDED.submitted.model_copy(update={"clock": clock})
    request = PENDED.model_copy(update={"review": review})
    assert request.due_at is not None
    assert request.takes_information_request(request.due_at - DAY)
    assert request.takes_information_request(request.due_at) is pauses


@pytest.mark.rule("W7")
def test_appeal_is_read_only_when_the_reviewer_decided_what_is_appealed() -> None:
    request = appealed(expedited=False)
    earlier = READER.model_copy(update={"subject": "reviewer-1"})
    assert request.reviewer_actions(earlier, START) == (Action.DETAILS, Action.ADD_NOTE)
    assert Action.DECIDE in request.reviewer_actions(READER, START)


def test_discussion_is_offered_again_when_the_time_to_respond_has_passed() -> None:
    offer = PeerToPeer(offered_at=START, respond_by=START + DAY, phone="8005551212")
    review = PENDED.submitted.model_copy(update={"peer_to_peer": offer})
    request = PENDED.model_copy(update={"review": review})
    offered = {
        at: Action.OFFER_PEER_TO_PEER in request.reviewer_actions(READER, START + at)
        for at in (timedelta(), DAY)
    }
    assert offered == {timedelta(): False, DAY: True}


@pytest.mark.rule("W12")
@pytest.mark.parametrize("person", ["submitted_by", "filed_by"])
def test_lead_cannot_assign_a_case_when_the_reviewer_acted_for_the_provider(person: str) -> None:
    request = appealed(expedited=False)
    review = request.submitted.model_copy(update={"submitted_by": "clerk"})
    request = request.model_copy(update={"review": review})
    reviewer = {"submitted_by": "clerk", "filed_by": "provider"}[person]
    with pytest.raises(InvalidInputError) as raised:
        case_assignment.reassign(request, reviewer, START + DAY, "lead", START)
    assert [one.code for one in raised.value.errors] == ["not_independent"]
    assert case_assignment.reassign(request, "other", START + DAY, "lead", START) is not None


@pytest.mark.rule("W2")
@pytest.mark.parametrize(("hours", "due_after"), [(48, 48), (24 * 30, 24 * 10)])
def test_deadline_is_the_earlier_one_when_the_clock_resumes(hours: int, due_after: int) -> None:
    """The pause moves it, and it is at most the limit after information from then."""
    limit = Period(amount=hours, unit=ClockUnit.HOURS)
    clock = samples.clock().model_copy(update={"after_information": limit})
    deadline = Deadline(START + 5 * DAY, START + 10 * DAY, clock)
    now = START + 2 * DAY
    resumed = clocks.resumed(deadline, START, now, 0.75, samples.payer())
    assert resumed.due_at == now + timedelta(hours=due_after)


def test_rights_are_those_of_the_grant_when_the_token_names_others() -> None:
    caller = READER.model_copy(
        update={"tins": frozenset({"111111111"}), "plan_ids": frozenset({"A"})}
    )
    grant = Grant(issuer="i", subject=READER.subject, tins=frozenset({"222222222"}))
    granted = with_grant(caller, grant)
    assert (granted.tins, granted.plan_ids) == (grant.tins, frozenset())
    assert granted.entitlements == READER.entitlements
