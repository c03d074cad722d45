"""Requests by fax, and what a vendor decides: through the deployed product, to the same lists."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.users import CLERK, FACILITY, OFFICE
from precert.names import NOTICE_PREFIX, VENDOR_DETERMINED, VENDOR_SOURCE_PREFIX
from tests.journeys.desk import DENIAL, Json, until
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
    answered = bench.stand.caller(CLERK).call("POST", "/v1/intake/requests", body)
    assert answered.status_code == 202, answered.text
    taken: Json = answered.json()
    return taken


def put(bench: Bench, detail: dict[str, Any], vendor: str = VENDOR) -> None:
    client = bench.stand.cloud.client("events")
    answered = client.put_events(
        Entries=[
            {
                "EventBusName": bench.stand.outputs["EventBusName"],
                "Source": f"{VENDOR_SOURCE_PREFIX}{vendor}",
                "DetailType": VENDOR_DETERMINED,
                "Detail": json.dumps(detail),
            }
        ]
    )
    assert answered["FailedEntryCount"] == 0


@pytest.mark.rule("S5")
def test_faxed_request_pends_and_is_on_both_dashboards_when_it_is_registered(bench: Bench) -> None:
    taken = register(bench, bench.desk.content(), "FAX-7001")
    request_id = taken["request_id"]
    bench.desk.await_status(request_id, OFFICE, "PENDING")
    for role in (OFFICE, FACILITY):
        row = bench.desk.row(request_id, role)
        assert row is not None
        assert (row["channel"], row["number"]) == ("FAX", taken["number"])
    bench.desk.await_types(request_id, FACILITY, ["RequestSubmitted", "RequestPended"])


@pytest.mark.rule("W8")
def test_delegated_request_shows_when_its_vendor_has_reported_and_not_before(bench: Bench) -> None:
    taken = register(bench, imaging(bench.desk.content(days_ahead=40)), "FAX-7002")
    request_id, number = taken["request_id"], taken["number"]

    def delegated() -> Json | None:
        details = bench.desk.details(request_id)
        return details if details["waiting_on"] == "VENDOR" else None

    details = until("the request to be handed on", delegated)
    assert (details["status"], details["review_action"]) == ("PENDING", "CT")
    assert bench.desk.row(request_id, OFFICE) is None
    detail = {
        "version": 1,
        "number": number,
        "reference": "RAD-1",
        "reported_at": datetime.now(UTC).isoformat(),
        "lines": [{"line_id": "1.1", "status": "DENIED", "reason_code": "0F"}],
    }
    put(bench, detail, "EVICORE-MSK")
    put(bench, detail)
    bench.desk.await_status(request_id, OFFICE, "DENIED")
    row = until("the line to show", lambda: bench.desk.row(request_id, FACILITY))
    assert (row["status"], row["allowed_actions"]) == ("DENIED", ["DETAILS"])
    assert bench.events(request_id).count("RequestDetermined") == 1


@pytest.mark.rule("W4")
def test_letters_are_kept_with_the_request_when_it_is_denied(bench: Bench) -> None:
    request_id = bench.desk.decided(DENIAL)
    until("the letters", lambda: "NoticesIssued" in bench.events(request_id) or None)
    listed = bench.stand.cloud.client("s3").list_objects_v2(
        Bucket=bench.stand.outputs["DocumentsBucketName"], Prefix=f"{NOTICE_PREFIX}{request_id}/"
    )
    assert len(listed["Contents"]) == 2
    assert all(found["Size"] > 1000 for found in listed["Contents"])
