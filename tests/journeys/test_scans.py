"""Documents where the stage scans them: GuardDuty's part is an event on the account's default bus."""

import json
from collections.abc import Iterator
from typing import Final

import pytest

from local.client import upload
from local.journey.content import clinical_note
from local.users import FACILITY, OFFICE
from precert.names import Env
from tests.journeys.desk import Desk, Json, until

GUARDDUTY: Final = "aws.guardduty"
OURS: Final = "trial.guardduty"


def switch(desk: Desk, value: str) -> None:
    """What a deployment with ``scan_documents`` changes in the function that verifies."""
    client = desk.stand.cloud.client("lambda")
    [name] = (
        function["FunctionName"]
        for page in client.get_paginator("list_functions").paginate()
        for function in page["Functions"]
        if "UploadVerifyFunction" in function["FunctionName"]
    )
    configured = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name,
        Environment={"Variables": {**configured, Env.SCAN_DOCUMENTS.value: value}},
    )


def listen_to(desk: Desk, source: str, instead_of: str) -> None:
    """Nobody but AWS can put events of its sources: the deployed rule hears of another one."""
    client = desk.stand.cloud.client("events")
    [rule] = (
        rule
        for rule in client.list_rules()["Rules"]
        if json.loads(rule.get("EventPattern", "{}")).get("source") == [instead_of]
    )
    pattern = {**json.loads(rule["EventPattern"]), "source": [source]}
    client.put_rule(Name=rule["Name"], EventPattern=json.dumps(pattern), State="ENABLED")


@pytest.fixture
def scanning(desk: Desk) -> Iterator[Desk]:
    switch(desk, "on")
    listen_to(desk, OURS, instead_of=GUARDDUTY)
    yield desk
    listen_to(desk, GUARDDUTY, instead_of=OURS)
    switch(desk, "off")


def tell(desk: Desk, request_id: str, document_id: str, result: str) -> None:
    """GuardDuty's event of the newest version's scan."""
    bucket = desk.stand.outputs["DocumentsBucketName"]
    key = f"documents/{request_id}/{document_id}"
    version = desk.stand.cloud.client("s3").head_object(Bucket=bucket, Key=key)["VersionId"]
    detail: Json = {
        "schemaVersion": "1.0",
        "scanStatus": "COMPLETED",
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": {"bucketName": bucket, "objectKey": key, "versionId": version},
        "scanResultDetails": {"scanResultStatus": result, "threats": None},
    }
    entry: Json = {
        "Source": OURS,
        "DetailType": "GuardDuty Malware Protection Object Scan Result",
        "Detail": json.dumps(detail),
    }
    answer = desk.stand.cloud.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


SETTLED: Final = {"NO_THREATS_FOUND": ("ATTACHED", 200), "THREATS_FOUND": ("REFUSED", 409)}


@pytest.mark.parametrize("result", SETTLED)
def test_document_is_given_out_or_goes_when_its_scan_has_told(scanning: Desk, result: str) -> None:
    desk, request_id = scanning, scanning.pending()
    offered = desk.offer(request_id, "notes.pdf")
    assert upload(offered["upload"], "notes.pdf", clinical_note()).status_code == 204
    document_id = offered["document"]["document_id"]
    path = f"/v1/requests/{request_id}/documents/{document_id}"

    def stands_at(status: str) -> bool | None:
        [document] = desk.details(request_id)["documents"]
        return document["status"] == status or None

    until("waiting for the document to be verified", lambda: stands_at("CHECKING"))
    for user in (OFFICE, FACILITY):
        assert desk.stand.caller(user).call("GET", path).status_code == 409
    status, code = SETTLED[result]
    tell(desk, request_id, document_id, result)
    until("waiting for the scan's result", lambda: stands_at(status))
    for user in (OFFICE, FACILITY):
        assert desk.stand.caller(user).call("GET", path).status_code == code
    if status == "REFUSED":
        until(
            "waiting for the message",
            lambda: "DocumentRefused" in desk.messages(request_id, OFFICE) or None,
        )
