"""The state machine's graph and rules; the local cloud accepts a ``Next`` to a missing state."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import pytest
from jsonata import Jsonata

from precert.domain.errors import TransientError
from precert.names import CLOCK_MOVED, Route, WorkflowTask
from precert.usecases.ports.requests import RequestClosedError
from tests.template.synthesized import Synthesized

Machine = dict[str, Any]
IDS: Final = {"task", "request_id", "cycle", "seconds", "task_token"}
TERMINAL: Final = {"Succeed", "Fail"}


def tasks(machine: Machine) -> dict[str, dict[str, Any]]:
    return {name: s for name, s in machine["States"].items() if s["Type"] == "Task"}


def ways_out(state: dict[str, Any]) -> Iterator[str]:
    branches = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    yield from (branch["Next"] for branch in branches if "Next" in branch)
    if "Default" in state:
        yield state["Default"]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def expressions(machine: Machine) -> list[str]:
    found = [text for text in texts(machine) if "{%" in text]
    assert all(text.startswith("{%") and text.endswith("%}") for text in found)
    return [text[2:-2].strip() for text in found]


def evaluated(expression: str, **variables: Any) -> Any:
    compiled = Jsonata(expression.removeprefix("{%").removesuffix("%}").strip())
    for name, value in variables.items():
        compiled.assign(name, value)
    return compiled.evaluate(None)


def test_every_next_state_exists_when_the_graph_is_walked(machine: Machine) -> None:
    states = machine["States"]
    dangling = [
        (name, target)
        for name, state in states.items()
        for target in ways_out(state)
        if target not in states
    ]
    assert dangling == []


def test_every_state_is_reachable_when_the_graph_is_walked(machine: Machine) -> None:
    reached: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(ways_out(machine["States"][name]))
    assert reached == set(machine["States"])


def test_state_has_an_exit_when_it_is_not_terminal(machine: Machine) -> None:
    for name, state in machine["States"].items():
        assert bool(list(ways_out(state))) is (state["Type"] not in TERMINAL), name


def test_state_has_a_comment_when_read(machine: Machine) -> None:
    assert machine["QueryLanguage"] == "JSONata"
    for name, state in machine["States"].items():
        assert len(state["Comment"].split()) >= 8, name
        assert name == name.title(), name


def test_task_has_timeout_retry_and_catch_when_it_fails(machine: Machine) -> None:
    for name, state in tasks(machine).items():
        assert "TimeoutSeconds" in state, name
        for retry in state["Retry"]:
            assert retry["JitterStrategy"] == "FULL", name
            assert 0 < retry["MaxAttempts"] <= 10, name
            assert retry["IntervalSeconds"] < retry["MaxDelaySeconds"] <= 300, name
            assert {"TransientError", "Lambda.TooManyRequestsException"} <= set(
                retry["ErrorEquals"]
            )
        everything = [catch["ErrorEquals"] for catch in state["Catch"]]
        assert everything[-1] == ["States.ALL"], name
        assert all("States.ALL" not in errors for errors in everything[:-1]), name


def test_timeout_is_not_an_error_when_a_decision_is_awaited(machine: Machine) -> None:
    state = machine["States"]["Await Decision"]
    assert all("States.Timeout" not in retry["ErrorEquals"] for retry in state["Retry"])
    nexts = {error: catch["Next"] for catch in state["Catch"] for error in catch["ErrorEquals"]}
    assert nexts["States.Timeout"] == "Check Deadline"
    assert nexts["RequestClosedError"] == "Determined"


def test_caught_error_classes_exist_when_the_machine_names_them(machine: Machine) -> None:
    named = {
        error
        for state in tasks(machine).values()
        for rule in (*state["Retry"], *state["Catch"])
        for error in rule["ErrorEquals"]
        if "." not in error
    }
    assert named == {TransientError.__name__, RequestClosedError.__name__, CLOCK_MOVED}


def test_input_is_ids_only_when_a_task_is_called(machine: Machine) -> None:
    for name, state in tasks(machine).items():
        payload = state["Arguments"]["Payload"]
        assert set(payload) <= IDS, name
        assert state["Output"] == {}, name
    assert set(machine["States"]["Determined"]["Output"]) <= IDS


def test_every_task_has_its_state_when_the_shared_names_list_it(machine: Machine) -> None:
    called = [state["Arguments"]["Payload"]["task"] for state in tasks(machine).values()]
    assert sorted(called) == sorted(task.value for task in WorkflowTask)


@pytest.mark.parametrize("route", list(Route))
def test_exactly_one_choice_matches_when_a_route_is_returned(
    machine: Machine, route: Route
) -> None:
    choices = machine["States"]["Route"]["Choices"]
    open_ways = [c["Next"] for c in choices if evaluated(c["Condition"], route=route.value)]
    expected = {Route.REVIEW: "Await Decision", Route.CLOSED: "Determined"}
    assert open_ways == [expected[route]]


def test_every_expression_parses_when_read(machine: Machine) -> None:
    found = expressions(machine)
    assert found
    for expression in found:
        Jsonata(expression)


@pytest.mark.parametrize(("answer", "seconds"), [({"seconds_to_next_check": 7}, 7), ({}, 1)])
def test_wait_is_defined_when_the_response_has_a_next_check_or_none(
    machine: Machine, answer: dict[str, int], seconds: int
) -> None:
    for name in ("Assess", "Check Deadline"):
        expression = machine["States"][name]["Assign"]["seconds_to_next_check"]
        states = {"result": {"Payload": answer}}
        assert evaluated(expression, states=states) == seconds


def test_few_states_are_entered_when_a_pended_cycle_is_decided(machine: Machine) -> None:
    path = ["Assess", "Route", "Await Decision", "Determined"]
    for name, following in pairwise(path):
        assert following in set(ways_out(machine["States"][name]))
    assert len(path) <= 5


def test_only_names_are_substituted_when_deployed(machine: Machine, stack: Synthesized) -> None:
    (deployed,) = stack.properties("AWS::StepFunctions::StateMachine").values()
    assert json.loads(deployed["DefinitionString"]) == machine
    assert set(deployed["DefinitionSubstitutions"]) == {"WorkflowFunctionArn"}
    logging = deployed["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    assert deployed["TracingConfiguration"] == {"Enabled": True}
    assert deployed["StateMachineType"] == "STANDARD"
