"""Discussions and reconsiderations after a denial, through the real handlers (W12)."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.submit import handler as submit
from tests.adapters.callers import FACILITY, NURSE, PROVIDER, REVIEWER, SECOND_REVIEWER, STRANGER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import APPROVED, DENIED, decide, pended

LINE = {"line_ids": ["1.2"], "reason": "The imaging report was not attached."}
CALL = {**LINE, "phone": "(216) 555-0188"}


def dispute(
    cloud: Cloud, request_id: str, what: str, body: Any, by: Mapping[str, str] = PROVIDER
) -> Reply:
    """On the last determination, or after the one that the body names."""
    found = cloud.found(request_id)
    cycle = found.review.cycle if found and found.review else 1
    pending = found.review.open_appeal if found and found.review else None
    read = {"cycle": cycle - 1 if pending else cycle}
    path = f"/v1/requests/{request_id}/{what}"
    return cloud.call(submit, "POST", path, {**read, **body}, by=by)


def outcome(cloud: Cloud, request_id: str, by: Mapping[str, str] = REVIEWER, **body: Any) -> Reply:
    return cloud.move(request_id, "peer-to-peer/outcome", {"cycle": 2, **body}, by=by)


def denied(cloud: Cloud) -> str:
    request_id = pended(cloud)
    assert decide(cloud, request_id, APPROVED, DENIED).status == 200
    return request_id


@pytest.mark.rule("W12")
def test_details_and_rows_agree_when_a_discussion_is_requested_and_held(cloud: Cloud) -> None:
    request_id = denied(cloud)
    details = cloud.read(request_id, FACILITY).body
    assert [
        (one["option"], one["until"], one["line_ids"]) for one in details["dispute_options"]
    ] == [
        ("PEER_TO_PEER", "2026-07-16T04:00:00Z", ["1.2"]),
        ("RECONSIDERATION", "2026-08-31T04:00:00Z", ["1.2"]),
        ("APPEAL", "2026-12-29T05:00:00Z", ["1.2"]),
    ]
    assert all(one["text"] in details["notices"] for one in details["dispute_options"])
    assert dispute(cloud, request_id, "peer-to-peer", CALL, by=STRANGER).status == 404
    filed = dispute(cloud, request_id, "peer-to-peer", CALL)
    assert (filed.status, filed.body["cycle"], filed.body["waiting_on"]) == (202, 2, "PAYER")
    assert dispute(cloud, request_id, "peer-to-peer", CALL).body == filed.body
    [row] = cloud.dashboard().body["requests"]
    assert (row["appeal_open"], row["dispute"]) == (True, "PEER_TO_PEER")
    assert row["dispute_label"] == "Peer-to-peer discussion"
    cloud.pend(request_id, 2)
    for by in (PROVIDER, FACILITY):
        response = cloud.read(request_id, by).body
        [discussion] = response["peer_to_peer_discussions"]
        assert (discussion["phone"], discussion["due_at"]) == ("2165550188", "2026-07-03T15:00:00Z")
        assert (response["dispute_options"], response["appeals"]) == ([], [])
        [row] = cloud.dashboard(by).body["requests"]
        assert row["allowed_actions"] == response["allowed_actions"] == ["DETAILS", "MODIFY"]
    [listed] = cloud.worklist().body["cycles"]
    assert (listed["dispute"], listed["dispute_label"], listed["level"]) == (
        "PEER_TO_PEER",
        "Peer-to-peer discussion",
        None,
    )
    assert "RECORD_PEER_TO_PEER" in cloud.case(request_id).body["allowed_actions"]
    assert outcome(cloud, request_id, NURSE, outcome="UPHELD").status == 403
    assert outcome(cloud, request_id, outcome="LOST").status == 422
    closed = outcome(cloud, request_id, outcome="UPHELD")
    assert (closed.status, closed.body["waiting_on"]) == (200, "NONE")
    assert outcome(cloud, request_id, outcome="UPHELD").body == closed.body
    assert cloud.worklist().body["cycles"] == []
    response = cloud.read(request_id).body
    [discussion] = response["peer_to_peer_discussions"]
    assert (discussion["outcome"], discussion["outcome_label"]) == ("UPHELD", "Decision upheld")
    [row] = cloud.dashboard().body["requests"]
    assert (
        row["allowed_actions"] == response["allowed_actions"] == ["DETAILS", "RECONSIDER", "APPEAL"]
    )
    types = [entry["type"] for entry in response["history"]]
    assert types[-3:] == ["PeerToPeerRequested", "PeerToPeerPended", "PeerToPeerClosed"]
    assert REVIEWER["sub"] not in cloud.read(request_id).text


@pytest.mark.rule("W12")
def test_new_determination_is_made_when_a_discussion_overturns(cloud: Cloud) -> None:
    request_id = denied(cloud)
    dispute(cloud, request_id, "peer-to-peer", CALL)
    cloud.pend(request_id, 2)
    lines = [{"line_id": "1.2", "status": "APPROVED"}]
    assert outcome(cloud, request_id, outcome="OVERTURNED").status == 422
    overturned = outcome(cloud, request_id, outcome="OVERTURNED", lines=lines)
    assert (overturned.status, overturned.body["status"]) == (200, "APPROVED")
    response = cloud.read(request_id).body
    assert (response["status"], response["allowed_actions"]) == ("APPROVED", ["DETAILS"])
    assert [one["status"] for one in response["lines"][1]["decisions"]] == ["DENIED", "APPROVED"]
    assert response["history"][-1]["type"] == "PeerToPeerOverturned"


@pytest.mark.rule("W12")
def test_reconsideration_counts_as_no_appeal_when_it_is_upheld(cloud: Cloud) -> None:
    request_id = denied(cloud)
    filed = dispute(cloud, request_id, "reconsiderations", {**LINE, "expedited": True})
    assert filed.status == 202
    assert dispute(cloud, request_id, "reconsiderations", LINE).status == 409
    cloud.pend(request_id, 2)
    [row] = cloud.worklist().body["cycles"]
    assert (row["dispute"], row["urgency"], row["due_at"]) == (
        "RECONSIDERATION",
        "EXPEDITED",
        "2026-07-04T15:00:00Z",
    )
    assert decide(cloud, request_id, DENIED, by=NURSE, cycle=2).status == 202
    assert decide(cloud, request_id, DENIED, cycle=2).status == 200
    response = cloud.read(request_id).body
    [reconsideration] = response["reconsiderations"]
    assert (reconsideration["status"], response["appeals"]) == ("DETERMINED", [])
    assert response["appeal_rights"]["lines"] == [{"line_id": "1.2", "level": 1}]
    assert cloud.appeal(request_id, "1.2").status == 202
    cloud.pend(request_id, 3)
    assert decide(cloud, request_id, DENIED, cycle=3).code == "same_reviewer"
    assert decide(cloud, request_id, DENIED, by=SECOND_REVIEWER, cycle=3).status == 200
    late = dispute(cloud, request_id, "reconsiderations", LINE)
    assert (late.status, late.body["errors"][0]["code"]) == (422, "used")


@pytest.mark.parametrize(
    ("what", "body", "pointer"),
    [
        ("peer-to-peer", LINE, "/phone"),
        ("peer-to-peer", {**CALL, "phone": "0188"}, "/phone"),
        ("peer-to-peer", {**CALL, "line_ids": []}, "/line_ids"),
        ("reconsiderations", {**LINE, "line_ids": ["1.1"]}, "/line_ids/0"),
        ("reconsiderations", {"line_ids": ["1.2"]}, "/reason"),
    ],
)
def test_dispute_is_rejected_when_part_of_it_is_invalid(
    cloud: Cloud, what: str, body: Any, pointer: str
) -> None:
    request_id = denied(cloud)
    before = cloud.item(request_id)
    reply = dispute(cloud, request_id, what, body)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, pointer)
    assert cloud.item(request_id) == before
