"""Hooks of Lambda SnapStart.

A published version is initialized once, and every environment starts from a snapshot of its memory.
``snapshot_restore_py`` is a part of Lambda's Python. Elsewhere no snapshot is taken.
"""

from collections.abc import Callable

try:
    from snapshot_restore_py import register_after_restore, register_before_snapshot
except ImportError:  # not in Lambda

    def register_before_snapshot(hook: Callable[[], None]) -> object:
        """No snapshot is taken here."""

    def register_after_restore(hook: Callable[[], None]) -> object:
        """No snapshot is restored here."""


def on_snapshot(
    *, before: Callable[[], None], after_restore: Callable[[], None] | None = None
) -> None:
    """Register functions to run before the snapshot is taken, and after each restore from it."""
    register_before_snapshot(before)
    if after_restore is not None:
        register_after_restore(after_restore)
