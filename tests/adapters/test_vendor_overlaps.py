"""A vendor's report that approves what another request approves: recorded, and named to the payer."""

from random import Random
from typing import Any, Final

import pytest

from functions.intake import handler as intake
from tests.adapters.callers import FACILITY, STRANGER, VENDOR
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.interleaving import Interleaving
from tests.adapters.test_intake import APPROVAL, DENIAL, images, report
from tests.adapters.test_vendors import delegated, reported
from tests.fakes.samples import IMAGES, STRANGER_TIN, entered, later

REFUSAL: Final = {name: value for name, value in DENIAL.items() if name != "line_id"}
APPROVALS: Final = [APPROVAL, {**APPROVAL, "line_id": "1.2"}]


def directly(cloud: Cloud, reference: str, lines: list[dict[str, Any]] | None = None) -> Reply:
    """The vendor reports a case that was requested from it."""
    at = cloud.clock.at.isoformat()
    return report(
        cloud, reference=reference, content=images(), lines=lines or APPROVALS, reported_at=at
    )


def also_in(cloud: Cloud, request_id: str) -> list[tuple[str, ...]]:
    """The numbers of each line's current decision."""
    found = cloud.found(request_id)
    assert found is not None
    decisions = (line.decisions[-1] for line in found.submitted.lines)
    return [tuple(other.number for other in one.approved_also_in) for one in decisions]


def numbers_in_event(cloud: Cloud, request_id: str) -> tuple[str, ...] | None:
    """The numbers that the last event has, for the payer's systems."""
    file = cloud.deps.requests.read_file(request_id)
    assert file is not None
    return file.events[-1].approved_also_in


@pytest.mark.rule("S2", "W8")
def test_other_request_is_recorded_when_a_vendor_reports_the_same_approval_twice(
    cloud: Cloud,
) -> None:
    first = directly(cloud, "RAD-1").body
    reply = directly(cloud, "RAD-2")
    assert (reply.status, reply.body["status"]) == (200, "APPROVED")
    assert first["number"] not in reply.text
    request_id = reply.body["request_id"]
    assert also_in(cloud, request_id) == [(first["number"],)] * 2
    assert also_in(cloud, first["request_id"]) == [()] * 2
    assert numbers_in_event(cloud, request_id) == (first["number"],)
    assert numbers_in_event(cloud, first["request_id"]) is None


@pytest.mark.rule("S2", "W8")
def test_other_request_is_recorded_when_a_vendor_approves_what_was_delegated_to_it(
    cloud: Cloud,
) -> None:
    request_id = delegated(cloud)
    first = directly(cloud, "RAD-1", [APPROVAL, DENIAL]).body
    reply = reported(cloud, request_id, APPROVALS)
    assert (reply.status, reply.body["status"]) == (200, "APPROVED")
    assert also_in(cloud, request_id) == [(first["number"],), ()]


@pytest.mark.rule("A2", "S2", "W8")
def test_other_request_is_named_to_its_readers_only_when_a_vendor_reports_an_approval_twice(
    cloud: Cloud,
) -> None:
    first = directly(cloud, "RAD-1", [APPROVAL, DENIAL]).body
    mine = {"requesting_provider": entered()["requesting_provider"] | {"tin": STRANGER_TIN}}
    at = cloud.clock.at.isoformat()
    second = report(
        cloud, reference="RAD-2", content=images(**mine), lines=APPROVALS, reported_at=at
    ).body
    assert second["status"] == "APPROVED"
    request_id, number = second["request_id"], first["number"]
    readers = {
        "facility": cloud.read(request_id, FACILITY),
        "reviewer": cloud.case(request_id),
        "operator": cloud.as_operator(request_id),
    }
    for reader, reply in readers.items():
        [other] = reply.body["approved_also_in"]
        assert (other["line_id"], other["other_line_id"]) == ("1.1", "1.1"), reader
        assert (other["request_id"], other["number"]) == (first["request_id"], number), reader
    hidden = {
        "line_id": "1.1",
        **dict.fromkeys(("request_id", "number", "other_line_id", "first_day", "last_day")),
    }
    vendor = cloud.call(intake, "GET", f"/v1/vendor/requests/{request_id}", by=VENDOR)
    requesting = cloud.read(request_id, STRANGER)
    assert requesting.body["approved_also_in"] == [hidden]
    assert number not in requesting.text
    assert first["request_id"] not in requesting.text
    assert vendor.status == 200
    assert "approved_also_in" not in vendor.text


def test_nothing_is_compared_when_a_report_is_repeated_or_older(cloud: Cloud) -> None:
    directly(cloud, "RAD-1")
    report_of: dict[str, Any] = {"reference": "RAD-2", "content": images(), "lines": APPROVALS}
    report(cloud, **report_of)
    with cloud.wire.counting() as calls:
        assert report(cloud, **report_of).status == 200
    assert "Query" not in calls
    assert "TransactWriteItems" not in calls


def test_nothing_is_recorded_when_the_other_approval_is_of_other_dates(cloud: Cloud) -> None:
    directly(cloud, "RAD-1")
    content = images(services=later([IMAGES], days=30))
    at = cloud.clock.at.isoformat()
    reply = report(cloud, reference="RAD-2", content=content, lines=APPROVALS, reported_at=at)
    assert also_in(cloud, reply.body["request_id"]) == [()] * 2


@pytest.mark.rule("S2")
@pytest.mark.parametrize("seed", range(6))
def test_one_of_two_reports_names_the_other_when_both_are_sent_at_the_same_time(
    cloud: Cloud, seed: int
) -> None:
    """Another request of the member's services makes each of them a comparison."""
    directly(cloud, "RAD-0", [{**APPROVAL, **REFUSAL}, {**APPROVALS[1], **REFUSAL}])
    replies: list[Reply] = []
    race = Interleaving(Random(seed))
    client = cloud.clients.by_name["dynamodb"]
    race.attach(client)
    try:
        race.run(
            [
                lambda: replies.append(directly(cloud, "RAD-1")),
                lambda: replies.append(directly(cloud, "RAD-2")),
            ]
        )
    finally:
        race.detach(client)
    assert [one.status for one in replies] == [200, 200]
    found = [also_in(cloud, one.body["request_id"])[0] for one in replies]
    assert sorted(map(len, found)) == [0, 1]
