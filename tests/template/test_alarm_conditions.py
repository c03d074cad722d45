"""When each alarm on AWS's metrics is raised, and whom it notifies: the numbers of the runbook."""

import ast
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest

from infra.alarms import METRICS_NAME, RUNBOOK, Severity
from tests.architecture.source import ROOT
from tests.template.synthesized import Synthesized, state_machine

MINUTE: Final = 60
MINUTE_MS: Final = 60_000


class Condition(NamedTuple):
    """The severity, and above which value in how many periods of some minutes it is raised."""

    severity: Severity
    above: float
    periods: int = 1
    minutes: int = 5


PAGE, TICKET = Severity.PAGE, Severity.TICKET
CONDITIONS: Final = {
    "Throttles": Condition(PAGE, 0),
    r"\w+FunctionErrors": Condition(TICKET, 0),
    r"\w+FunctionDropped": Condition(TICKET, 0),
    "RelayFunctionStreamAge": Condition(PAGE, 5 * MINUTE_MS),
    "(Expire|Audit)FunctionStreamAge": Condition(PAGE, 60 * MINUTE_MS),
    "CrdFunctionSlow": Condition(TICKET, 5000, 3),
    "PasFunctionSlow": Condition(TICKET, 15_000, 3),
    r"\w+DeadLetters": Condition(TICKET, 0),
    r"\w+DeadLettersAge": Condition(PAGE, 0, periods=24, minutes=60),
    r"\w+QueueAge": Condition(PAGE, 600),
    r"\w+Throttled": Condition(TICKET, 10, 2),
    "(Failed|TimedOut|Aborted)Executions": Condition(TICKET, 0),
    "ThrottledExecutions": Condition(PAGE, 0, 3),
    "ApiErrors": Condition(PAGE, 5, 2),
}
"""By the name of the alarm."""
REPORTED: Final[dict[str, tuple[Severity, dict[str, Any]]]] = {
    "Keys": (PAGE, {"detail": {"eventName": ["DisableKey", "ScheduleKeyDeletion"]}}),
    "Certificates": (
        TICKET,
        {
            "detail-type": [
                "ACM Certificate Approaching Expiration",
                "ACM Certificate Expired",
                "ACM Certificate Renewal Action Required",
            ]
        },
    ),
    "Backups": (TICKET, {"detail-type": ["Backup Job State Change", "Copy Job State Change"]}),
    "ScanPlan": (PAGE, {"source": ["aws.guardduty"]}),
}
"""What AWS reports by events, by the name of the rule."""


def named(logical_id: str) -> str:
    return logical_id.removeprefix("Alarms")[:-8]


def severity(topic: Any) -> Severity:
    [found] = [one for one in Severity if topic["Ref"].startswith(f"Alarms{one.value.title()}")]
    return found


def alarms(stack: Synthesized) -> Iterator[tuple[str, dict[str, Any]]]:
    """The alarms on AWS's metrics that notify operators, by name."""
    for logical_id, alarm in stack.properties("AWS::CloudWatch::Alarm").items():
        if logical_id.startswith("Alarms") and alarm["Namespace"] != METRICS_NAME:
            yield named(logical_id), alarm


def test_alarm_is_raised_at_the_stated_value_when_it_is_deployed(prod: Synthesized) -> None:
    used = set()
    for name, alarm in alarms(prod):
        [pattern] = [one for one in CONDITIONS if re.fullmatch(one, name)]
        used.add(pattern)
        [topic] = alarm["AlarmActions"]
        periods, minutes = alarm["EvaluationPeriods"], alarm["Period"] // 60
        found = Condition(severity(topic), alarm["Threshold"], periods, minutes)
        assert found == CONDITIONS[pattern], name
    assert used == CONDITIONS.keys()


def provoked() -> set[str]:
    """The names of the alarms for whose notification the tests of the local cloud wait."""
    folder = ROOT / "tests" / "workflow"
    trees = [ast.parse(path.read_text("utf-8")) for path in folder.glob("test_*alarms.py")]
    strings = [
        one.value for tree in trees for one in ast.walk(tree) if isinstance(one, ast.Constant)
    ]
    return {one for one in strings if isinstance(one, str)}


@pytest.mark.parametrize("name", CONDITIONS)
def test_failure_is_provoked_in_the_local_cloud_when_an_alarm_is_on_a_metric_of_aws(
    name: str,
) -> None:
    assert any(re.fullmatch(name, one) for one in provoked())


def test_every_alarm_is_enabled_when_it_is_deployed(prod: Synthesized) -> None:
    for name, alarm in prod.properties("AWS::CloudWatch::Alarm").items():
        assert alarm.get("ActionsEnabled", True) is True, name


@pytest.mark.parametrize("name", CONDITIONS)
def test_runbook_states_the_severity_when_an_alarm_refers_to_it(
    prod: Synthesized, name: str
) -> None:
    page = (ROOT / RUNBOOK).read_text("utf-8")
    found = [alarm for one, alarm in alarms(prod) if re.fullmatch(name, one)]
    for alarm in found:
        anchor = alarm["AlarmDescription"].rpartition("#")[2]
        [section] = [
            one
            for one in page.split("\n### ")[1:]
            if one.partition("\n")[0].lower().replace(" ", "-") == anchor
        ]
        assert f"{CONDITIONS[name].severity.value.title()}:" in section


def test_alarm_is_raised_before_the_third_delivery_when_a_function_fails(prod: Synthesized) -> None:
    """SQS ignores the age of a message that was received three times."""
    queues = prod.properties("AWS::SQS::Queue")
    hidden = {
        name: one["VisibilityTimeout"] for name, one in queues.items() if "RedrivePolicy" in one
    }
    watched = [alarm for name, alarm in alarms(prod) if name.endswith("QueueAge")]
    assert len(watched) == len(hidden)
    for alarm in watched:
        [queue] = [name for name in hidden if name in str(alarm["Dimensions"])]
        # Two data points are within the rest of the second wait.
        assert alarm["Threshold"] + 2 * MINUTE <= 2 * hidden[queue]


def test_throttles_are_those_of_their_table_and_operation_when_it_is_throttled(
    prod: Synthesized,
) -> None:
    watched = {
        name: {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
        for name, alarm in alarms(prod)
        if name.endswith("Throttled")
    }
    tables = {name: str(one["TableName"]) for name, one in watched.items()}
    assert set(watched) == {
        *("RequestsReadsThrottled", "RequestsWritesThrottled", "RequestsQueriesThrottled"),
        *("RequestsTransactionsThrottled", "RequestsUpdatesThrottled", "ReferenceReadsThrottled"),
    }
    for name, table in tables.items():
        assert ("TablesRequests" in table) is name.startswith("Requests"), name
        assert ("TablesReference" in table) is name.startswith("Reference"), name
    operations = {name: one["Operation"] for name, one in watched.items() if "Operation" in one}
    assert operations == {
        "RequestsQueriesThrottled": "Query",
        "RequestsTransactionsThrottled": "TransactWriteItems",
        "RequestsUpdatesThrottled": "UpdateItem",
    }


@pytest.mark.parametrize("name", REPORTED)
def test_operators_are_notified_by_severity_when_aws_reports_an_event(
    prod: Synthesized, name: str
) -> None:
    [rule] = [
        one
        for logical_id, one in prod.properties("AWS::Events::Rule").items()
        if logical_id.startswith(f"Alarms{name}Rule")
    ]
    expected, pattern = REPORTED[name]
    assert severity(rule["Targets"][0]["Arn"]) is expected
    detail = rule["EventPattern"].get("detail", {})
    for key, value in pattern.items():
        if key == "detail":
            assert {one: detail[one] for one in value} == value
        else:
            assert rule["EventPattern"][key] == value


def test_month_is_notified_at_80_percent_when_a_budget_is_set(
    with_own_issuer: Synthesized,
) -> None:
    [budget] = with_own_issuer.properties("AWS::Budgets::Budget").values()
    found = {
        one["Notification"]["NotificationType"]: (
            one["Notification"]["Threshold"],
            [severity(subscriber["Address"]) for subscriber in one["Subscribers"]],
        )
        for one in budget["NotificationsWithSubscribers"]
    }
    assert found == {"ACTUAL": (80, [TICKET]), "FORECASTED": (100, [TICKET])}


RELEASE_ALARMS: Final = {
    "ReleasesServerErrors": ("server_error", 2, "service"),
    "ReleasesApiErrors": ("5xx", 5, "ApiId"),
    "WorkflowReleaseFails": ("ExecutionsFailed", 0, "StateMachineArn"),
}


def test_release_is_rolled_back_at_the_stated_value_when_it_fails(prod: Synthesized) -> None:
    """Within a minute: a canary lasts five or ten."""
    found = {
        logical_id[:-8]: (alarm["MetricName"], alarm["Threshold"], alarm["Dimensions"][0]["Name"])
        for logical_id, alarm in prod.properties("AWS::CloudWatch::Alarm").items()
        if not logical_id.startswith("Alarms") and alarm["Period"] == 60
    }
    assert found == RELEASE_ALARMS
    [machine] = [
        alarm["Dimensions"][0]["Value"]
        for logical_id, alarm in prod.properties("AWS::CloudWatch::Alarm").items()
        if logical_id.startswith("WorkflowReleaseFails")
    ]
    assert machine == {"Ref": state_machine(prod, "STANDARD")}
