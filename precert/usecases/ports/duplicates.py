"""What requests of one member are compared by, once they are in (S2)."""

from typing import Protocol

from precert.domain.duplicates import Footprint


class DuplicateFoundError(Exception):
    """A request that asks for the same on the same days stands; nothing was written."""

    def __init__(self, existing: Footprint) -> None:
        super().__init__("the same is asked for already")
        self.existing = existing


class Footprints(Protocol):
    def of_member(self, member_id: str) -> tuple[Footprint, ...]:
        """Footprints of the member's requests, but for void ones; consistent. One call."""
