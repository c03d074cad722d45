"""One example of a call, as in the document."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Example:
    """One call: its body and its response, if the operation has them."""

    body: BaseModel | None = None
    answer: BaseModel | None = None
    other: BaseModel | None = None
    """The response with the other status, if the operation has two."""

    @property
    def sent(self) -> Any:
        """The body as a client would send it, without what is not entered."""
        return self.body and self.body.model_dump(mode="json", exclude_defaults=True)

    @property
    def answered(self) -> Any:
        """The response as the handlers write it, with every member."""
        return self.answer and self.answer.model_dump(mode="json")

    @property
    def answered_otherwise(self) -> Any:
        return self.other and self.other.model_dump(mode="json")


def uuids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"6f1c2b9e-3d4a-4c58-8e07-{next(numbers):012d}"
