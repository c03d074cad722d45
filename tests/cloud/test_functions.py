"""Functions: error names, bursts of calls, layers, and their environment."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from local.cloud import fork_server
from local.cloud.gaps import function_starts
from local.cloud.gaps.function_concurrency import LIMIT
from local.cloud.gaps.function_errors import UNNAMED, error_class
from local.cloud.gaps.function_timeouts import FACTOR
from local.journey.errors import last_errors
from tests.cloud.deployment import Deployment, until

BURST = 12


def workers(deployment: Deployment, calls: int) -> set[int]:
    """The processes that served this many concurrent calls."""
    with ThreadPoolExecutor(calls) as pool:
        answers = list(pool.map(lambda _: deployment.invoke("Slow", {}), range(calls)))
    assert all(error is None for _, error in answers), answers
    return {answer["pid"] for answer, _ in answers}


def test_an_error_retains_its_class_when_patched(deployment: Deployment) -> None:
    answer, error = deployment.invoke("Task", {"raise": "RefusedError"})
    assert error == "Unhandled"
    assert answer["errorType"] == "RefusedError"
    assert answer["errorMessage"] == "no"


def test_an_error_is_in_its_functions_log_when_it_is_read(deployment: Deployment) -> None:
    logs = deployment.cloud.client("logs")
    deployment.invoke("Task", {"raise": "RefusedError"})
    group = f"/aws/lambda/{deployment.out['Task']}"
    died = until(lambda: [result for result in last_errors(logs) if result.startswith(group)])
    assert "RefusedError" in died[-1]

    name = f"/test/{uuid4()}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    lines = ['{"level": "INFO", "message": "responded"}', "END", '"text"']
    lines += [f'{{"level": "ERROR", "message": "error", "at": {number}}}' for number in range(3)]
    later = time.time_ns() // 1_000_000 + 1000
    events = [{"timestamp": later + at, "message": line} for at, line in enumerate(lines)]
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    assert last_errors(logs, 2) == [f"{name}: {line}" for line in lines[-2:]]


def test_an_error_loses_its_class_when_unpatched(unpatched: Deployment) -> None:
    assert unpatched.invoke("Task", {"raise": "RefusedError"})[0]["errorType"] == UNNAMED


def test_the_class_is_found_behind_other_tracebacks_and_long_messages_when_patched() -> None:
    first = 'Traceback (most recent call last):\n  File "a", line 1\nKeyError: 1\n\n'
    second = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n'
    log = f"{first}During handling\n\n{second}pkg.mod.RefusedError: no: a\nOther: b\n"
    assert error_class(log) == "RefusedError"
    assert error_class("nothing traced") is None


def test_a_burst_is_served_by_few_workers_when_patched(deployment: Deployment) -> None:
    assert len(workers(deployment, BURST)) <= LIMIT


def test_a_burst_starts_a_worker_per_call_when_unpatched(unpatched: Deployment) -> None:
    assert len(workers(unpatched, LIMIT * 2)) > LIMIT


def test_a_function_has_more_time_than_its_timeout_when_patched(deployment: Deployment) -> None:
    left, error = deployment.invoke("Late", {})
    assert (1000 < left <= 1000 * FACTOR, error) == (True, None)


def test_a_function_ends_at_its_timeout_when_unpatched(unpatched: Deployment) -> None:
    answer, error = unpatched.invoke("Late", {})
    assert error == "Unhandled"
    assert "timed out after 1" in answer["errorMessage"]


def test_a_layer_is_unpacked_once_and_the_function_sees_only_its_own_when_patched(
    deployment: Deployment,
) -> None:
    answer = json.loads(deployment.invoke("Echo", {})[0]["body"])
    assert answer["layer"].startswith(str(deployment.cloud.state_dir / "layers"))
    assert answer["emulator"] is False
    assert "/code/" in answer["both"]
    assert len(list((deployment.cloud.state_dir / "layers").iterdir())) == 1


def test_a_layer_is_unpacked_for_each_worker_when_unpatched(unpatched: Deployment) -> None:
    answer = json.loads(unpatched.invoke("Echo", {})[0]["body"])
    assert "ministack-lambda-" in answer["layer"]
    assert answer["emulator"] is True
    assert "/layer_0/" in answer["both"]


def test_a_worker_is_a_copy_of_a_process_with_its_layers_when_patched(
    deployment: Deployment,
) -> None:
    answer = json.loads(deployment.invoke("Echo", {})[0]["body"])
    assert answer["imported_here"] is (not hasattr(os, "pidfd_open"))


def test_a_worker_imports_its_layers_itself_when_unpatched(unpatched: Deployment) -> None:
    assert json.loads(unpatched.invoke("Echo", {})[0]["body"])["imported_here"] is True


def test_one_process_is_copied_when_a_function_has_further_layers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(function_starts, "_servers", {("python", "/core:/base"): object()})
    assert function_starts.key_of("python", "/printing:/core:/base") == ("python", "/core:/base")
    for other in (("python", "/core"), ("python3.13", "/core:/base")):
        assert function_starts.key_of(*other) == other


def test_a_copy_searches_the_layers_of_its_function_only_when_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/core:/base")
    monkeypatch.setattr("sys.path", ["/nonexistent", "/core", "/base", "/usr/lib/python3"])
    environment = {"PYTHONPATH": "/printing:/core:/base"}
    path = fork_server.search_path({"script": "/code/_worker.py", "environment": environment})
    assert path == ["/code", "/printing", "/core", "/base", "/usr/lib/python3"]


def test_an_ended_worker_is_replaced_when_it_was_a_copy(deployment: Deployment) -> None:
    before = json.loads(deployment.invoke("Echo", {})[0]["body"])["pid"]
    os.kill(before, signal.SIGKILL)
    answered = until(lambda: deployment.invoke("Echo", {})[0].get("body"))
    assert json.loads(answered)["pid"] != before


def test_a_function_gets_nothing_of_the_users_environment_when_patched(
    deployment: Deployment,
) -> None:
    names = json.loads(deployment.invoke("Echo", {})[0]["body"])["environment"]
    assert "AWS_PROFILE" not in names
    assert "PRECERT_CLOUD_PYTHON" not in names


def quickest(deployment: Deployment, tries: int, good: float) -> float:
    """The minimum time of a warm function that logs nothing; no more attempts after a good one."""
    deployment.invoke("Echo", {})
    best = float("inf")
    for _ in range(tries):
        started = time.perf_counter()
        deployment.invoke("Echo", {})
        best = min(best, time.perf_counter() - started)
        if best < good:
            break
    return best


def test_an_idle_function_responds_at_once_when_patched(deployment: Deployment) -> None:
    assert quickest(deployment, 60, 0.050) < 0.050


def test_an_idle_function_responds_late_when_unpatched(unpatched: Deployment) -> None:
    assert quickest(unpatched, 5, 0.050) > 0.050
