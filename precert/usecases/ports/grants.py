"""Stored grants."""

from collections.abc import Iterator
from typing import Protocol

from precert.domain.grants import Grant


class Grants(Protocol):
    """What is granted to each subject, by the issuer of its tokens."""

    def read(self, issuer: str, subject: str) -> Grant | None:
        """The grant of a subject. One call.

        Raises:
            TransientError.
        """

    def store(self, grant: Grant) -> None:
        """Replace the grant of its subject; delete it if it grants nothing."""

    def stored(self) -> Iterator[Grant]:
        """All grants."""
