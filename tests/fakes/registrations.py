"""In-memory registrations of complete requests (port ``Registrations``)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from precert.domain.documents import Document
from precert.domain.duplicates import Fingerprint
from precert.domain.events import Event
from precert.domain.request import Change, Comparison, Request
from precert.usecases.ports.requests import (
    CoverageChangedError,
    DuplicateFoundError,
    NumberTakenError,
    RegisteredAlreadyError,
)
from tests.fakes.requests import InMemoryRequests


@dataclass
class InMemoryRegistrations:
    requests: InMemoryRequests
    taken: set[str] = field(default_factory=set)
    """Numbers of other requests."""
    uncovered: bool = False
    fingerprints: list[Fingerprint] = field(default_factory=list)
    coverage_days: list[date | None] = field(default_factory=list)

    def register(
        self,
        request: Request,
        event: Event,
        *,
        covered_on: date | None,
        fingerprint: Fingerprint,
        unique: bool = True,
        original: bytes | None = None,
        documents: Sequence[Document] = (),
        document_events: Sequence[Event] = (),
        changes: Sequence[Change] = (),
        compared: Comparison | None = None,
    ) -> None:
        self.coverage_days.append(covered_on)
        if current := self.requests.requests.get(request.request_id):
            raise RegisteredAlreadyError(current)
        number = request.submitted.number
        if number in self.taken or self.request_id_of(number):
            raise NumberTakenError
        if covered_on and self.uncovered:
            raise CoverageChangedError
        for other in self.fingerprints:
            same = other.signature == fingerprint.signature
            if unique and same and fingerprint.is_refused_by(other):
                raise DuplicateFoundError(other)
        self.fingerprints.append(fingerprint)
        after = changes[-1].request if changes else request
        self.requests.requests[request.request_id] = after
        if original is not None:
            self.requests.originals[request.request_id] = original
        self.requests.documents += documents
        self.requests.events += [event, *(one.event for one in changes), *document_events]

    def request_id_of(self, number: str) -> str | None:
        return next(
            (
                request_id
                for request_id, request in self.requests.requests.items()
                if request.review and request.review.number == number
            ),
            None,
        )
