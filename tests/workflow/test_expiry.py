"""What time takes away: a draft after its 72 hours, and all that belongs to it."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from local.journey import behind
from local.journey.trail import answer
from local.users import OFFICE
from precert.adapters.dynamodb.keys import request_pk
from precert.names import HISTORY_PREFIX, TTL_ATTRIBUTE
from precert.usecases.drafts import save_draft
from tests.journeys.desk import DENIAL, until
from tests.workflow.bench import CALLER, Bench, parsed

LONG_AGO = timedelta(days=10)


@contextmanager
def no_sweep(bench: Bench) -> Iterator[None]:
    """The store does not remove anything yet, as it may take days to do in AWS."""
    client = bench.stand.cloud.client("dynamodb")

    def sweep(*, on: bool) -> None:
        client.update_time_to_live(
            TableName=bench.stand.outputs["RequestsTableName"],
            TimeToLiveSpecification={"Enabled": on, "AttributeName": TTL_ATTRIBUTE},
        )

    sweep(on=False)
    try:
        yield
    finally:
        sweep(on=True)


def saved_long_ago(bench: Bench, draft_id: str) -> None:
    """As if nobody had touched the draft since."""
    deps = bench.deps
    save_draft(
        draft_id,
        parsed(bench.desk.content()),
        CALLER,
        based_on=1,
        drafts=deps.drafts,
        payer=deps.payer,
        now=datetime.now(UTC) - LONG_AGO,
    )


@pytest.mark.rule("D5")
def test_draft_is_gone_for_everybody_when_its_time_is_over_and_then_from_the_store(
    bench: Bench,
) -> None:
    desk, content = bench.desk, bench.desk.content()
    draft_id = desk.draft(content)
    desk.attach(draft_id)
    office, match = bench.stand.caller(OFFICE), {"If-Match": '"2"'}
    draft, request = f"/v1/drafts/{draft_id}", f"/v1/requests/{draft_id}"
    with no_sweep(bench):
        saved_long_ago(bench, draft_id)
        refused = [
            office.call("GET", draft),
            office.call("GET", request),
            office.call("PUT", draft, {"content": content}, headers=match),
            office.call("POST", f"{draft}/submission", {"content": content}, headers=match),
            office.call("DELETE", draft, headers=match),
            office.call("POST", f"{request}/documents", {"file_name": "late.pdf"}),
        ]
        assert [response.status_code for response in refused] == [410] * len(refused)
        assert {response.json()["code"] for response in refused} == {"draft_expired"}
        assert behind.objects(bench.stand, draft_id) == 1
    until("waiting for the clean-up", lambda: bench.kinds(draft_id) == {"EVENT"} or None)
    versions = bench.stand.cloud.client("s3").list_object_versions(
        Bucket=bench.stand.outputs["DocumentsBucketName"], Prefix=f"documents/{draft_id}/"
    )
    assert "Versions" not in versions
    assert "DeleteMarkers" not in versions
    assert desk.row(draft_id, OFFICE) is None
    assert bench.events(draft_id)[0] == "DraftStarted"
    answer("reading what is gone", office.call("GET", draft), 404)


def test_request_stays_when_its_draft_would_have_expired(bench: Bench) -> None:
    """Submission takes the deadline away; the sweep, which took another draft, left it alone."""
    request_id = bench.submitted_before(LONG_AGO)
    other = bench.desk.draft()
    saved_long_ago(bench, other)
    until("waiting for the sweep", lambda: bench.kinds(other) == {"EVENT"} or None)
    [header] = [item for item in bench.items(request_id) if item["sk"]["S"] == "REQUEST"]
    assert TTL_ATTRIBUTE not in header
    bench.desk.await_status(request_id, OFFICE, "PENDING")


@pytest.mark.rule("T4")
def test_request_is_in_the_archive_alone_when_its_history_is_over(bench: Bench) -> None:
    request_id = bench.desk.decided(DENIAL)
    until("the letters", lambda: "NoticesIssued" in bench.events(request_id) or None)
    recorded = bench.events(request_id)
    client, table = bench.stand.cloud.client("dynamodb"), bench.stand.outputs["RequestsTableName"]
    past = str(int((datetime.now(UTC) - LONG_AGO).timestamp()))
    client.update_item(
        TableName=table,
        Key={"pk": {"S": request_pk(request_id)}, "sk": {"S": "REQUEST"}},
        UpdateExpression="SET #ttl = :past",
        ExpressionAttributeNames={"#ttl": TTL_ATTRIBUTE},
        ExpressionAttributeValues={":past": {"N": past}},
    )
    until("waiting for the clean-up", lambda: not bench.kinds(request_id) or None)
    [bucket] = [
        one["PhysicalResourceId"]
        for one in bench.resources
        if one["ResourceType"] == "AWS::S3::Bucket" and "Archive" in one["LogicalResourceId"]
    ]
    store = bench.stand.cloud.client("s3")
    listed = store.list_objects_v2(Bucket=bucket, Prefix=HISTORY_PREFIX)["Contents"]
    keys = [found["Key"] for found in listed if request_id in found["Key"]]
    [whole] = [key for key in keys if key.endswith(f"{request_id}.json.gz")]
    told = json.loads(gzip.decompress(store.get_object(Bucket=bucket, Key=whole)["Body"].read()))
    assert [event["type"] for event in told["events"]] == recorded
    assert len([key for key in keys if "/notices/" in key]) == len(told["notices"]) == 2
    pages = client.get_paginator("scan").paginate(TableName=table)
    naming = [
        item["sk"]["S"]
        for page in pages
        for item in page["Items"]
        if request_id in str(item) and not item["pk"]["S"].startswith("INBOX#")
    ]
    assert naming == ["NUMBER"]
