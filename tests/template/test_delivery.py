"""Rules for asynchronous processing: no failure is lost, and no failure blocks other records."""

import json
import re
from typing import Any, Final

import pytest

from infra import catalog
from infra.alarms import OWN_ALARMS, RUNBOOK, Severity, described
from precert.domain.event_types import (
    MESSAGE_EVENT_TYPES,
    NOTICE_EVENT_TYPES,
    SUBSCRIPTION_EVENT_TYPES,
)
from precert.names import (
    EVENT_SK_PREFIX,
    EVENT_SOURCE,
    REQUEST_SK,
    VENDOR_DETERMINED,
    VENDOR_SOURCE_PREFIX,
)
from tests.template.synthesized import Synthesized, state_machine
from tests.unit.test_alarms import sections

MAPPING: Final = "AWS::Lambda::EventSourceMapping"
QUEUE: Final = "AWS::SQS::Queue"
ALARM: Final = "AWS::CloudWatch::Alarm"
DAY: Final = 24 * 60 * 60


def mappings_of(stack: Synthesized, *, stream: bool) -> list[dict[str, Any]]:
    """The event source mappings of the table's stream, or those of queues."""
    return [
        one for one in stack.properties(MAPPING).values() if stream == ("StartingPosition" in one)
    ]


def queue_of(arn: Any) -> str:
    return str(arn["Fn::GetAtt"][0])


def function_of(stack: Synthesized, alias: Any) -> str:
    """The function that an alias is of; nothing invokes a function without its alias."""
    return str(stack.properties("AWS::Lambda::Alias")[alias["Ref"]]["FunctionName"]["Ref"])


@pytest.mark.rule("X2")
def test_record_is_retried_until_it_expires_from_the_stream_when_its_function_fails(
    stack: Synthesized,
) -> None:
    mappings = mappings_of(stack, stream=True)
    assert len(mappings) == 3
    for mapping in mappings:
        queue = queue_of(mapping["DestinationConfig"]["OnFailure"]["Destination"])
        assert queue in stack.resources(QUEUE)
        assert mapping["MaximumRetryAttempts"] == -1
        # Lambda reports a record only if it gives up before it expires from the stream.
        assert 23 * 60 * 60 < mapping["MaximumRecordAgeInSeconds"] < 24 * 60 * 60
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["ParallelizationFactor"] == (1 if "Audit" in queue else 10)
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_consumer_receives_its_own_records_when_the_stream_is_filtered(stack: Synthesized) -> None:
    patterns = {
        function_of(stack, mapping["FunctionName"]): [
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
    notified_text = notified(stack)
    delivering = [
        rule
        for rule in rules
        if "EventPattern" in rule and rule["Description"] not in notified_text
    ]
    assert len(delivering) == len(mappings) == 7
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
        timeout = functions[function_of(stack, mapping["FunctionName"])]["Timeout"]
        hidden = queues[queue]["VisibilityTimeout"]
        assert hidden >= 6 * timeout
        times = queues[queue]["RedrivePolicy"]["maxReceiveCount"]
        assert 6 * 3600 <= hidden * times <= 24 * 3600
        assert times <= 1000, "SQS allows no more"
        assert queues[queue]["MessageRetentionPeriod"] > hidden * times


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
        ("SubscriptionsFunction", EVENT_SOURCE, SUBSCRIPTION_EVENT_TYPES),
        ("ReportsFunction", {"prefix": VENDOR_SOURCE_PREFIX}, (VENDOR_DETERMINED,)),
    ],
)
def test_function_receives_its_own_events_when_the_bus_has_them(
    stack: Synthesized, function: str, source: Any, types: tuple[str, ...]
) -> None:
    queues = {
        queue_of(one["EventSourceArn"])
        for one in mappings_of(stack, stream=False)
        if function_of(stack, one["FunctionName"]).startswith(function)
    }
    (rule,) = (
        rule
        for rule in stack.properties("AWS::Events::Rule").values()
        if "Fn::GetAtt" in rule["Targets"][0]["Arn"]
        and queue_of(rule["Targets"][0]["Arn"]) in queues
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
        function_of(stack, rule["Targets"][0]["Arn"]).partition("Function")[0]: rule[
            "ScheduleExpression"
        ]
        for rule in stack.properties("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
    }
    assert scheduled == {
        "Warn": "rate(15 minutes)",
        "UploadSweep": "rate(5 minutes)",
        "Sweep": "rate(2 minutes)",
        "OrphanSweep": "rate(15 minutes)",
        "SubscriptionSweep": "rate(1 minute)",
    }


@pytest.mark.rule("X2")
def test_function_receives_executions_when_they_end_with_an_error(stack: Synthesized) -> None:
    [rule] = (
        rule
        for rule in stack.properties("AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("source") == ["aws.states"]
    )
    machine = state_machine(stack, "STANDARD")
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
    assert function_of(stack, mapping["FunctionName"]).startswith("ExecutionsFunction")


def alarms_of(stack: Synthesized) -> list[dict[str, Any]]:
    """Alarms that notify operators; those of a release roll it back."""
    return [one for one in stack.properties(ALARM).values() if "AlarmActions" in one]


def dimensions(alarm: dict[str, Any]) -> dict[str, Any]:
    """The dimensions of an alarm's metric, by name."""
    return {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())}


def watched(stack: Synthesized, dimension: str) -> set[tuple[str, str]]:
    """Resources with the metrics of theirs that an alarm watches."""
    return {
        (_named(found[dimension]), alarm["MetricName"])
        for alarm in alarms_of(stack)
        if dimension in (found := dimensions(alarm))
    }


def _named(value: Any) -> str:
    return str(value.get("Ref") or value["Fn::GetAtt"][0])


def test_alarms_watch_count_or_age_when_a_queue_has_messages(stack: Synthesized) -> None:
    """Two for each dead-letter queue: for any message, and for messages of a whole day.

    What a schedule did not do is done by its next run, so its queue has only the first one.
    """
    count, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
    schedules = {
        queue_of(rule["Targets"][0]["DeadLetterConfig"]["Arn"])
        for rule in stack.properties("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
    }
    queues = stack.properties(QUEUE)
    dead = {name for name, queue in queues.items() if "RedrivePolicy" not in queue}
    expected = {(name, count if name in dead else age) for name in queues}
    assert len(schedules) == 5
    assert watched(stack, "QueueName") == expected
    for_a_day = {
        _named(dimensions(alarm)["QueueName"])
        for alarm in alarms_of(stack)
        if alarm["MetricName"] == count and alarm["Period"] * alarm["EvaluationPeriods"] == DAY
    }
    assert for_a_day == dead - schedules


def test_alarms_watch_each_function_when_it_is_deployed(stack: Synthesized) -> None:
    """Functions that serve HTTP calls raise nothing; throttles are those of the whole account."""
    served = {spec.handler for spec in catalog.ALL if spec.serves_http}
    invoked = (catalog.SWEEP, catalog.UPLOAD_SWEEP, catalog.WARN, catalog.ORPHAN_SWEEP)
    scheduled = {one.handler for one in (*invoked, catalog.SUBSCRIPTION_SWEEP)}
    streamed = {one.handler for one in (catalog.RELAY, catalog.EXPIRE, catalog.AUDIT)}
    limited = {one.handler for one in (catalog.CRD, catalog.PAS)}
    expected = set()
    for name, function in stack.properties("AWS::Lambda::Function").items():
        if function["Handler"] not in served:
            expected.add((name, "Errors"))
        if function["Handler"] in scheduled:
            expected.add((name, "AsyncEventsDropped"))
        if function["Handler"] in streamed:
            expected.add((name, "IteratorAge"))
        if function["Handler"] in limited:
            expected.add((name, "Duration"))
    assert watched(stack, "FunctionName") == expected
    assert [
        one
        for one in alarms_of(stack)
        if one["MetricName"] == "Throttles" and "Dimensions" not in one
    ]


def test_alarms_watch_throttles_when_a_table_is_used(stack: Synthesized) -> None:
    found = {metric for _, metric in watched(stack, "TableName")}
    assert found == {"ReadThrottleEvents", "WriteThrottleEvents", "ThrottledRequests"}


def test_alarms_watch_executions_when_they_end_with_an_error(stack: Synthesized) -> None:
    machine = state_machine(stack, "STANDARD")
    assert watched(stack, "StateMachineArn") == {
        (machine, metric)
        for metric in (
            *("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"),
            "ExecutionThrottled",
        )
    }


def test_own_alarm_is_as_listed_when_it_is_deployed(stack: Synthesized) -> None:
    own = {
        alarm["AlarmDescription"]: alarm
        for alarm in alarms_of(stack)
        if alarm.get("Namespace") == "precert"
    }
    assert own.keys() == {described(one.text, one.runbook) for one in OWN_ALARMS}
    for one in OWN_ALARMS:
        alarm = own[described(one.text, one.runbook)]
        assert alarm["MetricName"] == one.metric
        assert dimensions(alarm) == {"service": "precert"}
        assert alarm["Statistic"] == ("Maximum" if one.maximum else "Sum")
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (
            60 * one.period_minutes,
            one.periods,
        )
        assert (alarm["Threshold"], alarm["ComparisonOperator"], alarm["TreatMissingData"]) == (
            (1, "LessThanThreshold", "breaching")
            if one.present
            else (one.above, "GreaterThanThreshold", "notBreaching")
        )


def notified(stack: Synthesized) -> dict[str, Any]:
    """Rules of events of AWS that notify a topic, by their description."""
    return {
        rule["Description"]: rule
        for rule in stack.properties("AWS::Events::Rule").values()
        if "Runbook: " in rule.get("Description", "")
    }


def test_every_alarm_names_its_section_when_it_notifies(stack: Synthesized) -> None:
    """No section is without an alarm. That of costs has no description; not every stage has backups."""
    descriptions = [one["AlarmDescription"] for one in alarms_of(stack)]
    named = {
        re.search(rf"Runbook: {RUNBOOK}#(\S+)$", one) for one in [*descriptions, *notified(stack)]
    }
    assert {found[1] for found in named if found} | {"backups", "costs"} == sections()
    assert None not in named


def test_topics_differ_when_alarms_have_other_severities(stack: Synthesized) -> None:
    page, ticket = sorted(stack.resources("AWS::SNS::Topic"))
    assert "Page" in page
    assert "Ticket" in ticket
    targets = {alarm["AlarmDescription"]: alarm["AlarmActions"] for alarm in alarms_of(stack)}
    for one in OWN_ALARMS:
        topic = page if one.severity is Severity.PAGE else ticket
        assert targets[described(one.text, one.runbook)] == [{"Ref": topic}]
    assert {actions[0]["Ref"] for actions in targets.values()} == {page, ticket}


def test_operators_are_notified_when_the_scan_plan_is_not_active(prod: Synthesized) -> None:
    [rule] = (
        rule
        for rule in notified(prod).values()
        if rule["EventPattern"]["source"] == ["aws.guardduty"]
    )
    assert rule["EventPattern"]["detail-type"] == [
        "GuardDuty Malware Protection Resource Status Error",
        "GuardDuty Malware Protection Resource Status Warning",
    ]
    [target] = rule["Targets"]
    assert "Page" in target["Arn"]["Ref"]
    assert RUNBOOK in target["Input"]


def test_operators_are_notified_when_the_budget_is_used_up(with_own_issuer: Synthesized) -> None:
    [budget] = with_own_issuer.properties("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 1000, "Unit": "USD"}
    notifications = budget["NotificationsWithSubscribers"]
    kinds = {one["Notification"]["NotificationType"] for one in notifications}
    assert kinds == {"ACTUAL", "FORECASTED"}


def test_units_are_named_when_a_dashboard_shows_times(stack: Synthesized) -> None:
    """Executions are measured in milliseconds, and shown in hours."""
    text = json.dumps(list(stack.properties("AWS::CloudWatch::Dashboard").values()))
    assert "time / 3600000" in text
    assert text.count("ExecutionTime") == 1


@pytest.mark.rule("W2", "W11")
@pytest.mark.parametrize("metric", ["DeadlinePassed", "DeemedDenialDue"])
def test_operators_are_alarmed_when_a_deadline_passes(stack: Synthesized, metric: str) -> None:
    """The alarm uses the relay's metric, with the names from its environment."""
    alarms = alarms_of(stack)
    [alarm] = (one for one in alarms if one.get("MetricName") == metric)
    assert (alarm["Namespace"], alarm["Threshold"]) == ("precert", 0)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "precert"}]
    for function in stack.properties("AWS::Lambda::Function").values():
        result = function["Environment"]["Variables"]
        assert (
            result["POWERTOOLS_METRICS_NAMESPACE"] == result["POWERTOOLS_SERVICE_NAME"] == "precert"
        )


def test_operators_are_emailed_when_an_address_is_configured(with_own_issuer: Synthesized) -> None:
    found = with_own_issuer.properties("AWS::SNS::Subscription").values()
    assert {one["Protocol"] for one in found} == {"email"}
    assert {one["TopicArn"]["Ref"][:10]: one["Endpoint"] for one in found} == {
        "AlarmsPage": "on-call@example.com",
        "AlarmsTick": "operators@example.com",
    }


def test_two_dashboards_exist_when_the_stack_is_deployed(stack: Synthesized) -> None:
    names = {d["DashboardName"] for d in stack.properties("AWS::CloudWatch::Dashboard").values()}
    assert names == {f"precert-{stack.stage}-business", f"precert-{stack.stage}-low-level"}
