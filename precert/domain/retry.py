"""Retry with optimistic locking: read, decide and write again after a concurrent write."""

from collections.abc import Callable
from typing import Final, TypeVar

from precert.domain.errors import TransientError

ATTEMPTS: Final = 5
Result = TypeVar("Result")


def retry(
    attempt: Callable[[], Result],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    message: str = "Other callers are changing the request. Try again.",
) -> Result:
    """Return the result of ``attempt``, which is repeated if it raises ``on``.

    ``attempt`` must read the state again each time.

    Raises:
        TransientError: all :data:`ATTEMPTS` attempts raised ``on``; it has ``message``.
    """
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except on:
            continue
    raise TransientError(message)
