"""Evaluate alarms as CloudWatch does.

Emulator: there are no metrics of queues, of executions, or from log lines in the embedded metric format
(EMF). An alarm is evaluated only when a metric is put, over the data points of all dimensions; its
periods and its treatment of missing data are ignored.
Patch: read metrics from EMF log lines; measure queues; count executions that fail, time out or are
aborted. Every few seconds, evaluate the last periods of each alarm with its dimensions and its
treatment of missing data, and notify its topic when its state changes. Data points are stored for an
hour, in memory only.
Remove when: the unpatched emulator has these metrics, and evaluates alarms periodically.
"""

import asyncio
import json
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

INTERVAL_SECONDS: Final = float(os.environ.get("PRECERT_CLOUD_ALARM_SECONDS", "10"))
#: Tests shorten the periods of all alarms by this factor.
SCALE: Final = float(os.environ.get("PRECERT_CLOUD_ALARM_SCALE", "1"))
_HELD_SECONDS: Final = 3600
_EXECUTIONS: Final = {
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_QUEUES: Final = "AWS/SQS"
_METRICS: Final = "_aws"

Key = tuple[str, str, frozenset[tuple[str, str]]]
Points = Iterable[tuple[float, float]]

_points: defaultdict[Key, deque[tuple[float, float]]] = defaultdict(deque)

_BREACHES: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": lambda value, limit: value > limit,
    "GreaterThanOrEqualToThreshold": lambda value, limit: value >= limit,
    "LessThanThreshold": lambda value, limit: value < limit,
    "LessThanOrEqualToThreshold": lambda value, limit: value <= limit,
}
_STATISTICS: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}


def metrics_in(line: str) -> Iterator[tuple[Key, float]]:
    """Yield the metrics and values of a log line in the embedded metric format; none of other lines."""
    if not line.startswith("{") or _METRICS not in line:
        return
    try:
        body = json.loads(line)
        directives = body[_METRICS]["CloudWatchMetrics"]
    except (KeyError, TypeError, ValueError):
        return
    for directive in directives:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, str(body[name])) for name in names)
            for metric in directive["Metrics"]:
                values = body[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield (directive["Namespace"], metric["Name"], dimensions), float(value)


def is_breached(alarm: Mapping[str, Any], points: Points, now: float) -> bool:
    """Return whether the alarm's last evaluation periods breach its threshold.

    The current, incomplete period counts as the last one if its data already breaches the threshold,
    but not for an alarm that treats missing data as breaching. ``points`` are times and values.
    """
    period, number = alarm.get("Period", 60) * SCALE, int(alarm.get("EvaluationPeriods", 1))
    values = defaultdict[int, list[float]](list)
    for at, value in points:
        values[int(at // period)].append(value)
    statistic = _STATISTICS[alarm.get("Statistic", "Average")]
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    missing = alarm.get("TreatMissingData") == "breaching"

    def breached(index: int, *, over: bool) -> bool:
        found = values.get(index)
        if found is None:
            return missing and over
        return breaches(statistic(found), float(alarm["Threshold"])) and (over or not missing)

    current = int(now // period)
    over = [breached(current - 1 - ago, over=True) for ago in range(number)]
    return all(over) or (breached(current, over=False) and all(over[:-1]))


def _recording(append: Callable[..., Any]) -> Callable[..., Any]:
    def append_and_record(stream: Any, events: list[Mapping[str, Any]]) -> Any:
        for event in events:
            for key, value in metrics_in(str(event.get("message", ""))):
                _points[key].append((time.time(), value))
        return append(stream, events)

    return append_and_record


def _counting(emit: Callable[..., Any]) -> Callable[..., Any]:
    def emit_and_count(execution: Mapping[str, Any]) -> Any:
        if name := _EXECUTIONS.get(execution["status"]):
            machine = {"StateMachineArn": execution["stateMachineArn"]}
            module("services.cloudwatch").record_metric("AWS/States", name, 1, "Count", machine)
        return emit(execution)

    return emit_and_count


def _queue_point(account: str, region: str, alarm: Mapping[str, Any], now: float) -> Points:
    """Yield the current value of a queue's metric: visible messages, or the oldest's age in seconds."""
    queues = module("services.sqs")
    names = {one["Value"] for one in alarm.get("Dimensions", ())}
    for (of_account, of_region, url), queue in list(queues._queues.all_items()):
        if (of_account, of_region) != (account, region) or url.rpartition("/")[2] not in names:
            continue
        visible = [one for one in queue["messages"] if one["visible_at"] <= now]
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible":
            yield now, float(len(visible))
        elif alarm["MetricName"] == "ApproximateAgeOfOldestMessage":
            sent = min(
                (one.get("enqueued_at", one.get("sent_at", now)) for one in visible), default=now
            )
            yield now, now - sent


def _points_of(account: str, region: str, alarm: Mapping[str, Any], now: float) -> Points:
    if alarm["Namespace"] == _QUEUES:
        return _queue_point(account, region, alarm, now)
    dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())}
    cloudwatch = module("services.cloudwatch")
    name = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
    measured = [
        (one["Timestamp"], one["Value"])
        for one in list(cloudwatch._metrics.get_scoped(account, region, name, ()))
        if "Value" in one
    ]
    key = (alarm["Namespace"], alarm["MetricName"], frozenset(dimensions.items()))
    held = _points.get(key, deque())
    while held and held[0][0] < now - _HELD_SECONDS:
        held.popleft()
    return [*measured, *held]


async def evaluate(now: float) -> None:
    """Evaluate every alarm, and notify the topics of those whose state changes."""
    cloudwatch = module("services.cloudwatch")
    scope = module("core.responses").request_scope
    for (account, region, name), alarm in list(cloudwatch._alarms.all_items()):
        if not alarm.get("Namespace") or alarm.get("Statistic") not in _STATISTICS:
            continue
        breached = is_breached(alarm, _points_of(account, region, alarm, now), now)
        before, state = alarm["StateValue"], "ALARM" if breached else "OK"
        if before == state:
            continue
        reason = f"Threshold crossed: {alarm['MetricName']} {alarm['ComparisonOperator']}"
        alarm |= {"StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": int(now)}
        with scope(account, region):
            cloudwatch._record_history(name, before, state, reason)
            cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)


def instants(since: float, until: float) -> Iterator[float]:
    """Yield the times to evaluate, of all intervals since ``since``, so that no period is skipped."""
    yield from (
        since + INTERVAL_SECONDS * at for at in range(int((until - since) / INTERVAL_SECONDS))
    )
    yield until


def _evaluate_forever() -> None:
    pause = threading.Event()
    app = module("app")
    evaluated = time.time()
    while not pause.wait(INTERVAL_SECONDS):
        if app._MAIN_LOOP is None:
            continue
        now = time.time()
        try:
            for at in instants(evaluated + INTERVAL_SECONDS, now):
                asyncio.run_coroutine_threadsafe(evaluate(at), app._MAIN_LOOP).result(60)
        except Exception:
            app.logger.exception("alarms could not be evaluated; trying again")
        evaluated = now


def apply() -> None:
    """Record the metrics of log lines and executions, and evaluate alarms in a thread only."""
    wrap(module("services.cloudwatch_logs"), "_append_log_events", _recording)
    wrap(module("services.stepfunctions"), "_emit_execution_status_event", _counting)
    wrap(module("services.cloudwatch"), "_evaluate_alarm", lambda _evaluate: lambda _alarm: None)
    threading.Thread(target=_evaluate_forever, daemon=True, name="precert-alarms").start()
