"""The payer's staff register what providers cannot enter; operators confirm it (S5)."""

from datetime import date
from typing import Any, Final

import pytest

from functions.check import handler as check
from functions.intake import handler as intake
from functions.review import handler as review
from functions.upload import handler as upload
from tests.adapters.callers import CLERK, FACILITY, OPERATOR, PROVIDER, REVIEWER
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.test_intake import register
from tests.adapters.test_vendors import delegated
from tests.fakes.samples import BOWEL_SURGERY, IMAGES, PATIENT, entered, later

PHS: Final = {
    "plan_id": "OAP-PHS",
    "name": "Open Access Plus Health Service",
    "plan_type": "OAP",
    "line_of_business": "COMMERCIAL",
    "management_level": "PHS",
}


def long_ago(days: int = 120) -> dict[str, Any]:
    """The sample request for services that many days earlier."""
    return entered(services=later(entered()["services"], -days))


def exceptions(cloud: Cloud) -> list[tuple[str, list[str]]]:
    path = "/v1/operations/intake-exceptions"
    reply = cloud.call(review, "GET", path, by=OPERATOR)
    return [(row["request_id"], row["exceptions"]) for row in reply.body["requests"]]


def confirm(cloud: Cloud, request_id: str, by: Any = OPERATOR) -> Reply:
    path = f"/v1/operations/requests/{request_id}/intake-confirmation"
    return cloud.call(
        review,
        "POST",
        path,
        {"note": "The account paid in arrears."},
        by=by,
        if_match=cloud.etag(request_id),
    )


def as_clerk(cloud: Cloud, request_id: str, *parts: str, body: Any = None) -> Reply:
    path = "/".join(["/v1/intake/requests", request_id, *parts])
    function = upload if "documents" in parts else intake
    return cloud.call(function, "POST" if body else "GET", path, body, by=CLERK)


COLLEAGUE: Final = {**CLERK, "sub": "other-clerk"}


def listed(cloud: Cloud, **query: str) -> dict[str, Any]:
    reply = cloud.call(intake, "GET", "/v1/intake/requests", by=CLERK, query=query)
    assert reply.status == 200, reply.text
    body: dict[str, Any] = reply.body
    return body


def found_by(cloud: Cloud, number: str) -> Reply:
    path = "/v1/intake/requests/search"
    return cloud.call(intake, "POST", path, {"number": number}, by=CLERK)


@pytest.mark.rule("S5")
def test_clerk_finds_patient_provider_and_form_when_a_fax_is_entered(cloud: Cloud) -> None:
    for method, path, body, query in (
        ("POST", "/v1/patients/search", PATIENT, None),
        ("POST", "/v1/patients/confirm", {"patient": PATIENT}, None),
        ("GET", "/v1/providers", None, {"zip_code": "44122", "kind": "FACILITY", "name": "cle"}),
        ("GET", "/v1/form", None, {"authorization_type": "INPATIENT"}),
        ("POST", "/v1/checks", {"content": entered()}, None),
    ):
        reply = cloud.call(check, method, path, body, by=CLERK, query=query)
        assert reply.status == 200, (path, reply.text)


@pytest.mark.rule("S5", "C9")
def test_old_dates_are_registered_and_marked_when_staff_enter_them(cloud: Cloud) -> None:
    content = long_ago()
    checked = cloud.call(check, "POST", "/v1/checks", {"content": content}, by=CLERK)
    assert (checked.status, checked.body["intake_exceptions"]) == (200, ["DATES_OUTSIDE_WINDOW"])
    refused = cloud.call(check, "POST", "/v1/checks", {"content": content})
    assert refused.status == 422
    reply = register(cloud, content=content)
    assert reply.status == 202, reply.text
    request_id = reply.body["request_id"]
    assert exceptions(cloud) == [(request_id, ["DATES_OUTSIDE_WINDOW"])]
    cloud.pend(request_id)
    assert cloud.case(request_id).body["intake_exceptions"] == ["DATES_OUTSIDE_WINDOW"]
    [row] = cloud.worklist().body["cycles"]
    assert row["intake_exceptions_labels"] == ["Dates of service that providers cannot enter"]


@pytest.mark.rule("S5", "A6")
def test_inactive_member_is_registered_and_marked_when_staff_enter_them(cloud: Cloud) -> None:
    cloud.cover(active_to=date(2026, 6, 1))
    reply = register(cloud, channel="PHONE", reference="CALL-1")
    assert reply.status == 202, reply.text
    assert exceptions(cloud) == [(reply.body["request_id"], ["COVERAGE_INACTIVE"])]
    for by in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by).body["requests"]
        assert row["number"] == reply.body["number"]


@pytest.mark.rule("S5", "A4")
def test_unsupported_plan_is_registered_and_marked_when_staff_enter_it(cloud: Cloud) -> None:
    cloud.cover(plan=PHS)
    reply = register(cloud, channel="MAIL", reference="MAIL-1")
    assert reply.status == 202, reply.text
    assert exceptions(cloud) == [(reply.body["request_id"], ["PLAN_NOT_SUPPORTED"])]


@pytest.mark.rule("A6", "C9")
def test_exceptions_are_refused_when_the_request_came_by_edi(cloud: Cloud) -> None:
    assert register(cloud, channel="EDI", content=long_ago()).status == 422
    cloud.cover(active_to=date(2026, 6, 1))
    assert register(cloud, channel="EDI").status in {403, 409, 422}
    assert exceptions(cloud) == []


def test_other_errors_are_refused_when_staff_enter_old_dates(cloud: Cloud) -> None:
    content = long_ago()
    content["services"][0]["primary_diagnosis"] = "Z99999"
    reply = register(cloud, content=content)
    assert [error["pointer"] for error in reply.body["errors"]] == [
        "/content/services/0/primary_diagnosis"
    ]


def test_request_leaves_the_queue_and_shows_the_note_when_an_operator_confirms(
    cloud: Cloud,
) -> None:
    request_id = register(cloud, content=long_ago()).body["request_id"]
    cloud.pend(request_id)
    assert confirm(cloud, request_id, by=REVIEWER).status == 403
    for _ in range(2):
        assert confirm(cloud, request_id).status == 200
    assert exceptions(cloud) == []
    assert cloud.case(request_id).body["intake_note"] == "The account paid in arrears."
    assert "arrears" not in cloud.read(request_id).text
    trail = cloud.as_operator(request_id).body["audit_trail"]
    assert [one["actor"] for one in trail if one["type"] == "IntakeConfirmed"] == ["operator-user"]


def test_request_leaves_the_queue_when_it_is_decided_or_void(cloud: Cloud) -> None:
    decided = register(cloud, content=long_ago()).body["request_id"]
    cloud.pend(decided)
    assert len(exceptions(cloud)) == 1
    cloud.decide(decided, {"1.1": "APPROVED", "1.2": "APPROVED"})
    assert exceptions(cloud) == []
    older = long_ago(300)
    void = register(cloud, reference="FAX-2", content=older).body["request_id"]
    assert len(exceptions(cloud)) == 1
    for _ in range(2):
        reply = as_clerk(cloud, void, "void", body={"reason": "The provider withdrew it."})
        assert (reply.status, reply.body["status"]) == (200, "VOID")
    assert exceptions(cloud) == []


def test_registered_request_is_read_back_when_a_clerk_has_its_id(cloud: Cloud) -> None:
    request_id = register(cloud).body["request_id"]
    body = as_clerk(cloud, request_id).body
    assert (body["channel"], body["reference"]) == ("FAX", "FAX-1")
    assert body["content"]["patient"]["member_id"] == PATIENT["member_id"]
    assert body["allowed_actions"] == ["DETAILS", "VOID"]


@pytest.mark.rule("S5")
def test_registered_requests_are_listed_newest_first_when_a_clerk_looks(cloud: Cloud) -> None:
    first = register(cloud, content=long_ago()).body
    cloud.submitted()
    other = entered(services=later(entered()["services"], 30))
    cloud.clock.pass_by(minutes=1)
    second = register(cloud, by=COLLEAGUE, channel="PHONE", reference="CALL-1", content=other).body
    cloud.pend(first["request_id"])
    page = listed(cloud)
    assert [row["number"] for row in page["requests"]] == [second["number"], first["number"]]
    _, row = page["requests"]
    assert (row["status"], row["channel"], row["reference"]) == ("PENDING", "FAX", "FAX-1")
    assert row["intake_exceptions"] == ["DATES_OUTSIDE_WINDOW"]
    assert row["allowed_actions"] == ["DETAILS", "MODIFY", "VOID"]
    assert [one["registered_by_caller"] for one in page["requests"]] == [False, True]
    assert [one["number"] for one in listed(cloud, mine="true")["requests"]] == [first["number"]]
    start = listed(cloud, limit="1")
    rest = listed(cloud, limit="1", cursor=start["cursor"])
    assert [one["number"] for one in rest["requests"]] == [first["number"]]


@pytest.mark.rule("A1")
def test_list_of_registered_requests_is_refused_when_the_caller_is_no_clerk(cloud: Cloud) -> None:
    register(cloud)
    for by in (PROVIDER, REVIEWER, OPERATOR):
        reply = cloud.call(intake, "GET", "/v1/intake/requests", by=by)
        assert (reply.status, reply.code) == (403, "not_entitled")


def test_cursor_is_refused_when_it_is_of_the_list_of_all_staff(cloud: Cloud) -> None:
    register(cloud)
    other = entered(services=later(entered()["services"], 30))
    register(cloud, reference="FAX-2", content=other)
    cursor = listed(cloud, limit="1")["cursor"]
    query = {"mine": "true", "cursor": cursor}
    refused = cloud.call(intake, "GET", "/v1/intake/requests", by=CLERK, query=query)
    assert [error["pointer"] for error in refused.body["errors"]] == ["/cursor"]


def test_registered_request_is_found_when_a_clerk_has_its_number(cloud: Cloud) -> None:
    registered = register(cloud).body
    other = cloud.submitted(services=later(entered()["services"], 30))
    portals = cloud.read(other).body["number"]
    heard = f"{registered['number'][:2]} {registered['number'][2:].lower()}"
    found = found_by(cloud, heard)
    assert found.body["request"]["request_id"] == registered["request_id"]
    assert found_by(cloud, portals).status == 404
    assert found_by(cloud, "PC0000000000").status in {404, 422}


def test_request_of_the_portal_is_not_found_when_a_clerk_reads_it(cloud: Cloud) -> None:
    request_id, draft = cloud.submitted(), cloud.start()
    for one in (request_id, draft):
        assert as_clerk(cloud, one).status == 404
        assert as_clerk(cloud, one, "void", body={"reason": "x"}).status == 404
        assert as_clerk(cloud, one, "documents", body={"file_name": "a.pdf"}).status == 404


@pytest.mark.rule("S5", "U3")
def test_pages_belong_to_the_requesting_provider_when_a_clerk_attaches_them(cloud: Cloud) -> None:
    request_id = register(cloud).body["request_id"]
    early = as_clerk(cloud, request_id, "documents", body={"file_name": "fax.pdf"})
    assert early.status == 409
    cloud.pend(request_id)
    created = as_clerk(cloud, request_id, "documents", body={"file_name": "fax.pdf"})
    assert created.status == 201, created.text
    cloud.arrive(request_id, created.body["document"]["document_id"], PDF)
    [document] = cloud.read(request_id).body["documents"]
    assert (document["status"], document["sent_by"]) == ("ATTACHED", "REQUESTING_PROVIDER")
    stranger = {"file_name": "fax.pdf", "tin": "999999999"}
    assert as_clerk(cloud, request_id, "documents", body=stranger).status == 422


def test_clerk_is_refused_when_an_operation_is_a_providers(cloud: Cloud) -> None:
    request_id = register(cloud).body["request_id"]
    assert cloud.read(request_id, CLERK).status == 403
    assert cloud.void(request_id, CLERK).status == 403
    assert cloud.dashboard(CLERK).status == 403
    assert cloud.offer(request_id, by=CLERK).status == 403


@pytest.mark.rule("S5", "W8")
def test_exception_waits_for_an_operator_when_a_vendor_decides_every_line(cloud: Cloud) -> None:
    cloud.cover(plan=PHS)
    request_id = delegated(cloud)
    assert exceptions(cloud) == [(request_id, ["PLAN_NOT_SUPPORTED"])]
    offered = cloud.as_operator(request_id).body
    assert "CONFIRM_INTAKE" in offered["allowed_actions"]
    assert offered["intake_exceptions"] == ["PLAN_NOT_SUPPORTED"]
    assert confirm(cloud, request_id).status == 200
    assert exceptions(cloud) == []
    confirmed = cloud.as_operator(request_id).body
    assert "CONFIRM_INTAKE" not in confirmed["allowed_actions"]
    assert confirmed["intake_note"] == "The account paid in arrears."


def test_confirmation_is_refused_when_there_is_no_exception(cloud: Cloud) -> None:
    other = entered(services=later(entered()["services"], 30))
    for request_id in (cloud.submitted(), register(cloud, content=other).body["request_id"]):
        refused = confirm(cloud, request_id)
        assert (refused.status, refused.code) == (409, "action_not_allowed")
        assert "CONFIRM_INTAKE" not in refused.body["allowed_actions"]


def test_clerk_is_offered_own_actions_only_when_a_call_is_refused(cloud: Cloud) -> None:
    request_id = register(cloud).body["request_id"]
    cloud.pend(request_id)
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"})
    refused = as_clerk(cloud, request_id, "void", body={"reason": "Withdrawn."})
    assert (refused.status, refused.body["allowed_actions"]) == (409, ["DETAILS"])
    assert as_clerk(cloud, request_id).body["allowed_actions"] == ["DETAILS"]


# -- what a delegated vendor decides ------------------------------------------------------------------


EQUIPMENT: Final = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "DME",
    "place_of_service": "HOME",
    "urgency": "STANDARD",
    "service_date": "2026-06-25",
    "primary_diagnosis": "G4733",
    "procedures": [{"code": "E0601", "start_date": "2026-06-25", "units": 1, "unit_type": "UNITS"}],
}
"""Its vendor decides only what is not delivered yet."""
IMAGE: Final = {
    **IMAGES,
    "service_date": "2026-06-25",
    "procedures": [{"code": "70450", "start_date": "2026-06-25", "units": 1, "unit_type": "UNITS"}],
}
"""Its vendor also decides what was performed."""


def checked(cloud: Cloud, services: list[Any], received_at: str | None, by: Any = CLERK) -> Reply:
    body = {"content": entered(services=services), "received_at": received_at}
    return cloud.call(check, "POST", "/v1/checks", body, by=by)


@pytest.mark.rule("C12", "S5", "W8")
@pytest.mark.parametrize(
    ("service", "received", "owner", "retrospective"),
    [
        (EQUIPMENT, "2026-06-24", "VENDOR", False),
        (EQUIPMENT, "2026-06-25", "VENDOR", False),
        (EQUIPMENT, "2026-06-26", "PAYER", True),
        (EQUIPMENT, None, "PAYER", True),
        (IMAGE, "2026-06-24", "VENDOR", False),
        (IMAGE, "2026-06-26", "VENDOR", True),
        (IMAGE, None, "VENDOR", True),
    ],
)
def test_check_names_who_decides_as_the_registration_does_when_staff_check_a_fax(
    cloud: Cloud, service: dict[str, Any], received: str | None, owner: str, retrospective: bool
) -> None:
    received_at = f"{received}T15:00:00Z" if received else None
    reply = checked(cloud, [service], received_at)
    assert reply.status == 200, reply.text
    [code] = reply.body["services"][0]["codes"]
    assert (code["decided_by"], code["retrospective"]) == (owner, retrospective)
    assert code["decided_by_label"] == {"PAYER": "The payer", "VENDOR": "A delegated vendor"}[owner]
    vendors = [one["vendor_id"] for one in reply.body["vendors"]]
    stated = [text for text in reply.body["notices"] if "also decides requests" in text]
    assert bool(stated) is (owner == "VENDOR" and retrospective)
    content = entered(services=[{**service, "medication": None}])
    arrival: dict[str, Any] = {"received_at": received_at or "2026-07-01T14:00:00Z"}
    refused = register(cloud, content=content, **arrival)
    if vendors:
        [error] = [one for one in refused.body["errors"] if one["code"] == "vendor_not_confirmed"]
        assert (error["pointer"], error["choices"]) == ("/content/confirmed_vendors", vendors)
    taken = register(cloud, content={**content, "confirmed_vendors": vendors}, **arrival)
    assert taken.status == 202, taken.text
    shown = as_clerk(cloud, taken.body["request_id"]).body
    assert [line["decided_by"] for line in shown["lines"]] == [owner]
    for delegation in shown["delegations"]:
        assert delegation["confirmed_by_staff"]
        assert delegation["confirmed_at"] == "2026-07-01T15:00:00Z"


def test_receipt_is_refused_in_a_check_when_a_provider_sends_it_or_it_is_in_the_future(
    cloud: Cloud,
) -> None:
    for by, received_at, code in (
        (PROVIDER, "2026-07-01T14:00:00Z", "not_applicable"),
        (CLERK, "2026-07-01T15:00:01Z", "in_future"),
        (CLERK, "yesterday", "malformed"),
    ):
        reply = checked(cloud, entered()["services"], received_at, by=by)
        [error] = reply.body["errors"]
        assert (reply.status, error["pointer"], error["code"]) == (422, "/received_at", code)


@pytest.mark.rule("W8")
def test_provider_confirms_when_the_request_is_submitted_in_the_portal(cloud: Cloud) -> None:
    request_id = cloud.start(services=[IMAGE, BOWEL_SURGERY])
    services: dict[str, Any] = {
        "services": [IMAGE, BOWEL_SURGERY],
        "confirmed_vendors": ["EVICORE-RAD"],
    }
    submitted = cloud.submit(request_id, **services)
    assert submitted.status == 202, submitted.text
    [delegation] = cloud.read(request_id).body["delegations"]
    assert delegation["confirmed_by_staff"] is False
