"""Keyed hashes: for what must be found again and may not be kept."""

from typing import Protocol


class Digests(Protocol):
    def digest(self, text: str) -> str:
        """The keyed hash of a text, always the same; without the key nobody can make it. One call.

        Raises:
            TransientError: the key did not answer.
        """
