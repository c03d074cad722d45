"""What both providers see of a request, from its draft to its end."""

import pytest

from local.journey import backend
from local.journey.content import PATIENT
from local.users import FACILITY, PROVIDER, REVIEWER, SECOND_REVIEWER
from tests.journeys.portal import APPROVAL, DENIAL, STRANGER, Json, Portal, until


@pytest.mark.rule("D4")
def test_draft_is_incomplete_on_its_creators_dashboard_when_it_was_started(portal: Portal) -> None:
    draft_id = portal.draft()
    row = portal.row(draft_id, PROVIDER)
    assert row is not None
    assert (row["status"], row["allowed_actions"]) == ("INCOMPLETE", ["RESUME", "DELETE"])
    resumed = portal.deployment.caller(PROVIDER).call("GET", f"/v1/drafts/{draft_id}").json()
    retained = resumed["content"]
    assert retained["patient"] == PATIENT
    assert retained["servicing_provider"]["name"] == portal.facility["name"]


@pytest.mark.rule("A2")
def test_draft_is_visible_to_its_creator_only_when_it_is_not_submitted(portal: Portal) -> None:
    """The facility's TIN is in it."""
    draft_id = portal.draft()
    assert portal.row(draft_id, FACILITY) is None
    for path in (f"/v1/drafts/{draft_id}", f"/v1/requests/{draft_id}"):
        assert portal.deployment.caller(FACILITY).call("GET", path).status_code == 404


@pytest.mark.rule("A2", "S4")
def test_request_is_on_both_dashboards_when_it_was_submitted(portal: Portal) -> None:
    content = portal.content()
    request_id = portal.draft(content)
    number = portal.submission(request_id, content)["number"]
    for user in (PROVIDER, FACILITY):
        row = portal.row(request_id, user)
        assert row is not None
        assert row["number"] == number
        assert row["status"] in ("PROCESSING", "PENDING")
        details = portal.details(request_id, user)
        assert details["number"] == number
        assert (details["status_reason"] is not None) == (details["status"] == "PROCESSING")
    assert portal.row(request_id, STRANGER) is None


@pytest.mark.rule("T2")
def test_row_has_the_columns_of_the_dashboard_when_a_page_is_read(portal: Portal) -> None:
    request_id = portal.pending()
    row = portal.row(request_id, FACILITY)
    assert row is not None
    result = str(row)
    details = portal.details(request_id)
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
        assert value in result


def test_page_continues_after_the_last_one_when_its_cursor_is_sent(portal: Portal) -> None:
    for _ in range(3):
        portal.draft()
    whole = [row["request_id"] for row in portal.rows(PROVIDER)][:3]
    provider, seen, query = portal.deployment.caller(PROVIDER), [], {"limit": "1"}
    for _ in range(3):
        page = provider.call("GET", "/v1/requests", query=query).json()
        seen += [row["request_id"] for row in page["requests"]]
        query = {"limit": "1", "cursor": page["cursor"]}
    assert seen == whole


@pytest.mark.rule("T5")
def test_both_providers_get_a_message_for_every_change_when_a_request_goes_through_its_lifecycle(
    portal: Portal,
) -> None:
    request_id = portal.decided(DENIAL)
    cycle = appealed(portal, request_id)
    portal.decide(request_id, SECOND_REVIEWER, cycle, [{**DENIAL, "rationale": "Upheld."}])
    types = ["RequestSubmitted", "RequestPended", "RequestDetermined"]
    types += ["AppealFiled", "AppealPended", "AppealDetermined"]
    for user in (PROVIDER, FACILITY):
        portal.await_types(request_id, user, types)
    assert portal.messages(request_id, STRANGER) == []


@pytest.mark.rule("W4", "W7")
def test_denial_states_reasons_and_appeal_rights_when_a_line_is_denied(portal: Portal) -> None:
    request_id = portal.decided(DENIAL)
    for user in (PROVIDER, FACILITY):
        details = portal.details(request_id, user)
        assert details["status"] == "DENIED"
        assert details["review_action"] == "A3"
        assert details["allowed_actions"] == [
            "DETAILS",
            "REQUEST_PEER_TO_PEER",
            "RECONSIDER",
            "APPEAL",
        ]
        decision = details["lines"][0]["decisions"][-1]
        for name in ("reason_code", "rationale", "criterion"):
            assert decision[name] == DENIAL[name]
        assert decision["reason_code_label"]
        assert any("appeal" in notice.casefold() for notice in details["notices"])


def appealed(portal: Portal, request_id: str) -> int:
    """File an appeal of the one line, and wait until it is in review; return its cycle."""
    filed = portal.deployment.caller(FACILITY).call(
        "POST",
        f"/v1/requests/{request_id}/appeals",
        {"cycle": 1, "line_ids": ["1.1"], "reason": "Repeated admissions."},
    )
    assert filed.status_code == 202, filed.text

    def pended() -> Json | None:
        found = portal.details(request_id)
        return found if found["appeals"][-1]["status"] == "PENDED" else None

    until("waiting for the appeal to reach review", pended)
    return int(filed.json()["cycle"])


@pytest.mark.rule("W6")
def test_execution_ends_when_its_pending_request_is_voided(portal: Portal) -> None:
    request_id = portal.pending()
    path = f"/v1/requests/{request_id}/void"
    voided = portal.deployment.caller(FACILITY).call("POST", path, {"reason": "entered twice"})
    assert voided.json()["status"] == "VOID"
    portal.await_execution_end(request_id, 1)
    for user in (PROVIDER, FACILITY):
        row = portal.row(request_id, user)
        assert row is not None
        assert (row["status"], row["allowed_actions"]) == ("VOID", ["DETAILS"])
        portal.await_types(request_id, user, ["RequestSubmitted", "RequestPended", "RequestVoided"])
    cycles = portal.deployment.caller(REVIEWER).call(
        "GET", "/v1/review/requests", query={"plan_id": "OAP-COMPLETE", "limit": "100"}
    )
    assert request_id not in cycles.text
    assert backend.execution_status(portal.deployment, request_id, 1) == "SUCCEEDED"


@pytest.mark.rule("W5")
def test_no_change_is_accepted_when_the_request_is_determined(portal: Portal) -> None:
    content = portal.content()
    request_id = portal.pending(content)
    portal.decide(request_id, REVIEWER, 1, [APPROVAL])
    until("the notices", lambda: "NoticesIssued" in str(portal.details(request_id)) or None)
    before = portal.details(request_id)
    provider, match = portal.deployment.caller(PROVIDER), {"If-Match": '"4"'}
    draft, request = f"/v1/drafts/{request_id}", f"/v1/requests/{request_id}"
    refused = [
        provider.call("PUT", draft, {"content": content}, headers=match),
        provider.call("POST", f"{draft}/submission", {"content": content}, headers=match),
        provider.call("DELETE", draft, headers=match),
        provider.call("POST", f"{request}/void", {"reason": "changed my mind"}),
        provider.call("POST", f"{request}/documents", {"file_name": "more.pdf"}),
        provider.call(
            "POST", f"{request}/appeals", {"cycle": 1, "line_ids": ["1.1"], "reason": "No."}
        ),
        portal.deployment.caller(SECOND_REVIEWER).act(
            f"/v1/review/requests/{request_id}", "decisions", {"cycle": 1, "lines": [DENIAL]}
        ),
    ]
    assert [response.status_code for response in refused] == [409] * len(refused)
    assert {response.json()["code"] for response in refused} == {"action_not_allowed"}
    assert portal.details(request_id) == before


def test_decision_is_rejected_when_it_does_not_name_the_open_lines(portal: Portal) -> None:
    request_id = portal.pending()
    path = f"/v1/review/requests/{request_id}"
    reviewer = portal.deployment.caller(REVIEWER)
    wrong: dict[str, tuple[int, list[Json]]] = {
        "none": (422, []),
        "twice": (422, [APPROVAL, APPROVAL]),
        "unknown": (422, [APPROVAL, {"line_id": "9.9", "status": "APPROVED"}]),
        "open": (422, [{"line_id": "1.1", "status": "OPEN"}]),
    }
    answered = {
        name: reviewer.act(path, "decisions", {"cycle": 1, "lines": lines}).status_code
        for name, (_, lines) in wrong.items()
    }
    assert answered == {name: status for name, (status, _) in wrong.items()}
    late = reviewer.act(path, "decisions", {"cycle": 2, "lines": [APPROVAL]})
    assert late.status_code == 409
    assert portal.details(request_id)["status"] == "PENDING"
