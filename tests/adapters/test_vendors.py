"""Delegated vendors: what each one reads, its clock, and requests that it shares with the payer."""

from datetime import date, timedelta
from typing import Any, Final

import pytest

from functions.intake import handler as intake
from precert.domain.dates import instant_text
from precert.domain.request import Request
from precert.names import WorkflowTask
from tests.adapters.callers import FACILITY, OPERATOR, PROVIDER, REVIEWER, STRANGER, VENDOR
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.test_document_downloads import attached
from tests.adapters.test_intake import APPROVAL, REASONS, images, register, report
from tests.adapters.test_lists import found
from tests.adapters.test_notices import issue_notices
from tests.fakes.samples import BOWEL_SURGERY, IMAGES, PATIENT, later

MIXED: Final[dict[str, Any]] = {"services": [BOWEL_SURGERY, IMAGES]}
"""The payer decides line 1.1, a vendor lines 2.1 and 2.2."""
CONFIRMED: Final[dict[str, Any]] = {**MIXED, "confirmed_vendors": ["EVICORE-RAD"]}
APPROVALS: Final[list[dict[str, Any]]] = [APPROVAL, {**APPROVAL, "line_id": "1.2"}]
OTHER_VENDOR: Final = {**VENDOR, "sub": "other", "custom:vendors": "EVICORE-MSK"}
BOTH_VENDORS: Final = {**VENDOR, "sub": "both", "custom:vendors": "EVICORE-RAD EVICORE-MSK"}
FUSION: Final = {
    **BOWEL_SURGERY,
    "procedures": [{**BOWEL_SURGERY["procedures"][0], "code": "22551"}],
}
"""A line that the sample rule list delegates to EVICORE-MSK."""
VENDORS_LINES: Final[list[dict[str, Any]]] = [
    {"line_id": "2.1", "status": "APPROVED"},
    {"line_id": "2.2", "status": "DENIED", **REASONS},
]


def listed(cloud: Cloud, by: dict[str, str] = VENDOR, **query: str) -> Reply:
    return cloud.call(intake, "GET", "/v1/vendor/requests", by=by, query=query or None)


def read(
    cloud: Cloud, request_id: str, what: str = "", by: dict[str, str] = VENDOR, **query: str
) -> Reply:
    path = f"/v1/vendor/requests/{request_id}{what}"
    return cloud.call(intake, "GET", path, by=by, query=query or None)


def backlog(cloud: Cloud, by: dict[str, str] = OPERATOR) -> Reply:
    return cloud.call(review_handler(), "GET", "/v1/operations/vendor-backlog", by=by)


def review_handler() -> Any:
    from functions.review import handler

    return handler


def reported(cloud: Cloud, request_id: str, lines: list[dict[str, Any]]) -> Reply:
    """The vendor reports what the payer delegated to it."""
    cloud.clock.pass_by(minutes=5)
    number = cloud.read(request_id).body["number"]
    at = cloud.clock.at.isoformat()
    return report(cloud, number=number, lines=lines, reported_at=at)


def mixed(cloud: Cloud) -> str:
    """A request of the payer and a vendor, assessed."""
    request_id = cloud.start(services=[BOWEL_SURGERY])
    assert cloud.submit(request_id, **CONFIRMED).status == 202
    cloud.pend(request_id)
    return request_id


def delegated(cloud: Cloud, reference: str = "FAX-1", **changes: Any) -> str:
    """A request of which the vendor decides everything, assessed."""
    content = images(**{"confirmed_vendors": ["EVICORE-RAD"], **changes})
    taken = register(cloud, content=content, reference=reference)
    assert taken.status == 202, taken.text
    request_id: str = taken.body["request_id"]
    cloud.task(WorkflowTask.ASSESS, request_id, cycle=1)
    return request_id


# -- mixed requests ------------------------------------------------------------------------------------


@pytest.mark.rule("C8", "W8")
def test_owner_of_each_line_is_named_when_a_draft_has_lines_of_a_vendor(cloud: Cloud) -> None:
    draft_id = cloud.start(**MIXED)
    for reply in (cloud.resume(draft_id), cloud.review_of(draft_id)):
        owners = {line["line_id"]: line["decided_by"] for line in reply.body["lines"]}
        assert owners == {"1.1": "PAYER", "2.1": "VENDOR", "2.2": "VENDOR"}
        [vendor] = reply.body["vendors"]
        assert (vendor["vendor_id"], vendor["phone"]) == ("EVICORE-RAD", "8666689250")
    started = cloud.call(submit_handler(), "POST", "/v1/drafts", {"content": images(**MIXED)}).body
    assert [line["vendor_id"] for line in started["lines"]] == [None, *["EVICORE-RAD"] * 2]


def submit_handler() -> Any:
    from functions.submit import handler

    return handler


def test_owner_is_null_when_a_line_cannot_be_determined_yet(cloud: Cloud) -> None:
    draft_id = cloud.start(services=[BOWEL_SURGERY])
    undated = {name: value for name, value in IMAGES.items() if name != "service_date"}
    assert (
        cloud.save(draft_id, 1, services=[undated, {"procedures": [{"code": "ZZZZ"}]}]).status
        == 200
    )
    lines = cloud.resume(draft_id).body["lines"]
    assert [line["decided_by"] for line in lines] == [None] * 3


@pytest.mark.rule("W8")
@pytest.mark.parametrize("confirmed", [[], ["EVICORE-MSK"]])
def test_submission_is_refused_when_the_provider_does_not_confirm_the_vendor(
    cloud: Cloud, confirmed: list[str]
) -> None:
    draft_id = cloud.start(**MIXED)
    cloud.save(draft_id, 1, **MIXED, confirmed_vendors=confirmed)
    validated = cloud.review_of(draft_id).body["errors"]
    refused = cloud.submit(draft_id, 2, **MIXED, confirmed_vendors=confirmed)
    assert (refused.status, refused.body["errors"]) == (422, validated)
    [error] = validated
    assert (error["pointer"], error["code"]) == (
        "/content/confirmed_vendors",
        "vendor_not_confirmed",
    )
    assert "2.1 (70450), 2.2 (70460)" in error["message"]
    assert error["choices"] == ["EVICORE-RAD"]


@pytest.mark.rule("W8", "W2", "V15")
def test_payer_and_vendor_decide_their_lines_when_the_provider_confirms(cloud: Cloud) -> None:
    draft_id = cloud.start(services=[BOWEL_SURGERY])
    submitted = cloud.submit(draft_id, **CONFIRMED)
    assert [line["decided_by"] for line in submitted.body["lines"]] == [
        "PAYER",
        "VENDOR",
        "VENDOR",
    ]
    assert submitted.body["vendors"][0]["vendor_id"] == "EVICORE-RAD"
    cloud.pend(draft_id)
    details = cloud.read(draft_id).body
    assert (details["status"], details["waiting_on"]) == ("PENDING", "PAYER")
    assert [line["review_action"] for line in details["lines"]] == ["A4", "CT", "CT"]
    [delegation] = details["delegations"]
    assert delegation["confirmed_at"] == details["submitted_at"]
    assert delegation["line_ids"] == ["2.1", "2.2"]
    assert details["delegate"] is None
    [row] = cloud.dashboard().body["requests"]
    assert (row["due_at"], row["allowed_actions"]) == (
        details["due_at"],
        details["allowed_actions"],
    )


@pytest.mark.rule("W8")
def test_reviewer_is_refused_when_deciding_a_line_of_a_vendor(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    refused = cloud.decide(request_id, {"1.1": "APPROVED", "2.1": "APPROVED"})
    assert refused.status == 422
    [error] = refused.body["errors"]
    assert (error["pointer"], error["code"]) == ("/lines/1/line_id", "vendor_decides")
    assert "EviCore by Evernorth, (866) 668-9250 or " in error["message"]


@pytest.mark.rule("W3", "W8", "V15")
def test_request_waits_for_the_vendor_when_the_payer_has_decided(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    assert cloud.decide(request_id, {"1.1": "APPROVED"}).status == 200
    details = cloud.read(request_id).body
    assert (details["status"], details["waiting_on"]) == ("PENDING", "VENDOR")
    assert details["due_at"] == details["delegations"][0]["due_at"]
    assert details["history"][-1]["waiting_on"] == "VENDOR"
    [row] = cloud.dashboard().body["requests"]
    assert (row["status"], row["waiting_on"], row["due_at"]) == (
        "PENDING",
        "VENDOR",
        details["due_at"],
    )
    assert row["allowed_actions"] == details["allowed_actions"] == ["DETAILS"]
    assert cloud.worklist().body["cycles"] == []
    assert reported(cloud, request_id, VENDORS_LINES).status == 200
    after = cloud.read(request_id).body
    assert (after["status"], after["waiting_on"]) == ("PARTIALLY_APPROVED", "NONE")
    assert [line["status"] for line in after["lines"]] == ["APPROVED", "APPROVED", "DENIED"]


@pytest.mark.rule("W7", "W6", "V15")
def test_payers_denial_is_appealed_here_when_the_vendor_is_still_open(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    cloud.decide(request_id, {"1.1": "DENIED"}, by=physician(cloud))
    details = cloud.read(request_id).body
    assert details["allowed_actions"] == [
        *("DETAILS", "REQUEST_PEER_TO_PEER", "RECONSIDER", "APPEAL")
    ]
    [row] = cloud.dashboard().body["requests"]
    assert row["allowed_actions"] == details["allowed_actions"]
    assert [line["line_id"] for line in details["appeal_rights"]["lines"]] == ["1.1"]
    [error] = cloud.appeal(request_id, "2.1").body["errors"]
    assert (error["code"], "(866) 668-9250" in error["message"]) == ("vendor_decides", True)
    assert cloud.appeal(request_id, "1.1").status == 202
    assert reported(cloud, request_id, VENDORS_LINES).status == 200
    assert cloud.read(request_id).body["waiting_on"] == "PAYER"


def physician(cloud: Cloud) -> dict[str, str]:
    return {**REVIEWER, "cognito:groups": "[Reviewer PhysicianReviewer]"}


@pytest.mark.rule("W6", "W5")
def test_void_is_refused_when_a_vendor_has_decided_a_part(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    assert "VOID" in cloud.read(request_id).body["allowed_actions"]
    assert reported(cloud, request_id, VENDORS_LINES).status == 200
    details = cloud.read(request_id).body
    assert (details["status"], "VOID" in details["allowed_actions"]) == ("PENDING", False)
    refused = cloud.void(request_id)
    assert (refused.status, refused.code) == (409, "action_not_allowed")
    assert "EviCore" in refused.body["detail"]


@pytest.mark.rule("W6", "W8")
@pytest.mark.parametrize("is_decided", [False, True])
def test_void_is_refused_when_a_vendor_decides_everything(cloud: Cloud, is_decided: bool) -> None:
    request_id = delegated(cloud)
    if is_decided:
        lines = [APPROVAL, {"line_id": "1.2", "status": "DENIED", **REASONS}]
        assert reported(cloud, request_id, lines).status == 200
    before = cloud.read(request_id).body["status"]
    refused = cloud.void(request_id)
    assert (refused.status, refused.code) == (409, "action_not_allowed")
    assert cloud.read(request_id).body["status"] == before


@pytest.mark.rule("W8")
def test_delegated_request_is_on_no_list_and_cannot_be_flagged_when_it_is_pended(
    cloud: Cloud,
) -> None:
    request_id = delegated(cloud)
    number = cloud.read(request_id).body["number"]
    for by in (PROVIDER, FACILITY):
        assert found(cloud, number, by).status == 404
        assert cloud.dashboard(by=by).body["requests"] == []
        assert cloud.of_patient(by=by).body["requests"] == []
        assert cloud.flag(request_id, by=by).status == 404
        assert cloud.flagged(by=by).body["requests"] == []
    assert reported(cloud, request_id, APPROVALS).status == 200
    for by in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by=by).body["requests"]
        assert row["status"] == "APPROVED"
        assert cloud.flag(request_id, by=by).status == 204
        assert found(cloud, number, by).status == 200


# -- what a vendor reads -------------------------------------------------------------------------------


@pytest.mark.rule("W8", "C8")
def test_vendor_reads_its_own_lines_only_when_a_request_is_mixed(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    [row] = listed(cloud).body["requests"]
    assert (row["request_id"], row["status"]) == (request_id, "OPEN")
    assert (row["line_ids"], row["codes"]) == (["2.1", "2.2"], ["70450", "70460"])
    assert row["codes_labels"] == ["CT of the head and neck"] * 2
    assert (row["line_of_business"], row["line_of_business_label"]) == ("COMMERCIAL", "Commercial")
    found = read(cloud, request_id)
    assert [line["line_id"] for line in found.body["lines"]] == ["2.1", "2.2"]
    exported = read(cloud, request_id, "/export")
    assert exported.body["resourceType"] == "Bundle"
    for reply in (found, exported):
        assert "70450" in reply.text
        assert "44125" not in reply.text


@pytest.mark.rule("W8")
def test_request_is_not_found_when_another_vendor_or_no_vendor_decides_it(cloud: Cloud) -> None:
    request_id, own = mixed(cloud), cloud.pended()
    document_id = request_id  # an id that no document has
    assert listed(cloud, OTHER_VENDOR).body["requests"] == []
    for what in ("", "/export", f"/documents/{document_id}"):
        assert read(cloud, request_id, what, OTHER_VENDOR).status == 404
        assert read(cloud, own, what).status == 404
    for by in (PROVIDER, REVIEWER, OPERATOR, STRANGER):
        assert (listed(cloud, by).code, read(cloud, request_id, "", by).code) == (
            "not_entitled",
            "not_entitled",
        )
    refused = listed(cloud, vendor_id="EVICORE-MSK")
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/vendor_id")


def of_two_vendors(cloud: Cloud) -> str:
    """A request of which two vendors decide a line each, with an attached document; its id first."""
    request_id = cloud.start(services=[BOWEL_SURGERY])
    confirmed = ["EVICORE-RAD", "EVICORE-MSK"]
    services = [BOWEL_SURGERY, IMAGES, FUSION]
    assert cloud.submit(request_id, services=services, confirmed_vendors=confirmed).status == 202
    cloud.pend(request_id)
    return request_id


@pytest.mark.rule("W8", "A2")
def test_each_part_is_read_by_its_vendor_id_when_the_caller_acts_for_both_vendors(
    cloud: Cloud,
) -> None:
    request_id = of_two_vendors(cloud)
    document_id = attached(cloud, request_id)
    for vendor_id, line_ids, codes in (
        ("EVICORE-RAD", ["2.1", "2.2"], {"70450"}),
        ("EVICORE-MSK", ["3.1"], {"22551"}),
    ):
        one = {"vendor_id": vendor_id}
        part = read(cloud, request_id, by=BOTH_VENDORS, **one)
        assert (part.body["vendor_id"], [line["line_id"] for line in part.body["lines"]]) == (
            vendor_id,
            line_ids,
        )
        exported = read(cloud, request_id, "/export", by=BOTH_VENDORS, **one)
        for reply in (part, exported):
            assert {code for code in ("44125", "70450", "22551") if code in reply.text} == codes
        link = read(cloud, request_id, f"/documents/{document_id}", by=BOTH_VENDORS, **one)
        assert link.status == 200
    for what in ("", "/export", f"/documents/{document_id}"):
        refused = read(cloud, request_id, what, by=BOTH_VENDORS)
        [error] = refused.body["errors"]
        assert (refused.status, error["pointer"], error["code"]) == (422, "/vendor_id", "not_yours")
        assert error["choices"] == ["EVICORE-MSK", "EVICORE-RAD"]


@pytest.mark.rule("W8", "A2")
def test_vendor_id_is_optional_when_one_of_the_callers_vendors_decides_a_part(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    assert read(cloud, request_id, by=BOTH_VENDORS).body["vendor_id"] == "EVICORE-RAD"
    assert read(cloud, request_id, by=BOTH_VENDORS, vendor_id="EVICORE-MSK").status == 404
    refused = read(cloud, request_id, by=VENDOR, vendor_id="EVICORE-MSK")
    [error] = refused.body["errors"]
    assert (refused.status, error["code"], error["choices"]) == (422, "not_yours", ["EVICORE-RAD"])
    unnamed = listed(cloud, BOTH_VENDORS).body["errors"]
    assert [(one["code"], one["choices"]) for one in unnamed] == [
        ("not_yours", ["EVICORE-MSK", "EVICORE-RAD"])
    ]


def test_vendors_are_named_when_the_caller_reports_for_several(cloud: Cloud) -> None:
    unknown = {**VENDOR, "sub": "all", "custom:vendors": "EVICORE-RAD EVICORE-MSK FORMER"}
    named = listed(cloud, unknown, vendor_id="EVICORE-RAD").body["vendors"]
    name = "EviCore by Evernorth"
    assert [(one["vendor_id"], one["name"]) for one in named] == [
        ("EVICORE-MSK", name),
        ("EVICORE-RAD", name),
        ("FORMER", None),
    ]
    assert named[1]["services"] == "Radiology and diagnostic cardiac imaging"
    assert listed(cloud).body["vendors"] == []


def test_vendors_list_is_paged_and_split_when_some_requests_are_reported(cloud: Cloud) -> None:
    ids = [delegated(cloud, f"FAX-{at}", **other_day(at)) for at in range(3)]
    first = listed(cloud, limit="2").body
    rest = listed(cloud, limit="2", cursor=first["cursor"]).body
    assert {row["request_id"] for row in first["requests"] + rest["requests"]} == set(ids)
    assert listed(cloud, open="false", cursor=first["cursor"]).status == 422
    reported(cloud, ids[0], APPROVALS)
    assert {row["request_id"] for row in listed(cloud).body["requests"]} == set(ids[1:])
    [row] = listed(cloud, open="false").body["requests"]
    assert (row["request_id"], row["status"]) == (ids[0], "REPORTED")


def other_day(at: int) -> dict[str, Any]:
    moved = {**IMAGES, "procedures": [{**one} for one in IMAGES["procedures"]]}
    moved["service_date"] = f"2026-08-{10 + 14 * (at % 2):02d}" if at else "2026-07-20"
    for one in moved["procedures"]:
        one["start_date"] = moved["service_date"]
    return {"services": [moved]}


def test_withdrawn_request_leaves_the_vendors_list_when_the_provider_voids_it(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    assert cloud.void(request_id).status == 200
    assert listed(cloud).body["requests"] == []
    [row] = listed(cloud, open="false").body["requests"]
    assert (row["request_id"], row["status"]) == (request_id, "WITHDRAWN")
    assert backlog(cloud).body["requests"] == []
    assert reported(cloud, request_id, VENDORS_LINES).status == 409


# -- the backlog ---------------------------------------------------------------------------------------


def vendor_events(cloud: Cloud) -> list[str]:
    return [
        kind
        for item in cloud.items("EVENT#")
        for kind in ("VendorDeadlineApproaching", "VendorDeadlinePassed")
        if kind in item["event"]["S"]
    ]


@pytest.mark.rule("W2", "W10")
@pytest.mark.parametrize(
    ("urgency", "length"), [("STANDARD", timedelta(days=15)), ("EXPEDITED", timedelta(hours=72))]
)
def test_reminder_and_escalation_are_recorded_once_when_a_vendor_does_not_report(
    cloud: Cloud, urgency: str, length: timedelta
) -> None:
    request_id = delegated(cloud, services=[{**IMAGES, "urgency": urgency}])
    received = cloud.deps.requests.read(request_id)
    assert received is not None
    due_at = received.submitted.submitted_at + length
    [row] = backlog(cloud).body["requests"]
    assert (row["request_id"], row["vendor_id"], row["overdue"]) == (
        request_id,
        "EVICORE-RAD",
        False,
    )
    assert row["due_at"] == instant_text(due_at)
    assert (row["patient"], row["member_id"]) == (None, None)
    cloud.sweep()
    assert vendor_events(cloud) == []
    cloud.clock.at = received.submitted.submitted_at + length * 0.75
    for _ in range(2):
        cloud.sweep()
    assert vendor_events(cloud) == ["VendorDeadlineApproaching"]
    cloud.clock.at = due_at
    for _ in range(2):
        cloud.sweep()
    assert vendor_events(cloud) == ["VendorDeadlineApproaching", "VendorDeadlinePassed"]
    [row] = backlog(cloud).body["requests"]
    assert row["overdue"] is True
    assert [one["overdue"] for one in listed(cloud).body["requests"]] == [True]
    details = cloud.read(request_id).body
    assert (details["status"], details["waiting_on"]) == ("PENDING", "VENDOR")
    assert {line["status"] for line in details["lines"]} == {"OPEN"}


def test_backlog_is_empty_when_the_vendor_has_reported(cloud: Cloud) -> None:
    request_id = delegated(cloud)
    reported(cloud, request_id, APPROVALS)
    assert backlog(cloud).body["requests"] == []
    cloud.clock.at += timedelta(days=30)
    cloud.sweep()
    assert vendor_events(cloud) == []
    for by in (PROVIDER, VENDOR, REVIEWER):
        assert backlog(cloud, by).code == "not_entitled"


def test_event_names_vendor_and_codes_when_lines_are_delegated_and_reported(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    reported(cloud, request_id, VENDORS_LINES)
    assert cloud.relay(cloud.stream()) == []
    published = {entry["DetailType"]: entry["Detail"] for entry in cloud.published()}
    for kind in ("RequestDelegated", "VendorLinesDetermined"):
        assert '"vendor_id":"EVICORE-RAD"' in published[kind]
        assert '"procedure_code":"70450"' in published[kind]
        assert [one for one in PATIENT.values() if one in published[kind]] == []


@pytest.mark.rule("W5", "W8")
def test_notices_of_changed_dates_are_issued_for_a_vendors_line_when_the_payers_part_is_open(
    cloud: Cloud,
) -> None:
    request_id = mixed(cloud)
    assert reported(cloud, request_id, VENDORS_LINES).status == 200
    period = cloud.read(request_id).body["lines"][1]["approved"]
    moved = {
        "line_id": "2.1",
        **{
            name: (date.fromisoformat(period[name]) + timedelta(days=1)).isoformat()
            for name in ("from_date", "to_date")
        },
    }
    assert cloud.change_dates(request_id, moved).status == 200
    issue_notices(cloud, request_id)
    names = [one["notice_id"] for one in cloud.read(request_id).body["determination_notices"]]
    assert {"1-provider-dates-1", "1-member-dates-1"} <= set(names)


@pytest.mark.rule("W8")
def test_report_is_to_be_sent_again_when_the_payers_part_is_not_pended_yet(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = cloud.start(services=[BOWEL_SURGERY])
    assert cloud.submit(request_id, **CONFIRMED).status == 202
    # The execution fails after the delegation, before it pends the payer's part.
    with monkeypatch.context() as patch:
        patch.setattr(Request, "pend", None)
        with pytest.raises(TypeError):
            cloud.task(WorkflowTask.ASSESS, request_id, cycle=1)
    assert cloud.read(request_id).body["status"] == "PROCESSING"
    early = reported(cloud, request_id, VENDORS_LINES)
    assert (early.status, early.code) == (503, "try_again")
    cloud.pend(request_id)
    assert reported(cloud, request_id, VENDORS_LINES).status == 200


# -- potential duplicates ------------------------------------------------------------------------------


def similar_for_vendor(cloud: Cloud, request_id: str) -> tuple[list[Any], list[str]]:
    reply = read(cloud, request_id)
    assert reply.status == 200, reply.text
    return reply.body["potential_duplicates"], reply.body["notices"]


@pytest.mark.rule("S2", "W8")
def test_vendor_sees_a_potential_duplicate_when_it_decides_both(cloud: Cloud) -> None:
    first = delegated(cloud, "FAX-1")
    assert similar_for_vendor(cloud, first) == ([], [])
    second = delegated(cloud, "FAX-2", services=later([IMAGES], 3))
    number = cloud.read(second).body["number"]
    [found], [notice] = similar_for_vendor(cloud, first)
    assert (found["request_id"], found["number"]) == (second, number)
    assert found["reason_code"] == "near_dates"
    assert notice == cloud.deps.payer.notices["potential_duplicate_vendor"]
    [other], _ = similar_for_vendor(cloud, second)
    assert other["request_id"] == first


@pytest.mark.rule("S2", "W8", "A2")
def test_vendor_learns_that_it_exists_when_the_other_request_was_not_delegated_to_it(
    cloud: Cloud,
) -> None:
    first = delegated(cloud, "FAX-1")
    emergency = {**later([IMAGES], 3)[0], "urgency": "EMERGENCY"}
    taken = register(cloud, content=images(services=[emergency]), reference="FAX-2")
    other = taken.body["request_id"]
    [found], [notice] = similar_for_vendor(cloud, first)
    assert (found["request_id"], found["number"]) == (None, None)
    assert notice == cloud.deps.payer.notices["potential_duplicate_not_delegated"]
    assert other not in str(read(cloud, first).body)
    unrelated = cloud.submitted(services=[BOWEL_SURGERY])
    assert len(similar_for_vendor(cloud, first)[0]) == 1
    assert unrelated
