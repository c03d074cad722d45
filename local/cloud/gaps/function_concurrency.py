"""Limit the number of concurrent invocations of a function; further calls wait.

Emulator: every parallel invocation starts a Python process; 20 at once took 48 s on two cores. The
emulator's own limit throttles invocations, which Lambda does not do at this load. A function's reserved
concurrency does not limit its versions, and so none of the invocations by an alias.
Patch: run at most `LIMIT` invocations of a function; the others wait, and are throttled only after
`PATIENCE_SECONDS`. Limit versions, too.
Remove when: the emulator can queue invocations above a limit, and limits versions.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

LIMIT: Final = 2
PATIENCE_SECONDS: Final = 120.0
"""On an overloaded machine, 25 calls at once take more than half a minute with this limit."""

_lock = threading.Lock()
_turns: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
    lambda: threading.BoundedSemaphore(LIMIT)
)


def _in_turn(execute: Callable[..., Any]) -> Callable[..., Any]:
    throttled = module("services.lambda_svc")._throttle_response

    def execute_in_turn(func: Any, event: Any, request_id: str) -> Any:
        config = func.get("config") or func
        with _lock:
            turns = _turns[config.get("FunctionArn", "")]
        if not turns.acquire(timeout=PATIENCE_SECONDS):
            return throttled("ConcurrentInvocationLimitExceeded", "Rate Exceeded.")
        try:
            return execute(func, event, request_id)
        finally:
            turns.release()

    return execute_in_turn


def _of_function(reserved: Callable[..., Any]) -> Callable[..., Any]:
    functions = module("services.lambda_svc")

    def reserved_of_function(func: Any, config: Any) -> Any:
        return reserved(functions._functions.get(config.get("FunctionName")) or func, config)

    return reserved_of_function


def apply() -> None:
    """Limit invocations before they reach the warm workers."""
    wrap(module("services.lambda_svc"), "_execute_function_warm", _in_turn)
    wrap(module("services.lambda_svc"), "_reserved_concurrency", _of_function)
