"""What delegated vendors read, the backlog of operators, and potential duplicates (W8)."""

from datetime import timedelta
from typing import Any

import pytest

from precert.domain.dates import instant_text
from tests.adapters.callers import OPERATOR, PROVIDER, REVIEWER, STRANGER, VENDOR
from tests.adapters.cloud import Cloud
from tests.adapters.test_document_downloads import attached
from tests.adapters.test_intake import images, register
from tests.adapters.test_vendors import (
    APPROVALS,
    BOTH_VENDORS,
    FUSION,
    OTHER_VENDOR,
    VENDORS_LINES,
    backlog,
    delegated,
    listed,
    mixed,
    read,
    reported,
)
from tests.fakes.samples import BOWEL_SURGERY, IMAGES, later

# -- what a vendor reads -------------------------------------------------------------------------------


@pytest.mark.rule("W8", "C8")
def test_vendor_reads_its_own_lines_only_when_a_request_is_mixed(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    [row] = listed(cloud).body["requests"]
    assert (row["request_id"], row["status"]) == (request_id, "OPEN")
    assert (row["line_ids"], row["codes"]) == (["2.1", "2.2"], ["70450", "70460"])
    assert row["codes_labels"] == ["CT of the head and neck"] * 2
    assert (row["line_of_business"], row["line_of_business_label"]) == ("COMMERCIAL", "Commercial")
    found = read(cloud, request_id)
    assert [line["line_id"] for line in found.body["lines"]] == ["2.1", "2.2"]
    exported = read(cloud, request_id, "/export")
    assert exported.body["resourceType"] == "Bundle"
    for reply in (found, exported):
        assert "70450" in reply.text
        assert "44125" not in reply.text


@pytest.mark.rule("W8")
def test_request_is_not_found_when_another_vendor_or_no_vendor_decides_it(cloud: Cloud) -> None:
    request_id, own = mixed(cloud), cloud.pended()
    document_id = request_id  # an id that no document has
    assert listed(cloud, OTHER_VENDOR).body["requests"] == []
    for what in ("", "/export", f"/documents/{document_id}"):
        assert read(cloud, request_id, what, OTHER_VENDOR).status == 404
        assert read(cloud, own, what).status == 404
    for by in (PROVIDER, REVIEWER, OPERATOR, STRANGER):
        assert (listed(cloud, by).code, read(cloud, request_id, "", by).code) == (
            "not_entitled",
            "not_entitled",
        )
    refused = listed(cloud, vendor_id="EVICORE-MSK")
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/vendor_id")


def of_two_vendors(cloud: Cloud) -> str:
    """A request of which two vendors decide a line each, with an attached document; its id first."""
    request_id = cloud.start(services=[BOWEL_SURGERY])
    confirmed = ["EVICORE-RAD", "EVICORE-MSK"]
    services = [BOWEL_SURGERY, IMAGES, FUSION]
    assert cloud.submit(request_id, services=services, confirmed_vendors=confirmed).status == 202
    cloud.pend(request_id)
    return request_id


@pytest.mark.rule("W8", "A2")
def test_each_part_is_read_by_its_vendor_id_when_the_caller_acts_for_both_vendors(
    cloud: Cloud,
) -> None:
    request_id = of_two_vendors(cloud)
    document_id = attached(cloud, request_id)
    for vendor_id, line_ids, codes in (
        ("EVICORE-RAD", ["2.1", "2.2"], {"70450"}),
        ("EVICORE-MSK", ["3.1"], {"22551"}),
    ):
        one = {"vendor_id": vendor_id}
        part = read(cloud, request_id, by=BOTH_VENDORS, **one)
        assert (part.body["vendor_id"], [line["line_id"] for line in part.body["lines"]]) == (
            vendor_id,
            line_ids,
        )
        exported = read(cloud, request_id, "/export", by=BOTH_VENDORS, **one)
        for reply in (part, exported):
            assert {code for code in ("44125", "70450", "22551") if code in reply.text} == codes
        link = read(cloud, request_id, f"/documents/{document_id}", by=BOTH_VENDORS, **one)
        assert link.status == 200
    for what in ("", "/export", f"/documents/{document_id}"):
        refused = read(cloud, request_id, what, by=BOTH_VENDORS)
        [error] = refused.body["errors"]
        assert (refused.status, error["pointer"], error["code"]) == (422, "/vendor_id", "not_yours")
        assert error["choices"] == ["EVICORE-MSK", "EVICORE-RAD"]


@pytest.mark.rule("W8", "A2")
def test_vendor_id_is_optional_when_one_of_the_callers_vendors_decides_a_part(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    assert read(cloud, request_id, by=BOTH_VENDORS).body["vendor_id"] == "EVICORE-RAD"
    assert read(cloud, request_id, by=BOTH_VENDORS, vendor_id="EVICORE-MSK").status == 404
    refused = read(cloud, request_id, by=VENDOR, vendor_id="EVICORE-MSK")
    [error] = refused.body["errors"]
    assert (refused.status, error["code"], error["choices"]) == (422, "not_yours", ["EVICORE-RAD"])
    unnamed = listed(cloud, BOTH_VENDORS).body["errors"]
    assert [(one["code"], one["choices"]) for one in unnamed] == [
        ("not_yours", ["EVICORE-MSK", "EVICORE-RAD"])
    ]


def test_vendors_are_named_when_the_caller_reports_for_several(cloud: Cloud) -> None:
    unknown = {**VENDOR, "sub": "all", "custom:vendors": "EVICORE-RAD EVICORE-MSK FORMER"}
    named = listed(cloud, unknown, vendor_id="EVICORE-RAD").body["vendors"]
    name = "EviCore by Evernorth"
    assert [(one["vendor_id"], one["name"]) for one in named] == [
        ("EVICORE-MSK", name),
        ("EVICORE-RAD", name),
        ("FORMER", None),
    ]
    assert named[1]["services"] == "Radiology and diagnostic cardiac imaging"
    assert listed(cloud).body["vendors"] == []


def test_vendors_list_is_paged_and_split_when_some_requests_are_reported(cloud: Cloud) -> None:
    ids = [delegated(cloud, f"FAX-{at}", **other_day(at)) for at in range(3)]
    first = listed(cloud, limit="2").body
    rest = listed(cloud, limit="2", cursor=first["cursor"]).body
    assert {row["request_id"] for row in first["requests"] + rest["requests"]} == set(ids)
    assert listed(cloud, open="false", cursor=first["cursor"]).status == 422
    reported(cloud, ids[0], APPROVALS)
    assert {row["request_id"] for row in listed(cloud).body["requests"]} == set(ids[1:])
    [row] = listed(cloud, open="false").body["requests"]
    assert (row["request_id"], row["status"]) == (ids[0], "REPORTED")


def other_day(at: int) -> dict[str, Any]:
    moved = {**IMAGES, "procedures": [{**one} for one in IMAGES["procedures"]]}
    moved["service_date"] = f"2026-08-{10 + 14 * (at % 2):02d}" if at else "2026-07-20"
    for one in moved["procedures"]:
        one["start_date"] = moved["service_date"]
    return {"services": [moved]}


def test_withdrawn_request_leaves_the_vendors_list_when_the_provider_voids_it(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    assert cloud.void(request_id).status == 200
    assert listed(cloud).body["requests"] == []
    [row] = listed(cloud, open="false").body["requests"]
    assert (row["request_id"], row["status"]) == (request_id, "WITHDRAWN")
    assert backlog(cloud).body["requests"] == []
    assert reported(cloud, request_id, VENDORS_LINES).status == 409


# -- the backlog ---------------------------------------------------------------------------------------


def vendor_events(cloud: Cloud) -> list[str]:
    return [
        kind
        for item in cloud.items("EVENT#")
        for kind in ("VendorDeadlineApproaching", "VendorDeadlinePassed")
        if kind in item["event"]["S"]
    ]


@pytest.mark.rule("W2", "W10")
@pytest.mark.parametrize(
    ("urgency", "length"), [("STANDARD", timedelta(days=15)), ("EXPEDITED", timedelta(hours=72))]
)
def test_reminder_and_escalation_are_recorded_once_when_a_vendor_does_not_report(
    cloud: Cloud, urgency: str, length: timedelta
) -> None:
    request_id = delegated(cloud, services=[{**IMAGES, "urgency": urgency}])
    received = cloud.deps.requests.read(request_id)
    assert received is not None
    due_at = received.submitted.submitted_at + length
    [row] = backlog(cloud).body["requests"]
    assert (row["request_id"], row["vendor_id"], row["overdue"]) == (
        request_id,
        "EVICORE-RAD",
        False,
    )
    assert row["due_at"] == instant_text(due_at)
    assert (row["patient"], row["member_id"]) == (None, None)
    cloud.sweep()
    assert vendor_events(cloud) == []
    cloud.clock.at = received.submitted.submitted_at + length * 0.75
    for _ in range(2):
        cloud.sweep()
    assert vendor_events(cloud) == ["VendorDeadlineApproaching"]
    cloud.clock.at = due_at
    for _ in range(2):
        cloud.sweep()
    assert vendor_events(cloud) == ["VendorDeadlineApproaching", "VendorDeadlinePassed"]
    [row] = backlog(cloud).body["requests"]
    assert row["overdue"] is True
    assert [one["overdue"] for one in listed(cloud).body["requests"]] == [True]
    details = cloud.read(request_id).body
    assert (details["status"], details["waiting_on"]) == ("PENDING", "VENDOR")
    assert {line["status"] for line in details["lines"]} == {"OPEN"}


def test_backlog_is_empty_when_the_vendor_has_reported(cloud: Cloud) -> None:
    request_id = delegated(cloud)
    reported(cloud, request_id, APPROVALS)
    assert backlog(cloud).body["requests"] == []
    cloud.clock.at += timedelta(days=30)
    cloud.sweep()
    assert vendor_events(cloud) == []
    for by in (PROVIDER, VENDOR, REVIEWER):
        assert backlog(cloud, by).code == "not_entitled"


# -- potential duplicates ------------------------------------------------------------------------------


def similar_for_vendor(cloud: Cloud, request_id: str) -> tuple[list[Any], list[str]]:
    reply = read(cloud, request_id)
    assert reply.status == 200, reply.text
    return reply.body["potential_duplicates"], reply.body["notices"]


@pytest.mark.rule("S2", "W8")
def test_vendor_sees_a_potential_duplicate_when_it_decides_both(cloud: Cloud) -> None:
    first = delegated(cloud, "FAX-1")
    assert similar_for_vendor(cloud, first) == ([], [])
    second = delegated(cloud, "FAX-2", services=later([IMAGES], 3))
    number = cloud.read(second).body["number"]
    [found], [notice] = similar_for_vendor(cloud, first)
    assert (found["request_id"], found["number"]) == (second, number)
    assert found["reason_code"] == "near_dates"
    assert notice == cloud.deps.payer.notices["potential_duplicate_vendor"]
    [other], _ = similar_for_vendor(cloud, second)
    assert other["request_id"] == first


@pytest.mark.rule("S2", "W8", "A2")
def test_vendor_learns_that_it_exists_when_the_other_request_was_not_delegated_to_it(
    cloud: Cloud,
) -> None:
    first = delegated(cloud, "FAX-1")
    emergency = {**later([IMAGES], 3)[0], "urgency": "EMERGENCY"}
    taken = register(cloud, content=images(services=[emergency]), reference="FAX-2")
    other = taken.body["request_id"]
    [found], [notice] = similar_for_vendor(cloud, first)
    assert (found["request_id"], found["number"]) == (None, None)
    assert notice == cloud.deps.payer.notices["potential_duplicate_not_delegated"]
    assert other not in str(read(cloud, first).body)
    unrelated = cloud.submitted(services=[BOWEL_SURGERY])
    assert len(similar_for_vendor(cloud, first)[0]) == 1
    assert unrelated
