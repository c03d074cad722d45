"""Executions that end without closing their cycle: nothing that is due depends on them."""

import json
from datetime import datetime, timedelta
from typing import Final

import pytest

from local.users import PROVIDER, REVIEWER
from precert.adapters.stepfunctions import execution_name
from precert.names import Env
from precert.usecases.repairs import sweep_clocks
from tests.journeys.portal import APPROVAL, Json, until
from tests.workflow.bench import Bench

LATEST: Final = timedelta(minutes=5)


def abort_all(bench: Bench, *request_ids: str) -> None:
    """Abort the executions of these requests, as an operator or an outage could."""
    client = bench.deployment.cloud.client("stepfunctions")
    for request_id in request_ids:
        bench.started(request_id)
        [running] = [one for one in bench.executions(request_id) if one["status"] == "RUNNING"]
        client.stop_execution(executionArn=running["executionArn"])


def await_decision(bench: Bench, request_id: str) -> None:
    """Wait until the second execution of the cycle waits for the decision."""

    def look() -> Json | None:
        found = bench.execution(request_id, attempt=1)
        waits = found and "Await Decision" in bench.states(request_id, attempt=1)
        return found if waits else None

    until("waiting for the next execution to wait", look)


def sweep_until_started(bench: Bench, request_id: str) -> Json:
    """Run the sweep, which continues where its last run ended, until it reaches the cycle."""

    def look() -> Json | None:
        bench.invoke("Sweep", {})
        return bench.execution(request_id, attempt=1)

    return until("waiting for the sweep to start an execution", look)


@pytest.mark.rule("W1", "X2")
def test_cycles_continue_at_once_when_every_execution_was_aborted(bench: Bench) -> None:
    request_ids = [bench.portal.pending() for _ in range(2)]
    abort_all(bench, *request_ids)
    for request_id in request_ids:
        await_decision(bench, request_id)
        assert bench.ended(request_id)["status"] == "ABORTED"
        bench.portal.decide(request_id, REVIEWER, 1, [APPROVAL])
        assert bench.ended(request_id, attempt=1)["status"] == "SUCCEEDED"


@pytest.mark.rule("W2", "X2")
def test_deadline_is_recorded_in_time_when_no_execution_is_left(bench: Bench) -> None:
    """The status changes do not arrive either; the sweep runs later, with a clock of the test's."""
    request_id = bench.portal.pending()
    request = bench.deps.requests.read(request_id)
    assert request is not None
    assert request.deadline is not None
    deadline = request.deadline
    with bench.broken("Executions", Env.REQUESTS_TABLE.value):
        abort_all(bench, request_id)
        for due in (deadline.warn_at, deadline.due_at):
            for minutes in range(0, 7, 2):
                now = due + timedelta(minutes=minutes)
                bench.deps.call(sweep_clocks, now=now)
        events = [
            json.loads(item["event"]["S"])
            for item in bench.items(request_id)
            if item["sk"]["S"].startswith("EVENT#")
        ]
        late = {one["type"]: one["at"] for one in events if one["type"].startswith("Deadline")}
        assert list(late) == ["DeadlineApproaching", "DeadlinePassed"]
        for at, due in zip(late.values(), (deadline.warn_at, deadline.due_at), strict=True):
            assert due <= datetime.fromisoformat(at) <= due + LATEST
        again = sweep_until_started(bench, request_id)
    assert (again["status"], again["name"]) == ("RUNNING", execution_name(request_id, 1, 1))
    assert bench.portal.details(request_id, PROVIDER)["status"] == "PENDING"
