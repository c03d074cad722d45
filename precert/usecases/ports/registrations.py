"""Requests that come in by another way than a draft of ours: stored whole, once."""

from datetime import date
from typing import Protocol

from precert.domain.duplicates import Footprint
from precert.domain.events import Event
from precert.domain.request import Request


class RegisteredAlreadyError(Exception):
    """The id exists; ``current`` is what it names. Nothing was written."""

    def __init__(self, current: Request | None) -> None:
        super().__init__("the id exists")
        self.current = current


class Registrations(Protocol):
    def register(
        self,
        request: Request,
        event: Event,
        *,
        covered_on: date | None,
        footprint: Footprint | None,
    ) -> None:
        """Store a submitted request with its number, its event and its lines, in one transaction.

        With ``covered_on`` only while the patient is covered on that day (A6), with ``footprint`` only
        while nothing else asks for the same (S2).

        Raises:
            RegisteredAlreadyError: the id exists.
            DuplicateFoundError: the same is asked for already.
            NumberTakenError, CoverageChangedError: as for a submission; nothing was written.
        """

    def request_id_of(self, number: str) -> str | None:
        """The request that a precertification number was given to. One call."""
