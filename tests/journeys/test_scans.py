"""Documents with scanning enabled; an event on the account's default bus replaces GuardDuty."""

import json
from collections.abc import Iterator
from typing import Final

import pytest

from local.client import upload
from local.journey.content import clinical_note
from local.users import FACILITY, PROVIDER
from precert.names import Env
from tests.journeys.portal import Json, Portal, until

GUARDDUTY: Final = "aws.guardduty"
OURS: Final = "trial.guardduty"


def switch(portal: Portal, value: str) -> None:
    """The change of a deployment with ``scan_documents`` to the function that verifies."""
    client = portal.deployment.cloud.client("lambda")
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
    version = client.publish_version(FunctionName=name)["Version"]
    for alias in client.list_aliases(FunctionName=name)["Aliases"]:
        client.update_alias(FunctionName=name, Name=alias["Name"], FunctionVersion=version)


def listen_to(portal: Portal, source: str, instead_of: str) -> None:
    """Only AWS can put events with its sources: the deployed rule is changed to match another."""
    client = portal.deployment.cloud.client("events")
    [rule] = (
        rule
        for rule in client.list_rules()["Rules"]
        if json.loads(rule.get("EventPattern", "{}")).get("source") == [instead_of]
    )
    pattern = {**json.loads(rule["EventPattern"]), "source": [source]}
    client.put_rule(Name=rule["Name"], EventPattern=json.dumps(pattern), State="ENABLED")


@pytest.fixture
def scanning(portal: Portal) -> Iterator[Portal]:
    switch(portal, "on")
    listen_to(portal, OURS, instead_of=GUARDDUTY)
    yield portal
    listen_to(portal, GUARDDUTY, instead_of=OURS)
    switch(portal, "off")


def deliver_result(portal: Portal, request_id: str, document_id: str, result: str) -> None:
    """GuardDuty's event for the scan of the newest version."""
    bucket = portal.deployment.outputs["DocumentsBucketName"]
    key = f"documents/{request_id}/{document_id}"
    version = portal.deployment.cloud.client("s3").head_object(Bucket=bucket, Key=key)["VersionId"]
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
    answer = portal.deployment.cloud.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


SETTLED: Final = {"NO_THREATS_FOUND": ("ATTACHED", 200), "THREATS_FOUND": ("REFUSED", 409)}


@pytest.mark.parametrize("result", SETTLED)
def test_document_is_downloadable_or_deleted_when_its_scan_has_completed(
    scanning: Portal, result: str
) -> None:
    portal, request_id = scanning, scanning.pending()
    offered = portal.offer(request_id, "notes.pdf")
    assert upload(offered["upload"], "notes.pdf", clinical_note()).status_code == 204
    document_id = offered["document"]["document_id"]
    path = f"/v1/requests/{request_id}/documents/{document_id}"

    def has_status(status: str) -> bool | None:
        [document] = portal.details(request_id)["documents"]
        return document["status"] == status or None

    until("waiting for the document to be verified", lambda: has_status("CHECKING"))
    for user in (PROVIDER, FACILITY):
        assert portal.deployment.caller(user).call("GET", path).status_code == 409
    status, code = SETTLED[result]
    deliver_result(portal, request_id, document_id, result)
    until("waiting for the scan's result", lambda: has_status(status))
    for user in (PROVIDER, FACILITY):
        assert portal.deployment.caller(user).call("GET", path).status_code == code
    if status == "REFUSED":
        until(
            "waiting for the message",
            lambda: "DocumentRefused" in portal.messages(request_id, PROVIDER) or None,
        )
