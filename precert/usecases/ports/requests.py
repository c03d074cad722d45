"""Storing submitted requests, and the rounds of the workflow."""

from dataclasses import dataclass
from typing import Protocol

from precert.domain.documents import Document
from precert.domain.events import Event
from precert.domain.letters import Letter
from precert.domain.request import Change, Request


class ConcurrentChangeError(Exception):
    """The request was changed since it was read; nothing was written. Read and try again."""


class RequestClosedError(Exception):
    """The round is not open any more; nothing was written."""


@dataclass(frozen=True)
class RequestFile:
    """A request with all that belongs to it: one query."""

    request: Request
    documents: tuple[Document, ...]
    events: tuple[Event, ...]
    letters: tuple[Letter, ...] = ()


@dataclass(frozen=True)
class Round:
    """One round of a request, and the task token its execution waits with."""

    request_id: str
    number: int
    task_token: str


class RequestStore(Protocol):
    def read_file(self, request_id: str) -> RequestFile | None:
        """Everything about a request, consistent. One call for up to 1 MB."""

    def read(self, request_id: str) -> Request | None:
        """The request alone, consistent. One call."""

    def record(self, change: Change, round_: Round | None = None) -> None:
        """Store a change with its event and its lines on the lists, in one transaction.

        Raises:
            ConcurrentChangeError: the version is not what the change was based on.
        """

    def renew_round(self, round_: Round) -> None:
        """Store a new task token of an open round.

        Raises:
            RequestClosedError: a decision stands already, or the round is another.
        """

    def round(self, request_id: str, number: int) -> Round | None:
        """A round's workflow, or ``None`` while it does not wait yet. One call."""
