"""Report the exception class of a function's error.

Emulator: every exception of a handler is reported as `Runtime.HandlerError`, so that a state machine's
Retry and Catch by error name never match. The invocation's log has the traceback with the class.
Patch: read the class from that traceback and set it as `errorType`, as Lambda does.
Remove when: the unpatched emulator reports the class.
"""

from collections.abc import Callable
from typing import Any

from local.cloud.gaps.upstream import module, wrap

UNNAMED = "Runtime.HandlerError"
_TRACEBACK = "Traceback (most recent call last):"


def error_class(log: str) -> str | None:
    """Return the class of the last traceback's exception in `log`, without its module."""
    _, found, trace = log.rpartition(_TRACEBACK)
    if not found:
        return None
    for line in trace.splitlines()[1:]:
        if line and not line[0].isspace():
            return line.partition(":")[0].strip().rpartition(".")[2] or None
    return None


def _named(execute: Callable[..., Any]) -> Callable[..., Any]:
    def execute_and_name(func: Any, event: Any, request_id: str) -> Any:
        result = execute(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == UNNAMED:
            body["errorType"] = error_class(result.get("log", "")) or UNNAMED
        return result

    return execute_and_name


def apply() -> None:
    """Set the error type of Python functions."""
    wrap(module("services.lambda_svc"), "_execute_function_warm", _named)
