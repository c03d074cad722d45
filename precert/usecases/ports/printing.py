"""Documents for people: facts, laid out by one of the payer's templates."""

from collections.abc import Mapping
from typing import Protocol


class Printer(Protocol):
    def print(self, template: str, data: Mapping[str, object]) -> bytes:
        """A PDF of the data, which stands in it as typed. No call.

        ``data`` is what JSON can hold; the template says what it reads of it.
        """
