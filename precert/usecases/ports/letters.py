"""Letters: their records beside the request, and their bytes in the store."""

from collections.abc import Sequence
from typing import Protocol

from precert.domain.events import Event
from precert.domain.letters import Letter


class LetterRecords(Protocol):
    def record(self, request_id: str, letters: Sequence[Letter], event: Event) -> None:
        """Record the letters of a round with their event, once: a second time changes nothing."""


class LetterBytes(Protocol):
    def put(self, request_id: str, letter_id: str, document: bytes, sha256: str) -> str | None:
        """Store a letter's PDF; answers the version of the object. One call."""

    def download_url(self, request_id: str, letter: Letter, *, seconds: int) -> str:
        """A presigned address of exactly this letter, ids alone. No call."""
