"""Operators repair what is stuck, and send failed deliveries again (X2)."""

import io
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

import pytest

from functions.inbox import handler as inbox
from functions.operations import handler as operations
from functions.relay import handler as relay
from precert.names import Delivery, Env
from precert.settings import Settings
from precert.usecases import operations as operator_queues
from tests.adapters.callers import OPERATOR, PROVIDER, REVIEWER
from tests.adapters.calls import Context, Reply
from tests.adapters.cloud import Cloud
from tests.adapters.tables import names
from tests.adapters.unmatched import manually_entered
from tests.fakes.samples import REQUEST_ID

FUNCTIONS: Final = {"inbox": inbox, "relay": relay}


class Functions:
    """Lambda: invokes handlers in process, or fails as configured."""

    def __init__(self) -> None:
        self.invoked: list[str] = []
        self.fails = False

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's names
        self.invoked.append(FunctionName)
        function: ModuleType = FUNCTIONS[FunctionName]
        try:
            if self.fails:
                raise TimeoutError
            result = function.handle(json.loads(Payload), Context())
        except Exception as error:  # noqa: BLE001 - Lambda returns every error
            failed = {"errorType": type(error).__name__}
            return {
                "FunctionError": "Unhandled",
                "Payload": io.BytesIO(json.dumps(failed).encode()),
            }
        return {"Payload": io.BytesIO(json.dumps(result).encode())}


@pytest.fixture
def functions(cloud: Cloud) -> Functions:
    """Configure two queues for the operations function, of the inbox and of the relay."""
    sqs = cloud.clients.by_name["sqs"]
    queues = {
        delivery: [str(sqs.create_queue(QueueName=names(name))["QueueUrl"]), name]
        for delivery, name in (("MESSAGES", "inbox"), ("RELAY", "relay"))
    }
    environ = {**cloud.deps.settings.environ, Env.DELIVERIES: json.dumps(queues)}
    cloud.deps.settings = Settings(environ)
    found = Functions()
    cloud.deps.lambda_functions = found  # type: ignore[assignment]
    return found


def fail(cloud: Cloud, delivery: str, *bodies: Any) -> None:
    """Put messages on the dead-letter queue of a receiver."""
    url = json.loads(cloud.deps.settings[Env.DELIVERIES])[delivery][0]
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps(body)
        cloud.clients.by_name["sqs"].send_message(QueueUrl=url, MessageBody=text)


def operate(
    cloud: Cloud, method: str, path: str, body: Any = None, by: Mapping[str, str] = OPERATOR
) -> Reply:
    return cloud.call(operations, method, f"/v1/operations/{path}", body, by=by)


def failed(cloud: Cloud) -> dict[str, int]:
    reply = operate(cloud, "GET", "failed-deliveries")
    assert reply.status == 200, reply.text
    return {one["delivery"]: one["count"] for one in reply.body["deliveries"]}


def send_again(cloud: Cloud, delivery: str, **more: Any) -> Any:
    body = {"delivery": delivery, **more}
    reply = operate(cloud, "POST", "failed-deliveries/redelivery", body)
    assert reply.status == 200, reply.text
    return reply.body


# -- stuck requests -----------------------------------------------------------------------------------


def stuck(cloud: Cloud) -> list[Any]:
    reply = operate(cloud, "GET", "stuck-requests")
    assert reply.status == 200, reply.text
    found: list[Any] = reply.body["requests"]
    return found


def test_request_is_stuck_until_it_is_repaired_when_its_execution_was_lost(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    assert stuck(cloud) == []
    cloud.clock.pass_by(minutes=6)
    recent = cloud.submitted()
    with cloud.wire.counting() as calls:
        [row] = stuck(cloud)
    assert calls == ["Query", "BatchGetItem", "DescribeExecution"]
    assert row["request"]["request_id"] == request_id != recent
    assert (row["cycle"], row["execution_running"]) == (1, False)
    with cloud.wire.counting() as calls:
        repaired = operate(cloud, "POST", f"requests/{request_id}/repair")
    assert calls == ["GetItem", "DescribeExecution", "StartExecution"]
    assert repaired.body == {
        "request_id": request_id,
        "number": row["request"]["number"],
        "cycle": 1,
        "started": True,
    }
    assert [one["execution_running"] for one in stuck(cloud)] == [True]
    again = operate(cloud, "POST", f"requests/{request_id}/repair")
    assert (again.status, again.body["started"]) == (200, False)
    assert len(cloud.executions()) == 1
    cloud.pend(request_id)
    assert stuck(cloud) == []


def test_repair_is_refused_when_no_cycle_is_open(cloud: Cloud) -> None:
    determined, draft = cloud.determined(), cloud.start()
    reply = operate(cloud, "POST", f"requests/{determined}/repair")
    assert (reply.status, reply.code) == (409, "action_not_allowed")
    assert reply.body["allowed_actions"] == cloud.as_operator(determined).body["allowed_actions"]
    for absent in (draft, REQUEST_ID):
        assert operate(cloud, "POST", f"requests/{absent}/repair").status == 404
    assert cloud.executions() == []


def counts(cloud: Cloud) -> dict[str, int]:
    """The counts of the queues that have entries."""
    reply = operate(cloud, "GET", "counts")
    assert reply.status == 200, reply.text
    assert all(one["complete"] for one in reply.body.values())
    return {name: one["count"] for name, one in reply.body.items() if one["count"]}


def test_counts_equal_the_lists_when_requests_are_stuck_overdue_or_unmatched(
    cloud: Cloud, functions: Functions
) -> None:
    """A list and its number name the same: each request that waits, and no other."""
    assert counts(cloud) == {}
    cloud.submitted()
    assert counts(cloud) == {}
    cloud.clock.pass_by(minutes=6)
    cloud.submitted()
    cloud.pended(servicing_provider=manually_entered())
    fail(cloud, "MESSAGES", {"detail": {}}, {"detail": {}})
    fail(cloud, "RELAY", {"detail": {}})
    with cloud.wire.counting() as calls:
        found = counts(cloud)
    assert found == {"stuck_requests": 1, "failed_deliveries": 3, "unmatched_providers": 1}
    assert calls == ["Query"] * 2 + ["GetQueueAttributes"] * 2 + ["Query"] * 4
    assert len(stuck(cloud)) == 1


def test_count_is_a_lower_bound_when_a_queue_is_longer_than_what_is_counted(
    cloud: Cloud, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator_queues, "MAX_COUNTED", 1)
    for _ in range(2):
        cloud.submitted()
    cloud.clock.pass_by(minutes=6)
    with cloud.wire.counting() as calls:
        body = operate(cloud, "GET", "counts").body
    assert body["stuck_requests"] == {"count": 1, "complete": False}
    assert body["overdue"] == {"count": 0, "complete": True}
    assert calls.count("Query") == 6


@pytest.mark.parametrize("by", [PROVIDER, REVIEWER], ids=["provider", "reviewer"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "counts", None),
        ("GET", "stuck-requests", None),
        ("POST", f"requests/{REQUEST_ID}/repair", None),
        ("GET", "failed-deliveries", None),
        ("POST", "failed-deliveries/redelivery", {"delivery": "MESSAGES"}),
    ],
)
def test_caller_is_refused_when_operator_is_missing(
    cloud: Cloud, method: str, path: str, body: Any, by: Mapping[str, str]
) -> None:
    with cloud.wire.counting() as calls:
        assert operate(cloud, method, path, body, by).status == 403
    assert calls == []


# -- failed deliveries --------------------------------------------------------------------------------


def test_message_is_delivered_once_when_its_failed_delivery_is_sent_again(
    cloud: Cloud, functions: Functions
) -> None:
    cloud.pended()
    assert cloud.relay(cloud.stream()) == []
    [*_, entry] = cloud.published()
    event = {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
    fail(cloud, "MESSAGES", event, event)
    assert failed(cloud) == {"RELAY": 0, "MESSAGES": 2}
    reply = operate(cloud, "GET", "failed-deliveries").body["deliveries"]
    [messages] = [one for one in reply if one["delivery"] == "MESSAGES"]
    assert messages["oldest_at"]
    assert messages["delivery_label"] == "Messages to providers"
    functions.fails = True
    assert send_again(cloud, "MESSAGES", limit=1)["failed"] == 1
    assert failed(cloud)["MESSAGES"] == 2
    functions.fails = False
    before = cloud.messages().body["unread"]
    result = send_again(cloud, "MESSAGES")
    assert (result["redelivered"], result["failed"]) == (1, 0), "the other one is still hidden"
    assert failed(cloud)["MESSAGES"] == 1
    assert cloud.messages().body["unread"] == before + 1


def test_nothing_is_delivered_when_the_body_has_errors(cloud: Cloud, functions: Functions) -> None:
    fail(cloud, "RELAY", {"detail": {}})
    body = {"delivery": "RELAY", "limit": 0}
    with cloud.wire.counting() as calls:
        reply = operate(cloud, "POST", "failed-deliveries/redelivery", body)
    assert (reply.status, calls, functions.invoked) == (422, [], [])


def test_event_is_relayed_again_when_its_record_was_set_aside(
    cloud: Cloud, functions: Functions
) -> None:
    request_id = cloud.submitted()
    [record, *_] = [one for one in cloud.stream() if "RequestSubmitted" in json.dumps(one)]
    image = record["dynamodb"]["NewImage"]
    poison = {
        "condition": "PoisonRecord",
        "pk": image["pk"]["S"],
        "sk": image["sk"]["S"],
        "event_name": "INSERT",
        "sequence_number": "0001",
        "error_class": "ValueError",
    }
    removed = {**poison, "sk": "EVENT#999999"}
    position = {"requestContext": {}, "DDBStreamBatchInfo": {"shardId": "shardId-1"}}
    fail(cloud, "RELAY", poison, removed, position, "no JSON")
    result = send_again(cloud, "RELAY")
    assert (result["redelivered"], result["not_redeliverable"]) == (1, 3)
    assert functions.invoked == ["relay"]
    assert [one["name"] for one in cloud.executions()] == [f"{request_id}-1"]


def test_every_delivery_has_its_words_when_operators_read_them(cloud: Cloud) -> None:
    lists = cloud.call(
        __import__("functions.check.handler", fromlist=["handle"]), "GET", "/v1/reference"
    ).body["code_lists"]
    [deliveries] = [one for one in lists if one["name"] == "deliveries"]
    assert {one["code"] for one in deliveries["codes"]} == {one.value for one in Delivery}
