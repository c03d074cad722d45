"""The simulated Step Functions: expressions compared with jsonata, and rules."""

import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import jsonata
import pytest

from precert.names import CYCLE_PENDED
from tests.fakes.clock import START, Clock
from tests.simulation.machine import (
    Execution,
    ExecutionAlreadyExistsError,
    Machine,
    definition,
    expression,
)

SCOPES: list[dict[str, Any]] = [
    {
        "states": {
            "input": {"request_id": "R", "cycle": 2},
            "errorOutput": {"Error": "TransientError", "Cause": "3600"},
            "context": {"Task": {"Token": "token-1"}},
        },
        "request_id": "R",
        "cycle": 2,
        "seconds_to_next_check": 30,
        "failure_error": "E",
        "failure_cause": "C",
    },
    {
        "states": {
            "input": {"request_id": "R", "cycle": 1},
            "errorOutput": {"Error": "ClockMoved", "Cause": "1"},
            "context": {"Task": {"Token": "token-2"}},
        },
        "request_id": "R",
        "cycle": 1,
        "seconds_to_next_check": 1,
        "failure_error": "E",
        "failure_cause": "C",
    },
]


def expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)
    elif isinstance(value, str) and value.startswith("{%"):
        yield value.removeprefix("{%").removesuffix("%}").strip()


@pytest.mark.parametrize("text", sorted(set(expressions(definition()))))
@pytest.mark.parametrize("scope", SCOPES, ids=["open", "closed"])
def test_expression_has_its_jsonata_meaning_when_the_definition_uses_it(
    text: str, scope: dict[str, Any]
) -> None:
    reference = jsonata.Jsonata(text)
    for name, value in scope.items():
        reference.assign(name, value)
    assert expression(text)(scope) == reference.evaluate({})


def machine() -> tuple[Machine, Clock]:
    clock = Clock(START)
    return Machine(clock, Random(1), lambda _text: None), clock


def started(of: Machine, name: str = "R-1", cycle: int = 1) -> None:
    requested = json.dumps({"request_id": "R", "cycle": cycle})
    of.perform("start_execution", {"name": name, "input": requested})


def pend(of: Machine, execution: Execution) -> None:
    token = execution.token
    of.perform("send_task_failure", {"taskToken": token, "error": CYCLE_PENDED, "cause": "60"})
    of.returned(execution, token)


def test_execution_ends_when_its_task_token_is_completed_in_the_first_state() -> None:
    machine_, _ = machine()
    started(machine_)
    [execution] = machine_.ready()
    token = execution.token
    machine_.perform("send_task_success", {"taskToken": token, "output": "{}"})
    machine_.returned(execution, token)
    assert (execution.status, execution.entered) == ("SUCCEEDED", ["Assess"])


def test_second_start_changes_nothing_when_an_execution_of_the_name_runs() -> None:
    machine_, _ = machine()
    started(machine_)
    started(machine_)
    assert [one.entered for one in machine_.running] == [["Assess"]]


def test_name_is_rejected_when_its_execution_has_ended() -> None:
    machine_, _ = machine()
    started(machine_)
    machine_.abort(machine_.running[0])
    with pytest.raises(ExecutionAlreadyExistsError):
        started(machine_)


def test_execution_waits_for_its_token_when_its_function_has_returned() -> None:
    machine_, clock = machine()
    started(machine_)
    [execution] = machine_.ready()
    pend(machine_, execution)
    assert execution.state == "Await Decision"
    assert execution.payload == {
        "task": "await_decision",
        "request_id": "R",
        "cycle": 1,
        "seconds": 60,
        "task_token": execution.token,
    }
    machine_.returned(execution, execution.token)
    assert machine_.ready() == []
    clock.pass_by(seconds=60)
    assert machine_.time_out()
    assert execution.entered[-1] == "Check Deadline"


def test_token_resumes_once_when_the_clock_moved() -> None:
    machine_, _ = machine()
    started(machine_)
    [execution] = machine_.running
    pend(machine_, execution)
    token = execution.token
    machine_.perform(
        "send_task_failure", {"taskToken": token, "error": "ClockMoved", "cause": "7200"}
    )
    assert execution.entered[-2:] == ["Await Decision", "Await Decision"]
    assert execution.times_out_at == START + timedelta(seconds=7200)
    with pytest.raises(Exception, match="TaskTimedOut"):
        machine_.perform("send_task_success", {"taskToken": token, "output": "{}"})


def test_task_is_retried_with_backoff_when_it_fails_until_it_gives_up() -> None:
    machine_, clock = machine()
    started(machine_)
    [execution] = machine_.running
    tries = 0
    while execution.status == "RUNNING":
        clock.at = max(clock.at, execution.ready_at or clock.at)
        machine_.raised(execution, execution.token, "TransientError")
        tries += 1
    assert tries == 1 + definition()["States"]["Assess"]["Retry"][0]["MaxAttempts"]
    assert (execution.status, execution.error) == ("FAILED", "TransientError")
