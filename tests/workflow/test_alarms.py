"""Alarms are raised in the local cloud: a failure is provoked, and its message arrives at the topic.

The periods of the alarms are shortened. These alarms are on errors, dead letters and metrics of the
product, of which ``tests/adapters/test_alarms.py`` provokes all; ``test_aws_alarms.py`` has the others.
"""

from typing import Any, Final

from local.users import PROVIDER
from tests.journeys.portal import until
from tests.workflow.bench import Bench
from tests.workflow.operators import Operators

UNREADABLE: Final = {
    "eventName": "INSERT",
    "dynamodb": {"NewImage": {"event": {"S": "{}"}}, "SequenceNumber": "7"},
}


def test_operators_are_paged_when_a_stored_record_cannot_be_read(
    bench: Bench, operators: Operators
) -> None:
    request_id = bench.portal.pending()
    table = bench.deployment.outputs["RequestsTableName"]
    dynamodb = bench.deployment.cloud.client("dynamodb")
    [header] = [one for one in bench.items(request_id) if one["sk"]["S"] == "REQUEST"]
    caller = bench.deployment.caller(PROVIDER)

    def read() -> None:
        assert caller.call("GET", f"/v1/requests/{request_id}").status_code == 500

    operators.clear("DamagedRecords", "ServerErrors", "ApiErrors")
    dynamodb.put_item(TableName=table, Item={**header, "plan": {"S": "{"}})
    try:
        read()
        operators.notified("DamagedRecords", "Page", "damaged-records")
        operators.notified("ServerErrors", "Ticket", "server-errors")
        # More than five in each of two periods.
        operators.notified("ApiErrors", "Page", "server-errors", meanwhile=read)
    finally:
        dynamodb.put_item(TableName=table, Item=header)


def test_operators_get_a_ticket_when_a_dead_letter_appears(
    bench: Bench, operators: Operators
) -> None:
    urls = bench.deployment.cloud.client("sqs").list_queues()["QueueUrls"]
    [url] = [one for one in urls if "RelayFunctionDeadLetters" in one]
    operators.sqs.purge_queue(QueueUrl=url)
    operators.clear("RelayDeadLetters")
    assert bench.invoke("Relay", {"Records": [UNREADABLE]}) == {"batchItemFailures": []}
    operators.notified("RelayDeadLetters", "Ticket", "dead-letters")
    operators.sqs.purge_queue(QueueUrl=url)


def test_operators_get_a_ticket_when_invocations_fail(bench: Bench, operators: Operators) -> None:
    operators.clear("InboxFunctionErrors")
    client: Any = bench.deployment.cloud.client("lambda")
    answer = client.invoke(FunctionName=bench.function("Inbox"), Payload=b'{"detail": {}}')
    assert answer["FunctionError"]
    operators.notified("InboxFunctionErrors", "Ticket", "function-errors")


def test_operators_get_a_ticket_when_an_execution_fails_or_is_aborted(
    bench: Bench, operators: Operators
) -> None:
    client = bench.deployment.cloud.client("stepfunctions")
    request_id = bench.portal.pending()
    running = bench.started(request_id)
    operators.clear("AbortedExecutions")
    client.stop_execution(executionArn=running["executionArn"])
    operators.notified("AbortedExecutions", "Ticket", "executions")
    operators.clear("FailedExecutions")
    machine = bench.deployment.outputs["StateMachineArn"]
    client.start_execution(stateMachineArn=machine, name="unreadable-input", input="{}")
    operators.notified("FailedExecutions", "Ticket", "executions")


def test_operators_are_paged_when_the_sweep_does_not_run(
    bench: Bench, operators: Operators
) -> None:
    def look() -> bool:
        bench.invoke("Sweep", {})
        return operators.state("SweepMissing") == "OK"

    until("waiting for a run of the sweep to be counted", look)
    operators.clear()
    operators.notified("SweepMissing", "Page", "missing-runs")
