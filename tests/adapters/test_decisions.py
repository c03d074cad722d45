"""Decisions: what, by whom and how often; modified lines, signatures, repeated clicks, dates."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from functions.review import handler as review
from precert.domain.request import Request
from precert.domain.statuses import LineStatus
from tests.adapters.callers import (
    FACILITY,
    FACILITY_SUBJECT,
    NURSE,
    OPERATOR,
    OTHER_QUEUE,
    PHYSICIAN,
    PROVIDER,
    PROVIDER_SUBJECT,
    REVIEWER,
    SECOND_REVIEWER,
    SUBJECTS,
    claims,
)
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.fakes.samples import BOWEL_SURGERIES

THIRD_REVIEWER = claims("reviewer-user-77cd", PHYSICIAN, plans="OAP-COMPLETE")
REASONS = {
    "reason_code": "0L",
    "rationale": "One resection is what the images support.",
    "criterion": "MCG S-310",
}
APPROVED: Mapping[str, Any] = {"line_id": "1.1", "status": "APPROVED"}
DENIED: Mapping[str, Any] = {"line_id": "1.2", "status": "DENIED", **REASONS}


def pended(cloud: Cloud) -> str:
    """A request of two lines without required documentation."""
    return cloud.pended(services=[BOWEL_SURGERIES])


def decide(
    cloud: Cloud,
    request_id: str,
    *lines: Mapping[str, Any],
    by: Mapping[str, str] = REVIEWER,
    cycle: int = 1,
) -> Reply:
    body = {"cycle": cycle, "lines": [dict(line) for line in lines]}
    return cloud.move(request_id, "decisions", body, by=by)


def second(**approved: Any) -> dict[str, Any]:
    """The second line, approved in part."""
    return {"line_id": "1.2", "status": "APPROVED", "approved": approved, **REASONS}


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


def meanwhile(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, other: Iterator[Reply]) -> list[Reply]:
    """Another change is committed between the next read and its write."""
    read, replies = cloud.deps.requests.read, list[Reply]()

    def slow(request_id: str) -> Request | None:
        found = read(request_id)
        monkeypatch.setattr(cloud.deps.requests, "read", read)
        replies.append(next(other))
        return found

    monkeypatch.setattr(cloud.deps.requests, "read", slow)
    return replies


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


# -- a second signature -------------------------------------------------------------------------------


@pytest.fixture
def signing(cloud: Cloud) -> Cloud:
    """A payer that requires a second signature for denials and modified lines."""
    expected = frozenset({LineStatus.DENIED, LineStatus.MODIFIED})
    settings = cloud.deps.payer.utilization_management.model_copy(
        update={"second_signature": expected}
    )
    cloud.deps.payer = cloud.deps.payer.model_copy(update={"utilization_management": settings})
    return cloud


def test_denial_waits_when_the_payer_requires_a_second_signature(signing: Cloud) -> None:
    request_id = pended(signing)
    signing.move(request_id, "assign")
    reply = decide(signing, request_id, APPROVED, DENIED)
    assert (reply.status, reply.body["status"]) == (202, "PENDING")
    assert (reply.body["awaits_signature"], reply.body["assignment"]) == (True, None)
    assert {"DECIDE", "RETURN_PROPOSAL"} <= set(reply.body["allowed_actions"])
    assert "SIGN" not in reply.body["allowed_actions"]
    assert decide(signing, request_id, APPROVED, DENIED).status == 202
    other = decide(signing, request_id, APPROVED, DENIED, by=SECOND_REVIEWER)
    assert (other.status, other.code) == (409, "action_not_allowed")
    own = signing.move(request_id, "signature", {"cycle": 1, "accept": True})
    assert (own.status, own.code) == (409, "same_reviewer")
    [row] = signing.worklist(SECOND_REVIEWER).body["cycles"]
    assert row["awaits_signature"] is True
    case = signing.case(request_id, SECOND_REVIEWER).body
    assert case["proposal"]["proposed_by"] == "ANOTHER"
    assert "SIGN" in case["allowed_actions"]
    response = signing.read(request_id).body
    assert (response["status"], response["lines"][1]["decisions"]) == ("PENDING", [])
    assert "DecisionProposed" not in {entry["type"] for entry in response["history"]}


def test_decisions_become_the_determination_when_another_reviewer_signs(signing: Cloud) -> None:
    request_id = pended(signing)
    decide(signing, request_id, APPROVED, DENIED)
    body = {"cycle": 1, "accept": True}
    signed = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    assert (signed.status, signed.body["status"]) == (200, "PARTIALLY_APPROVED")
    again = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    assert (again.status, again.body) == (200, signed.body)
    assert decide(signing, request_id, APPROVED, DENIED).status == 200
    third = signing.move(request_id, "signature", body, by=THIRD_REVIEWER)
    assert (third.status, third.code) == (409, "action_not_allowed")


def test_cycle_is_open_again_when_the_signature_is_refused(signing: Cloud) -> None:
    request_id = pended(signing)
    decide(signing, request_id, APPROVED, DENIED)
    body = {"cycle": 1, "accept": False, "comment": "Name the criterion."}
    returned = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    assert (returned.status, returned.body["awaits_signature"]) == (200, False)
    approved = decide(signing, request_id, APPROVED, {**APPROVED, "line_id": "1.2"})
    assert (approved.status, approved.body["status"]) == (200, "APPROVED")


@pytest.mark.rule("W7")
def test_appeal_needs_two_new_reviewers_when_decisions_are_signed(signing: Cloud) -> None:
    request_id = pended(signing)
    decide(signing, request_id, APPROVED, DENIED)
    signing.move(request_id, "signature", {"cycle": 1, "accept": True}, by=SECOND_REVIEWER)
    signing.appeal(request_id, "1.2")
    signing.pend(request_id, 2)
    for by in (REVIEWER, SECOND_REVIEWER):
        for reply in (
            decide(signing, request_id, DENIED, by=by, cycle=2),
            signing.move(request_id, "assign", by=by),
        ):
            assert (reply.status, reply.code) == (409, "same_reviewer")
        assert signing.case(request_id, by).body["allowed_actions"] == ["DETAILS", "ADD_NOTE"]
    assert decide(signing, request_id, DENIED, by=THIRD_REVIEWER, cycle=2).status == 202
    for by in (REVIEWER, SECOND_REVIEWER):
        body = {"cycle": 2, "accept": True}
        assert signing.move(request_id, "signature", body, by=by).code == "same_reviewer"


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
    assert "External review" in third.body["detail"]


# -- dates, and overdue requests ----------------------------------------------------------------------

MOVED: Mapping[str, str] = {
    "line_id": "1.1",
    "from_date": "2026-07-27",
    "to_date": "2026-07-29",
}


@pytest.mark.rule("W5")
def test_only_dates_change_when_an_operator_changes_them(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED)
    before = cloud.read(request_id).body
    reply = cloud.change_dates(request_id, MOVED)
    assert (reply.status, reply.body["allowed_actions"]) == (200, ["DETAILS", "CHANGE_DATES"])
    version = cloud.stored(request_id)["version"]
    assert cloud.change_dates(request_id, MOVED).status == 200
    assert cloud.stored(request_id)["version"] == version
    after = cloud.read(request_id).body
    line = after["lines"][0]
    period = {"from_date": "2026-07-27", "to_date": "2026-07-29"}
    assert line["approved"] == {**before["lines"][0]["approved"], **period}
    assert [one["date_change_reason"] for one in line["decisions"]] == [
        None,
        "The surgeon fell ill.",
    ]
    assert after["history"][-1]["type"] == "DatesChanged"
    for name in ("status", "content", "determined_at"):
        assert after[name] == before[name]
    assert after["lines"][1] == before["lines"][1]
    assert decide(cloud, request_id, APPROVED, DENIED).status == 200


@pytest.mark.rule("S2")
@pytest.mark.rule("T2")
def test_new_dates_are_listed_and_compared_when_an_operator_changed_them(cloud: Cloud) -> None:
    one = cloud.pended(services=[BOWEL_SURGERIES])
    assert decide(cloud, one, APPROVED, {**APPROVED, "line_id": "1.2"}).status == 200
    days = {"from_date": "2026-09-07", "to_date": "2026-09-09"}
    moved = [{"line_id": line_id, **days} for line_id in ("1.1", "1.2")]
    assert cloud.change_dates(one, *moved).status == 200
    for by in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by).body["requests"]
        assert (row["first_day"], row["last_day"]) == ("2026-09-07", "2026-09-09")
    same = [{**BOWEL_SURGERIES, "admission_date": "2026-09-08"}]
    refused = cloud.submit(cloud.start(services=same), services=same)
    assert (refused.code, refused.body["existing"]["request_id"]) == ("duplicate_request", one)
    freed = [BOWEL_SURGERIES]
    assert cloud.submit(cloud.start(services=freed), services=freed).status == 202


@pytest.mark.rule("W5")
def test_dates_do_not_change_when_the_caller_is_no_operator_or_nothing_is_approved(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    early = cloud.change_dates(request_id, MOVED)
    assert (early.status, early.body["allowed_actions"]) == (409, ["DETAILS"])
    decide(cloud, request_id, APPROVED, DENIED)
    for by in (PROVIDER, FACILITY, REVIEWER, OTHER_QUEUE):
        assert cloud.change_dates(request_id, MOVED, by=by).status == 403
    for wrong, code in (
        ({**MOVED, "line_id": "1.2"}, "not_approved"),
        ({**MOVED, "line_id": "9.9"}, "not_approved"),
        ({**MOVED, "to_date": "2026-07-26"}, "out_of_order"),
    ):
        assert cloud.change_dates(request_id, wrong).body["errors"][0]["code"] == code
    assert cloud.change_dates(request_id, MOVED, MOVED).body["errors"][0]["code"] == "duplicate"
    assert cloud.change_dates("01J1QZ8Y7N4W3V2T1S0R9Q8P7M", MOVED).status == 404
    assert cloud.change_dates(cloud.start(), MOVED).status == 404


@pytest.mark.parametrize("raw", ["{", "{}", '{"lines": 1}'])
def test_caller_is_refused_before_the_body_is_read_when_not_an_operator(
    cloud: Cloud, raw: str
) -> None:
    path = f"/v1/operations/requests/{'0' * 26}/dates"
    refused = cloud.call(review, "POST", path, raw=raw, by=REVIEWER)
    assert (refused.status, refused.code) == (403, "not_entitled")
    assert cloud.call(review, "POST", path, raw=raw, by=OPERATOR).status in {400, 422}


@pytest.mark.rule("W2")
def test_cycle_is_in_the_overdue_queue_when_its_deadline_passed(cloud: Cloud) -> None:
    late, other = pended(cloud), pended(cloud)
    assert cloud.overdue().body["cycles"] == []
    cloud.clock.pass_by(days=15)
    for _ in range(2):
        cloud.check_deadline(late)
    with cloud.wire.counting() as calls:
        [row] = cloud.overdue().body["cycles"]
    assert calls == ["Query"]
    assert (row["request_id"], row["due_at"]) == (late, "2026-07-16T15:00:00Z")
    cloud.move(late, "assign")
    assert cloud.overdue().body["cycles"][0]["assignment"]["assigned_to"] == "ANOTHER"
    assert set(cloud.deps.listings.open_cycles()) == {late, other}
    assert len(cloud.deps.listings.open_cycles()) == 2
    for by in (PROVIDER, REVIEWER):
        assert cloud.overdue(by).status == 403
    decide(cloud, late, APPROVED, DENIED)
    assert cloud.overdue().body["cycles"] == []
    cloud.check_deadline(other)
    extension = cloud.move(other, "extension", {"reason": "A specialist's opinion is awaited."})
    assert (extension.status, extension.code) == (409, "action_not_allowed")
    assert len(cloud.overdue().body["cycles"]) == 1


# -- visibility ---------------------------------------------------------------------------------------


@pytest.mark.rule("A3")
def test_no_user_is_named_when_a_request_went_through_every_action(signing: Cloud) -> None:
    request_id = pended(signing)
    signing.move(request_id, "assign")
    signing.move(request_id, "peer-to-peer")
    signing.move(request_id, "information", {"text": "Since when?"})
    signing.answer(request_id, "Since May.", by=FACILITY)
    signing.move(request_id, "extension", {"reason": "A specialist's opinion is awaited."})
    decide(signing, request_id, APPROVED, DENIED)
    waiting = [signing.case(request_id, by) for by in (REVIEWER, SECOND_REVIEWER)]
    body = {"cycle": 1, "accept": True}
    moved = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    dates = signing.change_dates(request_id, MOVED)
    reads = [
        *(signing.read(request_id, by) for by in (PROVIDER, FACILITY)),
        *(signing.case(request_id, by) for by in (REVIEWER, SECOND_REVIEWER)),
        *(signing.worklist(), signing.overdue(), *waiting, moved, dates),
    ]
    people = [*SUBJECTS, OPERATOR["sub"]]
    assert {PROVIDER_SUBJECT, FACILITY_SUBJECT} <= set(people)
    for reply in reads:
        assert reply.status == 200
        assert [person for person in people if person in reply.text] == []


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
        "phone": "800.882.4470",
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


def attached(cloud: Cloud, request_id: str, name: str) -> str:
    document_id = str(cloud.offer(request_id, name).body["document"]["document_id"])
    cloud.arrive(request_id, document_id, PDF)
    return document_id


def test_documents_are_new_until_a_reviewer_has_seen_them_when_they_arrive(cloud: Cloud) -> None:
    request_id = pended(cloud)
    first, second_one = (attached(cloud, request_id, f"{name}.pdf") for name in ("a", "b"))
    both = sorted([first, second_one])
    assert cloud.case(request_id).body["new_documents"] == both
    for what, body in (
        ("assign", None),
        ("notes", {"text": "Call the surgeon."}),
        ("peer-to-peer", None),
        ("extension", {"reason": "A specialist's opinion is awaited."}),
        ("release", None),
    ):
        assert cloud.move(request_id, what, body).status == 200
        assert cloud.case(request_id).body["new_documents"] == both, what
    seen = {"text": "Since when?", "seen_documents": [first, "0" * 26]}
    assert cloud.move(request_id, "information", seen).status == 200
    for by in (REVIEWER, SECOND_REVIEWER):
        assert cloud.case(request_id, by).body["new_documents"] == [second_one]
        assert cloud.worklist(by).body["cycles"][0]["new_documents"] == [second_one]
    note = {"text": "Read the note of May.", "seen_documents": [second_one]}
    assert cloud.move(request_id, "notes", note).status == 200
    assert cloud.case(request_id).body["new_documents"] == []
    assert cloud.worklist().body["cycles"][0]["new_documents"] == []


@pytest.mark.rule("W2")
@pytest.mark.parametrize("adverse", [DENIED, second(units=1)], ids=["denial", "reduction"])
def test_refusal_is_rejected_when_a_document_that_answers_is_not_seen(
    cloud: Cloud, adverse: dict[str, Any]
) -> None:
    """The document closes the request for information, so nothing waits for the providers any more."""
    request_id = pended(cloud)
    cloud.move(request_id, "information", {"documents": ["CLINICAL_NOTES"]})
    document_id = attached(cloud, request_id, "notes.pdf")
    cloud.relay(cloud.stream())
    assert cloud.read(request_id).body["waiting_on"] == "PAYER"
    body = {"cycle": 1, "lines": [APPROVED, adverse], "before_response": True}
    refused = cloud.move(request_id, "decisions", {**body, "seen_documents": []})
    assert refused.status == 422
    [error] = refused.body["errors"]
    assert (error["pointer"], error["code"]) == ("/seen_documents", "documents_unseen")
    assert document_id in error["message"]
    assert cloud.case(request_id).body["new_documents"] == [document_id]
    seen = {**body, "seen_documents": [document_id]}
    assert cloud.move(request_id, "decisions", seen).status == 200
    assert cloud.stored(request_id).get("new_documents") is None


def test_document_stays_new_when_a_case_is_approved_without_it(cloud: Cloud) -> None:
    request_id = pended(cloud)
    document_id = attached(cloud, request_id, "notes.pdf")
    lines = [APPROVED, {**APPROVED, "line_id": "1.2"}]
    body = {"cycle": 1, "lines": lines, "seen_documents": []}
    assert cloud.move(request_id, "decisions", body).status == 200
    assert cloud.stored(request_id)["new_documents"] == {document_id}


@pytest.mark.rule("W2")
def test_denial_is_rejected_when_a_document_arrives_while_it_is_recorded(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = pended(cloud)

    def arriving() -> Iterator[Reply]:
        attached(cloud, request_id, "notes.pdf")
        yield cloud.read(request_id)

    meanwhile(cloud, monkeypatch, arriving())
    body = {"cycle": 1, "lines": [APPROVED, DENIED], "seen_documents": []}
    refused = cloud.move(request_id, "decisions", body)
    assert refused.status == 422
    assert [error["code"] for error in refused.body["errors"]] == ["documents_unseen"]
    assert cloud.read(request_id).body["status"] == "PENDING"


@pytest.mark.rule("W2", "W10")
def test_proposed_denial_is_not_confirmed_when_a_document_is_not_seen(cloud: Cloud) -> None:
    request_id = pended(cloud)
    assert decide(cloud, request_id, APPROVED, DENIED, by=NURSE).status == 202
    document_id = attached(cloud, request_id, "notes.pdf")
    body = {"cycle": 1, "accept": True}
    refused = cloud.move(request_id, "signature", {**body, "seen_documents": []})
    assert [error["code"] for error in refused.body["errors"]] == ["documents_unseen"]
    signed = cloud.move(request_id, "signature", {**body, "seen_documents": [document_id]})
    assert signed.status == 200
