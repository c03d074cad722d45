"""Decisions: what, by whom and how often; modified lines, repeated clicks and appeals."""

from typing import Any

import pytest

from tests.adapters.callers import (
    FACILITY,
    NURSE,
    PROVIDER,
    SECOND_REVIEWER,
)
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.deciding import (
    APPROVED,
    DENIED,
    REASONS,
    THIRD_REVIEWER,
    decide,
    meanwhile,
    pended,
    second,
)

# -- approved values ----------------------------------------------------------------------------------


@pytest.mark.rule("W3")
def test_period_and_units_are_the_requested_ones_when_a_line_is_approved_as_requested(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    assert decide(cloud, request_id, APPROVED, {**APPROVED, "line_id": "1.2"}).status == 200
    for by in (PROVIDER, FACILITY):
        first, other = cloud.read(request_id, by).body["lines"]
        assert first["approved"] == {
            "code": "44125",
            "units": 1,
            "unit_type": "UNITS",
            "unit_type_label": "Units",
            "from_date": "2026-07-20",
            "to_date": "2026-07-22",
        }
        assert (other["approved"]["units"], other["review_action"]) == (2, "A1")


@pytest.mark.rule("W3", "W4")
@pytest.mark.parametrize(
    "approved",
    [
        {"units": 1},
        {"to_date": "2026-07-21"},
        {"code": "44139"},
    ],
    ids=["units", "period", "code"],
)
def test_line_is_modified_when_less_is_approved_than_was_requested(
    cloud: Cloud, approved: dict[str, Any]
) -> None:
    request_id = pended(cloud)
    silent = {"line_id": "1.2", "status": "APPROVED", "approved": approved}
    refused = decide(cloud, request_id, APPROVED, silent)
    assert [error["pointer"] for error in refused.body["errors"]] == [
        f"/lines/1/{name}" for name in ("reason_code", "rationale", "criterion")
    ]
    reply = decide(cloud, request_id, APPROVED, second(**approved))
    assert (reply.status, reply.body["status"]) == (200, "PARTIALLY_APPROVED")
    for by in (PROVIDER, FACILITY):
        response = cloud.read(request_id, by).body
        line = response["lines"][1]
        assert (line["status"], line["review_action"]) == ("MODIFIED", "A6")
        assert line["approved"].items() >= approved.items()
        assert line["decisions"][0]["rationale"] == REASONS["rationale"]
        assert response["appeal_rights"]["lines"] == [{"line_id": "1.2", "level": 1}]
        assert "APPEAL" in response["allowed_actions"]


def test_line_is_modified_without_reasons_when_more_is_approved_than_was_requested(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    more = {"line_id": "1.2", "status": "MODIFIED", "approved": {"units": 3}}
    assert decide(cloud, request_id, APPROVED, more, by=NURSE).status == 200
    response = cloud.read(request_id).body
    line = response["lines"][1]
    assert (line["status"], line["review_action"], line["approved"]["units"]) == (
        "MODIFIED",
        "A6",
        3,
    )
    assert (response["status"], response["allowed_actions"]) == ("APPROVED", ["DETAILS"])
    refused = cloud.appeal(request_id, "1.2")
    assert (refused.status, refused.code) == (409, "action_not_allowed")


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        (second(to_date="2026-07-19"), "/lines/1/approved/to_date"),
        (second(code="AB12"), "/lines/1/approved/code"),
        (second(units=0), "/lines/1/approved/units"),
        ({**DENIED, "approved": {"units": 1}}, "/lines/1/approved"),
        ({**DENIED, "reason_code": "XX"}, "/lines/1/reason_code"),
        ({**APPROVED, "line_id": "1.2", "reason_code": "XX"}, "/lines/1/reason_code"),
        ({**APPROVED, "line_id": "1.2", "diagnosis": "K5"}, "/lines/1/diagnosis"),
        ({**APPROVED, "line_id": "1.2", "diagnosis": "K99.999"}, "/lines/1/diagnosis"),
        ({**APPROVED, "line_id": "3.1"}, "/lines/1/line_id"),
        ({**APPROVED, "line_id": "1.2", "status": "MODIFIED"}, "/lines/1/approved"),
    ],
)
def test_decision_is_rejected_when_part_of_it_is_invalid(
    cloud: Cloud, line: dict[str, Any], pointer: str
) -> None:
    request_id = pended(cloud)
    reply = decide(cloud, request_id, APPROVED, line)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, pointer)
    assert cloud.read(request_id).body["status"] == "PENDING"


@pytest.mark.rule("W9", "T6")
def test_both_diagnoses_are_shown_when_the_adjudicated_one_differs(cloud: Cloud) -> None:
    request_id = pended(cloud)
    before = cloud.read(request_id).body["lines"][0]
    assert (before["submitted_diagnosis"], before["adjudicated_diagnosis"]) == ("K5650", None)
    decide(cloud, request_id, {**APPROVED, "diagnosis": "K56.51"}, {**DENIED})
    for by in (PROVIDER, FACILITY):
        response = cloud.read(request_id, by).body
        shown = [
            (one["submitted_diagnosis"], one["adjudicated_diagnosis"]) for one in response["lines"]
        ]
        assert shown == [("K5650", "K5651"), ("K5650", "K5650")]
        first, second = response["lines"]
        assert "with partial obstruction" in first["adjudicated_diagnosis_label"]
        for one in (first["submitted_diagnosis_label"], second["adjudicated_diagnosis_label"]):
            assert "unspecified as to partial versus complete obstruction" in one
        assert response["content"]["services"][0]["primary_diagnosis"] == "K5650"


# -- once per cycle -----------------------------------------------------------------------------------


@pytest.mark.rule("W5")
def test_cycle_is_decided_once_when_a_click_is_repeated(cloud: Cloud) -> None:
    request_id = pended(cloud)
    first = decide(cloud, request_id, APPROVED, DENIED)
    stored = cloud.item(request_id)
    cloud.clock.pass_by(minutes=1)
    again = decide(cloud, request_id, DENIED, APPROVED)
    assert (again.status, again.body) == (200, first.body)
    others = [
        decide(cloud, request_id, APPROVED, {**APPROVED, "line_id": "1.2"}),
        decide(cloud, request_id, APPROVED, {**DENIED, "rationale": "Otherwise."}),
        decide(cloud, request_id, APPROVED, DENIED, by=SECOND_REVIEWER),
        decide(cloud, request_id, APPROVED, DENIED, cycle=2),
    ]
    for reply in others:
        assert (reply.status, reply.code) == (409, "action_not_allowed")
        assert reply.body["lines"] == [
            {"line_id": "1.1", "status": "APPROVED"},
            {"line_id": "1.2", "status": "DENIED"},
        ]
    assert cloud.item(request_id) == stored


def test_decision_returns_the_same_response_when_its_response_was_lost(cloud: Cloud) -> None:
    request_id = pended(cloud)
    cloud.wire.lose_answer("TransactWriteItems", attempts=4)
    lost = decide(cloud, request_id, APPROVED, DENIED)
    assert lost.status == 503
    assert decide(cloud, request_id, APPROVED, DENIED).status == 200
    types = [entry["type"] for entry in cloud.read(request_id).body["history"]]
    assert types.count("RequestDetermined") == 1


@pytest.mark.rule("W6")
def test_void_takes_precedence_when_it_was_committed_before_the_decision(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = pended(cloud)
    voided = meanwhile(cloud, monkeypatch, (cloud.void(request_id) for _ in "1"))
    late = decide(cloud, request_id, APPROVED, DENIED)
    assert (late.status, late.body["request_status"]) == (409, "VOID")
    assert [reply.status for reply in voided] == [200]
    response = cloud.read(request_id).body
    assert (response["status"], response["lines"][0]["decisions"]) == ("VOID", [])


@pytest.mark.rule("W6")
def test_decision_takes_precedence_when_it_was_committed_before_the_void(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = pended(cloud)
    decided = meanwhile(
        cloud, monkeypatch, (decide(cloud, request_id, APPROVED, DENIED) for _ in "1")
    )
    late = cloud.void(request_id)
    assert (late.status, late.body["request_status"]) == (409, "PARTIALLY_APPROVED")
    assert late.body["allowed_actions"] == [
        "DETAILS",
        "REQUEST_PEER_TO_PEER",
        "RECONSIDER",
        "APPEAL",
    ]
    assert [reply.status for reply in decided] == [200]
    types = [entry["type"] for entry in cloud.read(request_id).body["history"]]
    assert types[-1] == "RequestDetermined"
    assert "RequestVoided" not in types


# -- appeals ------------------------------------------------------------------------------------------


@pytest.mark.rule("W7")
def test_no_appeal_is_offered_when_every_level_was_used(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED)
    for cycle, by in ((2, SECOND_REVIEWER), (3, THIRD_REVIEWER)):
        rights = cloud.read(request_id).body["appeal_rights"]
        assert rights["lines"] == [{"line_id": "1.2", "level": cycle - 1}]
        assert cloud.appeal(request_id, "1.2").status == 202
        cloud.pend(request_id, cycle)
        document = cloud.offer(request_id, "second-opinion.pdf")
        assert document.status == 201
        cloud.arrive(request_id, document.body["document"]["document_id"], PDF)
        assert cloud.read(request_id).body["appeal_rights"] is None
        assert decide(cloud, request_id, DENIED, by=by, cycle=cycle).status == 200
        assert cloud.offer(request_id, "late.pdf").status == 409
    response = cloud.read(request_id).body
    assert [appeal["level"] for appeal in response["appeals"]] == [1, 2]
    assert (response["appeal_rights"], response["allowed_actions"]) == (None, ["DETAILS"])
    assert cloud.dashboard().body["requests"][0]["allowed_actions"] == ["DETAILS"]
    [option] = response["dispute_options"]
    assert (option["option"], option["until"]) == ("EXTERNAL_REVIEW", "2026-11-03T05:00:00Z")
    assert option["text"] in response["notices"]
    assert cloud.deps.payer.notices["appeal_rights"] not in response["notices"]
    third = cloud.appeal(request_id, "1.2")
    assert (third.status, third.code) == (409, "action_not_allowed")
    assert (
        "can request an independent external review until November 2, 2026." in third.body["detail"]
    )


# -- visibility ---------------------------------------------------------------------------------------


def test_providers_read_information_requests_and_discussions_when_a_case_is_worked_on(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    cloud.move(request_id, "extension", {"reason": "A specialist's opinion is awaited."})
    cloud.move(request_id, "peer-to-peer")
    cloud.clock.pass_by(days=1)
    cloud.move(request_id, "information", {"documents": ["SLEEP_STUDY"], "text": "Since when?"})
    response = cloud.read(request_id, FACILITY).body
    assert response["information_requests"] == [
        {
            "requested_at": "2026-07-02T15:00:00Z",
            "answer_by": "2026-08-16T15:00:00Z",
            "documents": [
                {
                    "code": "SLEEP_STUDY",
                    "label": "Sleep study report and Epworth Sleepiness Scale",
                }
            ],
            "text": "Since when?",
            "closed_at": None,
            "answered": False,
            "answer": None,
        }
    ]
    assert response["extension"]["reason"] == "A specialist's opinion is awaited."
    assert response["peer_to_peer"] == {
        "offered_at": "2026-07-01T15:00:00Z",
        "respond_by": "2026-07-02T15:00:00Z",
        "phone": "(800) 882-4470",
        "outcome": None,
        "outcome_label": None,
        "recorded_at": None,
    }
    last = response["history"][-1]
    assert (last["type"], last["waiting_on"]) == ("InformationRequested", "PROVIDER")
    assert (last["waiting_since"], last["until"]) == (
        "2026-07-02T15:00:00Z",
        "2026-08-16T15:00:00Z",
    )
    submitted = next(e for e in response["history"] if e["type"] == "RequestSubmitted")
    assert (submitted["waiting_on"], submitted["until"]) == ("PAYER", None)


@pytest.mark.rule("T1")
def test_reviewer_steps_are_hidden_from_the_history_when_a_provider_reads_it(cloud: Cloud) -> None:
    request_id = pended(cloud)
    cloud.move(request_id, "assign")
    cloud.move(request_id, "release")
    theirs = [entry["type"] for entry in cloud.read(request_id).body["history"]]
    ours = [entry["type"] for entry in cloud.case(request_id).body["history"]]
    assert not {"CaseAssigned", "CaseReleased"} & set(theirs)
    assert ours[-2:] == ["CaseAssigned", "CaseReleased"]
