"""Reviewer actions on a case before the decision, through the real handlers."""

from typing import Any

import pytest

from tests.adapters.callers import (
    FACILITY,
    OTHER_QUEUE,
    PROVIDER,
    REVIEWER,
    SECOND_REVIEWER,
    STRANGER,
)
from tests.adapters.cloud import PDF, Cloud
from tests.fakes.samples import BOWEL_SURGERIES

BOTH = {"1.1": "APPROVED", "1.2": "APPROVED"}
REVIEWER_ACTIONS: tuple[tuple[str, Any], ...] = (
    ("assign", None),
    ("release", None),
    ("information", {"documents": ["CLINICAL_NOTES"]}),
    ("extension", {"reason": "A specialist's opinion is awaited."}),
    ("peer-to-peer", None),
    ("decisions", {"cycle": 1, "lines": [{"line_id": "1.1", "status": "APPROVED"}]}),
    ("signature", {"cycle": 1, "accept": True}),
)


def pended(cloud: Cloud, urgency: str = "STANDARD") -> str:
    """A request of two lines without required documentation."""
    return cloud.pended(services=[{**BOWEL_SURGERIES, "urgency": urgency}])


# -- permissions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "body"), REVIEWER_ACTIONS, ids=[what for what, _ in REVIEWER_ACTIONS]
)
def test_case_is_accessible_from_its_worklist_only_when_a_reviewer_acts(
    cloud: Cloud, what: str, body: Any
) -> None:
    request_id = pended(cloud)
    before = cloud.item(request_id)
    assert cloud.move(request_id, what, body, by=OTHER_QUEUE).status == 404
    assert cloud.move(request_id, what, body, by=PROVIDER).status == 403
    assert cloud.item(request_id) == before
    assert cloud.worklist(OTHER_QUEUE).body["cycles"] == []
    assert cloud.case(request_id, OTHER_QUEUE).status == 404


@pytest.mark.parametrize(
    ("what", "body"), REVIEWER_ACTIONS[2:], ids=[what for what, _ in REVIEWER_ACTIONS[2:]]
)
def test_colleague_is_refused_when_a_case_is_assigned(cloud: Cloud, what: str, body: Any) -> None:
    request_id = pended(cloud)
    assert cloud.move(request_id, "assign").status == 200
    before = cloud.item(request_id)
    lines = [{"line_id": line, "status": "APPROVED"} for line in BOTH]
    sent = {"cycle": 1, "lines": lines} if what == "decisions" else body
    reply = cloud.move(request_id, what, sent, by=SECOND_REVIEWER)
    assert (reply.status, reply.code) == (409, "action_not_allowed")
    assert reply.body["allowed_actions"] == ["DETAILS", "ADD_NOTE"]
    assert cloud.item(request_id) == before


def test_assignment_ends_when_its_time_has_passed(cloud: Cloud) -> None:
    request_id = pended(cloud)
    claimed = cloud.move(request_id, "assign").body
    assert claimed["assignment"] == {
        "assigned_to": "YOU",
        "assigned_to_label": "You",
        "until": "2026-07-01T16:00:00Z",
        "by_lead": False,
        "reviewer": None,
    }
    assert cloud.move(request_id, "assign", by=SECOND_REVIEWER).status == 409
    [row] = cloud.worklist(SECOND_REVIEWER).body["cycles"]
    assert row["assignment"] == {
        "assigned_to": "ANOTHER",
        "assigned_to_label": "Another reviewer",
        "until": "2026-07-01T16:00:00Z",
        "by_lead": False,
        "reviewer": None,
    }
    cloud.clock.pass_by(minutes=30)
    assert cloud.move(request_id, "assign").body["assignment"]["until"] == "2026-07-01T16:30:00Z"
    cloud.clock.pass_by(minutes=60)
    assert cloud.worklist().body["cycles"][0]["assignment"] is None
    taken = cloud.move(request_id, "assign", by=SECOND_REVIEWER)
    assert (taken.status, taken.body["assignment"]["assigned_to"]) == (200, "YOU")
    assert cloud.decide(request_id, BOTH).status == 409


def test_colleague_may_decide_when_the_case_was_released(cloud: Cloud) -> None:
    request_id = pended(cloud)
    cloud.move(request_id, "assign")
    assert cloud.move(request_id, "release", by=SECOND_REVIEWER).status == 409
    assert cloud.move(request_id, "release").body["assignment"] is None
    assert cloud.move(request_id, "release").status == 200
    assert cloud.decide(request_id, BOTH, by=SECOND_REVIEWER).status == 200


def test_list_has_the_reviewers_own_cases_when_mine_is_requested(cloud: Cloud) -> None:
    first, second = pended(cloud), pended(cloud)
    cloud.move(second, "assign")
    mine = cloud.worklist(mine="true").body
    assert [row["request_id"] for row in mine["cycles"]] == [second]
    assert cloud.worklist(SECOND_REVIEWER, mine="true").body["cycles"] == []
    cloud.clock.pass_by(minutes=60)
    assert cloud.worklist(mine="true").body["cycles"] == []
    assert {row["request_id"] for row in cloud.worklist().body["cycles"]} == {first, second}


# -- requests for information -------------------------------------------------------------------------


@pytest.mark.rule("W2")
def test_clock_is_paused_when_information_is_requested(cloud: Cloud) -> None:
    request_id = pended(cloud)
    due_at = cloud.read(request_id).body["due_at"]
    cloud.clock.pass_by(days=2)
    requested = cloud.move(
        request_id, "information", {"documents": ["CLINICAL_NOTES"], "text": "Why?"}
    )
    assert (requested.status, requested.body["waiting_on"]) == (200, "PROVIDER")
    assert requested.body["due_at"] == "2026-08-17T15:00:00Z"
    assert "REQUEST_INFORMATION" not in requested.body["allowed_actions"]
    cloud.clock.pass_by(days=3)
    for by in (PROVIDER, FACILITY):
        response = cloud.read(request_id, by).body
        assert (response["waiting_on"], response["due_at"]) == ("PROVIDER", "2026-08-17T15:00:00Z")
    answered = cloud.answer(request_id, "Two months of therapy failed.", by=FACILITY)
    assert (answered.status, answered.body["waiting_on"]) == (200, "PAYER")
    assert due_at == "2026-07-16T15:00:00Z"
    assert cloud.read(request_id).body["due_at"] == "2026-07-19T15:00:00Z"


@pytest.mark.rule("W2")
def test_providers_have_hours_when_information_is_requested_for_an_expedited_case(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud, "EXPEDITED")
    requested = cloud.move(request_id, "information", {"text": "Since when?"})
    assert requested.body["due_at"] == "2026-07-03T15:00:00Z"


@pytest.mark.rule("W2")
def test_review_continues_when_a_document_arrives(cloud: Cloud) -> None:
    request_id = pended(cloud)
    cloud.move(request_id, "information", {"documents": ["CLINICAL_NOTES"]})
    cloud.clock.pass_by(days=1)
    offered = cloud.offer(request_id, "notes.pdf").body["document"]
    cloud.arrive(request_id, offered["document_id"], PDF)
    for _ in range(2):
        assert cloud.relay(cloud.stream()) == []
    response = cloud.read(request_id).body
    assert (response["waiting_on"], response["due_at"]) == ("PAYER", "2026-07-17T15:00:00Z")
    types = [entry["type"] for entry in response["history"]]
    assert types.count("InformationReceived") == 1


def test_paused_case_is_sorted_by_the_providers_deadline_when_the_list_is_read(
    cloud: Cloud,
) -> None:
    paused = pended(cloud)
    cloud.clock.pass_by(minutes=1)
    running = pended(cloud)
    cloud.move(paused, "information", {"text": "Since when?"})
    rows = cloud.worklist().body["cycles"]
    assert [(row["request_id"], row["waiting_on"]) for row in rows] == [
        (running, "PAYER"),
        (paused, "PROVIDER"),
    ]


def test_information_is_requested_once_when_the_response_was_lost(cloud: Cloud) -> None:
    request_id = pended(cloud)
    body = {"documents": ["CLINICAL_NOTES", "CLINICAL_NOTES"], "text": "Since when?"}
    first = cloud.move(request_id, "information", body)
    cloud.clock.pass_by(minutes=1)
    again = cloud.move(request_id, "information", body)
    assert (again.status, again.body) == (200, first.body)
    other = cloud.move(request_id, "information", {"text": "Something else?"})
    assert (other.status, other.code) == (409, "action_not_allowed")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/documents"),
        ({"documents": ["CLINICAL_NOTES", "X_RAY_OF_SOUL"]}, "/documents/1"),
        ({"text": ""}, "/text"),
    ],
)
def test_request_for_information_is_rejected_when_the_document_code_is_unknown(
    cloud: Cloud, body: Any, pointer: str
) -> None:
    reply = cloud.move(pended(cloud), "information", body)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, pointer)


def test_response_to_rfi_is_rejected_when_none_is_open(cloud: Cloud) -> None:
    request_id = pended(cloud)
    reply = cloud.answer(request_id, "Here it is.")
    assert (reply.status, reply.body["allowed_actions"]) == (409, ["DETAILS", "MODIFY", "VOID"])
    cloud.move(request_id, "information", {"text": "Since when?"})
    assert cloud.answer(request_id, "Since May.", by=STRANGER).status == 404
    assert cloud.answer(request_id, "Since May.").status == 200
    assert cloud.answer(request_id, "Since May.").status == 200
    assert cloud.answer(request_id, "Since June.").status == 409


# -- extensions, and peer-to-peer discussions ---------------------------------------------------------


@pytest.mark.rule("W2")
def test_deadline_moves_once_when_it_is_extended(cloud: Cloud) -> None:
    request_id = pended(cloud)
    body = {"reason": "A specialist's opinion is awaited."}
    first = cloud.move(request_id, "extension", body)
    assert (first.status, first.body["due_at"]) == (200, "2026-07-31T15:00:00Z")
    assert "EXTEND" not in first.body["allowed_actions"]
    assert cloud.move(request_id, "extension", body).body["due_at"] == "2026-07-31T15:00:00Z"
    second = cloud.move(request_id, "extension", {"reason": "Holidays."})
    assert (second.status, second.code) == (409, "action_not_allowed")
    assert cloud.read(request_id).body["due_at"] == "2026-07-31T15:00:00Z"


@pytest.mark.rule("W2")
def test_deadline_does_not_move_when_an_expedited_case_is_extended(cloud: Cloud) -> None:
    request_id = pended(cloud, "EXPEDITED")
    assert cloud.move(request_id, "extension", {"reason": "Holidays."}).status == 409
    assert cloud.move(request_id, "extension", {"reason": ""}).status == 422
    assert cloud.read(request_id).body["due_at"] == "2026-07-04T15:00:00Z"


def test_peer_to_peer_is_offered_once_when_it_is_clicked_twice(cloud: Cloud) -> None:
    request_id = pended(cloud)
    due_at = cloud.read(request_id).body["due_at"]
    for _ in range(2):
        assert cloud.move(request_id, "peer-to-peer").status == 200
        cloud.clock.pass_by(minutes=1)
    response = cloud.read(request_id).body
    assert [entry["type"] for entry in response["history"]].count("PeerToPeerOffered") == 1
    assert response["due_at"] == due_at


def test_no_action_is_taken_when_no_case_is_pended(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    for what, body in REVIEWER_ACTIONS:
        reply = cloud.move(request_id, what, body, by=REVIEWER)
        assert (reply.status, reply.code) == (409, "action_not_allowed"), what
        assert reply.body["allowed_actions"] == ["DETAILS", "ADD_NOTE"]


def test_expedited_appeal_is_before_standard_cases_when_the_worklist_is_read(cloud: Cloud) -> None:
    standard = [pended(cloud) for _ in range(2)]
    cloud.clock.pass_by(days=14)
    appealed = cloud.determined()
    assert cloud.appeal(appealed, "1.2", expedited=True).status == 202
    cloud.pend(appealed, 2)
    rows = cloud.worklist().body["cycles"]
    assert [row["request_id"] for row in rows] == [appealed, *standard]
    assert [row["urgency"] for row in rows] == ["EXPEDITED", "STANDARD", "STANDARD"]
    due_at = [row["due_at"] for row in rows]
    assert due_at[1] < due_at[0]
