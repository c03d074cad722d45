"""What reviewers and offices live through between submission and decision, and in appeals."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx
import pytest

from local.client import upload
from local.journey.content import clinical_note
from local.users import FACILITY, OFFICE, OPERATOR, REVIEWER, SECOND_REVIEWER, User
from tests.journeys.desk import (
    APPROVAL,
    DENIAL,
    OTHER_QUEUE,
    THIRD_REVIEWER,
    Desk,
    Json,
    until,
)

LESS: Final = {
    "line_id": "1.1",
    "status": "APPROVED",
    "approved": {"code": "44130"},
    "reason_code": "0L",
    "rationale": "The images support the smaller operation.",
    "criterion": "Inpatient surgery, criterion 4",
}


def move(
    desk: Desk, request_id: str, what: str, body: Json | None = None, user: User = REVIEWER
) -> httpx.Response:
    path = f"/v1/review/requests/{request_id}/{what}"
    return desk.stand.caller(user).call("POST", path, body)


def bring(desk: Desk, request_id: str, file_name: str, user: User = OFFICE) -> None:
    offered = desk.offer(request_id, file_name, user)
    assert upload(offered["upload"], file_name, clinical_note()).status_code == 204
    desk.settled(request_id, offered["document"]["document_id"])


def case(desk: Desk, request_id: str) -> Json:
    found: Json = (
        desk.stand.caller(REVIEWER).call("GET", f"/v1/review/requests/{request_id}").json()
    )
    return found


@pytest.mark.rule("W2", "W6")
def test_review_goes_on_when_the_facility_brings_what_was_asked_for(desk: Desk) -> None:
    request_id = desk.pending()
    due_at = desk.details(request_id)["due_at"]
    assert move(desk, request_id, "assign").status_code == 200
    asked = move(desk, request_id, "information", {"documents": ["CLINICAL_NOTES"]})
    assert asked.json()["waiting_on"] == "PROVIDER"
    for user in (OFFICE, FACILITY):
        told = desk.details(request_id, user)
        assert told["waiting_on"] == "PROVIDER"
        [information] = told["information_requests"]
        assert information["documents"][0]["code"] == "CLINICAL_NOTES"
        assert told["due_at"] == information["answer_by"]
    bring(desk, request_id, "notes.pdf", FACILITY)

    def running() -> Json | None:
        found = desk.details(request_id)
        return found if found["waiting_on"] == "PAYER" else None

    told = until("waiting for the review to go on", running)
    assert told["due_at"] > due_at
    assert told["information_requests"][0]["answered"] is True
    assert len(case(desk, request_id)["new_documents"]) == 1
    assert desk.decide(request_id, REVIEWER, 1, [APPROVAL]) == "APPROVED"
    desk.await_execution_end(request_id, 1)
    types = ["RequestSubmitted", "RequestPended", "InformationRequested", "RequestDetermined"]
    for user in (OFFICE, FACILITY):
        desk.await_types(request_id, user, types)


@pytest.mark.rule("W3", "W9")
def test_both_offices_read_what_is_approved_when_it_is_not_what_was_asked(desk: Desk) -> None:
    request_id = desk.pending()
    decided = move(
        desk, request_id, "decisions", {"cycle": 1, "lines": [{**LESS, "diagnosis": "K55.1"}]}
    )
    assert (decided.status_code, decided.json()["status"]) == (200, "PARTIALLY_APPROVED")
    again = move(
        desk, request_id, "decisions", {"cycle": 1, "lines": [{**LESS, "diagnosis": "K55.1"}]}
    )
    assert (again.status_code, again.json()) == (200, decided.json())
    for user in (OFFICE, FACILITY):
        [line] = desk.details(request_id, user)["lines"]
        assert (line["status"], line["approved"]["code"]) == ("MODIFIED", "44130")
        assert (line["submitted_diagnosis"], line["adjudicated_diagnosis"]) == ("K55", "K551")
        assert line["decisions"][0]["rationale"] == LESS["rationale"]


@pytest.mark.rule("W7")
def test_third_appeal_is_refused_when_both_levels_were_decided_with_documents(desk: Desk) -> None:
    request_id = desk.decided(DENIAL)
    appeals = f"/v1/requests/{request_id}/appeals"
    body = {"line_ids": ["1.1"], "reason": "New findings."}
    for cycle, reviewer in ((2, SECOND_REVIEWER), (3, THIRD_REVIEWER)):
        assert desk.stand.caller(OFFICE).call("POST", appeals, body).status_code == 202

        def pended(level: int = cycle - 1) -> Json | None:
            appeal = desk.details(request_id)["appeals"][-1]
            return appeal if (appeal["level"], appeal["status"]) == (level, "PENDED") else None

        until("waiting for the appeal to reach review", pended)
        bring(desk, request_id, f"second-opinion-{cycle}.pdf", FACILITY)
        refused = move(desk, request_id, "assign")
        assert (refused.status_code, refused.json()["code"]) == (409, "same_reviewer")
        assert desk.decide(request_id, reviewer, cycle, [DENIAL]) == "DENIED"
    third = desk.stand.caller(FACILITY).call("POST", appeals, body)
    assert (third.status_code, third.json()["code"]) == (409, "action_not_allowed")
    told = desk.details(request_id)
    assert len(told["documents"]) == 2
    assert told["appeal_rights"]["lines"] == []


def test_case_is_not_there_when_a_reviewer_is_of_another_plan(desk: Desk) -> None:
    request_id = desk.pending()
    listed = desk.stand.caller(OTHER_QUEUE).call("GET", "/v1/review/requests")
    assert request_id not in listed.text
    for what, body in (("assign", None), ("decisions", {"cycle": 1, "lines": [APPROVAL]})):
        assert move(desk, request_id, what, body, OTHER_QUEUE).status_code == 404
    assert desk.details(request_id)["status"] == "PENDING"


@pytest.mark.rule("W6")
def test_one_wins_when_a_void_meets_a_decision(desk: Desk) -> None:
    for _ in range(3):
        request_id = desk.pending()
        path = f"/v1/requests/{request_id}/void"
        with ThreadPoolExecutor(2) as pool:
            voiding = pool.submit(
                desk.stand.caller(FACILITY).call, "POST", path, {"reason": "entered twice"}
            )
            decision = {"cycle": 1, "lines": [APPROVAL]}
            deciding = pool.submit(move, desk, request_id, "decisions", decision)
        voided, decided = voiding.result(), deciding.result()
        assert sorted((voided.status_code, decided.status_code)) == [200, 409]
        won = "VOID" if voided.status_code == 200 else "APPROVED"
        told = desk.details(request_id)
        ended = {"RequestVoided", "RequestDetermined"} & {e["type"] for e in told["history"]}
        assert (told["status"], len(ended)) == (won, 1)
        desk.await_execution_end(request_id, 1)


@pytest.mark.rule("W5")
def test_dates_move_when_an_operator_changes_them(desk: Desk) -> None:
    request_id = desk.decided(APPROVAL)
    [line] = desk.details(request_id)["lines"]
    body = {
        "lines": [{"line_id": "1.1", "from_date": "2030-01-07", "to_date": "2030-01-09"}],
        "reason": "The surgeon fell ill.",
    }
    path = f"/v1/operations/requests/{request_id}/dates"
    assert desk.stand.caller(REVIEWER).call("POST", path, body).status_code == 403
    assert desk.stand.caller(OPERATOR).call("POST", path, body).status_code == 200
    [moved] = desk.details(request_id, FACILITY)["lines"]
    period = {"from_date": "2030-01-07", "to_date": "2030-01-09"}
    assert moved["approved"] == {**line["approved"], **period}
    desk.await_types(
        request_id,
        FACILITY,
        ["RequestSubmitted", "RequestPended", "RequestDetermined", "DatesChanged"],
    )
