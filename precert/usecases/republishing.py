"""Publish recorded events again, for receivers that lost them (X2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.usecases.ports.workflow import EventBus


class EventRecords(Protocol):
    """The recorded events of requests."""

    def by_id(self, event_id: str) -> Event | None:
        """One call."""

    def of_request(self, request_id: str) -> Iterator[Event]:
        """The events of a request, in the order of their ids. One call."""

    def all(self) -> Iterator[Event]:
        """The events of all requests, in no order. Reads the whole table."""


@dataclass(frozen=True)
class EventFilter:
    """Which events: all conditions that are set must be met."""

    event_id: str | None = None
    request_id: str | None = None
    types: tuple[EventType, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""

    def includes(self, event: Event) -> bool:
        return (
            (self.request_id is None or event.request_id == self.request_id)
            and (not self.types or event.type in self.types)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


def find_events(criteria: EventFilter, *, event_records: EventRecords) -> list[Event]:
    """The recorded events that the filter includes, oldest first.

    One call for an event or a request; without these the whole table is read.
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

    Receivers of the product ignore what they processed before. The workflow is not touched.

    Raises:
        TransientError: the bus did not accept an event; those before it are published.
    """
    for event in events:
        bus.publish(event)
        yield event
