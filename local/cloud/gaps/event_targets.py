"""Retry functions that fail on an event of a rule, and then send the event to the dead-letter queue.

Emulator: a rule invokes its function once in a thread and ignores the result. There are no retries and
no dead letters, although the emulator has both for other asynchronous invocations.
Patch: invoke the functions of rules as those other invocations.
Remove when: the unpatched emulator retries a rule's function.
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
    """Replace the single invocation."""
    wrap(module("services.eventbridge"), "_dispatch_to_lambda", _retried)
