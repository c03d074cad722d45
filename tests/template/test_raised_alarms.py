"""Each alarm on AWS's metrics and events is raised for the values of a failure, and for no others.

Failures of each kind are provoked in ``tests/workflow`` (``test_alarms.py`` and others), and those that
the product counts in ``tests/adapters/test_alarms.py``. These tests evaluate every deployed alarm on a
metric of AWS, also those of each function and of a release, for values in AWS's units on both sides of
its threshold. Only an account sends AWS's events: they are as AWS documents them.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pytest
from moto.events.models import EventPattern

from infra.alarms import METRICS_NAME
from tests.template.synthesized import Synthesized

MINUTE_MS: Final = 60_000


class Values(NamedTuple):
    """A statistic, and its values in consecutive periods; ``None`` where there are no data."""

    statistic: str
    failing: Sequence[float | None]
    harmless: Sequence[float | None]


FAILURES: Final[dict[tuple[str, str], Values]] = {
    ("AWS/Lambda", "Errors"): Values("Sum", [1], [0]),
    ("AWS/Lambda", "Throttles"): Values("Sum", [1], [0]),
    ("AWS/Lambda", "AsyncEventsDropped"): Values("Sum", [1], [0]),
    ("AWS/Lambda", "Duration"): Values("p90", [15_001] * 3, [15_001, 15_001, None]),
    ("AWS/Lambda", "IteratorAge"): Values("Maximum", [61 * MINUTE_MS], [4 * MINUTE_MS]),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): Values("Maximum", [1] * 24, [*[1] * 23, 0]),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): Values("Maximum", [11 * 60], [9 * 60]),
    ("AWS/States", "ExecutionsFailed"): Values("Sum", [1], [0]),
    ("AWS/States", "ExecutionsTimedOut"): Values("Sum", [1], [0]),
    ("AWS/States", "ExecutionsAborted"): Values("Sum", [1], [0]),
    ("AWS/States", "ExecutionThrottled"): Values("Sum", [1, 1, 1], [1, None, 1]),
    ("AWS/ApiGateway", "5xx"): Values("Sum", [6, 6], [6, 0]),
    ("AWS/DynamoDB", "ReadThrottleEvents"): Values("Sum", [11, 11], [11, None]),
    ("AWS/DynamoDB", "WriteThrottleEvents"): Values("Sum", [11, 11], [11, None]),
    ("AWS/DynamoDB", "ThrottledRequests"): Values("Sum", [11, 11], [11, None]),
}


def is_raised(alarm: dict[str, Any], values: Sequence[float | None]) -> bool:
    """Whether CloudWatch fires an alarm for the values of its last periods."""
    periods = alarm["EvaluationPeriods"]
    last = [*[None] * periods, *values][-periods:]
    return all(_breaches(alarm, value) for value in last)


def _breaches(alarm: dict[str, Any], value: float | None) -> bool:
    if value is None:
        return bool(alarm["TreatMissingData"] == "breaching")
    if alarm["ComparisonOperator"] == "LessThanThreshold":
        return value < float(alarm["Threshold"])
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    return value > float(alarm["Threshold"])


def alarms(stack: Synthesized) -> list[dict[str, Any]]:
    return list(stack.properties("AWS::CloudWatch::Alarm").values())


def test_alarm_is_raised_when_aws_reports_the_failure(prod: Synthesized) -> None:
    """Also the alarms that roll a release back. A period without data never raises one of these."""
    provoked = set()
    for alarm in alarms(prod):
        if alarm["Namespace"] == METRICS_NAME:
            continue
        key = alarm["Namespace"], alarm["MetricName"]
        values = FAILURES[key]
        periods = alarm["EvaluationPeriods"]
        assert alarm.get("Statistic", alarm.get("ExtendedStatistic")) == values.statistic, alarm
        assert is_raised(alarm, values.failing[:periods]), alarm
        assert not is_raised(alarm, [None]), alarm
        assert not is_raised(alarm, values.harmless[-periods:]), alarm
        provoked.add(key)
    assert provoked == FAILURES.keys()


@pytest.mark.parametrize(("function", "seconds"), [("Crd", 5), ("Pas", 15)])
def test_alarm_is_raised_when_more_than_one_of_ten_answers_is_late(
    prod: Synthesized, function: str, seconds: int
) -> None:
    """By the times of Da Vinci CRD for hooks, and of PAS for ``$submit``."""
    [alarm] = [
        one
        for name, one in prod.properties("AWS::CloudWatch::Alarm").items()
        if name.startswith(f"Alarms{function}FunctionSlow")
    ]
    assert (alarm["MetricName"], alarm["ExtendedStatistic"]) == ("Duration", "p90")
    assert is_raised(alarm, [seconds * 1000 + 1] * 3)
    assert not is_raised(alarm, [seconds * 1000] * 3)


@pytest.mark.parametrize(
    ("metric", "seconds"),
    [
        ("Sweep", 600),
        ("Warnings", 3600),
        ("UploadSweep", 3600),
        ("OrphanSweep", 7200),
        ("SubscriptionSweep", 1800),
    ],
)
def test_alarm_is_raised_when_a_schedule_did_not_run(
    prod: Synthesized, metric: str, seconds: int
) -> None:
    """One run in the time suffices."""
    [alarm] = [
        one
        for name, one in prod.properties("AWS::CloudWatch::Alarm").items()
        if name.startswith(f"Alarms{metric}Missing")
    ]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == seconds
    assert is_raised(alarm, [None, None])
    assert not is_raised(alarm, [1, None])
    assert not is_raised(alarm, [None, 1])


KEY: Final = "arn:aws:kms:us-east-1:123456789012:key/1"
REPORTED: Final[dict[str, dict[str, Any]]] = {
    "A backup": {
        "source": "aws.backup",
        "detail-type": "Backup Job State Change",
        "detail": {"state": "FAILED", "resourceType": "S3", "backupVaultName": "precert-prod"},
    },
    "A backup or its copy": {
        "source": "aws.backup",
        "detail-type": "Copy Job State Change",
        "detail": {"state": "FAILED", "resourceType": "DynamoDB"},
    },
    "A certificate expires soon": {
        "source": "aws.acm",
        "detail-type": "ACM Certificate Approaching Expiration",
        "detail": {"DaysToExpiry": 31, "CommonName": "precert.example.org"},
    },
    "A key is disabled": {
        "source": "aws.kms",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "kms.amazonaws.com",
            "eventName": "ScheduleKeyDeletion",
            "resources": {"ARN": KEY, "type": "AWS::KMS::Key"},
        },
    },
    "The protection plan is not active": {
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Malware Protection Resource Status Error",
        "detail": {"s3BucketDetails": {"bucketName": "documents"}, "statusReasons": []},
    },
}
"""Events as AWS documents them, by the beginning of the notification.

CloudTrail lists ``resources``; EventBridge matches each of a list, and moto only a single one.
"""
UNCONCERNED: Final[dict[str, Any]] = {
    "source": "aws.kms",
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {
        "eventSource": "kms.amazonaws.com",
        "eventName": "ScheduleKeyDeletion",
        "resources": {"ARN": "arn:aws:kms:us-east-1:123456789012:key/2"},
    },
}


def _pattern(rule: dict[str, Any]) -> Any:
    """The rule's pattern, as moto matches it, with the ARN and the name that its references have."""

    def resolved(value: Any) -> Any:
        if isinstance(value, dict) and value.keys() & {"Ref", "Fn::GetAtt"}:
            return "documents" if "Ref" in value else KEY
        if isinstance(value, dict):
            return {name: resolved(one) for name, one in value.items()}
        return [resolved(one) for one in value] if isinstance(value, list) else value

    return EventPattern.load(json.dumps(resolved(rule["EventPattern"])))


def test_nobody_is_notified_when_a_backup_is_complete(prod: Synthesized) -> None:
    [rule] = [
        one
        for one in prod.properties("AWS::Events::Rule").values()
        if one.get("Description", "").startswith("A backup")
    ]
    reported = REPORTED["A backup"]
    for state in ("RUNNING", "COMPLETED"):
        assert not _pattern(rule).matches_event({**reported, "detail": {"state": state}})


@pytest.mark.parametrize("text", REPORTED)
def test_operators_are_notified_when_aws_reports_it(prod: Synthesized, text: str) -> None:
    [rule] = [
        one
        for one in prod.properties("AWS::Events::Rule").values()
        if one.get("Description", "").startswith(text)
    ]
    pattern = _pattern(rule)
    assert pattern.matches_event(REPORTED[text])
    assert not pattern.matches_event(UNCONCERNED)
    assert not pattern.matches_event({**REPORTED[text], "source": "aws.other"})
    [target] = rule["Targets"]
    assert target["Arn"]["Ref"] in prod.resources("AWS::SNS::Topic")


def test_operators_are_notified_of_every_key_when_the_product_cannot_work_without_it(
    prod: Synthesized,
) -> None:
    """Without the key of the backups, none of them can be restored."""
    [rule] = [
        one
        for one in prod.properties("AWS::Events::Rule").values()
        if one.get("Description", "").startswith("A key is disabled")
    ]
    watched = {one["Fn::GetAtt"][0] for one in rule["EventPattern"]["detail"]["resources"]["ARN"]}
    assert watched == prod.properties("AWS::KMS::Key").keys()
