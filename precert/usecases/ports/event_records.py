"""The recorded events."""

from collections.abc import Iterator
from typing import Protocol

from precert.domain.events import Event


class EventRecords(Protocol):
    """The recorded events of requests."""

    def by_id(self, event_id: str) -> Event | None:
        """One call."""

    def of_request(self, request_id: str) -> Iterator[Event]:
        """The events of a request, in the order of their ids. One call."""

    def all(self) -> Iterator[Event]:
        """The events of all requests, in no order. Reads the whole table."""
