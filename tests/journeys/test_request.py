"""What both offices see of a request, from its draft to its end."""

import pytest

from local.journey import behind
from local.journey.content import PATIENT
from local.users import FACILITY, OFFICE, REVIEWER, SECOND_REVIEWER
from tests.journeys.desk import APPROVAL, DENIAL, STRANGER, Desk, Json, until


@pytest.mark.rule("D4")
def test_draft_is_incomplete_on_its_own_dashboard_when_it_was_started(desk: Desk) -> None:
    draft_id = desk.draft()
    row = desk.row(draft_id, OFFICE)
    assert row is not None
    assert (row["status"], row["allowed_actions"]) == ("INCOMPLETE", ["RESUME", "DELETE"])
    resumed = desk.stand.caller(OFFICE).call("GET", f"/v1/drafts/{draft_id}").json()
    kept = resumed["content"]
    assert kept["patient"] == PATIENT
    assert kept["servicing_provider"]["name"] == desk.facility["name"]


@pytest.mark.rule("A2")
def test_draft_is_nobody_elses_when_it_is_not_submitted(desk: Desk) -> None:
    """Although the facility's TIN stands in it."""
    draft_id = desk.draft()
    assert desk.row(draft_id, FACILITY) is None
    for path in (f"/v1/drafts/{draft_id}", f"/v1/requests/{draft_id}"):
        assert desk.stand.caller(FACILITY).call("GET", path).status_code == 404


@pytest.mark.rule("A2", "S4")
def test_request_is_on_both_dashboards_when_it_was_submitted(desk: Desk) -> None:
    content = desk.content()
    request_id = desk.draft(content)
    number = desk.submission(request_id, content)["number"]
    for user in (OFFICE, FACILITY):
        row = desk.row(request_id, user)
        assert row is not None
        assert row["number"] == number
        assert row["status"] in ("PROCESSING", "PENDING")
        details = desk.details(request_id, user)
        assert details["number"] == number
        assert (details["status_reason"] is not None) == (details["status"] == "PROCESSING")
    assert desk.row(request_id, STRANGER) is None


@pytest.mark.rule("T2")
def test_row_shows_what_the_columns_ask_for_when_a_page_is_read(desk: Desk) -> None:
    request_id = desk.pending()
    row = desk.row(request_id, FACILITY)
    assert row is not None
    told = str(row)
    details = desk.details(request_id)
    content = details["content"]
    for value in (
        details["number"],
        "PENDING",
        PATIENT["date_of_birth"],
        content["services"][0]["admission_date"],
        content["requesting_provider"]["name"],
        content["requesting_provider"]["tin"],
        content["servicing_provider"]["name"],
        content["services"][0]["place_of_service"],
    ):
        assert value in told


def test_page_goes_on_where_the_last_one_ended_when_its_cursor_is_sent(desk: Desk) -> None:
    for _ in range(3):
        desk.draft()
    whole = [row["request_id"] for row in desk.rows(OFFICE)][:3]
    office, seen, query = desk.stand.caller(OFFICE), [], {"limit": "1"}
    for _ in range(3):
        page = office.call("GET", "/v1/requests", query=query).json()
        seen += [row["request_id"] for row in page["requests"]]
        query = {"limit": "1", "cursor": page["cursor"]}
    assert seen == whole


@pytest.mark.rule("T5")
def test_both_sides_hear_of_every_change_when_a_request_lives_its_life(desk: Desk) -> None:
    request_id = desk.decided(DENIAL)
    cycle = appealed(desk, request_id)
    desk.decide(request_id, SECOND_REVIEWER, cycle, [{**DENIAL, "rationale": "Upheld."}])
    types = ["RequestSubmitted", "RequestPended", "RequestDetermined"]
    types += ["AppealFiled", "AppealPended", "AppealDetermined"]
    for user in (OFFICE, FACILITY):
        desk.await_types(request_id, user, types)
    assert desk.messages(request_id, STRANGER) == []


@pytest.mark.rule("W4", "W7")
def test_denial_tells_why_and_what_to_do_when_a_line_is_denied(desk: Desk) -> None:
    request_id = desk.decided(DENIAL)
    for user in (OFFICE, FACILITY):
        details = desk.details(request_id, user)
        assert details["status"] == "DENIED"
        assert details["review_action"] == "A3"
        assert details["allowed_actions"] == ["DETAILS", "APPEAL"]
        decision = details["lines"][0]["decisions"][-1]
        for name in ("reason_code", "rationale", "criterion"):
            assert decision[name] == DENIAL[name]
        assert decision["reason_code_label"]
        assert any("appeal" in notice.casefold() for notice in details["notices"])


def appealed(desk: Desk, request_id: str) -> int:
    """File an appeal of the one line, and wait until it is in review; its round."""
    filed = desk.stand.caller(FACILITY).call(
        "POST",
        f"/v1/requests/{request_id}/appeals",
        {"line_ids": ["1.1"], "reason": "Repeated admissions."},
    )
    assert filed.status_code == 202, filed.text

    def pended() -> Json | None:
        found = desk.details(request_id)
        return found if found["appeals"][-1]["status"] == "PENDED" else None

    until("waiting for the appeal to reach review", pended)
    return int(filed.json()["cycle"])


@pytest.mark.rule("W6")
def test_execution_ends_when_its_pending_request_is_voided(desk: Desk) -> None:
    request_id = desk.pending()
    path = f"/v1/requests/{request_id}/void"
    voided = desk.stand.caller(FACILITY).call("POST", path, {"reason": "entered twice"})
    assert voided.json()["status"] == "VOID"
    desk.await_execution_end(request_id, 1)
    for user in (OFFICE, FACILITY):
        row = desk.row(request_id, user)
        assert row is not None
        assert (row["status"], row["allowed_actions"]) == ("VOID", ["DETAILS"])
        desk.await_types(request_id, user, ["RequestSubmitted", "RequestPended", "RequestVoided"])
    cycles = desk.stand.caller(REVIEWER).call(
        "GET", "/v1/review/requests", query={"plan_id": "OAP-COMPLETE", "limit": "100"}
    )
    assert request_id not in cycles.text
    assert behind.execution_status(desk.stand, request_id, 1) == "SUCCEEDED"


@pytest.mark.rule("W5")
def test_nothing_can_be_changed_when_the_request_is_determined(desk: Desk) -> None:
    content = desk.content()
    request_id = desk.pending(content)
    desk.decide(request_id, REVIEWER, 1, [APPROVAL])
    until("the letters", lambda: "NoticesIssued" in str(desk.details(request_id)) or None)
    before = desk.details(request_id)
    office, match = desk.stand.caller(OFFICE), {"If-Match": '"4"'}
    draft, request = f"/v1/drafts/{request_id}", f"/v1/requests/{request_id}"
    refused = [
        office.call("PUT", draft, {"content": content}, headers=match),
        office.call("POST", f"{draft}/submission", {"content": content}, headers=match),
        office.call("DELETE", draft, headers=match),
        office.call("POST", f"{request}/void", {"reason": "changed my mind"}),
        office.call("POST", f"{request}/documents", {"file_name": "more.pdf"}),
        office.call("POST", f"{request}/appeals", {"line_ids": ["1.1"], "reason": "why not"}),
        desk.stand.caller(SECOND_REVIEWER).call(
            "POST", f"/v1/review/requests/{request_id}/decisions", {"cycle": 1, "lines": [DENIAL]}
        ),
    ]
    assert [response.status_code for response in refused] == [409] * len(refused)
    assert {response.json()["code"] for response in refused} == {"action_not_allowed"}
    assert desk.details(request_id) == before


def test_decision_is_refused_when_it_does_not_name_the_open_lines(desk: Desk) -> None:
    request_id = desk.pending()
    path = f"/v1/review/requests/{request_id}/decisions"
    reviewer = desk.stand.caller(REVIEWER)
    wrong: dict[str, tuple[int, list[Json]]] = {
        "none": (422, []),
        "twice": (422, [APPROVAL, APPROVAL]),
        "unknown": (422, [APPROVAL, {"line_id": "9.9", "status": "APPROVED"}]),
        "open": (422, [{"line_id": "1.1", "status": "OPEN"}]),
    }
    answered = {
        name: reviewer.call("POST", path, {"cycle": 1, "lines": lines}).status_code
        for name, (_, lines) in wrong.items()
    }
    assert answered == {name: status for name, (status, _) in wrong.items()}
    late = reviewer.call("POST", path, {"cycle": 2, "lines": [APPROVAL]})
    assert late.status_code == 409
    assert desk.details(request_id)["status"] == "PENDING"
