"""Requests by fax and vendors' decisions, through the deployed product to the same lists."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.users import CLERK, FACILITY, PROVIDER
from precert.names import NOTICE_PREFIX, VENDOR_DETERMINED, VENDOR_SOURCE_PREFIX
from tests.journeys.portal import DENIAL, Json, until
from tests.workflow.bench import Bench, imaging

VENDOR = "EVICORE-RAD"


def register(bench: Bench, content: Json, reference: str, channel: str = "FAX") -> Json:
    received = datetime.now(UTC) - timedelta(hours=2)
    body = {
        "channel": channel,
        "reference": reference,
        "received_at": received.isoformat(),
        "content": content,
    }
    answered = bench.deployment.caller(CLERK).call("POST", "/v1/intake/requests", body)
    assert answered.status_code == 202, answered.text
    taken: Json = answered.json()
    return taken


def put(bench: Bench, detail: dict[str, Any], vendor: str = VENDOR) -> None:
    client = bench.deployment.cloud.client("events")
    answered = client.put_events(
        Entries=[
            {
                "EventBusName": bench.deployment.outputs["EventBusName"],
                "Source": f"{VENDOR_SOURCE_PREFIX}{vendor}",
                "DetailType": VENDOR_DETERMINED,
                "Detail": json.dumps(detail),
            }
        ]
    )
    assert answered["FailedEntryCount"] == 0


@pytest.mark.rule("S5")
def test_faxed_request_pends_and_is_on_both_dashboards_when_it_is_registered(bench: Bench) -> None:
    taken = register(bench, bench.portal.content(), "FAX-7001")
    request_id = taken["request_id"]
    bench.portal.await_status(request_id, PROVIDER, "PENDING")
    for role in (PROVIDER, FACILITY):
        row = bench.portal.row(request_id, role)
        assert row is not None
        assert (row["channel"], row["number"]) == ("FAX", taken["number"])
    bench.portal.await_types(request_id, FACILITY, ["RequestSubmitted", "RequestPended"])


@pytest.mark.rule("W8")
def test_delegated_request_is_determined_only_when_its_vendor_has_reported(bench: Bench) -> None:
    taken = register(bench, imaging(bench.portal.content(days_ahead=40)), "FAX-7002")
    request_id, number = taken["request_id"], taken["number"]

    def delegated() -> Json | None:
        details = bench.portal.details(request_id)
        return details if details["waiting_on"] == "VENDOR" else None

    details = until("the request to be delegated", delegated)
    assert (details["status"], details["review_action"]) == ("PENDING", "CT")
    assert bench.portal.row(request_id, PROVIDER) is None
    detail = {
        "version": 1,
        "number": number,
        "reference": "RAD-1",
        "reported_at": datetime.now(UTC).isoformat(),
        "lines": [{"line_id": "1.1", "status": "APPROVED"}],
    }
    put(bench, detail, "EVICORE-MSK")
    put(bench, detail)
    bench.portal.await_status(request_id, PROVIDER, "APPROVED")
    row = until("the row to appear", lambda: bench.portal.row(request_id, FACILITY))
    assert (row["status"], row["allowed_actions"]) == ("APPROVED", ["DETAILS"])
    assert bench.events(request_id).count("RequestDetermined") == 1


@pytest.mark.rule("W4")
def test_notices_are_stored_with_the_request_when_it_is_denied(bench: Bench) -> None:
    request_id = bench.portal.decided(DENIAL)
    until("the notices", lambda: "NoticesIssued" in bench.events(request_id) or None)
    listed = bench.deployment.cloud.client("s3").list_objects_v2(
        Bucket=bench.deployment.outputs["DocumentsBucketName"],
        Prefix=f"{NOTICE_PREFIX}{request_id}/",
    )
    assert len(listed["Contents"]) == 2
    assert all(found["Size"] > 1000 for found in listed["Contents"])
