"""Each alarm on a metric of AWS is raised in the local cloud when its failure really happens.

The local cloud records the metrics as AWS does, and the alarms are those of the template. Their periods
and the thresholds that are times are shortened by the same factor.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any, Final
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import ClientError

from local.client import connections
from local.users import PROVIDER
from precert.names import DASHBOARD_INDEX, TIN, Env
from tests.workflow.bench import Bench
from tests.workflow.operators import Operators

UNSIGNED: Final = ".".join(
    urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg": "RS384", "typ": "JWT"}', b'{"iss": "https://ehr.example.org"}', b"-")
)
"""The JWT of a client that the function looks for in the table."""
MISSING: Final = "0" * 26
"""An id, for which the function reads the table."""
HIDDEN_SECONDS: Final = 5
"""The visibility timeout of a queue, rounded up, with the factor by which the periods are shortened."""
CALLS: Final = 5
"""Calls of each kind at each look; a limited table serves one in a second."""


def test_operators_are_notified_when_an_execution_times_out_in_a_throttled_function(
    bench: Bench, operators: Operators
) -> None:
    client = bench.deployment.cloud.client("stepfunctions")
    machine = bench.deployment.outputs["StateMachineArn"]
    definition = client.describe_state_machine(stateMachineArn=machine)["definition"]
    limited = json.dumps({**json.loads(definition), "TimeoutSeconds": 1})
    operators.clear("Throttles", "TimedOutExecutions")
    client.update_state_machine(stateMachineArn=machine, definition=limited)
    try:
        with bench.stopped("Workflow"):
            started = client.start_execution(
                stateMachineArn=machine,
                name=f"late-{uuid4()}",
                input='{"request_id": "none", "cycle": 1}',
            )
            operators.notified("Throttles", "Page", "throttles")
            operators.notified("TimedOutExecutions", "Ticket", "executions")
            ended = client.describe_execution(executionArn=started["executionArn"])
            assert ended["status"] == "TIMED_OUT"
    finally:
        client.update_state_machine(stateMachineArn=machine, definition=definition)


def test_operators_get_a_ticket_when_a_scheduled_invocation_is_discarded(
    bench: Bench, operators: Operators
) -> None:
    operators.clear("SweepFunctionDropped", "SweepFunctionErrors")
    client = bench.deployment.cloud.client("lambda")
    with bench.broken("SweepFunction", Env.REQUESTS_TABLE.value):
        client.invoke(
            FunctionName=bench.function("SweepFunction"), InvocationType="Event", Payload=b"{}"
        )
        operators.notified("SweepFunctionErrors", "Ticket", "function-errors")
        operators.notified("SweepFunctionDropped", "Ticket", "dropped-events")


def test_operators_are_paged_when_the_relay_fails_on_a_record_again_and_again(
    bench: Bench, operators: Operators
) -> None:
    operators.clear("RelayFunctionStreamAge")
    with bench.broken("RelayFunction", Env.REQUESTS_TABLE.value):
        bench.portal.submitted()
        operators.notified("RelayFunctionStreamAge", "Page", "stream-age")


def test_operators_are_paged_when_a_function_fails_on_an_event_again_and_again(
    bench: Bench, operators: Operators
) -> None:
    """Before SQS ignores the age of the event, which it delivers as often as with the full times."""
    operators.clear("MessagesQueueAge")
    with (
        bench.redelivering("MessagesQueue", HIDDEN_SECONDS),
        bench.broken("InboxFunction", Env.REQUESTS_TABLE.value),
    ):
        bench.portal.pending()
        operators.notified("MessagesQueueAge", "Page", "queue-age")


def _sent_again_and_again(*calls: Callable[[], Any]) -> Callable[[], None]:
    def send() -> None:
        for call in calls:
            for _ in range(CALLS):
                with suppress(ClientError):
                    call()

    return send


@contextmanager
def calling(*calls: Callable[[], object]) -> Iterator[None]:
    """The calls of two clients each, one after the other."""
    ended = Event()

    def repeat(call: Callable[[], object]) -> None:
        while not ended.is_set():
            call()

    with ThreadPoolExecutor(2 * len(calls)) as pool:
        running = [pool.submit(repeat, call) for call in calls for _ in range(2)]
        try:
            yield
        finally:
            ended.set()
    for one in running:
        one.result()


def test_operators_are_notified_when_tables_throttle_and_answers_are_late(
    bench: Bench, operators: Operators
) -> None:
    session, endpoint = bench.deployment.cloud.session(), bench.deployment.cloud.endpoint_url
    once = Config(retries={"total_max_attempts": 1})
    client: Any = session.client("dynamodb", endpoint_url=endpoint, config=once)
    provider = bench.deployment.caller(PROVIDER)
    url = f"{bench.deployment.api_url}/cds-services/order-sign-crd"

    def hook() -> None:
        connections().post(url, json={}, headers={"Authorization": f"Bearer {UNSIGNED}"})

    def claims() -> None:
        provider.call("DELETE", f"/fhir/r4/Subscription/{MISSING}")

    throttled = (
        *("RequestsReadsThrottled", "RequestsWritesThrottled", "RequestsTransactionsThrottled"),
        *("RequestsQueriesThrottled", "RequestsUpdatesThrottled", "ReferenceReadsThrottled"),
    )
    slow = ("CrdFunctionSlow", "PasFunctionSlow")
    operators.clear(*throttled, *slow)
    key = {"pk": {"S": "TEST#1"}, "sk": {"S": "TEST"}}
    with (
        bench.limited("RequestsTableName", DASHBOARD_INDEX) as requests,
        bench.limited("ReferenceTableName") as data,
    ):
        write = {"Put": {"TableName": requests, "Item": key}}
        calls = _sent_again_and_again(
            lambda: client.get_item(TableName=requests, Key=key),
            lambda: client.delete_item(TableName=requests, Key=key),
            lambda: client.transact_write_items(TransactItems=[write]),
            lambda: client.update_item(TableName=requests, Key=key),
            lambda: client.query(
                TableName=requests,
                IndexName=DASHBOARD_INDEX,
                KeyConditionExpression=f"{TIN} = :tin",
                ExpressionAttributeValues={":tin": {"S": "0"}},
            ),
            lambda: client.get_item(TableName=data, Key=key),
        )
        with calling(hook, claims):
            for name in throttled:
                operators.notified(name, "Ticket", "throttles", meanwhile=calls)
            for name in slow:
                operators.notified(name, "Ticket", "slow-answers", meanwhile=calls)
    client.delete_item(TableName=requests, Key=key)


def test_operators_are_paged_when_transitions_exceed_the_quota_of_the_account(
    bench: Bench, operators: Operators
) -> None:
    """Another state machine of the account uses the quota."""
    client = bench.deployment.cloud.client("stepfunctions")
    machine = bench.deployment.outputs["StateMachineArn"]
    role = client.describe_state_machine(stateMachineArn=machine)["roleArn"]
    endless = {
        "StartAt": "Ping",
        "States": {
            "Ping": {"Type": "Pass", "Next": "Pong"},
            "Pong": {"Type": "Pass", "Next": "Ping"},
        },
    }
    operators.clear("ThrottledExecutions")
    other = client.create_state_machine(
        name="endless", definition=json.dumps(endless), roleArn=role
    )["stateMachineArn"]
    running = [client.start_execution(stateMachineArn=other)["executionArn"] for _ in range(3)]
    try:
        operators.notified(
            "ThrottledExecutions",
            "Page",
            "throttles",
            meanwhile=lambda: client.start_execution(stateMachineArn=machine, input="{}"),
        )
    finally:
        for arn in running:
            client.stop_execution(executionArn=arn)
        client.delete_state_machine(stateMachineArn=other)
