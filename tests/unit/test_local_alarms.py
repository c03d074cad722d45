"""How the local cloud evaluates alarms: periods, thresholds and missing data as in CloudWatch."""

import json
from typing import Any

import pytest

from local.cloud.gaps.alarms import INTERVAL_SECONDS, instants, is_breached, statistic_of
from local.cloud.gaps.metrics import age_of_oldest, metrics_in, with_earlier

NOW = 6_030.0
"""Half a minute after the beginning of a period of a minute."""


def alarm(**changes: Any) -> dict[str, Any]:
    return {
        "Period": 60,
        "EvaluationPeriods": 1,
        "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 2,
        "TreatMissingData": "notBreaching",
        **changes,
    }


PRESENT = {
    "ComparisonOperator": "LessThanThreshold",
    "Threshold": 1,
    "TreatMissingData": "breaching",
}


P90 = {"Statistic": None, "ExtendedStatistic": "p90"}


@pytest.mark.parametrize(
    ("changes", "points", "breached"),
    [
        ({}, [], False),
        ({}, [(6_010, 2)], False),
        ({}, [(6_010, 2), (6_020, 1)], True),
        ({}, [(5_990, 3)], True),
        ({}, [(5_990, 2), (6_010, 2)], False),
        ({}, [(5_930, 3)], False),
        ({"EvaluationPeriods": 2}, [(5_990, 3)], False),
        ({"EvaluationPeriods": 2}, [(5_990, 3), (6_010, 3)], True),
        ({"EvaluationPeriods": 2}, [(5_990, 3), (5_910, 3)], True),
        ({"Statistic": "Maximum"}, [(6_010, 2), (6_020, 2)], False),
        ({"Statistic": "Average"}, [(6_010, 1), (6_020, 6)], True),
        (PRESENT, [], True),
        (PRESENT, [(5_990, 1)], False),
        (PRESENT, [(6_010, 1)], True),
        ({**PRESENT, "EvaluationPeriods": 2}, [(5_930, 1)], False),
        (P90, [(6_010, 1)] * 9 + [(6_011, 3)] * 2, True),
        (P90, [(6_010, 1)] * 10 + [(6_011, 3)], False),
    ],
)
def test_alarm_is_breached_when_its_periods_are(
    changes: dict[str, Any], points: list[tuple[float, float]], *, breached: bool
) -> None:
    assert is_breached(alarm(**changes), points, NOW) is breached


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("p0", 1), ("p50", 3), ("p90", 4.6), ("p100", 5), ("Maximum", 5), ("Sum", 15)],
)
def test_statistic_is_cloudwatchs_when_it_is_a_percentile(statistic: str, value: float) -> None:
    found = statistic_of({"ExtendedStatistic": statistic})
    assert found is not None
    assert found([5, 1, 4, 2, 3]) == pytest.approx(value)


@pytest.mark.parametrize("statistic", ["TM(10%:90%)", "pxx"])
def test_alarm_is_not_evaluated_when_its_statistic_is_of_another_kind(statistic: str) -> None:
    assert statistic_of({"ExtendedStatistic": statistic}) is None


@pytest.mark.parametrize(("name", "breached"), [("IteratorAge", True), ("Errors", False)])
def test_threshold_is_scaled_with_the_periods_when_it_is_a_time(
    name: str, *, breached: bool
) -> None:
    changed = alarm(MetricName=name, Statistic="Maximum", Threshold=3600)
    assert is_breached(changed, [(NOW, 37)], NOW, scale=0.01) is breached


@pytest.mark.parametrize(
    ("messages", "age"),
    [
        ([], None),
        ([{"sent_at": 10, "receive_count": 0}, {"sent_at": 40, "receive_count": 1}], 90),
        ([{"sent_at": 10, "receive_count": 3}, {"sent_at": 40, "receive_count": 2}], 60),
        ([{"sent_at": 10, "receive_count": 3}], None),
        ([{"sent_at": 10, "receive_count": 120, "precert_moved": (70, 120)}], 30),
    ],
)
def test_age_is_that_of_the_oldest_message_when_it_was_not_received_three_times(
    messages: list[dict[str, Any]], age: float | None
) -> None:
    assert age_of_oldest(messages, 100) == age


def test_earlier_values_of_a_queue_are_held_when_an_alarm_evaluates_several_periods() -> None:
    day = {"Period": 3600, "EvaluationPeriods": 24, "AlarmArn": "a day", "Threshold": 0}
    for hour in range(24):
        points = list(with_earlier(day, [(hour * 3600.0, 1.0)], hour * 3600.0))
        assert is_breached(alarm(**day, Statistic="Maximum"), points, hour * 3600.0) is (hour == 23)
    emptied = 25 * 3600.0
    points = list(with_earlier(day, [(emptied, 0.0)], emptied))
    assert not is_breached(alarm(**day, Statistic="Maximum"), points, emptied)
    single = {"Period": 300, "EvaluationPeriods": 1, "AlarmArn": "one"}
    assert list(with_earlier(single, [(7.0, 0.0)], 7.0)) == [(7.0, 0.0)]


def test_metrics_are_read_when_a_line_has_the_embedded_format() -> None:
    directive = {
        "Namespace": "precert",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "damaged_record", "Unit": "Count"}, {"Name": "swept"}],
    }
    line = json.dumps(
        {
            "_aws": {"CloudWatchMetrics": [directive]},
            "service": "precert",
            "damaged_record": [1.0, 1.0],
            "swept": 1,
        }
    )
    dimensions = frozenset({("service", "precert")})
    assert list(metrics_in(line)) == [
        (("precert", "damaged_record", dimensions), 1.0),
        (("precert", "damaged_record", dimensions), 1.0),
        (("precert", "swept", dimensions), 1.0),
    ]


@pytest.mark.parametrize("line", ["", "{", "START", '{"message":"relayed"}', '{"_aws":{}}'])
def test_line_has_no_metrics_when_it_is_not_in_the_embedded_format(line: str) -> None:
    assert list(metrics_in(line)) == []


def test_no_period_is_left_out_when_an_evaluation_is_late() -> None:
    late = NOW + 2.5 * INTERVAL_SECONDS
    assert list(instants(NOW, late)) == [NOW, NOW + INTERVAL_SECONDS, late]
    assert list(instants(NOW, NOW - 1)) == [NOW - 1]
