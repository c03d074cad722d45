"""Delegated vendors: requests that the payer and vendors decide, and notices of their lines (W8)."""

from datetime import date, timedelta
from typing import Any, Final

import pytest

from functions.intake import handler as intake
from precert.domain.request import Request
from precert.names import WorkflowTask
from tests.adapters.callers import FACILITY, OPERATOR, PROVIDER, REVIEWER, VENDOR
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.test_intake import APPROVAL, REASONS, images, register, report
from tests.adapters.test_lists import found
from tests.adapters.test_notices import issue_notices
from tests.fakes.samples import BOWEL_SURGERY, IMAGES, PATIENT

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
