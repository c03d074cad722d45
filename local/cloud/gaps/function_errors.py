"""A function's error keeps the name of its exception class.

Seen: whatever a handler raises is reported as `Runtime.HandlerError`, so that a workflow's Retry
and Catch by class never match. The class is known: the traceback is in the invocation's log.
Does: reads the class from that traceback, and sets it as `errorType`, as Lambda does.
Goes: when the unpatched emulator reports the class.
"""

from collections.abc import Callable
from typing import Any

from local.cloud.gaps.upstream import module, wrap

UNNAMED = "Runtime.HandlerError"
_TRACEBACK = "Traceback (most recent call last):"


def error_class(log: str) -> str | None:
    """The class of the last exception traced in `log`, without its module."""
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
    """Name the error where python functions are run."""
    wrap(module("services.lambda_svc"), "_execute_function_warm", _named)
