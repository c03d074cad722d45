"""Relay events of the stream to the workflow and the bus, and publish recorded ones again (X2).

An event may be relayed twice, or late: what is done depends on the current state of the request.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from precert.domain.event_types import EVENTS, EventType, WorkflowEffect
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.retry import retry
from precert.names import Route
from precert.usecases.documentation_requests import refused_while_open, request_refused_documents
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    RequestStore,
)
from precert.usecases.ports.workflow import Assessments, EventBus, Workflow
from precert.usecases.workflow import cycle_status_of


def relay_event(
    event: Event,
    *,
    requests: RequestStore,
    assessments: Assessments,
    workflow: Workflow,
    bus: EventBus,
    payer: Payer,
    now: datetime,
) -> None:
    """Apply the event to the workflow and publish it; safe to repeat and to run late.

    The event of a submission is published first, so that it precedes that of an automatic
    determination.

    The name of an execution is derived from its cycle, so it starts once. If no task token is stored,
    the execution is not waiting yet; when it is, it reads that the cycle is closed.

    Raises:
        TransientError: an AWS call failed; deliver the event again.
    """
    match EVENTS[event.type].workflow:
        case WorkflowEffect.NONE:
            pass
        case WorkflowEffect.ASSESS:
            bus.publish(event)
            _assess(event, assessments, workflow, now)
            return
        case WorkflowEffect.START:
            workflow.start(event.request_id, event.cycle)
        case WorkflowEffect.RESTART:
            _complete(event, event.cycle - 1, requests, workflow)
            workflow.start(event.request_id, event.cycle)
        case WorkflowEffect.END:
            _complete(event, event.cycle, requests, workflow)
        case WorkflowEffect.RESCHEDULE:
            _wake(event, requests=requests, workflow=workflow, now=now)
        case WorkflowEffect.RESUME:
            _wake(event, requests=requests, workflow=workflow, now=now)
            _request_refused(event, requests=requests, payer=payer, now=now)
        case WorkflowEffect.RECEIVE_DOCUMENT:
            _receive_information(event, requests=requests, payer=payer, now=now)
        case WorkflowEffect.REQUEST_DOCUMENT:
            _request_missing(event, requests=requests, payer=payer, now=now)
        case other:
            assert_never(other)
    bus.publish(event)


def _assess(event: Event, assessments: Assessments, workflow: Workflow, now: datetime) -> None:
    """Assess the cycle, and start its execution unless the assessment closed it."""
    if not assessments.close(event.request_id, event.cycle, now=now):
        workflow.start(event.request_id, event.cycle)


def _complete(event: Event, cycle: int, requests: RequestStore, workflow: Workflow) -> None:
    """Complete the execution of a cycle, if it waits for a decision."""
    waiting = requests.cycle(event.request_id, cycle)
    if waiting is not None:
        workflow.complete(waiting.task_token, {"status": event.status.value})


def _wake(event: Event, *, requests: RequestStore, workflow: Workflow, now: datetime) -> None:
    """Make a waiting execution wait for the current deadline."""
    waiting = requests.cycle(event.request_id, event.cycle)
    if waiting is None:
        return
    request = requests.read(event.request_id)
    status = cycle_status_of(request, event.cycle, now)
    if status.route is Route.REVIEW:
        workflow.wake(waiting.task_token, status.seconds_to_next_check)


def _receive_information(
    event: Event, *, requests: RequestStore, payer: Payer, now: datetime
) -> None:
    """Record that an attached document answers the open RFI; a paused clock resumes (W2, W6).

    A document that was received before the RFI does not answer it, nor does one whose sender announced
    more documents. A questionnaire response does only if it is requested documentation.
    """

    def attempt() -> None:
        file = requests.read_file(event.request_id)
        review = file.request.review if file else None
        rfi = review.open_information_request if review else None
        if file is None or rfi is None or event.at < rfi.requested_at:
            return
        attached = next(
            (one for one in file.documents if one.document_id == event.document_id), None
        )
        if attached and not rfi.is_answered_by(attached):
            return
        change = file.request.receive_information(now, payer)
        if change is not None:
            requests.record(change)

    retry(attempt, on=ConcurrentChangeError)


def _request_refused(event: Event, *, requests: RequestStore, payer: Payer, now: datetime) -> None:
    """Request again the documents that were refused before another one answered the RFI (W1, W2)."""

    def attempt() -> None:
        file = requests.read_file(event.request_id)
        if file is None or file.request.review is None:
            return
        refused = refused_while_open(file, event.at)
        change = request_refused_documents(file, refused, payer, now) if refused else None
        if change is not None:
            requests.record(change)

    retry(attempt, on=ConcurrentChangeError)


def _request_missing(event: Event, *, requests: RequestStore, payer: Payer, now: datetime) -> None:
    """Request the required documents that are missing because this one was refused (W1, W2)."""

    def attempt() -> None:
        file = requests.read_file(event.request_id)
        if file is None or file.request.review is None:
            return
        refused = [one for one in file.documents if one.document_id == event.document_id]
        change = request_refused_documents(file, refused, payer, now)
        if change is not None:
            requests.record(change)

    retry(attempt, on=ConcurrentChangeError)


class EventRecords(Protocol):
    """The recorded events of requests."""

    def by_id(self, event_id: str) -> Event | None:
        """The event with this id, if any. One AWS call."""

    def of_request(self, request_id: str) -> Iterator[Event]:
        """The events of a request, in the order of their ids. One AWS call."""

    def all(self) -> Iterator[Event]:
        """The events of all requests, in no order. Reads the whole table."""


@dataclass(frozen=True)
class EventFilter:
    """Selects events: all conditions that are set must be met."""

    event_id: str | None = None
    request_id: str | None = None
    types: tuple[EventType, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    """The end of the period, exclusive."""

    def includes(self, event: Event) -> bool:
        return (
            (self.request_id is None or event.request_id == self.request_id)
            and (not self.types or event.type in self.types)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


def find_events(criteria: EventFilter, *, event_records: EventRecords) -> list[Event]:
    """The recorded events that the filter includes, oldest first.

    One AWS call if an event or request id is set; otherwise the whole table is read.
    """
    return sorted(
        filter(criteria.includes, _candidates(criteria, event_records)),
        key=lambda event: (event.at, event.event_id),
    )


def _candidates(criteria: EventFilter, event_records: EventRecords) -> Iterator[Event]:
    if criteria.event_id is not None:
        found = event_records.by_id(criteria.event_id)
        return iter([found] if found else [])
    if criteria.request_id is not None:
        return event_records.of_request(criteria.request_id)
    return event_records.all()


def republish(events: list[Event], *, bus: EventBus) -> Iterator[Event]:
    """Publish each event again with its own id and time, and yield it.

    This product's receivers ignore events that they processed before. The workflow is not affected.

    Raises:
        TransientError: the bus did not accept an event; those before it are published.
    """
    for event in events:
        bus.publish(event)
        yield event
