"""Flags: which of its requests a TIN keeps on its home list (T3)."""

from datetime import datetime
from typing import Final, Protocol

from precert.domain.request import Request

MOST_FLAGGED: Final = 15


class FlagsFullError(Exception):
    """The TIN has flagged as many as it may; nothing was written."""


class Flags(Protocol):
    def flag(self, request: Request, tin: str, *, now: datetime) -> None:
        """Flag the request for the TIN; one that is flagged already stays as it is. One call.

        Raises:
            FlagsFullError: it would be one too many.
            ConcurrentChangeError: the request is on no list of the TIN as it was read.
        """

    def unflag(self, request: Request, tin: str) -> None:
        """Take the flag away; one that has none stays as it is. One call.

        Raises:
            ConcurrentChangeError: the request is on no list of the TIN as it was read.
        """

    def drop_gone(self, tin: str) -> bool:
        """Stop counting what is on no list of the TIN any more; answers whether there was any."""
