"""Actions of reviewers and providers between submission and decision, and in appeals."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx
import pytest

from local.client import upload
from local.journey.content import clinical_note
from local.users import FACILITY, OPERATOR, PROVIDER, REVIEWER, SECOND_REVIEWER, User
from tests.journeys.portal import (
    APPROVAL,
    DENIAL,
    OTHER_QUEUE,
    THIRD_REVIEWER,
    Json,
    Portal,
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
    portal: Portal, request_id: str, what: str, body: Json | None = None, user: User = REVIEWER
) -> httpx.Response:
    return portal.deployment.caller(user).act(f"/v1/review/requests/{request_id}", what, body)


def attach_document(portal: Portal, request_id: str, file_name: str, user: User = PROVIDER) -> None:
    offered = portal.offer(request_id, file_name, user)
    assert upload(offered["upload"], file_name, clinical_note()).status_code == 204
    portal.settled(request_id, offered["document"]["document_id"])


def case(portal: Portal, request_id: str) -> Json:
    found: Json = (
        portal.deployment.caller(REVIEWER).call("GET", f"/v1/review/requests/{request_id}").json()
    )
    return found


@pytest.mark.rule("W2", "W6")
def test_review_continues_when_the_servicing_provider_attaches_what_was_requested(
    portal: Portal,
) -> None:
    request_id = portal.pending()
    due_at = portal.details(request_id)["due_at"]
    assert move(portal, request_id, "assign").status_code == 200
    requested = move(portal, request_id, "information", {"documents": ["CLINICAL_NOTES"]})
    assert requested.json()["waiting_on"] == "PROVIDER"
    for user in (PROVIDER, FACILITY):
        response = portal.details(request_id, user)
        assert response["waiting_on"] == "PROVIDER"
        [information] = response["information_requests"]
        assert information["documents"][0]["code"] == "CLINICAL_NOTES"
        assert response["due_at"] == information["answer_by"]
    attach_document(portal, request_id, "notes.pdf", FACILITY)

    def running() -> Json | None:
        found = portal.details(request_id)
        return found if found["waiting_on"] == "PAYER" else None

    response = until("waiting for the review to go on", running)
    assert response["due_at"] > due_at
    assert response["information_requests"][0]["answered"] is True
    assert len(case(portal, request_id)["new_documents"]) == 1
    assert portal.decide(request_id, REVIEWER, 1, [APPROVAL]) == "APPROVED"
    portal.await_execution_end(request_id, 1)
    types = ["RequestSubmitted", "RequestPended", "InformationRequested", "RequestDetermined"]
    for user in (PROVIDER, FACILITY):
        portal.await_types(request_id, user, types)


@pytest.mark.rule("W3", "W9")
def test_both_providers_read_what_is_approved_when_it_differs_from_what_was_requested(
    portal: Portal,
) -> None:
    request_id = portal.pending()
    decided = move(
        portal,
        request_id,
        "decisions",
        {"cycle": 1, "lines": [{**LESS, "diagnosis": "K55.1"}], "before_response": True},
    )
    assert (decided.status_code, decided.json()["status"]) == (200, "PARTIALLY_APPROVED")
    again = move(
        portal,
        request_id,
        "decisions",
        {"cycle": 1, "lines": [{**LESS, "diagnosis": "K55.1"}], "before_response": True},
    )
    assert (again.status_code, again.json()) == (200, decided.json())
    for user in (PROVIDER, FACILITY):
        [line] = portal.details(request_id, user)["lines"]
        assert (line["status"], line["approved"]["code"]) == ("MODIFIED", "44130")
        assert (line["submitted_diagnosis"], line["adjudicated_diagnosis"]) == ("K55", "K551")
        assert line["decisions"][0]["rationale"] == LESS["rationale"]


@pytest.mark.rule("W7")
def test_third_appeal_is_rejected_when_both_levels_were_decided_with_documents(
    portal: Portal,
) -> None:
    request_id = portal.decided(DENIAL)
    appeals = f"/v1/requests/{request_id}/appeals"
    body = {"line_ids": ["1.1"], "reason": "New findings."}
    for cycle, reviewer in ((2, SECOND_REVIEWER), (3, THIRD_REVIEWER)):
        filed = portal.deployment.caller(PROVIDER).call(
            "POST", appeals, body | {"cycle": cycle - 1}
        )
        assert filed.status_code == 202

        def pended(level: int = cycle - 1) -> Json | None:
            appeal = portal.details(request_id)["appeals"][-1]
            return appeal if (appeal["level"], appeal["status"]) == (level, "PENDED") else None

        until("waiting for the appeal to reach review", pended)
        attach_document(portal, request_id, f"second-opinion-{cycle}.pdf", FACILITY)
        refused = move(portal, request_id, "assign")
        assert (refused.status_code, refused.json()["code"]) == (409, "same_reviewer")
        assert portal.decide(request_id, reviewer, cycle, [DENIAL]) == "DENIED"
    third = portal.deployment.caller(FACILITY).call("POST", appeals, body | {"cycle": 3})
    assert (third.status_code, third.json()["code"]) == (409, "action_not_allowed")
    response = portal.details(request_id)
    assert len(response["documents"]) == 2
    assert response["appeal_rights"] is None
    assert [one["option"] for one in response["dispute_options"]] == ["EXTERNAL_REVIEW"]


def test_case_is_not_found_when_a_reviewer_is_of_another_plan(portal: Portal) -> None:
    request_id = portal.pending()
    listed = portal.deployment.caller(OTHER_QUEUE).call("GET", "/v1/review/requests")
    assert request_id not in listed.text
    for what, body in (("assign", None), ("decisions", {"cycle": 1, "lines": [APPROVAL]})):
        assert move(portal, request_id, what, body, OTHER_QUEUE).status_code == 404
    assert portal.details(request_id)["status"] == "PENDING"


@pytest.mark.rule("W6")
def test_one_is_committed_when_a_void_and_a_decision_are_concurrent(portal: Portal) -> None:
    for _ in range(3):
        request_id = portal.pending()
        path = f"/v1/requests/{request_id}/void"
        with ThreadPoolExecutor(2) as pool:
            voiding = pool.submit(
                portal.deployment.caller(FACILITY).call, "POST", path, {"reason": "entered twice"}
            )
            decision = {"cycle": 1, "lines": [APPROVAL]}
            deciding = pool.submit(move, portal, request_id, "decisions", decision)
        voided, decided = voiding.result(), deciding.result()
        assert sorted((voided.status_code, decided.status_code)) == [200, 409]
        won = "VOID" if voided.status_code == 200 else "APPROVED"
        response = portal.details(request_id)
        ended = {"RequestVoided", "RequestDetermined"} & {e["type"] for e in response["history"]}
        assert (response["status"], len(ended)) == (won, 1)
        portal.await_execution_end(request_id, 1)


@pytest.mark.rule("W5")
def test_dates_change_when_an_operator_changes_them(portal: Portal) -> None:
    request_id = portal.decided(APPROVAL)
    [line] = portal.details(request_id)["lines"]
    body = {
        "lines": [{"line_id": "1.1", "from_date": "2030-01-07", "to_date": "2030-01-09"}],
        "reason": "The surgeon fell ill.",
    }
    path = f"/v1/operations/requests/{request_id}"
    assert portal.deployment.caller(REVIEWER).act(path, "dates", body).status_code == 403
    assert portal.deployment.caller(OPERATOR).act(path, "dates", body).status_code == 200
    [moved] = portal.details(request_id, FACILITY)["lines"]
    period = {"from_date": "2030-01-07", "to_date": "2030-01-09"}
    assert moved["approved"] == {**line["approved"], **period}
    portal.await_types(
        request_id,
        FACILITY,
        ["RequestSubmitted", "RequestPended", "RequestDetermined", "DatesChanged"],
    )
