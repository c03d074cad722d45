"""Give functions more time than Lambda does, because they share the machine's processors.

Emulator: a function ends at its timeout by the wall clock. A call of 0.1 s of processor time takes more
than 15 s where twenty others run beside it, and its caller receives an error that AWS does not send.
Patch: multiply each timeout, and the time left that a handler sees, by `FACTOR`.
Remove when: the emulator counts a function's processor time.
"""

from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

FACTOR: Final = 5


def _patient(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_with_more_time(worker: Any, name: str, config: Any, code: bytes) -> None:
        create(worker, name, {**config, "Timeout": FACTOR * config.get("Timeout", 3)}, code)

    return create_with_more_time


def apply() -> None:
    """Multiply the timeout of each worker."""
    wrap(module("core.lambda_runtime").Worker, "__init__", _patient)
