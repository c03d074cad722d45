"""Evaluate alarms as CloudWatch does.

Emulator: an alarm is evaluated only when a metric is put, over the data points of all dimensions; its
periods and its treatment of missing data are ignored.
Patch: every few seconds, evaluate the last periods of each alarm with its dimensions, its statistic or
percentile, and its treatment of missing data, and notify its topic when its state changes.
Remove when: the unpatched emulator evaluates alarms periodically.
"""

import asyncio
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from local.cloud.gaps.metrics import SCALE, Points, points_of
from local.cloud.gaps.upstream import module, wrap

INTERVAL_SECONDS: Final = float(os.environ.get("PRECERT_CLOUD_ALARM_SECONDS", "10"))
_TIMES: Final = frozenset({"ApproximateAgeOfOldestMessage", "Duration", "IteratorAge"})
"""Metrics of AWS that are times. They are recorded as measured."""

Statistic = Callable[[list[float]], float]

_BREACHES: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": lambda value, limit: value > limit,
    "GreaterThanOrEqualToThreshold": lambda value, limit: value >= limit,
    "LessThanThreshold": lambda value, limit: value < limit,
    "LessThanOrEqualToThreshold": lambda value, limit: value <= limit,
}
_STATISTICS: Final[Mapping[str, Statistic]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}


def percentile(values: list[float], percent: float) -> float:
    """Return the percentile of some values, between the two nearest ranks."""
    ordered = sorted(values)
    rank = percent / 100 * (len(ordered) - 1)
    low, high = ordered[int(rank)], ordered[min(int(rank) + 1, len(ordered) - 1)]
    return low + (high - low) * (rank - int(rank))


def statistic_of(alarm: Mapping[str, Any]) -> Statistic | None:
    """Return the alarm's statistic, or None if it is neither a basic one nor a percentile."""
    name = str(alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average"))
    if not name.startswith("p"):
        return _STATISTICS.get(name)
    try:
        percent = float(name[1:])
    except ValueError:
        return None
    return lambda values: percentile(values, percent)


def is_breached(alarm: Mapping[str, Any], points: Points, now: float, scale: float = SCALE) -> bool:
    """Return whether the alarm's last evaluation periods breach its threshold.

    The current, incomplete period counts as the last one if its data already breaches the threshold,
    but not for an alarm that treats missing data as breaching. ``points`` are times and values.
    """
    period, number = alarm.get("Period", 60) * scale, int(alarm.get("EvaluationPeriods", 1))
    values = defaultdict[int, list[float]](list)
    for at, value in points:
        values[int(at // period)].append(value)
    statistic = statistic_of(alarm) or _STATISTICS["Average"]
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    limit = float(alarm["Threshold"]) * (scale if alarm.get("MetricName") in _TIMES else 1)
    missing = alarm.get("TreatMissingData") == "breaching"

    def breached(index: int, *, over: bool) -> bool:
        found = values.get(index)
        if found is None:
            return missing and over
        return breaches(statistic(found), limit) and (over or not missing)

    current = int(now // period)
    over = [breached(current - 1 - ago, over=True) for ago in range(number)]
    return all(over) or (breached(current, over=False) and all(over[:-1]))


async def evaluate(now: float) -> None:
    """Evaluate every alarm, and notify the topics of those whose state changes."""
    cloudwatch = module("services.cloudwatch")
    scope = module("core.responses").request_scope
    for (account, region, name), alarm in list(cloudwatch._alarms.all_items()):
        if not alarm.get("Namespace") or statistic_of(alarm) is None:
            continue
        breached = is_breached(alarm, points_of(account, region, alarm, now), now)
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
    """Evaluate alarms in a thread only."""
    wrap(module("services.cloudwatch"), "_evaluate_alarm", lambda _evaluate: lambda _alarm: None)
    threading.Thread(target=_evaluate_forever, daemon=True, name="precert-alarms").start()
