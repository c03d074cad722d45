"""A burst of calls waits for a worker instead of starting one each.

Seen: every parallel invocation starts a Python process of its own; 20 at once took 48 s on two
cores. The emulator's own ceiling answers with a throttle, which real functions do not see here.
Does: lets at most `LIMIT` invocations of one function run; the others wait in turn, and are
throttled only after `PATIENCE_SECONDS`.
Goes: when the emulator can queue behind a cap.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

LIMIT: Final = 4
PATIENCE_SECONDS: Final = 30.0

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


def apply() -> None:
    """Queue in front of the warm workers."""
    wrap(module("services.lambda_svc"), "_execute_function_warm", _in_turn)
