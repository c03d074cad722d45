"""Give functions more time than Lambda does, because they share the machine's processors.

Emulator: a function's timeout is wall-clock time. An invocation of 0.1 s of processor time takes more
than 15 s while 20 others run in parallel, and its caller receives an error that AWS does not send.
Patch: multiply each timeout, and the remaining time that a handler reads, by `FACTOR`.
Remove when: the emulator's timeouts count processor time.
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
