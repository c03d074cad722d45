"""The bus: rules bring events to functions, and failures to the queue."""

import json
from uuid import uuid4

from tests.cloud.stand import Stand, until


def publish(stand: Stand, **detail: object) -> str:
    mark = str(uuid4())
    stand.cloud.client("events").put_events(
        Entries=[
            {
                "EventBusName": stand.out["Bus"],
                "Source": "trial",
                "DetailType": "Happened",
                "Detail": json.dumps({"mark": mark, **detail}),
            }
        ]
    )
    return mark


def tries(stand: Stand, mark: str) -> int:
    return len([n for n in stand.notes("event") if n["event"]["detail"].get("mark") == mark])


def test_an_event_reaches_the_rules_function_when_filled(stand: Stand) -> None:
    mark = publish(stand)
    until(lambda: tries(stand, mark) == 1)


def test_a_function_that_fails_is_tried_again_and_then_given_up_when_filled(stand: Stand) -> None:
    mark = publish(stand, explode=True)
    until(lambda: tries(stand, mark) == 3)
    until(lambda: [m for m in stand.dead_letters() if mark in json.dumps(m)])


def test_a_function_that_fails_is_not_tried_again_when_unfilled(raw: Stand) -> None:
    mark = publish(raw, explode=True)
    until(lambda: tries(raw, mark) == 1)
    until(lambda: "no, thanks" not in raw.cloud.log_file.read_text())
    other = publish(raw)
    until(lambda: tries(raw, other) == 1)
    assert tries(raw, mark) == 1
