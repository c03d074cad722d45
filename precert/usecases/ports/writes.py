"""Validation without writes: an operation runs only to find the errors in its input."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PREVENTED: ContextVar[bool] = ContextVar("writes_prevented", default=False)


class WritePreventedError(Exception):
    """The operation reached its first write, so its input has no error."""


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
