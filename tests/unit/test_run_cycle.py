"""The workflow's tasks: each may run twice, late, or after the request changed."""

from datetime import timedelta
from typing import Final

import pytest

from precert.domain import disputing
from precert.domain.clocks import Deadline
from precert.domain.errors import TransientError
from precert.domain.event_types import EventType
from precert.domain.request import Request
from precert.domain.retry import ATTEMPTS
from precert.domain.reviewing import request_information
from precert.domain.statuses import Status
from precert.names import Route
from precert.usecases.ports.requests import Cycle
from precert.usecases.workflow import (
    CycleStatus,
    await_decision,
    check_deadline,
    complete_task,
    cycle_status_of,
)
from tests.fakes import samples
from tests.fakes.clock import START, Clock
from tests.fakes.reference import assess
from tests.fakes.requests import InMemoryRequests
from tests.fakes.workflow import RecordingWorkflow

CLOSED: Final = CycleStatus(Route.CLOSED, 1)
SUBMITTED: Final = samples.request(Status.PROCESSING)
DAYS: Final = timedelta(days=15)
OTHER: Final = (Status.INCOMPLETE, Status.APPROVED, Status.DENIED, Status.VOID)


def waiting(cycle: int = 1, token: str = "token") -> Cycle:
    return Cycle(samples.REQUEST_ID, cycle, token)


def run_pend(requests: InMemoryRequests, cycle: Cycle) -> RecordingWorkflow:
    assess(requests, cycle.number)
    return sleep(requests, cycle)


def sleep(requests: InMemoryRequests, cycle: Cycle, seconds: int = 60) -> RecordingWorkflow:
    tokens = RecordingWorkflow()
    await_decision(cycle, seconds, requests=requests, tokens=tokens, now=START)
    return tokens


def appealed() -> Request:
    return disputing.file_appeal(
        samples.request(Status.DENIED),
        ["1.1"],
        reason="New findings.",
        expedited=True,
        payer=samples.payer(),
        by="provider",
        now=START,
    ).request


def test_cycle_is_pended_when_it_is_open() -> None:
    requests = InMemoryRequests.holding(SUBMITTED)
    cycle_status = assess(requests)
    assert cycle_status == CycleStatus(Route.REVIEW, int((DAYS * 0.75).total_seconds()))


@pytest.mark.parametrize(
    ("requests", "cycle"),
    [(InMemoryRequests.holding(samples.request(status)), 1) for status in OTHER]
    + [
        (InMemoryRequests(), 1),
        (InMemoryRequests.holding(SUBMITTED), 2),
        (InMemoryRequests.holding(appealed()), 1),
    ],
)
def test_cycle_is_reported_closed_when_no_line_is_open(
    requests: InMemoryRequests, cycle: int
) -> None:
    known = {"requests": requests, "payer": samples.payer(), "now": START}
    assert assess(requests, cycle) == CLOSED
    assert check_deadline(samples.REQUEST_ID, cycle, **known) == CLOSED  # type: ignore[arg-type]
    assert run_pend(requests, waiting(cycle)).answers == [("token", {"status": "CLOSED"})]
    assert requests.events == []
    assert requests.cycles == {}


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("urgency", "business", "length"),
    [
        ("STANDARD", "COMMERCIAL", timedelta(days=15)),
        ("STANDARD", "MEDICARE_ADVANTAGE", timedelta(days=7)),
        ("EXPEDITED", "COMMERCIAL", timedelta(hours=72)),
        ("EMERGENCY", "MEDICARE_ADVANTAGE", timedelta(hours=72)),
    ],
)
def test_clock_is_the_line_of_business_when_the_cycle_pends(
    urgency: str, business: str, length: timedelta
) -> None:
    services = [samples.entered()["services"][0] | {"urgency": urgency}]
    plan = samples.PLAN.model_copy(update={"line_of_business": business})
    request = SUBMITTED.model_copy(
        update={"content": samples.content(services=services), "plan": plan}
    )
    requests = InMemoryRequests.holding(request)
    run_pend(requests, waiting())
    pended = requests.requests[samples.REQUEST_ID]
    assert (pended.status, pended.due_at) == (Status.PENDING, START + length)
    assert pended.document_slots == samples.payer().documents.max_while_pending


@pytest.mark.rule("W2")
def test_information_deadline_is_recorded_when_the_cycle_was_escalated_before() -> None:
    payer, deadline = samples.payer(), Deadline(START, START + timedelta(days=1), samples.clock())
    late = SUBMITTED.pend(deadline, 10, START).request.check_deadline(deadline.due_at, payer)
    assert late is not None
    answer_by = deadline.due_at + timedelta(days=45)
    requested = request_information(
        late.request, (), "Since when?", payer=payer, by="reviewer", now=deadline.due_at
    ).request
    assert cycle_status_of(requested, 1, answer_by) == CycleStatus(Route.REVIEW, 1)


def test_request_pends_once_when_an_execution_waits_again() -> None:
    requests = InMemoryRequests.holding(SUBMITTED)
    run_pend(requests, waiting())
    run_pend(requests, waiting(token="of a repair"))
    assert [event.type for event in requests.events] == [EventType.REQUEST_PENDED]
    assert requests.cycle(samples.REQUEST_ID, 1) == waiting(token="of a repair")


def test_appeal_gets_its_own_clock_when_it_pends() -> None:
    requests = InMemoryRequests.holding(appealed())
    run_pend(requests, waiting(2))
    request = requests.requests[samples.REQUEST_ID]
    assert (request.status, request.due_at) == (Status.DENIED, START + timedelta(hours=72))
    assert [event.type for event in requests.events] == [EventType.APPEAL_PENDED]


def test_cycle_does_not_wait_when_a_void_was_committed_first() -> None:
    requests = InMemoryRequests.holding(SUBMITTED)
    requests.races = [SUBMITTED.void("Not needed.", "provider", START).request]
    assert run_pend(requests, waiting()).answers == [("token", {"status": "CLOSED"})]
    assert requests.cycles == {}


def test_task_ends_or_waits_when_it_is_completed() -> None:
    tokens = RecordingWorkflow()
    complete_task("closed", CLOSED, tokens)
    complete_task("open", CycleStatus(Route.REVIEW, 3600), tokens)
    assert tokens.answers == [("closed", {"status": "CLOSED"})]
    assert tokens.pended == [("open", 3600)]


def test_task_is_retryable_when_every_attempt_conflicts() -> None:
    requests = InMemoryRequests.holding(SUBMITTED)
    requests.races = [
        SUBMITTED.model_copy(update={"version": version}) for version in range(4, 4 + ATTEMPTS)
    ]
    with pytest.raises(TransientError):
        run_pend(requests, waiting())
    assert requests.races == []


@pytest.mark.rule("W2")
def test_reminder_and_escalation_are_recorded_once_each_when_their_times_pass() -> None:
    requests, clock = InMemoryRequests.holding(SUBMITTED), Clock()
    run_pend(requests, waiting())

    def mark() -> CycleStatus:
        return check_deadline(
            samples.REQUEST_ID, 1, requests=requests, payer=samples.payer(), now=clock()
        )

    to_warning, to_deadline = DAYS * 0.75, DAYS * 0.25
    assert mark() == CycleStatus(Route.REVIEW, int(to_warning.total_seconds()))
    clock.pass_by(seconds=to_warning.total_seconds())
    assert mark() == mark() == CycleStatus(Route.REVIEW, int(to_deadline.total_seconds()))
    clock.pass_by(seconds=to_deadline.total_seconds())
    for _ in range(3):
        assert mark() == CycleStatus(Route.REVIEW, 24 * 60 * 60)
        clock.pass_by(days=1)
    assert [event.type for event in requests.events] == [
        EventType.REQUEST_PENDED,
        EventType.DEADLINE_APPROACHING,
        EventType.DEADLINE_PASSED,
    ]
    assert requests.requests[samples.REQUEST_ID].status is Status.PENDING


def test_reminder_is_recorded_when_an_unrelated_change_was_committed_first() -> None:
    requests = InMemoryRequests.holding(SUBMITTED)
    run_pend(requests, waiting())
    pended = requests.requests[samples.REQUEST_ID]
    requests.races = [pended.model_copy(update={"version": pended.version + 1})]
    cycle_status = check_deadline(
        samples.REQUEST_ID, 1, requests=requests, payer=samples.payer(), now=START + DAYS
    )
    assert cycle_status.route is Route.REVIEW
    assert requests.events[-1].type is EventType.DEADLINE_PASSED


@pytest.mark.rule("W2")
def test_execution_waits_again_when_the_clock_moved_before_its_token_was_stored() -> None:
    requests = InMemoryRequests.holding(SUBMITTED)
    to_warning = assess(requests).seconds_to_next_check
    assert sleep(requests, waiting(), to_warning).woken == []
    assert sleep(requests, waiting(), to_warning + 45 * 24 * 3600).woken == [("token", to_warning)]
