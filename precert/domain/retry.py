"""Optimistic retry: read, decide, write on condition, and again where another write came first."""

from collections.abc import Callable
from typing import Final, TypeVar

from precert.domain.errors import TransientError

ATTEMPTS: Final = 5
Result = TypeVar("Result")


def retry(
    attempt: Callable[[], Result],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    message: str = "The request is being changed by others. Try again.",
) -> Result:
    """What ``attempt`` returns. It is repeated when it raises ``on``, so it reads the state itself.

    Raises:
        TransientError: every attempt conflicted with another write; with ``message``.
    """
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except on:
            continue
    raise TransientError(message)
