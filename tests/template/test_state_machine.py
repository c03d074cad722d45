"""The state machine's graph and rules; the local cloud accepts a ``Next`` to a missing state."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from jsonata import Jsonata

from precert.domain.errors import TransientError
from precert.names import CLOCK_MOVED, CYCLE_PENDED, WorkflowTask
from tests.template.synthesized import Synthesized, state_machine

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
        leaves = bool(list(ways_out(state))) or state.get("End", False)
        assert leaves is (state["Type"] not in TERMINAL), name


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
    assert nexts[CLOCK_MOVED] == "Await Decision"


def test_caught_error_classes_exist_when_the_machine_names_them(machine: Machine) -> None:
    named = {
        error
        for state in tasks(machine).values()
        for rule in (*state["Retry"], *state["Catch"])
        for error in rule["ErrorEquals"]
        if "." not in error
    }
    assert named == {TransientError.__name__, CLOCK_MOVED, CYCLE_PENDED}


def test_input_is_ids_only_when_a_task_is_called(machine: Machine) -> None:
    for name, state in tasks(machine).items():
        payload = state["Arguments"]["Payload"]
        assert set(payload) <= IDS, name
        for output in (state["Output"], *(one["Output"] for one in state["Catch"])):
            assert set(output) <= IDS, name


def test_every_task_has_its_state_when_the_shared_names_list_it(machine: Machine) -> None:
    called = [state["Arguments"]["Payload"]["task"] for state in tasks(machine).values()]
    assert sorted(called) == sorted(task.value for task in WorkflowTask)


@pytest.mark.parametrize("name", ["Assess", "Check Deadline"])
def test_task_ends_the_execution_or_waits_when_its_token_is_completed(
    machine: Machine, name: str
) -> None:
    """Without a Choice and a Succeed state, each of which would be a transition."""
    state = machine["States"][name]
    assert state["End"]
    assert state["Resource"].endswith(":lambda:invoke.waitForTaskToken")
    assert "States.Timeout" in state["Retry"][0]["ErrorEquals"]
    [pended, _] = state["Catch"]
    assert (pended["ErrorEquals"], pended["Next"]) == ([CYCLE_PENDED], "Await Decision")
    output = {"Error": CYCLE_PENDED, "Cause": "3600"}
    seconds = pended["Assign"]["seconds_to_next_check"]
    assert evaluated(seconds, states={"errorOutput": output}) == 3600


def test_every_expression_parses_when_read(machine: Machine) -> None:
    found = expressions(machine)
    assert found
    for expression in found:
        Jsonata(expression)


def test_two_states_are_entered_when_a_pended_cycle_is_decided(machine: Machine) -> None:
    assert "Await Decision" in set(ways_out(machine["States"]["Assess"]))
    assert machine["States"]["Await Decision"]["End"]


def test_only_names_are_substituted_when_deployed(machine: Machine, stack: Synthesized) -> None:
    name = state_machine(stack, "STANDARD")
    deployed = stack.properties("AWS::StepFunctions::StateMachine")[name]
    assert json.loads(deployed["DefinitionString"]) == machine
    assert set(deployed["DefinitionSubstitutions"]) == {"WorkflowFunctionArn"}
    logging = deployed["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    assert deployed["TracingConfiguration"] == {"Enabled": True}


def test_assessment_is_one_invocation_without_a_retry_when_a_request_is_submitted(
    assessment: Machine, stack: Synthesized
) -> None:
    """Whatever it does not do, the execution of the cycle does: its caller may not wait longer."""
    name = state_machine(stack, "EXPRESS")
    deployed = stack.properties("AWS::StepFunctions::StateMachine")[name]
    assert json.loads(deployed["DefinitionString"]) == assessment
    logging = deployed["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    [(state, assess)] = assessment["States"].items()
    assert (assessment["StartAt"], assess["End"]) == (state, True)
    assert assess["Resource"] == "arn:aws:states:::lambda:invoke"
    assert "Retry" not in assess
    assert assessment["TimeoutSeconds"] <= 10
    payload = assess["Arguments"]["Payload"]
    assert payload["task"] == WorkflowTask.ASSESS
    assert set(payload) == {"task", "request_id", "cycle"}
    answered = {"result": {"Payload": {"route": "closed"}}, "input": {"cycle": 1}}
    assert evaluated(assess["Output"]["route"], states=answered) == "closed"
    assert evaluated(payload["cycle"], states=answered) == 1
