"""True and false files of every ending that is taken, made here, each with what is to become of it."""

from collections.abc import Callable
from dataclasses import dataclass

from precert.domain.documents import Refusal


@dataclass(frozen=True)
class Sample:
    """A file as an office might send it. ``about`` says what is true or false in it."""

    about: str
    file_name: str
    make: Callable[[], bytes]
    refusal: Refusal | None = None
