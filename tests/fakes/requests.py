"""Requests in memory (port ``RequestStore``); held to its promises by ``tests/adapters``."""

from dataclasses import dataclass, field

from precert.domain.documents import Document
from precert.domain.events import Event
from precert.domain.letters import Letter
from precert.domain.request import Change, Request
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    RequestClosedError,
    RequestFile,
    Round,
)


@dataclass
class InMemoryRequests:
    requests: dict[str, Request] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    rounds: dict[tuple[str, int], Round] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    races: list[Request] = field(default_factory=list)
    """States that somebody else stores just before each of the next changes."""

    @classmethod
    def holding(cls, *requests: Request) -> "InMemoryRequests":
        return cls({request.request_id: request for request in requests})

    def read_file(self, request_id: str) -> RequestFile | None:
        request = self.read(request_id)
        events = tuple(event for event in self.events if event.request_id == request_id)
        return (
            RequestFile(request, tuple(self.documents), events, tuple(self.letters))
            if request
            else None
        )

    def read(self, request_id: str) -> Request | None:
        return self.requests.get(request_id)

    def record(self, change: Change, round_: Round | None = None) -> None:
        if self.races:
            other = self.races.pop(0)
            self.requests[other.request_id] = other
        current = self.requests.get(change.request.request_id)
        if current is None or current.version != change.based_on:
            raise ConcurrentChangeError
        self.requests[current.request_id] = change.request
        self.events.append(change.event)
        if round_ is not None:
            self.rounds[round_.request_id, round_.number] = round_

    def renew_round(self, round_: Round) -> None:
        current = self.requests.get(round_.request_id)
        if (
            current is None
            or current.review is None
            or not current.round_is_open
            or current.review.round != round_.number
        ):
            raise RequestClosedError
        self.rounds[round_.request_id, round_.number] = round_

    def round(self, request_id: str, number: int) -> Round | None:
        return self.rounds.get((request_id, number))
