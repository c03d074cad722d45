"""Other channels: registered requests and vendors' determinations, on the same lists (S5, W8)."""

from typing import Any, Final

import pytest

from functions.intake import handler as intake
from functions.intake import reports
from precert.domain.clocks import history_end
from tests.adapters.cloud import FACILITY, PROVIDER, STRANGER, Cloud, Context, Reply
from tests.fakes.samples import entered, later, payer

CLERK: Final = {"sub": "clerk", "cognito:groups": "[Intake]"}
VENDOR: Final = {"sub": "vendor", "cognito:groups": "[Vendor]", "custom:vendors": "EVICORE-RAD"}
APPROVAL: Final = {"line_id": "1.1", "status": "APPROVED"}
DENIAL: Final = {"line_id": "1.2", "status": "DENIED", "reason_code": "0F"}


def register(cloud: Cloud, *, by: dict[str, str] = CLERK, **changes: Any) -> Reply:
    arrival = {"channel": "FAX", "reference": "FAX-1", "received_at": "2026-07-01T09:00:00Z"}
    body = {**arrival, "content": entered(), **changes}
    return cloud.call(intake, "POST", "/v1/intake/requests", body, by=by)


def report(cloud: Cloud, *, by: dict[str, str] = VENDOR, **changes: Any) -> Reply:
    body = {
        "vendor_id": "EVICORE-RAD",
        "reference": "RAD-1",
        "reported_at": "2026-07-01T09:00:00Z",
        "lines": [APPROVAL, DENIAL],
        **changes,
    }
    return cloud.call(intake, "POST", "/v1/vendor/determinations", body, by=by)


@pytest.mark.rule("S5")
@pytest.mark.parametrize("channel", ["PHONE", "FAX", "MAIL", "EDI"])
def test_both_providers_find_it_on_their_dashboard_when_it_came_by_another_channel(
    cloud: Cloud, channel: str
) -> None:
    taken = register(cloud, channel=channel)
    assert (taken.status, taken.body["status"]) == (202, "PROCESSING")
    for role in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by=role).body["requests"]
        assert (row["number"], row["status"]) == (taken.body["number"], "PROCESSING")
        assert row["channel"] == channel
    assert cloud.dashboard(by=STRANGER).body["requests"] == []
    assert register(cloud, channel=channel).body == taken.body
    assert len(cloud.items("EVENT#")) == 1


def test_registered_request_is_reviewed_and_decided_when_its_cycle_begins(cloud: Cloud) -> None:
    request_id = register(cloud).body["request_id"]
    cloud.pend(request_id)
    assert cloud.read(request_id).body["status"] == "PENDING"
    decided = cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
    assert decided.body["status"] == "APPROVED"


def test_other_content_is_rejected_when_the_reference_was_used(cloud: Cloud) -> None:
    register(cloud)
    again = register(cloud, content=entered(purpose="PREDETERMINATION"))
    assert (again.status, again.code) == (422, "idempotency_key_reused")


@pytest.mark.rule("W8")
def test_vendors_decision_is_shown_to_both_providers_when_it_is_reported(cloud: Cloud) -> None:
    shown = report(cloud, content=entered())
    assert (shown.status, shown.body["status"]) == (200, "PARTIALLY_APPROVED")
    for role in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by=role).body["requests"]
        assert (row["status"], row["channel"]) == ("PARTIALLY_APPROVED", "VENDOR")
        assert row["allowed_actions"] == ["DETAILS"]
    request_id = shown.body["request_id"]
    refused = cloud.appeal(request_id, "1.2")
    assert (refused.status, refused.code) == (409, "action_not_allowed")
    assert "vendor" in refused.body["detail"]
    assert report(cloud, content=entered()).body == shown.body
    assert len(cloud.items("EVENT#")) == 1


@pytest.mark.rule("T4")
def test_vendors_request_is_deleted_after_two_years_when_nothing_more_happens(cloud: Cloud) -> None:
    request_id = report(cloud, content=entered()).body["request_id"]
    end = history_end(cloud.clock.at, 2, payer().zone)
    assert int(cloud.stored(request_id)["ttl"]) == end.timestamp()
    other = register(cloud, content=entered(services=later(entered()["services"], 30)))
    assert "ttl" not in cloud.stored(other.body["request_id"])


def test_event_from_the_bus_is_the_same_report_when_it_names_our_number(cloud: Cloud) -> None:
    shown = report(cloud, content=entered()).body
    detail = {
        "version": 1,
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": [APPROVAL, {"line_id": "1.2", "status": "APPROVED"}],
        "of_a_later_version": True,
    }
    event = {"source": "precert.vendor.EVICORE-RAD", "id": "1", "detail": detail}
    for _ in range(2):
        reports.handle(event, Context())
    assert cloud.read(shown["request_id"]).body["status"] == "APPROVED"
    assert len(cloud.items("EVENT#")) == 2


def test_free_text_of_an_event_is_ignored_when_a_vendor_sends_it(cloud: Cloud) -> None:
    shown = report(cloud, content=entered()).body
    words = {"rationale": "Adams is pregnant.", "criterion": "MCG", "diagnosis": "K219"}
    detail = {
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": [APPROVAL, {**DENIAL, **words, "unknown": 1}],
    }
    event = {"source": "precert.vendor.EVICORE-RAD", "id": "1", "detail": detail}
    reports.handle(event, Context())
    decision = cloud.read(shown["request_id"]).body["lines"][1]["decisions"][-1]
    assert decision["decided_at"] == "2026-07-01T10:00:00Z"
    assert [decision[name] for name in words] == [None] * len(words)


def test_line_is_modified_when_a_vendor_approves_a_shorter_period(cloud: Cloud) -> None:
    less = {"line_id": "1.2", "status": "APPROVED", "approved": {"to_date": "2026-07-20"}}
    shown = report(cloud, content=entered(), lines=[APPROVAL, {**less, "diagnosis": "K219"}])
    assert shown.status == 200, shown.text
    one, two = cloud.read(shown.body["request_id"]).body["lines"]
    assert (one["status"], two["status"]) == ("APPROVED", "MODIFIED")
    assert two["approved"]["to_date"] == "2026-07-20"
    assert two["approved"]["code"] == two["code"]
    assert two["approved"]["units"] == 2
    assert two["adjudicated_diagnosis"] == "K219"


def test_diagnosis_is_rejected_when_the_code_set_does_not_have_it(cloud: Cloud) -> None:
    unknown = report(cloud, content=entered(), lines=[{**APPROVAL, "diagnosis": "Z9999"}, DENIAL])
    assert unknown.status == 422
    assert unknown.body["errors"][0]["pointer"] == "/lines/0/diagnosis"


@pytest.mark.parametrize("path", ["/v1/intake/requests", "/v1/vendor/determinations"])
@pytest.mark.parametrize("raw", ["{", "{}", '{"number": 1}'])
def test_caller_is_refused_before_the_body_is_read_when_not_entitled(
    cloud: Cloud, path: str, raw: str
) -> None:
    refused = cloud.call(intake, "POST", path, raw=raw, by=PROVIDER)
    assert (refused.status, refused.code) == (403, "not_entitled")
    entitled = CLERK if "intake" in path else VENDOR
    assert cloud.call(intake, "POST", path, raw=raw, by=entitled).status in {400, 422}


def test_event_is_rejected_when_another_vendor_sends_it(cloud: Cloud) -> None:
    shown = report(cloud, content=entered()).body
    detail = {
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": [APPROVAL, DENIAL],
    }
    with pytest.raises(Exception, match="not_found"):
        reports.handle(
            {"source": "precert.vendor.EVICORE-MSK", "id": "1", "detail": detail}, Context()
        )
    assert len(cloud.items("EVENT#")) == 1


@pytest.mark.parametrize("by", [PROVIDER, {"sub": "nobody"}])
def test_caller_is_refused_when_the_channel_is_not_theirs(cloud: Cloud, by: dict[str, str]) -> None:
    for reply in (register(cloud, by=by), report(cloud, by=by, content=entered())):
        assert (reply.status, reply.code) == (403, "not_entitled")


@pytest.mark.rule("S2")
def test_fax_is_rejected_when_the_provider_submitted_the_same_in_the_portal(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    number = cloud.read(request_id).body["number"]
    refused = register(cloud)
    assert (refused.status, refused.code) == (409, "duplicate_request")
    assert refused.body["existing"] == {"request_id": request_id, "number": number}
    assert cloud.void(request_id).status == 200
    assert register(cloud).status == 202
