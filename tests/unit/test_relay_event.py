"""What the relay does with each event, delivered once or twice, with and without responses."""

from datetime import timedelta

import pytest

from precert.domain import reviewing
from precert.domain.clocks import deadline_of
from precert.domain.decisions import SYSTEM
from precert.domain.errors import TransientError
from precert.domain.event_types import EVENTS, EventType, WorkflowEffect
from precert.domain.events import Event
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.ports.requests import Cycle
from precert.usecases.relay import EventFilter, find_events, relay_event
from precert.usecases.repairs import orphaned_executions, repair_executions
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.requests import InMemoryRequests
from tests.fakes.workflow import RecordingAssessments, RecordingBus, RecordingWorkflow

DAY = timedelta(days=1)
CLOSING = {
    EventType.REQUEST_DETERMINED,
    EventType.PAYER_LINES_DETERMINED,
    EventType.APPEAL_DETERMINED,
    EventType.REQUEST_VOIDED,
    EventType.REQUEST_ENDED_AS_DUPLICATE,
}


def event(type_: EventType, cycle: int = 1) -> Event:
    return Event(
        event_id=f"{samples.REQUEST_ID}.000004",
        type=type_,
        request_id=samples.REQUEST_ID,
        cycle=cycle,
        at=START + timedelta(hours=1),
        status=Status.DENIED,
        number=samples.NUMBER,
        tins=(samples.FACILITY_TIN, samples.PROVIDER_TIN),
        actor="a-user",
    )


class World:
    def __init__(self, *cycles: int, failures: int = 0) -> None:
        self.requests = InMemoryRequests(
            cycles={
                (samples.REQUEST_ID, n): Cycle(samples.REQUEST_ID, n, f"token-{n}") for n in cycles
            }
        )
        self.workflow = RecordingWorkflow()
        self.assessments = RecordingAssessments()
        self.bus = RecordingBus(failures=failures)
        self.now = START

    def relay(self, result: Event) -> None:
        relay_event(
            result,
            requests=self.requests,
            assessments=self.assessments,
            workflow=self.workflow,
            bus=self.bus,
            payer=samples.payer(),
            now=self.now,
        )


@pytest.mark.parametrize("type_", EventType)
def test_event_is_published_when_it_is_relayed(type_: EventType) -> None:
    world = World(1)
    world.relay(event(type_))
    assert world.bus.published == [event(type_)]
    effect = EVENTS[type_].workflow
    assert bool(world.workflow.running) is (
        effect in {WorkflowEffect.ASSESS, WorkflowEffect.START, WorkflowEffect.RESTART}
    )
    assert bool(world.workflow.answers) is (effect is WorkflowEffect.END)


def test_row_has_the_workflow_effect_when_an_event_opens_or_closes_a_cycle() -> None:
    assert EVENTS[EventType.REQUEST_SUBMITTED].workflow is WorkflowEffect.ASSESS
    assert EVENTS[EventType.APPEAL_FILED].workflow is WorkflowEffect.START
    assert {EVENTS[type_].workflow for type_ in CLOSING} == {WorkflowEffect.END}


@pytest.mark.parametrize(
    ("type_", "cycle"), [(EventType.REQUEST_SUBMITTED, 1), (EventType.APPEAL_FILED, 2)]
)
def test_execution_of_the_cycle_starts_once_when_its_event_is_delivered_twice(
    type_: EventType, cycle: int
) -> None:
    world = World()
    for _ in range(2):
        world.relay(event(type_, cycle))
    assert world.workflow.running == [(samples.REQUEST_ID, cycle)]
    assert [result.event_id for result in world.bus.published] == [event(type_).event_id] * 2


def test_no_execution_starts_when_the_assessment_closes_the_cycle() -> None:
    world = World()
    world.assessments.closing.add((samples.REQUEST_ID, 1))
    world.relay(event(EventType.REQUEST_SUBMITTED))
    assert world.workflow.running == []
    assert [one.type for one in world.bus.published] == [EventType.REQUEST_SUBMITTED]


def test_submission_is_published_when_its_request_is_not_assessed_yet() -> None:
    """Otherwise the determination could be published before it."""
    world = World(failures=1)
    with pytest.raises(TransientError):
        world.relay(event(EventType.REQUEST_SUBMITTED))
    assert (world.assessments.assessed, world.workflow.running) == ([], [])


def test_cycle_is_not_assessed_in_advance_when_it_is_an_appeal() -> None:
    world = World()
    world.relay(event(EventType.APPEAL_FILED, 2))
    assert world.assessments.assessed == []
    assert world.workflow.running == [(samples.REQUEST_ID, 2)]


@pytest.mark.parametrize("type_", sorted(CLOSING))
def test_token_of_the_events_cycle_is_answered_when_a_cycle_closes(type_: EventType) -> None:
    world = World(1, 2)
    world.relay(event(type_, 2))
    assert world.workflow.answers == [("token-2", {"status": "DENIED"})]


@pytest.mark.parametrize("type_", sorted(CLOSING))
def test_no_token_is_answered_when_no_execution_waits(type_: EventType) -> None:
    world = World(1)
    world.relay(event(type_, 2))
    assert world.workflow.answers == []
    assert len(world.bus.published) == 1


def test_event_is_relayed_at_the_next_delivery_when_the_bus_fails_once() -> None:
    world = World(failures=1)
    with pytest.raises(TransientError):
        world.relay(event(EventType.REQUEST_SUBMITTED))
    world.relay(event(EventType.REQUEST_SUBMITTED))
    assert len(world.workflow.running) == 1
    assert len(world.bus.published) == 1


class OpenCycles:
    """The cycles that the worklist index lists, whatever changed since."""

    def __init__(self, *request_ids: str) -> None:
        self._request_ids = request_ids

    def open_cycles(self) -> tuple[str, ...]:
        return self._request_ids


def test_open_cycles_are_restarted_when_no_execution_runs_for_them() -> None:
    pending = samples.request(Status.PENDING)
    closed = samples.request(Status.DENIED, request_id="01J1QZ8Y7N4W3V2T1S0R9Q8P7A")
    draft = samples.request(request_id="01J1QZ8Y7N4W3V2T1S0R9Q8P7B")
    requests = InMemoryRequests.holding(pending, closed, draft)
    workflow = RecordingWorkflow()
    listed = OpenCycles(pending.request_id, closed.request_id, draft.request_id, "removed")
    known = {"listings": listed, "requests": requests, "workflow": workflow}
    [orphaned] = orphaned_executions(**known)  # type: ignore[arg-type]
    assert (orphaned.request_id, orphaned.cycle, orphaned.number) == (
        pending.request_id,
        1,
        samples.NUMBER,
    )
    assert workflow.running == []
    for repaired in ((pending.request_id,), ()):
        assert (
            repair_executions(listings=listed, requests=requests, workflow=workflow)  # type: ignore[arg-type]
            == repaired
        )
    assert workflow.running == [(pending.request_id, 1)]


@pytest.mark.rule("X1")
def test_no_execution_is_started_when_the_repair_cannot_be_recorded() -> None:
    pending = samples.request(Status.PENDING)
    workflow = RecordingWorkflow()

    def fail(request_id: str) -> None:
        raise TransientError(f"{request_id} is not recorded")

    with pytest.raises(TransientError, match="try_again"):
        repair_executions(
            listings=OpenCycles(pending.request_id),  # type: ignore[arg-type]
            requests=InMemoryRequests.holding(pending),
            workflow=workflow,
            before=fail,
        )
    assert workflow.running == []


# -- The clock ---------------------------------------------------------------------------------------


def requested(at: timedelta = timedelta()) -> Request:
    """A pended request with an open request for information."""
    payer, submitted = samples.payer(), samples.request(Status.PROCESSING)
    pended = submitted.pend(deadline_of(submitted, payer), 10, START).request
    return reviewing.request_information(
        pended, ["CLINICAL_NOTES"], None, payer=payer, by="reviewer-1", now=START + at
    ).request


@pytest.mark.rule("W2")
def test_execution_waits_for_the_providers_deadline_when_information_is_requested() -> None:
    world = World(1)
    world.requests.requests[samples.REQUEST_ID] = requested()
    world.relay(event(EventType.INFORMATION_REQUESTED))
    assert world.workflow.woken == [("token-1", int((45 * DAY).total_seconds()))]
    # Also by the rules, as a document can be refused while the execution waits.
    world.relay(event(EventType.INFORMATION_REQUESTED).model_copy(update={"actor": SYSTEM}))
    assert len(world.workflow.woken) == 2


def test_no_execution_is_resumed_when_the_cycle_is_closed_or_none_waits() -> None:
    for world, request in ((World(), requested()), (World(1), samples.request(Status.VOID))):
        world.requests.requests[samples.REQUEST_ID] = request
        world.relay(event(EventType.DEADLINE_EXTENDED))
        assert world.workflow.woken == []


@pytest.mark.rule("W6")
def test_clock_resumes_when_a_requested_document_arrives() -> None:
    world = World(1)
    world.requests.requests[samples.REQUEST_ID] = requested()
    attached, pause = event(EventType.DOCUMENT_ATTACHED), timedelta(hours=5)
    world.now = START + pause
    for _ in range(2):
        world.relay(attached)
    after = world.requests.requests[samples.REQUEST_ID]
    assert after.submitted.open_information_request is None
    assert [result.type for result in world.requests.events] == [EventType.INFORMATION_RECEIVED]
    assert after.due_at == START + 15 * DAY + pause


def test_clock_stays_paused_when_a_document_arrived_before_the_request_for_information() -> None:
    world = World(1)
    world.requests.requests[samples.REQUEST_ID] = requested(timedelta(hours=2))
    world.relay(event(EventType.DOCUMENT_ATTACHED))
    assert world.requests.events == []


class Recorded:
    """The recorded events of a request (port ``EventRecords``), the last one first."""

    def __init__(self, *hours: int) -> None:
        self.events = [
            event(EventType.REQUEST_PENDED).model_copy(
                update={"event_id": f"{100 - hour}", "at": START + timedelta(hours=hour)}
            )
            for hour in hours
        ]

    def all(self) -> list[Event]:
        return self.events


@pytest.mark.rule("X2")
def test_events_of_a_period_are_found_in_their_order_when_it_begins_or_ends_with_one() -> None:
    """The end is exclusive, so that one period follows another without an event twice."""
    records = Recorded(3, 1, 2, 4)
    hour = timedelta(hours=1)

    def found(since: int, until: int) -> list[int]:
        criteria = EventFilter(since=START + since * hour, until=START + until * hour)
        events = find_events(criteria, event_records=records)  # type: ignore[arg-type]
        return [(one.at - START) // hour for one in events]

    assert found(1, 3) == [1, 2]
    assert found(3, 5) == [3, 4]
    assert found(0, 9) == [1, 2, 3, 4]
