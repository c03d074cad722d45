"""In-memory requests (port ``RequestStore``); ``tests/adapters`` compares them with the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from precert.domain.documents import Document
from precert.domain.events import Event
from precert.domain.notices import Notice
from precert.domain.request import Change, Request
from precert.usecases.changes import Reading
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Cycle,
    FoundRequests,
    RequestClosedError,
    RequestFile,
)

JUST_READ: Final = Reading(range(1, 1000))
"""The caller has read the request in whatever version it is."""


@dataclass
class InMemoryRequests:
    requests: dict[str, Request] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    cycles: dict[tuple[str, int], Cycle] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    originals: dict[str, bytes] = field(default_factory=dict)
    races: list[Request] = field(default_factory=list)
    """States that another writer stores just before each of the next changes."""
    others: list[tuple[str, int]] = field(default_factory=list)
    """Other requests with the versions that recorded changes were based on."""

    @classmethod
    def holding(cls, *requests: Request) -> "InMemoryRequests":
        return cls({request.request_id: request for request in requests})

    def read_file(self, request_id: str) -> RequestFile | None:
        request = self.read(request_id)
        events = tuple(event for event in self.events if event.request_id == request_id)
        return (
            RequestFile(
                request,
                tuple(self.documents),
                events,
                tuple(self.notices),
                original=self.originals.get(request_id),
            )
            if request
            else None
        )

    def read(self, request_id: str) -> Request | None:
        return self.requests.get(request_id)

    def read_all(self, request_ids: Sequence[str]) -> FoundRequests:
        found = (self.requests[one] for one in request_ids if one in self.requests)
        return FoundRequests(tuple(found))

    def record(self, change: Change, cycle: Cycle | None = None) -> None:
        if self.races:
            other = self.races.pop(0)
            self.requests[other.request_id] = other
        current = self.requests.get(change.request.request_id)
        if current is None or current.version != change.based_on:
            raise ConcurrentChangeError
        if change.other is not None:
            other_id, version = change.other
            if self.requests[other_id].version != version:
                raise ConcurrentChangeError
            self.others.append(change.other)
        left = current.new_documents - change.seen_documents
        if change.all_seen and left:
            raise ConcurrentChangeError
        after = change.request.model_copy(update={"new_documents": left})
        self.requests[current.request_id] = after
        self.events.append(change.event)
        self.documents += (document for document, _ in change.documents)
        if cycle is not None:
            self.cycles[cycle.request_id, cycle.number] = cycle

    def renew_cycle(self, cycle: Cycle) -> None:
        current = self.requests.get(cycle.request_id)
        if (
            current is None
            or current.review is None
            or not current.cycle_is_open
            or current.review.cycle != cycle.number
        ):
            raise RequestClosedError
        self.cycles[cycle.request_id, cycle.number] = cycle

    def cycle(self, request_id: str, number: int) -> Cycle | None:
        return self.cycles.get((request_id, number))
