"""The bus: rules deliver events to functions, and failures to the queue."""

import json
from uuid import uuid4

from tests.cloud.deployment import Deployment, until


def publish(deployment: Deployment, **detail: object) -> str:
    mark = str(uuid4())
    deployment.cloud.client("events").put_events(
        Entries=[
            {
                "EventBusName": deployment.out["Bus"],
                "Source": "trial",
                "DetailType": "Happened",
                "Detail": json.dumps({"mark": mark, **detail}),
            }
        ]
    )
    return mark


def tries(deployment: Deployment, mark: str) -> int:
    return len([n for n in deployment.notes("event") if n["event"]["detail"].get("mark") == mark])


def test_an_event_reaches_the_rules_function_when_patched(deployment: Deployment) -> None:
    mark = publish(deployment)
    until(lambda: tries(deployment, mark) == 1)


def test_a_failing_function_is_retried_and_its_event_then_dead_lettered_when_patched(
    deployment: Deployment,
) -> None:
    mark = publish(deployment, explode=True)
    until(lambda: tries(deployment, mark) == 3)
    until(lambda: [m for m in deployment.dead_letters() if mark in json.dumps(m)])


def test_a_failing_function_is_not_retried_when_unpatched(unpatched: Deployment) -> None:
    mark = publish(unpatched, explode=True)
    until(lambda: tries(unpatched, mark) == 1)
    until(lambda: "no, thanks" not in unpatched.cloud.log_file.read_text())
    other = publish(unpatched)
    until(lambda: tries(unpatched, other) == 1)
    assert tries(unpatched, mark) == 1
