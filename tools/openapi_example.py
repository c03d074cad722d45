"""One example of a call, as the document shows it."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Example:
    """One call: its body and its answer, each where the operation has one."""

    body: BaseModel | None = None
    answer: BaseModel | None = None
    other: BaseModel | None = None
    """The answer under the other status, where the operation has two."""

    @property
    def sent(self) -> Any:
        """The body as an office would write it: what is not entered is left out."""
        return self.body and self.body.model_dump(mode="json", exclude_defaults=True)

    @property
    def answered(self) -> Any:
        """The answer as the handlers write it: every member is there."""
        return self.answer and self.answer.model_dump(mode="json")

    @property
    def answered_otherwise(self) -> Any:
        return self.other and self.other.model_dump(mode="json")
