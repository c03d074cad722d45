"""Record the metrics of queues, executions, APIs and log lines as AWS does.

Emulator: there are no metrics of queues, of executions, of HTTP APIs, or from log lines in the embedded
metric format (EMF).
Patch: read metrics from EMF log lines; count the responses of each API, and executions that fail, time
out or are aborted; measure queues when an alarm is evaluated. As in AWS, the age of a queue's oldest
message includes received messages that are not deleted, excludes those received three times or more,
and begins for a dead letter when it is moved. The metrics of functions, tables and state transitions
are in the modules that patch them. Only alarms read these metrics: their data points are held for an
hour, in memory, and those of a queue for all periods of the alarm.
Remove when: the unpatched emulator records these metrics.
"""

import json
import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

#: Tests shorten the periods of all alarms, and the thresholds that are times, by this factor.
SCALE: Final = float(os.environ.get("PRECERT_CLOUD_ALARM_SCALE", "1"))
_HELD_SECONDS: Final = 3600
_SAMPLES: Final = 60
"""How many values of a queue are held for each period of an alarm."""
_EXECUTIONS: Final = {
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_QUEUES: Final = "AWS/SQS"
_EMBEDDED: Final = "_aws"
_POISON_RECEIVES: Final = 3
"""After so many receives, SQS moves a message to the end of its queue and ignores its age."""
_MOVED: Final = "precert_moved"
"""When a dead letter was moved, and its receives until then."""

Key = tuple[str, str, frozenset[tuple[str, str]]]
Points = Iterable[tuple[float, float]]

_points: defaultdict[Key, deque[tuple[float, float]]] = defaultdict(deque)
_samples: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
"""Earlier values of queues, by alarm."""


def _hold(key: Key, value: float) -> None:
    held, now = _points[key], time.time()
    held.append((now, value))
    while held[0][0] < now - _HELD_SECONDS:
        held.popleft()


def record(namespace: str, name: str, value: float, dimensions: Mapping[str, str]) -> None:
    """Record a value of a metric of AWS, in the metric's unit."""
    _hold((namespace, name, frozenset(dimensions.items())), value)


def metrics_in(line: str) -> Iterator[tuple[Key, float]]:
    """Yield the metrics and values of a log line in the embedded metric format; none of other lines."""
    if not line.startswith("{") or _EMBEDDED not in line:
        return
    try:
        body = json.loads(line)
        directives = body[_EMBEDDED]["CloudWatchMetrics"]
    except (KeyError, TypeError, ValueError):
        return
    for directive in directives:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, str(body[name])) for name in names)
            for metric in directive["Metrics"]:
                values = body[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield (directive["Namespace"], metric["Name"], dimensions), float(value)


def age_of_oldest(messages: Iterable[Mapping[str, Any]], now: float) -> float | None:
    """Return the age in seconds of a queue's oldest message, or None if no message counts."""
    begun = []
    for message in messages:
        moved, receives = message.get(_MOVED, (message.get("sent_at", now), 0))
        if message.get("receive_count", 0) - receives < _POISON_RECEIVES:
            begun.append(moved)
    return now - min(begun) if begun else None


def points_of(account: str, region: str, alarm: Mapping[str, Any], now: float) -> Points:
    """Return the times and values of an alarm's metric, with exactly the alarm's dimensions."""
    if alarm["Namespace"] == _QUEUES:
        return with_earlier(alarm, _queue_points(account, region, alarm, now), now)
    dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())}
    cloudwatch = module("services.cloudwatch")
    name = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
    put = [
        (one["Timestamp"], one["Value"])
        for one in list(cloudwatch._metrics.get_scoped(account, region, name, ()))
        if "Value" in one
    ]
    key = (alarm["Namespace"], alarm["MetricName"], frozenset(dimensions.items()))
    return [*put, *_points.get(key, ())]


def with_earlier(alarm: Mapping[str, Any], points: Points, now: float) -> Points:
    """Return a queue's present values, and those of the earlier periods that the alarm evaluates."""
    period, number = alarm["Period"] * SCALE, alarm["EvaluationPeriods"]
    if number == 1:
        return points
    held = _samples[alarm["AlarmArn"]]
    while held and held[0][0] < now - period * (number + 1):
        held.popleft()
    present = [point for point in points if point[1]]
    if not held or now - held[-1][0] >= period / _SAMPLES:
        held.extend(present)
    return [*held, *present]


def _queue_points(account: str, region: str, alarm: Mapping[str, Any], now: float) -> Points:
    """Yield the current value of a queue's metric: visible messages, or the oldest's age in seconds."""
    queues = module("services.sqs")
    names = {one["Value"] for one in alarm.get("Dimensions", ())}
    for (of_account, of_region, url), queue in list(queues._queues.all_items()):
        if (of_account, of_region) != (account, region) or url.rpartition("/")[2] not in names:
            continue
        messages = list(queue["messages"])
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible":
            yield now, float(sum(one["visible_at"] <= now for one in messages))
        elif alarm["MetricName"] == "ApproximateAgeOfOldestMessage":
            age = age_of_oldest(messages, now)
            if age is not None:
                yield now, age


def _recording(append: Callable[..., Any]) -> Callable[..., Any]:
    def append_and_record(stream: Any, events: list[Mapping[str, Any]]) -> Any:
        for event in events:
            for key, value in metrics_in(str(event.get("message", ""))):
                _hold(key, value)
        return append(stream, events)

    return append_and_record


def _counting(emit: Callable[..., Any]) -> Callable[..., Any]:
    def emit_and_count(execution: Mapping[str, Any]) -> Any:
        if name := _EXECUTIONS.get(execution["status"]):
            machine = {"StateMachineArn": execution["stateMachineArn"]}
            record("AWS/States", name, 1, machine)
        return emit(execution)

    return emit_and_count


def _dating(move: Callable[..., Any]) -> Callable[..., Any]:
    def move_and_date(queue: Any) -> None:
        poison = [one for one in queue["messages"] if one["receive_count"] > 0]
        for message in poison:
            # The emulator copies a message to the dead-letter queue with whatever it contains.
            message[_MOVED] = (time.time(), message["receive_count"])
        move(queue)
        for message in poison:
            message.pop(_MOVED, None)

    return move_and_date


def _answering(execute: Callable[..., Any]) -> Callable[..., Any]:
    async def execute_and_count(api_id: str, stage: str, *rest: Any, **named: Any) -> Any:
        answer = await execute(api_id, stage, *rest, **named)
        _count_response(api_id, stage, int(answer[0]))
        return answer

    return execute_and_count


def _count_response(api_id: str, stage: str, status: int) -> None:
    for dimensions in ({"ApiId": api_id}, {"ApiId": api_id, "Stage": stage}):
        record("AWS/ApiGateway", "Count", 1, dimensions)
        for hundreds in (4, 5):
            failed = int(status // 100 == hundreds)
            record("AWS/ApiGateway", f"{hundreds}xx", failed, dimensions)


def apply() -> None:
    """Record the metrics of log lines, executions, dead letters and responses."""
    wrap(module("services.cloudwatch_logs"), "_append_log_events", _recording)
    wrap(module("services.stepfunctions"), "_emit_execution_status_event", _counting)
    wrap(module("services.sqs"), "_dlq_sweep", _dating)
    wrap(module("services.apigateway"), "_handle_execute_in_scope", _answering)
