"""Valid and invalid sample files of every accepted extension, each with its expected result."""

from collections.abc import Callable
from dataclasses import dataclass

from precert.domain.documents import Refusal


@dataclass(frozen=True)
class Sample:
    """A file as a provider might send it. ``about`` states what is valid or invalid in it."""

    about: str
    file_name: str
    make: Callable[[], bytes]
    refusal: Refusal | None = None
