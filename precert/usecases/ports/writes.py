"""Validation without writes: an operation runs only to find the errors of its input."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PREVENTED: ContextVar[bool] = ContextVar("writes_prevented", default=False)


class WritePreventedError(Exception):
    """The operation would write now: its input has no further error."""


@contextmanager
def without_writes() -> Iterator[None]:
    """Prevent all writes in the block; adapters raise :class:`WritePreventedError` instead."""
    token = _PREVENTED.set(True)
    try:
        yield
    finally:
        _PREVENTED.reset(token)


def require_writes() -> None:
    """Called by adapters before a write.

    Raises:
        WritePreventedError: within :func:`without_writes`.
    """
    if _PREVENTED.get():
        raise WritePreventedError
