"""Rules for asynchronous processing: no failure is lost, and no failure blocks other records."""

import json
from typing import Any, Final

import pytest

from precert.domain.event_types import MESSAGE_EVENT_TYPES, NOTICE_EVENT_TYPES
from precert.names import (
    EVENT_SK_PREFIX,
    EVENT_SOURCE,
    REQUEST_SK,
    SCAN_UNRESOLVED,
    SWEPT,
    VENDOR_DETERMINED,
    VENDOR_SOURCE_PREFIX,
)
from tests.template.synthesized import Synthesized

MAPPING: Final = "AWS::Lambda::EventSourceMapping"
QUEUE: Final = "AWS::SQS::Queue"
ALARM: Final = "AWS::CloudWatch::Alarm"


def mappings_of(stack: Synthesized, *, stream: bool) -> list[dict[str, Any]]:
    """The event source mappings of the table's stream, or those of queues."""
    return [
        one for one in stack.properties(MAPPING).values() if stream == ("StartingPosition" in one)
    ]


def queue_of(arn: Any) -> str:
    return str(arn["Fn::GetAtt"][0])


@pytest.mark.rule("X2")
def test_record_is_retried_until_the_stream_forgets_it_when_its_function_fails(
    stack: Synthesized,
) -> None:
    mappings = mappings_of(stack, stream=True)
    assert len(mappings) == 3
    for mapping in mappings:
        queue = queue_of(mapping["DestinationConfig"]["OnFailure"]["Destination"])
        assert queue in stack.resources(QUEUE)
        assert mapping["MaximumRetryAttempts"] == -1
        # Lambda reports a record only if it gives up before the stream forgets it.
        assert 23 * 60 * 60 < mapping["MaximumRecordAgeInSeconds"] < 24 * 60 * 60
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["ParallelizationFactor"] == (1 if "Audit" in queue else 10)
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_consumer_receives_its_own_records_when_the_stream_is_filtered(stack: Synthesized) -> None:
    patterns = {
        mapping["FunctionName"]["Fn::GetAtt"][0]: [
            json.loads(entry["Pattern"]) for entry in mapping["FilterCriteria"]["Filters"]
        ]
        for mapping in mappings_of(stack, stream=True)
    }
    (relay,) = (found for name, found in patterns.items() if name.startswith("RelayFunction"))
    (expire,) = (found for name, found in patterns.items() if name.startswith("ExpireFunction"))
    assert relay == [
        {
            "eventName": ["INSERT"],
            "dynamodb": {"Keys": {"sk": {"S": [{"prefix": EVENT_SK_PREFIX}]}}},
        },
        {
            "eventName": ["MODIFY"],
            "dynamodb": {
                "Keys": {"sk": {"S": [REQUEST_SK]}},
                "NewImage": {"status": {"S": ["INCOMPLETE"]}},
            },
        },
    ]
    assert expire == [
        {"eventName": ["REMOVE"], "dynamodb": {"Keys": {"sk": {"S": [REQUEST_SK]}}}},
        {"eventName": ["REMOVE"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "DOCUMENT#"}]}}}},
        {"eventName": ["REMOVE"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "INBOX#"}]}}}},
    ]


@pytest.mark.rule("X2")
def test_event_waits_in_a_queue_when_the_function_of_its_rule_fails(stack: Synthesized) -> None:
    """Lambda discards an event that it was invoked with asynchronously after three failures."""
    queues, functions = stack.properties(QUEUE), stack.properties("AWS::Lambda::Function")
    mappings = {queue_of(one["EventSourceArn"]): one for one in mappings_of(stack, stream=False)}
    rules = stack.properties("AWS::Events::Rule").values()
    delivering = [rule for rule in rules if "EventPattern" in rule]
    assert len(delivering) == len(mappings) == 6
    for rule in delivering:
        [target] = rule["Targets"]
        queue = queue_of(target["Arn"])
        dead_letters = queue_of(queues[queue]["RedrivePolicy"]["deadLetterTargetArn"])
        assert queue_of(target["DeadLetterConfig"]["Arn"]) == dead_letters
        assert target["RetryPolicy"] == {
            "MaximumRetryAttempts": 185,
            "MaximumEventAgeInSeconds": 24 * 60 * 60,
        }
        mapping = mappings[queue]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        timeout = functions[queue_of_function(mapping)]["Timeout"]
        hidden = queues[queue]["VisibilityTimeout"]
        assert hidden >= 6 * timeout
        times = queues[queue]["RedrivePolicy"]["maxReceiveCount"]
        assert 6 * 3600 <= hidden * times <= 24 * 3600
        assert times <= 1000, "SQS allows no more"
        assert queues[queue]["MessageRetentionPeriod"] > hidden * times


def queue_of_function(mapping: dict[str, Any]) -> str:
    return str(mapping["FunctionName"]["Fn::GetAtt"][0])


def test_scheduled_work_uses_a_dead_letter_queue_when_its_function_cannot_be_invoked(
    stack: Synthesized,
) -> None:
    for rule in stack.properties("AWS::Events::Rule").values():
        for target in rule["Targets"]:
            assert queue_of(target["DeadLetterConfig"]["Arn"]) in stack.resources(QUEUE)
            assert 0 < target["RetryPolicy"]["MaximumRetryAttempts"] <= 185


def test_events_of_vendors_are_archived_when_the_stage_archives_events(prod: Synthesized) -> None:
    [archive] = prod.properties("AWS::Events::Archive").values()
    assert archive["EventPattern"] == {"source": [{"prefix": EVENT_SOURCE}]}
    assert VENDOR_SOURCE_PREFIX.startswith(EVENT_SOURCE)


@pytest.mark.parametrize(
    ("function", "source", "types"),
    [
        ("InboxFunction", EVENT_SOURCE, MESSAGE_EVENT_TYPES),
        ("NoticesFunction", EVENT_SOURCE, NOTICE_EVENT_TYPES),
        ("ReportsFunction", {"prefix": VENDOR_SOURCE_PREFIX}, (VENDOR_DETERMINED,)),
    ],
)
def test_function_receives_its_own_events_when_the_bus_has_them(
    stack: Synthesized, function: str, source: Any, types: tuple[str, ...]
) -> None:
    queues = {
        queue_of(one["EventSourceArn"])
        for one in mappings_of(stack, stream=False)
        if queue_of_function(one).startswith(function)
    }
    (rule,) = (
        rule
        for rule in stack.properties("AWS::Events::Rule").values()
        if queue_of(rule["Targets"][0]["Arn"]) in queues
    )
    assert rule["EventPattern"] == {"source": [source], "detail-type": list(types)}
    assert "EventBusName" in rule


def test_vendor_may_put_its_own_reports_only_when_its_account_is_allowed(
    with_own_issuer: Synthesized,
) -> None:
    [policy] = with_own_issuer.properties("AWS::Events::EventBusPolicy").values()
    statement = policy["Statement"]
    assert statement["Action"] == "events:PutEvents"
    assert "123456789012" in json.dumps(statement["Principal"])
    assert statement["Condition"] == {
        "StringEquals": {
            "events:source": "precert.vendor.EVICORE-RAD",
            "events:detail-type": "VendorDetermined",
        }
    }


def test_work_is_done_when_its_schedule_fires(stack: Synthesized) -> None:
    """With the minute that an execution has, a clock is late by three minutes at most."""
    scheduled = {
        rule["Targets"][0]["Arn"]["Fn::GetAtt"][0].partition("Function")[0]: rule[
            "ScheduleExpression"
        ]
        for rule in stack.properties("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
    }
    assert scheduled == {
        "Warn": "rate(15 minutes)",
        "UploadSweep": "rate(5 minutes)",
        "Sweep": "rate(2 minutes)",
    }


@pytest.mark.rule("X2")
def test_function_receives_executions_when_they_end_with_an_error(stack: Synthesized) -> None:
    [rule] = (
        rule
        for rule in stack.properties("AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("source") == ["aws.states"]
    )
    [machine] = stack.resources("AWS::StepFunctions::StateMachine")
    assert rule["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"Ref": machine}],
            "status": ["FAILED", "ABORTED", "TIMED_OUT"],
        },
    }
    [mapping] = (
        one
        for one in mappings_of(stack, stream=False)
        if one["EventSourceArn"] == rule["Targets"][0]["Arn"]
    )
    assert queue_of_function(mapping).startswith("ExecutionsFunction")


def test_alarm_is_defined_when_a_queue_receives_failures(stack: Synthesized) -> None:
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in stack.properties(ALARM).values()
        for dimension in alarm.get("Dimensions", ())
        if dimension["Name"] == "QueueName"
    }
    assert watched == set(stack.resources(QUEUE))


def test_alarms_cover_errors_and_throttles_when_a_function_is_deployed(stack: Synthesized) -> None:
    watched = {
        (dimension["Value"]["Ref"], alarm["MetricName"])
        for alarm in stack.properties(ALARM).values()
        for dimension in alarm.get("Dimensions", ())
        if dimension["Name"] == "FunctionName"
    }
    functions = stack.resources("AWS::Lambda::Function")
    assert watched == {(name, metric) for name in functions for metric in ("Errors", "Throttles")}


@pytest.mark.rule("W2", "W11")
@pytest.mark.parametrize("metric", ["DeadlinePassed", "DeemedDenialDue"])
def test_operators_are_alarmed_when_a_deadline_passes(stack: Synthesized, metric: str) -> None:
    """The alarm uses the relay's metric, with the names from its environment."""
    [alarm] = (alarm for alarm in stack.properties(ALARM).values() if alarm["MetricName"] == metric)
    assert (alarm["Namespace"], alarm["Threshold"]) == ("precert", 0)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "precert"}]
    for function in stack.properties("AWS::Lambda::Function").values():
        result = function["Environment"]["Variables"]
        assert (
            result["POWERTOOLS_METRICS_NAMESPACE"] == result["POWERTOOLS_SERVICE_NAME"] == "precert"
        )


def test_alarms_notify_a_topic_when_they_fire(stack: Synthesized) -> None:
    alarms = stack.properties(ALARM).values()
    metrics = {alarm["MetricName"] for alarm in alarms}
    assert {"ExecutionsFailed", "5xx", SCAN_UNRESOLVED} <= metrics
    (topic,) = stack.resources("AWS::SNS::Topic")
    assert all(alarm["AlarmActions"] == [{"Ref": topic}] for alarm in alarms)


def test_operators_are_emailed_when_an_address_is_configured(with_own_issuer: Synthesized) -> None:
    (subscription,) = with_own_issuer.properties("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == (
        "email",
        "operators@example.com",
    )


@pytest.mark.rule("W2")
def test_operators_are_alarmed_when_the_sweep_does_not_run(stack: Synthesized) -> None:
    [alarm] = (one for one in stack.properties(ALARM).values() if one.get("MetricName") == SWEPT)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "precert"}]
    assert (alarm["TreatMissingData"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "breaching",
        "LessThanThreshold",
        1,
    )
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 600


def test_two_dashboards_exist_when_the_stack_is_deployed(stack: Synthesized) -> None:
    names = {d["DashboardName"] for d in stack.properties("AWS::CloudWatch::Dashboard").values()}
    assert names == {f"precert-{stack.stage}-business", f"precert-{stack.stage}-low-level"}
