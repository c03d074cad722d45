"""Record the metrics of functions as Lambda does, and discard asynchronous events as it does.

Emulator: it records `Invocations`, `Errors` and `Duration` only for calls of its API, `Throttles` with
them, and none without dimensions, which AWS records for all functions together. `IteratorAge` and
`AsyncEventsDropped` are missing. An asynchronous event whose function is throttled is discarded after
three attempts, as after errors.
Patch: record each invocation, by function and without dimensions; a throttled one counts only as
`Throttles`, and the wait for a turn (`function_concurrency`) is not part of the duration. `IteratorAge`
is the age of the last record of a stream batch when it was processed, with or without success. Repeat a
throttled asynchronous event until its maximum age; discard it at once if its function's reserved
concurrency is 0; count each discarded event.
Remove when: the unpatched emulator records these metrics, and repeats throttled events.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.cloud.gaps.metrics import record
from local.cloud.gaps.upstream import module, wrap

_NAMESPACE: Final = "AWS/Lambda"
_STREAM: Final = "aws:dynamodb"
_RETRIES: Final = 2
_MAXIMUM_AGE_SECONDS: Final = 21_600
_run = threading.local()


def iterator_age(event: Any, now: float) -> float | None:
    """Return the milliseconds since the last record of a stream batch, or None for another event."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not records or records[-1].get("eventSource") != _STREAM:
        return None
    created = records[-1].get("dynamodb", {}).get("ApproximateCreationDateTime", now)
    return max(0.0, (now - float(created)) * 1000)


def _count(name: str, value: float, function: str) -> None:
    for dimensions in ({"FunctionName": function}, {}):
        record(_NAMESPACE, name, value, dimensions)


def _timing(execute: Callable[..., Any]) -> Callable[..., Any]:
    def execute_timed(func: Any, event: Any, request_id: str) -> Any:
        begun = time.monotonic()
        try:
            return execute(func, event, request_id)
        finally:
            _run.seconds = time.monotonic() - begun

    return execute_timed


def _recording(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    def dispatch_and_record(func: Any, config: Any, event: Any, *rest: Any) -> Any:
        _run.seconds = 0.0
        result = dispatch(func, config, event, *rest)
        function = str(config.get("FunctionName"))
        if result.get("throttle"):
            _count("Throttles", 1, function)
            return result
        _count("Invocations", 1, function)
        _count("Errors", int(bool(result.get("error"))), function)
        _count("Throttles", 0, function)
        _count("Duration", _run.seconds * 1000, function)
        age = iterator_age(event, time.time())
        if age is not None:
            record(_NAMESPACE, "IteratorAge", age, {"FunctionName": function})
        return result

    return dispatch_and_record


def _refusing(acquire: Callable[..., Any]) -> Callable[..., Any]:
    def acquire_or_count(func: Any, config: Any) -> Any:
        slot, limit = acquire(func, config)
        if slot is None:
            _count("Throttles", 1, str(config.get("FunctionName")))
        return slot, limit

    return acquire_or_count


def _attempt(func: Any, event: Any) -> None:
    """Invoke the function until it succeeds or Lambda discards the event."""
    functions = module("services.lambda_svc")
    config = func.get("config") or func
    function = str(config.get("FunctionName"))
    settings = func.get("event_invoke_config") or {}
    retries = settings.get("MaximumRetryAttempts", _RETRIES)
    age = settings.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE_SECONDS)
    deadline, failures, attempts = time.monotonic() + age, 0, 0
    base = functions._LAMBDA_ASYNC_RETRY_BASE_SECONDS
    longest = functions._LAMBDA_ASYNC_RETRY_MAX_SECONDS
    pause = threading.Event()
    result: Any = {"body": {}}
    while functions._reserved_concurrency(func, config) != 0:
        result = functions._execute_function(func, event)
        if not result.get("error"):
            return
        failures += not result.get("throttle")
        delay = min(base * 2 ** min(attempts, 10), longest)
        attempts += 1
        if failures > retries or time.monotonic() + delay > deadline:
            break
        pause.wait(delay)
    record(_NAMESPACE, "AsyncEventsDropped", 1, {"FunctionName": function})
    target = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    target = target or (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if target:
        functions._route_async_failure(target, function, event, result)


def _asynchronously(_replaced: Callable[..., Any]) -> Callable[..., Any]:
    functions = module("services.lambda_svc")
    scope = module("core.responses").request_scope

    def attempt_in_scope(func: Any, event: Any) -> None:
        account, region = functions._account_region_from_function_config(func.get("config") or func)
        with scope(account, region):
            _attempt(func, event)

    def invoke(func: Any, event: Any) -> None:
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(attempt_in_scope, func, event), daemon=True
        ).start()

    return invoke


def apply() -> None:
    """Record the metrics at each invocation; replace the asynchronous one."""
    functions = module("services.lambda_svc")
    wrap(functions, "_execute_function_warm", _timing)
    wrap(functions, "_execute_function_dispatch", _recording)
    wrap(functions, "_acquire_execution_slot", _refusing)
    wrap(functions, "_emit_lambda_metrics", lambda _emit: lambda *_given, **_named: None)
    wrap(functions, "invoke_async_with_retry", _asynchronously)
