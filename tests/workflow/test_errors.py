"""Internal errors: how the workflow handles them, and what its functions have no permission for."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Final

import pytest

from local.users import PROVIDER, REVIEWER
from precert.names import Env
from tests.journeys.portal import APPROVAL, Json
from tests.workflow.bench import Bench


def test_cycle_is_restarted_when_a_technical_error_ended_it(bench: Bench) -> None:
    content = bench.portal.content()
    draft_id = bench.portal.draft(content)
    variable = Env.REQUESTS_TABLE.value
    with bench.broken("Executions", variable), bench.broken("Workflow", variable):
        bench.submit(draft_id, content)
        ended = bench.ended(draft_id)
    assert (ended["status"], ended["error"]) == ("FAILED", "SettingsError")
    assert bench.states(draft_id) == ["Assess", "Technical Failure"]
    details = bench.portal.details(draft_id)
    assert details["status"] == "PROCESSING"
    assert details["status_reason"]
    assert bench.repair() == (draft_id,)
    bench.portal.await_status(draft_id, PROVIDER, "PENDING")
    again = bench.execution(draft_id, attempt=1)
    assert again is not None
    assert again["status"] == "RUNNING"
    assert bench.repair() == ()
    bench.portal.decide(draft_id, REVIEWER, 1, [APPROVAL])
    assert bench.ended(draft_id, attempt=1)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("function", ["Status", "Review"])
def test_response_hides_details_when_an_internal_error_occurs(bench: Bench, function: str) -> None:
    request_id = bench.portal.pending()
    user = PROVIDER if function == "Status" else REVIEWER
    path = "/v1/requests" if function == "Status" else "/v1/review/requests"
    with bench.broken(function, Env.REQUESTS_TABLE.value):
        response = bench.deployment.caller(user).call("GET", f"{path}/{request_id}")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "internal"
    for inside in ("REQUESTS_TABLE", "SettingsError", "Traceback", "environment"):
        assert inside not in response.text


# -- permissions --------------------------------------------------------------------------------------

PROBE: Final = """
import boto3
from botocore.exceptions import ClientError

def handle(event, context):
    client = boto3.client(event["service"])
    try:
        getattr(client, event["call"])(**event["arguments"])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "OK"
"""
DENIED: Final = ("AccessDenied", "AccessDeniedException")


class Probe:
    """A function with the role of one of the product's, which makes the requested call."""

    def __init__(self, bench: Bench, construct_id: str) -> None:
        self._client = bench.deployment.cloud.client("lambda")
        self.name = f"probe-{construct_id}"
        known = self._client.get_function_configuration(FunctionName=bench.function(construct_id))
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("probe.py", PROBE)
        self._client.create_function(
            FunctionName=self.name,
            Runtime=known["Runtime"],
            Handler="probe.handle",
            Role=known["Role"],
            Code={"ZipFile": archive.getvalue()},
            Layers=[layer["Arn"] for layer in known["Layers"]],
            Timeout=30,
        )

    def does(self, service: str, call: str, **arguments: object) -> str:
        event = {"service": service, "call": call, "arguments": arguments}
        answered = self._client.invoke(FunctionName=self.name, Payload=json.dumps(event))
        return str(json.loads(answered["Payload"].read()))

    def remove(self) -> None:
        self._client.delete_function(FunctionName=self.name)


@pytest.fixture
def inbox(bench: Bench) -> Iterator[Probe]:
    probe = Probe(bench, "Inbox")
    yield probe
    probe.remove()


@pytest.fixture
def status(bench: Bench) -> Iterator[Probe]:
    probe = Probe(bench, "Status")
    yield probe
    probe.remove()


def item_of(request_id: str, sort_key: str) -> Json:
    return {"pk": {"S": f"REQUEST#{request_id}"}, "sk": {"S": sort_key}}


def test_inbox_function_is_denied_when_it_reads_without_permission(
    bench: Bench, inbox: Probe
) -> None:
    request_id = bench.portal.draft()
    bench.portal.attach(request_id)
    out = bench.deployment.outputs
    table, bucket = out["RequestsTableName"], out["DocumentsBucketName"]
    key = bench.deployment.cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"][0]["Key"]
    assert inbox.does("s3", "get_object", Bucket=bucket, Key=key) in DENIED
    assert inbox.does("s3", "list_objects_v2", Bucket=bucket) in DENIED
    assert inbox.does("dynamodb", "scan", TableName=table) in DENIED
    header = item_of(request_id, "REQUEST")
    assert inbox.does("dynamodb", "get_item", TableName=table, Key=header) in DENIED
    machine = out["StateMachineArn"]
    assert inbox.does("stepfunctions", "start_execution", stateMachineArn=machine) in DENIED


def test_reader_is_denied_when_it_writes(bench: Bench, status: Probe) -> None:
    """It can do what it is permitted to, which shows that the probe works."""
    request_id = bench.portal.draft()
    table = bench.deployment.outputs["RequestsTableName"]
    query = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": f"REQUEST#{request_id}"}},
    }
    assert status.does("dynamodb", "query", **query) == "OK"
    header = item_of(request_id, "REQUEST")
    assert status.does("dynamodb", "put_item", TableName=table, Item=header) in DENIED
    assert status.does("dynamodb", "delete_item", TableName=table, Key=header) in DENIED
    reference = bench.deployment.outputs["ReferenceTableName"]
    member = {"pk": {"S": "MEMBER#849382930"}, "sk": {"S": "COVERAGE"}}
    # AWS denies reading it, too: the emulator does not evaluate the condition on the key.
    assert status.does("dynamodb", "put_item", TableName=reference, Item=member) in DENIED
    assert bench.portal.row(request_id, PROVIDER) is not None
