"""A function that fails on an event from a bus is tried again, and then given up to its queue.

Seen: a rule invokes its function once in a thread and drops the outcome: no second and third try,
no dead letters, whereas the same emulator does both for other asynchronous callers.
Does: sends events from rules down that other road.
Goes: when the unpatched emulator retries a rule's function.
"""

import json
from collections.abc import Callable
from typing import Any

from local.cloud.gaps.upstream import module, wrap


def _retried(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    functions = module("services.lambda_svc")

    def dispatch_retried(arn: str, payload: str) -> None:
        func, config, _ = functions._get_func_record_for_ref(arn)
        try:
            event = json.loads(payload)
        except (TypeError, ValueError):
            event = None
        if not func or not config or event is None:
            dispatch(arn, payload)
            return
        functions.invoke_async_with_retry(
            functions._execution_record_for_config(func, config), event
        )

    return dispatch_retried


def apply() -> None:
    """Replace the single try."""
    wrap(module("services.eventbridge"), "_dispatch_to_lambda", _retried)
