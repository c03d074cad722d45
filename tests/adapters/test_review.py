"""From clinical review to appeal, through the real handlers and the workflow's tasks."""

from datetime import datetime, timedelta

import pytest

from functions.submit import handler as submit
from precert.names import CYCLE_PENDED, WorkflowTask
from tests.adapters.callers import FACILITY, PROVIDER, SECOND_REVIEWER, STRANGER
from tests.adapters.cloud import Cloud
from tests.fakes.samples import BOWEL_SURGERY, PROVIDER_TIN


def cycles(cloud: Cloud) -> list[str]:
    return [row["request_id"] for row in cloud.worklist().body["cycles"]]


@pytest.mark.rule("W2")
def test_deadline_is_in_every_response_when_a_request_is_in_review(cloud: Cloud) -> None:
    request_id = cloud.submitted(services=[BOWEL_SURGERY])
    before = cloud.read(request_id).body
    [row] = cloud.dashboard().body["requests"]
    assert before["due_at"] is row["due_at"] is None
    assert before["decision_clock"]["decision_due_at"] == "2026-07-16T15:00:00Z"
    cloud.pend(request_id)
    after = cloud.read(request_id).body
    [row], [worklist_row] = cloud.dashboard().body["requests"], cloud.worklist().body["cycles"]
    shown = [one["due_at"] for one in (after, row, worklist_row)]
    assert shown == ["2026-07-16T15:00:00Z"] * 3
    assert after["history"][-1]["until"] == "2026-07-16T15:00:00Z"


@pytest.mark.rule("W2")
def test_clock_is_the_expedited_one_when_one_service_is_expedited(cloud: Cloud) -> None:
    request_id = cloud.pended(services=[{**BOWEL_SURGERY, "urgency": "EXPEDITED"}])
    assert cloud.read(request_id).body["due_at"] == "2026-07-04T15:00:00Z"
    cloud.submitted()
    standard = cloud.pended()
    assert cycles(cloud) == [request_id, standard]


@pytest.mark.rule("W2")
def test_cycle_has_one_reminder_and_one_escalation_when_no_decision_is_made(cloud: Cloud) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERY])
    seconds = cloud.task(WorkflowTask.ASSESS, request_id)["seconds_to_next_check"]
    cloud.clock.pass_by(seconds=seconds)
    cloud.task(WorkflowTask.CHECK_DEADLINE, request_id)
    marked = cloud.task(WorkflowTask.CHECK_DEADLINE, request_id)
    assert marked["route"] == "review"
    cloud.clock.pass_by(seconds=marked["seconds_to_next_check"])
    for _ in range(3):
        cloud.task(WorkflowTask.CHECK_DEADLINE, request_id)
        cloud.clock.pass_by(days=1)
    history = [entry["type"] for entry in cloud.read(request_id).body["history"]]
    assert history.count("DeadlineApproaching") == history.count("DeadlinePassed") == 1
    assert cloud.read(request_id).body["status"] == "PENDING"
    assert cycles(cloud) == [request_id]


def test_request_leaves_the_worklist_when_it_is_decided(cloud: Cloud) -> None:
    request_id = cloud.pended()
    assert cycles(cloud) == [request_id]
    reply = cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
    assert (reply.status, reply.body["status"]) == (200, "APPROVED")
    assert cycles(cloud) == []
    found = cloud.read(request_id).body
    assert (found["due_at"], found["waiting_on"]) == (None, "NONE")
    for by in (PROVIDER, FACILITY):
        assert cloud.dashboard(by).body["requests"][0]["status"] == "APPROVED"


@pytest.mark.rule("W4")
def test_both_providers_read_the_reasons_when_a_line_was_denied(cloud: Cloud) -> None:
    request_id = cloud.determined()
    for by in (PROVIDER, FACILITY):
        body = cloud.read(request_id, by).body
        [decision] = body["lines"][1]["decisions"]
        assert decision["rationale"] == "Conservative treatment was not tried."
        assert decision["reason_code_label"] == "Not medically necessary"
        assert decision["criterion"] == "MCG S-310"
        [rights] = [text for text in body["notices"] if "can appeal within 180 calendar" in text]
        assert "within 15 calendar days, or within 72 hours" in rights


@pytest.mark.rule("W4")
def test_denial_is_rejected_when_it_gives_no_reason(cloud: Cloud) -> None:
    request_id = cloud.pended()
    lines = [{"line_id": line, "status": "DENIED"} for line in ("1.1", "1.2")]
    body = {"cycle": 1, "lines": lines, "before_response": True}
    reply = cloud.move(request_id, "decisions", body)
    assert reply.status == 422
    assert {error["pointer"] for error in reply.body["errors"]} == {
        f"/lines/{index}/{name}"
        for index in (0, 1)
        for name in ("reason_code", "rationale", "criterion")
    }
    assert cloud.read(request_id).body["status"] == "PENDING"


def test_decision_is_rejected_when_it_leaves_a_line_open(cloud: Cloud) -> None:
    request_id = cloud.pended()
    reply = cloud.decide(request_id, {"1.1": "OPEN", "1.2": "APPROVED"})
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/lines/0/status")
    missing = cloud.decide(request_id, {"1.1": "APPROVED"})
    assert (missing.status, missing.body["errors"][0]["code"]) == (422, "line_missing")


def test_second_decision_is_rejected_when_the_cycle_is_decided(cloud: Cloud) -> None:
    request_id = cloud.determined()
    late = cloud.decide(request_id, {"1.1": "DENIED", "1.2": "DENIED"}, by=SECOND_REVIEWER)
    assert (late.status, late.code) == (409, "action_not_allowed")
    assert cloud.read(request_id).body["status"] == "PARTIALLY_APPROVED"


@pytest.mark.rule("W7")
def test_another_reviewer_decides_when_denied_lines_are_appealed(cloud: Cloud) -> None:
    request_id = cloud.determined()
    assert cloud.appeal(request_id, "1.1").body["errors"][0]["code"] == "not_appealable"
    appealed = cloud.appeal(request_id, "1.2", by=FACILITY)
    assert (appealed.status, appealed.body["cycle"]) == (202, 2)
    assert cloud.appeal(request_id, "1.2", expedited=True).code == "action_not_allowed"
    assert cloud.dashboard().body["requests"][0]["allowed_actions"] == ["DETAILS", "MODIFY"]
    cloud.pend(request_id, 2)
    assert cycles(cloud) == [request_id]
    assert cloud.read(request_id).body["due_at"] == "2026-07-16T15:00:00Z"
    same = cloud.decide(request_id, {"1.2": "APPROVED"}, cycle=2)
    assert (same.status, same.code) == (409, "same_reviewer")
    other = cloud.decide(request_id, {"1.2": "APPROVED"}, cycle=2, by=SECOND_REVIEWER)
    assert (other.status, other.body["status"]) == (200, "APPROVED")
    decided = cloud.read(request_id).body
    assert [d["status"] for d in decided["lines"][1]["decisions"]] == ["DENIED", "APPROVED"]
    assert cycles(cloud) == []


@pytest.mark.rule("W5")
def test_no_change_is_accepted_when_the_request_is_determined(cloud: Cloud) -> None:
    request_id = cloud.determined()
    before = cloud.item(request_id)
    for reply in (cloud.save(request_id, 3), cloud.void(request_id), cloud.offer(request_id)):
        assert (reply.status, reply.code) == (409, "action_not_allowed")
    assert cloud.delete(request_id, 3).status == 409
    assert cloud.item(request_id) == before


@pytest.mark.rule("W6")
def test_request_is_void_when_it_is_withdrawn_while_pending(cloud: Cloud) -> None:
    request_id = cloud.pended()
    assert cloud.offer(request_id).status == 201
    assert cloud.void(request_id).body["status"] == "VOID"
    assert cycles(cloud) == []
    late = cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
    assert (late.status, late.code) == (409, "action_not_allowed")
    assert cloud.task(WorkflowTask.ASSESS, request_id)["route"] == "closed"
    body = {"reason": "Another one."}
    other = cloud.call(submit, "POST", f"/v1/requests/{request_id}/void", body)
    assert (other.status, other.body["allowed_actions"]) == (409, ["DETAILS"])


@pytest.mark.rule("W6")
def test_void_returns_the_same_response_when_its_response_was_lost(cloud: Cloud) -> None:
    request_id = cloud.pended()
    voided = cloud.void(request_id)
    events = len(cloud.items("EVENT#"))
    again = cloud.void(request_id)
    assert (again.status, again.body) == (200, voided.body)
    assert len(cloud.items("EVENT#")) == events
    assert cloud.void(request_id, STRANGER).status == 404


@pytest.mark.rule("W7")
def test_appeal_returns_the_same_response_when_its_response_was_lost(cloud: Cloud) -> None:
    request_id = cloud.determined()
    filed = cloud.appeal(request_id, "1.2")
    events = len(cloud.items("EVENT#"))
    again = cloud.appeal(request_id, "1.2")
    assert (again.status, again.body) == (202, filed.body)
    assert len(cloud.items("EVENT#")) == events
    other = cloud.appeal(request_id, "1.2", expedited=True)
    assert (other.status, other.code) == (409, "action_not_allowed")


def test_execution_ends_when_the_request_was_voided_before_it_waits(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    cloud.void(request_id)
    cloud.wire.answer("SendTaskSuccess", "{}")
    cloud.pend(request_id)
    [answer] = cloud.wire.sent("SendTaskSuccess")
    assert answer["taskToken"] == "token-1"
    assert cloud.items("CYCLE#") == []


def test_task_token_is_completed_when_a_task_has_run(cloud: Cloud) -> None:
    """The error leads to the state that waits, and success ends the execution."""
    request_id = cloud.submitted()
    cloud.wire.answer("SendTaskFailure", "{}")
    answer = cloud.task(WorkflowTask.ASSESS, request_id, task_token="assessed")
    [sent] = cloud.wire.sent("SendTaskFailure")
    assert (sent["taskToken"], sent["error"]) == ("assessed", CYCLE_PENDED)
    assert sent["cause"] == str(answer["seconds_to_next_check"])
    cloud.void(request_id)
    cloud.wire.answer("SendTaskSuccess", "{}")
    cloud.task(WorkflowTask.CHECK_DEADLINE, request_id, task_token="checked")
    [sent] = cloud.wire.sent("SendTaskSuccess")
    assert sent["taskToken"] == "checked"


def test_newest_token_is_stored_when_an_execution_waits_again(cloud: Cloud) -> None:
    request_id = cloud.pended()
    version = cloud.stored(request_id)["version"]
    cloud.task(WorkflowTask.AWAIT_DECISION, request_id, seconds=60, task_token="token-of-repair")
    assert cloud.stored(request_id, "CYCLE#1")["task_token"] == "token-of-repair"
    assert cloud.stored(request_id)["version"] == version


def test_row_has_its_columns_when_the_dashboard_is_read(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    [row] = cloud.dashboard().body["requests"]
    assert row | {"updated_at": ""} == {
        "request_id": request_id,
        "number": cloud.read(request_id).body["number"],
        "status": "PROCESSING",
        "status_label": "Processing",
        "patient": "Allison Adams",
        "date_of_birth": "1986-01-01",
        "first_day": "2026-07-20",
        "last_day": "2026-07-22",
        "requesting_provider": "Jeffrey Rubinstein",
        "requesting_tin": PROVIDER_TIN,
        "servicing_provider": "Cleveland Center for Digestive Health & Endoscopy LLC",
        "place_of_service": "SURGICAL",
        "place_of_service_label": "Surgical",
        "appeal_open": False,
        "dispute": None,
        "dispute_label": None,
        "channel": "PORTAL",
        "channel_label": "Portal",
        "delegated": False,
        "unmatched_providers": [],
        "unmatched_providers_labels": [],
        "waiting_on": "PAYER",
        "waiting_on_label": "Payer",
        "due_at": None,
        "peer_to_peer_until": None,
        "reconsideration_until": None,
        "appeal_until": None,
        "flagged_at": None,
        "updated_at": "",
        "purpose": "PRECERTIFICATION",
        "purpose_label": "Precertification",
        "expires_at": None,
        "expires_soon": False,
        "time_left": None,
        "allowed_actions": ["DETAILS", "VOID"],
        "allowed_actions_labels": ["Details", "Void"],
    }


def test_last_changed_is_first_when_the_dashboard_is_paged(cloud: Cloud) -> None:
    request_ids = []
    for _ in range(5):
        request_ids.append(cloud.submitted())
        cloud.clock.pass_by(minutes=1)
    cloud.pend(request_ids[1])
    cloud.clock.pass_by(minutes=1)
    expected = [request_ids[1], request_ids[4], request_ids[3], request_ids[2], request_ids[0]]
    seen: list[str] = []
    page = cloud.dashboard(limit="2").body
    while page["cursor"]:
        seen += [row["request_id"] for row in page["requests"]]
        page = cloud.dashboard(limit="2", cursor=page["cursor"]).body
    seen += [row["request_id"] for row in page["requests"]]
    assert seen == expected


@pytest.mark.rule("T1")
def test_actions_are_those_of_the_status_when_the_dashboard_is_read(cloud: Cloud) -> None:
    found = {}
    cloud.start()
    cloud.submitted()
    cloud.pended()
    cloud.determined(**{"1.1": "APPROVED", "1.2": "APPROVED"})
    cloud.determined(**{"1.1": "APPROVED", "1.2": "DENIED"})
    cloud.determined(**{"1.1": "DENIED", "1.2": "DENIED"})
    cloud.void(cloud.pended())
    found = {r["status"]: r["allowed_actions"] for r in cloud.dashboard().body["requests"]}
    assert found == {
        "INCOMPLETE": ["RESUME", "DELETE"],
        "PROCESSING": ["DETAILS", "VOID"],
        "PENDING": ["DETAILS", "MODIFY", "VOID"],
        "APPROVED": ["DETAILS"],
        "PARTIALLY_APPROVED": ["DETAILS", "REQUEST_PEER_TO_PEER", "RECONSIDER", "APPEAL"],
        "DENIED": ["DETAILS", "REQUEST_PEER_TO_PEER", "RECONSIDER", "APPEAL"],
        "VOID": ["DETAILS"],
    }


def test_appeal_is_rejected_when_the_filing_period_is_over(cloud: Cloud) -> None:
    request_id = cloud.determined()
    response = cloud.read(request_id).body["appeal_rights"]["file_until"]
    assert response == "2026-12-29T05:00:00Z"
    cloud.clock.at = datetime.fromisoformat(response)
    late = cloud.appeal(request_id, "1.2")
    assert (late.code, late.body["allowed_actions"]) == ("action_not_allowed", ["DETAILS"])
    details = cloud.read(request_id).body
    assert (details["allowed_actions"], details["appeal_rights"]) == (["DETAILS"], None)
    assert cloud.dashboard().body["requests"][0]["allowed_actions"] == ["DETAILS"]
    cloud.clock.at -= timedelta(seconds=1)
    for actions in (
        cloud.read(request_id).body["allowed_actions"],
        cloud.dashboard().body["requests"][0]["allowed_actions"],
    ):
        assert actions == ["DETAILS", "APPEAL"]
    assert cloud.appeal(request_id, "1.2").status == 202
