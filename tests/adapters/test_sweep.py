"""No clock depends on an execution: the sweep, and executions that ended with an error (W2, X2)."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

import pytest

from functions.sweep import executions
from precert.adapters.stepfunctions import StepFunctionsWorkflow, execution_name
from precert.domain.errors import TransientError
from precert.names import SWEPT
from tests.adapters.calls import Context
from tests.adapters.cloud import Cloud
from tests.fakes.clock import START
from tests.fakes.samples import BOWEL_SURGERY

STANDARD: Final = timedelta(days=15)


def types_of(cloud: Cloud, request_id: str) -> list[str]:
    """The types of its recorded events."""
    events = (json.loads(item["event"]["S"]) for item in cloud.items("EVENT#"))
    return [one["type"] for one in events if one["request_id"] == request_id]


def statuses(cloud: Cloud) -> dict[str, str]:
    return {one["name"]: one["status"] for one in cloud.executions()}


def delivered(*events: dict[str, Any]) -> list[str]:
    """Ids of the messages that the function reports as failed."""
    records = [
        {"messageId": str(number), "body": json.dumps(event)} for number, event in enumerate(events)
    ]
    failed = executions.handle({"Records": records}, Context())["batchItemFailures"]
    return [one["itemIdentifier"] for one in failed]


# -- clocks -------------------------------------------------------------------------------------------


@pytest.mark.rule("W2", "W11", "X2")
def test_each_deadline_event_is_recorded_once_when_no_execution_exists(cloud: Cloud) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERY])
    reminder = START + STANDARD * 0.75
    for at, recorded in (
        (reminder, []),
        (reminder + timedelta(minutes=1), ["DeadlineApproaching"]),
        (START + STANDARD, ["DeadlineApproaching"]),
        (START + STANDARD + timedelta(minutes=1), ["DeadlineApproaching", "DeadlinePassed"]),
        (START + 2 * STANDARD, ["DeadlineApproaching", "DeadlinePassed"]),
    ):
        cloud.clock.at = at
        for _ in range(2):
            cloud.sweep()
        assert [one for one in types_of(cloud, request_id) if "Deadline" in one] == recorded
    assert [one["request_id"] for one in cloud.overdue().body["cycles"]] == [request_id]


@pytest.mark.rule("W2", "W11")
def test_all_that_is_due_is_recorded_when_the_sweep_was_out_for_weeks(cloud: Cloud) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERY])
    cloud.move(request_id, "information", {"text": "Since when?"})
    cloud.clock.pass_by(days=90)
    cloud.sweep()
    assert types_of(cloud, request_id)[-2:] == ["InformationOverdue", "DeadlinePassed"]


@pytest.mark.rule("W2")
def test_other_clocks_are_checked_when_one_request_is_damaged(cloud: Cloud) -> None:
    broken, sound = (cloud.pended(services=[BOWEL_SURGERY]) for _ in range(2))
    item = {**(cloud.item(broken) or {}), "plan": {"S": "{"}}
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=item)
    cloud.clock.pass_by(days=16)
    cloud.sweep()
    assert "DeadlinePassed" in types_of(cloud, sound)
    assert "DeadlinePassed" not in types_of(cloud, broken)


def test_sweep_is_few_calls_when_nothing_is_late(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The number of open cycles adds one call each, of at most a hundred, and reads no request."""
    request_ids = [cloud.pended() for _ in range(3)]
    assert cloud.relay(cloud.stream()) == []
    capsys.readouterr()
    with cloud.wire.counting() as calls:
        cloud.sweep()
    assert calls == [
        *("Query", "Query"),
        *("GetItem", "Query"),
        *("GetItem", "Query", *["DescribeExecution"] * len(request_ids)),
        *["Query"] * 2,
    ]
    [counted] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if SWEPT in line]
    assert (counted[SWEPT], counted["service"]) == ([1.0], "precert")


# -- executions ---------------------------------------------------------------------------------------


@pytest.mark.rule("W1", "X2")
def test_execution_is_started_when_the_relay_never_started_it(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    cloud.sweep()
    assert statuses(cloud) == {}
    cloud.clock.pass_by(minutes=2)
    for _ in range(2):
        cloud.sweep()
    assert statuses(cloud) == {f"{request_id}-1": "RUNNING"}


@pytest.mark.rule("X2")
def test_execution_is_started_again_at_once_when_it_was_aborted(cloud: Cloud) -> None:
    request_id = cloud.pended()
    assert cloud.relay(cloud.stream()) == []
    event = cloud.abort(request_id)
    for _ in range(2):
        assert delivered(event, event) == []
    assert statuses(cloud) == {f"{request_id}-1": "ABORTED", f"{request_id}-1-repair-1": "RUNNING"}


@pytest.mark.rule("X2")
def test_execution_is_started_again_by_the_sweep_when_its_status_change_was_lost(
    cloud: Cloud,
) -> None:
    request_ids = [cloud.pended(), cloud.pended()]
    assert cloud.relay(cloud.stream()) == []
    cloud.abort(request_ids[1])
    cloud.sweep()
    assert statuses(cloud)[execution_name(request_ids[1], 1, 1)] == "RUNNING"
    assert len(cloud.executions()) == 3


def test_nothing_is_started_when_the_cycle_of_an_aborted_execution_is_closed(cloud: Cloud) -> None:
    request_id = cloud.pended()
    assert cloud.relay(cloud.stream()) == []
    event = cloud.abort(request_id)
    assert cloud.void(request_id).status == 200
    assert delivered(event) == []
    cloud.sweep()
    assert statuses(cloud) == {f"{request_id}-1": "ABORTED"}


def test_only_that_message_is_delivered_again_when_the_workflow_does_not_respond(
    cloud: Cloud,
) -> None:
    first, second = cloud.pended(), cloud.pended()
    assert cloud.relay(cloud.stream()) == []
    events = [cloud.abort(first), cloud.abort(second)]
    cloud.wire.cut("StartExecution")
    assert delivered(*events) == ["0"]
    assert statuses(cloud)[f"{second}-1-repair-1"] == "RUNNING"
    assert delivered({"detail": {"status": "FAILED", "input": "?"}}, events[0]) == ["0"]
    assert statuses(cloud)[f"{first}-1-repair-1"] == "RUNNING"


@pytest.mark.rule("W2")
def test_clocks_are_checked_when_the_workflow_does_not_respond(cloud: Cloud) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERY])
    cloud.clock.pass_by(days=16)
    for _ in range(2):
        cloud.wire.cut("DescribeExecution")
    with pytest.raises(TransientError):
        cloud.sweep()
    assert "DeadlinePassed" in types_of(cloud, request_id)
    cloud.sweep()
    assert statuses(cloud) == {f"{request_id}-1": "RUNNING"}


@pytest.mark.rule("X2")
def test_every_open_cycle_has_its_turn_when_a_run_is_limited(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("precert.usecases.repairs.MAX_EXECUTIONS", 2)
    request_ids = {cloud.pended() for _ in range(5)}
    for runs, started in ((1, 2), (1, 4), (1, 5), (1, 5)):
        for _ in range(runs):
            cloud.sweep()
        assert len(cloud.executions()) == started
    assert set(statuses(cloud)) == {f"{one}-1" for one in request_ids}


# -- failures that repeat -----------------------------------------------------------------------------


class Executions:
    """Step Functions with executions that ended, by name."""

    exceptions: Any = SimpleNamespace(
        ExecutionDoesNotExist=KeyError, ExecutionAlreadyExists=FileExistsError
    )

    def __init__(self, ended: int, at: datetime) -> None:
        self.known = {execution_name("r", 1, n): "FAILED" for n in range(ended)}
        self.at = at
        self.described = 0

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        self.described += 1
        status = self.known[executionArn.rpartition(":")[2]]
        return {"status": status, "startDate": self.at, "stopDate": self.at}

    def start_execution(self, *, name: str, **_: Any) -> None:
        self.known[name] = "RUNNING"


@pytest.mark.parametrize(
    ("ended", "minutes"), [(1, 0), (2, 1), (3, 2), (5, 8), (7, 32), (8, 60), (40, 60), (1000, 60)]
)
def test_start_waits_up_to_an_hour_when_executions_fail_repeatedly(
    ended: int, minutes: int
) -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    known = Executions(ended, at)
    workflow = StepFunctionsWorkflow(known, state_machine_arn="arn:stateMachine:m")  # type: ignore[arg-type]
    early = at + timedelta(minutes=minutes) - timedelta(seconds=1)
    assert not workflow.runs("r", 1)
    assert workflow.start_again("r", 1, now=early) is (minutes == 0)
    assert workflow.start_again("r", 1, now=early + timedelta(seconds=1)) is (minutes > 0)
    assert known.known[execution_name("r", 1, ended)] == "RUNNING"
    assert workflow.runs("r", 1)
    assert len(known.known) == ended + 1
    # An operator does not wait, and does not start a second one.
    assert not workflow.start_again("r", 1)


def test_calls_stay_few_when_a_cycle_was_started_often() -> None:
    known = Executions(1000, datetime(2026, 7, 1, tzinfo=UTC))
    workflow = StepFunctionsWorkflow(known, state_machine_arn="arn:stateMachine:m")  # type: ignore[arg-type]
    assert not workflow.runs("r", 1)
    assert known.described <= 21


def test_operator_is_needed_when_a_cycle_was_started_too_often() -> None:
    known = Executions(1024, datetime(2026, 7, 1, tzinfo=UTC))
    workflow = StepFunctionsWorkflow(known, state_machine_arn="arn:stateMachine:m")  # type: ignore[arg-type]
    with pytest.raises(TransientError):
        workflow.start_again("r", 1)
    assert len(known.known) == 1024
