"""Expiration: a draft after its 72 hours, with all that belongs to it."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from local.journey import backend
from local.journey.transcript import answer
from local.users import PROVIDER
from precert.adapters.dynamodb.keys import request_pk
from precert.names import HISTORY_PREFIX, TTL_ATTRIBUTE
from precert.usecases.drafts import save_draft
from tests.journeys.portal import DENIAL, until
from tests.workflow.bench import CALLER, Bench, parsed

LONG_AGO = timedelta(days=10)


@contextmanager
def no_sweep(bench: Bench) -> Iterator[None]:
    """DynamoDB has not removed it yet; in AWS it may take days."""
    client = bench.deployment.cloud.client("dynamodb")

    def sweep(*, on: bool) -> None:
        client.update_time_to_live(
            TableName=bench.deployment.outputs["RequestsTableName"],
            TimeToLiveSpecification={"Enabled": on, "AttributeName": TTL_ATTRIBUTE},
        )

    sweep(on=False)
    try:
        yield
    finally:
        sweep(on=True)


def saved_long_ago(bench: Bench, draft_id: str) -> None:
    """As if the draft had not been saved since."""
    deps = bench.deps
    save_draft(
        draft_id,
        parsed(bench.portal.content()),
        CALLER,
        based_on=1,
        drafts=deps.drafts,
        payer=deps.payer,
        now=datetime.now(UTC) - LONG_AGO,
    )


@pytest.mark.rule("D5")
def test_draft_is_not_found_by_any_caller_when_it_expired_and_is_then_deleted(
    bench: Bench,
) -> None:
    portal, content = bench.portal, bench.portal.content()
    draft_id = portal.draft(content)
    portal.attach(draft_id)
    provider, match = bench.deployment.caller(PROVIDER), {"If-Match": '"2"'}
    draft, request = f"/v1/drafts/{draft_id}", f"/v1/requests/{draft_id}"
    with no_sweep(bench):
        saved_long_ago(bench, draft_id)
        refused = [
            provider.call("GET", draft),
            provider.call("GET", request),
            provider.call("PUT", draft, {"content": content}, headers=match),
            provider.call("POST", f"{draft}/submission", {"content": content}, headers=match),
            provider.call("DELETE", draft, headers=match),
            provider.call("POST", f"{request}/documents", {"file_name": "late.pdf"}),
        ]
        assert [response.status_code for response in refused] == [410] * len(refused)
        assert {response.json()["code"] for response in refused} == {"draft_expired"}
        assert backend.objects(bench.deployment, draft_id) == 1
    until("waiting for the clean-up", lambda: bench.kinds(draft_id) == {"EVENT"} or None)
    versions = bench.deployment.cloud.client("s3").list_object_versions(
        Bucket=bench.deployment.outputs["DocumentsBucketName"], Prefix=f"documents/{draft_id}/"
    )
    assert "Versions" not in versions
    assert "DeleteMarkers" not in versions
    assert portal.row(draft_id, PROVIDER) is None
    assert bench.events(draft_id)[0] == "DraftStarted"
    answer("reading the deleted draft", provider.call("GET", draft), 404)


def test_request_remains_when_its_draft_would_have_expired(bench: Bench) -> None:
    """Submission removes the deadline; the TTL sweep, which removed another draft, did not remove
    it.
    """
    request_id = bench.submitted_before(LONG_AGO)
    other = bench.portal.draft()
    saved_long_ago(bench, other)
    until("waiting for the sweep", lambda: bench.kinds(other) == {"EVENT"} or None)
    [header] = [item for item in bench.items(request_id) if item["sk"]["S"] == "REQUEST"]
    assert TTL_ATTRIBUTE not in header
    bench.portal.await_status(request_id, PROVIDER, "PENDING")


@pytest.mark.rule("T4")
def test_request_is_in_the_archive_only_when_its_retention_is_over(bench: Bench) -> None:
    request_id = bench.portal.decided(DENIAL)
    until("the notices", lambda: "NoticesIssued" in bench.events(request_id) or None)
    recorded = bench.events(request_id)
    client, table = (
        bench.deployment.cloud.client("dynamodb"),
        bench.deployment.outputs["RequestsTableName"],
    )
    past = str(int((datetime.now(UTC) - LONG_AGO).timestamp()))
    client.update_item(
        TableName=table,
        Key={"pk": {"S": request_pk(request_id)}, "sk": {"S": "REQUEST"}},
        UpdateExpression="SET #ttl = :past",
        ExpressionAttributeNames={"#ttl": TTL_ATTRIBUTE},
        ExpressionAttributeValues={":past": {"N": past}},
    )
    until("waiting for the clean-up", lambda: not bench.kinds(request_id) or None)
    bucket = bench.deployment.outputs["ArchiveBucketName"]
    store = bench.deployment.cloud.client("s3")
    listed = store.list_objects_v2(Bucket=bucket, Prefix=HISTORY_PREFIX)["Contents"]
    keys = [found["Key"] for found in listed if request_id in found["Key"]]
    [whole] = [key for key in keys if key.endswith(f"{request_id}.json.gz")]
    result = json.loads(gzip.decompress(store.get_object(Bucket=bucket, Key=whole)["Body"].read()))
    assert [event["type"] for event in result["events"]] == recorded
    assert len([key for key in keys if "/notices/" in key]) == len(result["notices"]) == 2
    pages = client.get_paginator("scan").paginate(TableName=table)
    naming = [
        item["sk"]["S"]
        for page in pages
        for item in page["Items"]
        if request_id in str(item) and not item["pk"]["S"].startswith("INBOX#")
    ]
    assert naming == ["NUMBER"]
