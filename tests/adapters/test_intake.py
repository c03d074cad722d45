"""Other channels: registered requests and vendors' determinations, on the same lists (S5, W8)."""

import json
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from functions.intake import handler as intake
from functions.intake import reports
from precert.domain.clocks import history_end
from precert.domain.errors import (
    DamagedRecordError,
    FieldError,
    InvalidInputError,
    TransientError,
)
from precert.names import EVENT_SOURCE, VENDOR_REPORT_REFUSED
from tests.adapters.callers import CLERK, FACILITY, PROVIDER, STRANGER, VENDOR
from tests.adapters.calls import Context, Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import IMAGES, entered, later, payer
from tools import event_schemas

APPROVAL: Final = {"line_id": "1.1", "status": "APPROVED"}
REASONS: Final = {
    "reason_code": "0F",
    "rationale": "The first images answer the question.",
    "criterion": "RAD-12",
}
DENIAL: Final = {"line_id": "1.2", "status": "DENIED", **REASONS}
REVIEWER: Final = {"name": "Robin Moss", "credential": "MD", "license_number": "35.081517"}


def images(**changes: Any) -> dict[str, Any]:
    """What is requested from the vendor: two images."""
    return entered(**{"services": [IMAGES], **changes})


def register(cloud: Cloud, *, by: dict[str, str] = CLERK, **changes: Any) -> Reply:
    arrival = {"channel": "FAX", "reference": "FAX-1", "received_at": "2026-07-01T09:00:00Z"}
    body = {**arrival, "content": entered(), **changes}
    return cloud.call(intake, "POST", "/v1/intake/requests", body, by=by)


def report(cloud: Cloud, *, by: dict[str, str] = VENDOR, **changes: Any) -> Reply:
    body = {
        "vendor_id": "EVICORE-RAD",
        "reference": "RAD-1",
        "reported_at": "2026-07-01T09:00:00Z",
        "reviewer": REVIEWER,
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
        details = cloud.read(taken.body["request_id"], role).body
        assert (details["channel"], details["channel_label"]) == (channel, row["channel_label"])
        assert details["reference"]
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
    again = register(cloud, content=entered(services=later(entered()["services"], 1)))
    assert (again.status, again.code) == (422, "idempotency_key_reused")


@pytest.mark.rule("W8")
def test_vendors_decision_is_shown_to_both_providers_when_it_is_reported(cloud: Cloud) -> None:
    shown = report(cloud, content=images())
    assert (shown.status, shown.body["status"]) == (200, "PARTIALLY_APPROVED")
    for role in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by=role).body["requests"]
        assert (row["status"], row["channel"]) == ("PARTIALLY_APPROVED", "VENDOR")
        assert row["allowed_actions"] == ["DETAILS"]
    request_id = shown.body["request_id"]
    refused = cloud.appeal(request_id, "1.2")
    assert (refused.status, refused.code) == (409, "action_not_allowed")
    assert "vendor" in refused.body["detail"]
    assert report(cloud, content=images()).body == shown.body
    assert len(cloud.items("EVENT#")) == 1


@pytest.mark.rule("T4")
def test_vendors_request_is_deleted_after_two_years_when_nothing_more_happens(cloud: Cloud) -> None:
    request_id = report(cloud, content=images()).body["request_id"]
    end = history_end(cloud.clock.at, 2, payer().zone)
    assert int(cloud.stored(request_id)["ttl"]) == end.timestamp()
    other = register(cloud, content=entered(services=later(entered()["services"], 30)))
    assert "ttl" not in cloud.stored(other.body["request_id"])


def test_event_from_the_bus_is_the_same_report_when_it_names_our_number(cloud: Cloud) -> None:
    shown = report(cloud, content=images()).body
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
    shown = report(cloud, content=images()).body
    words = {"rationale": "Adams is pregnant.", "criterion": "MCG", "diagnosis": "K219"}
    approvals = [APPROVAL, {"line_id": "1.2", "status": "APPROVED", **words, "unknown": 1}]
    detail = {
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": approvals,
    }
    event = {"source": "precert.vendor.EVICORE-RAD", "id": "1", "detail": detail}
    reports.handle(event, Context())
    decision = cloud.read(shown["request_id"]).body["lines"][1]["decisions"][-1]
    assert decision["decided_at"] == "2026-07-01T10:00:00Z"
    assert [decision[name] for name in words] == [None] * len(words)


@pytest.mark.rule("W10")
@pytest.mark.parametrize(
    "line",
    [
        {"line_id": "1.2", "status": "DENIED", "reason_code": "0F"},
        {"line_id": "1.2", "status": "APPROVED", "approved": {"units": 1}},
    ],
)
def test_denial_or_reduction_is_rejected_when_an_event_reports_it(
    cloud: Cloud, line: dict[str, Any]
) -> None:
    shown = report(cloud, content=images()).body
    detail = {
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": [APPROVAL, line],
    }
    reports.handle(event_of(detail), Context())
    assert len(cloud.items("EVENT#")) == 1
    refused = refusal(cloud)
    assert (refused["code"], refused["number"]) == ("invalid_input", shown["number"])
    assert {"pointer": "/lines/1/rationale", "code": "missing"} in refused["errors"]


@pytest.mark.rule("A3")
def test_refusal_names_no_member_of_the_vendor_when_an_event_has_unknown_ones(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that the vendor made up can be personal data; its place is named up to there."""

    def refuse(*_: object, **__: object) -> None:
        named = "/lines/0/Patricia Example/status"
        raise InvalidInputError([FieldError(named, "unknown", "remove it")])

    shown = report(cloud, content=images()).body
    monkeypatch.setattr(reports, "report_determination", refuse)
    detail = {
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": [APPROVAL],
    }
    reports.handle(event_of(detail), Context())
    assert refusal(cloud)["errors"] == [{"pointer": "/lines/0", "code": "unknown"}]


@pytest.mark.rule("A3")
def test_vendors_reviewer_is_in_no_response_when_it_is_recorded(cloud: Cloud) -> None:
    shown = report(cloud, content=images())
    request = cloud.deps.requests.read(shown.body["request_id"])
    assert request is not None
    [recorded] = request.submitted.delegations[0].reports
    assert recorded.reviewer is not None
    assert recorded.reviewer.name == REVIEWER["name"]
    details = cloud.read(shown.body["request_id"])
    assert details.body["lines"][1]["vendor"]["phone"] == "8666689250"
    for text in (shown.text, details.text, cloud.log.getvalue(), str(cloud.items("EVENT#"))):
        assert [one for one in REVIEWER.values() if f'"{one}"' in text] == []


@pytest.mark.rule("W7")
def test_vendors_contacts_are_named_when_its_denial_is_read_or_appealed(cloud: Cloud) -> None:
    request_id = report(cloud, content=images()).body["request_id"]
    details = cloud.read(request_id).body
    assert [line["decided_by"] for line in details["lines"]] == ["VENDOR", "VENDOR"]
    assert details["delegate"]["vendor_id"] == "EVICORE-RAD"
    [notice] = [text for text in details["notices"] if "appeal" in text]
    refused = cloud.appeal(request_id, "1.2").body["detail"]
    for text in (notice, refused):
        assert "EviCore by Evernorth" in text
        assert "(866) 668-9250" in text
    assert details["appeal_rights"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"reported_at": "0001-01-01T00:00:00Z"},
        {"reported_at": "9999-12-31T23:59:59Z"},
        {"reported_at": "9999-12-31T23:59:59-12:00"},
        {"reported_at": "0001-01-01T00:00:00+14:00"},
        {"lines": [APPROVAL, {**DENIAL, "rationale": ""}]},
        {"lines": [APPROVAL, {**DENIAL, "criterion": ""}]},
    ],
)
def test_report_is_rejected_when_an_instant_is_extreme_or_a_text_is_empty(
    cloud: Cloud, changes: dict[str, Any]
) -> None:
    reply = report(cloud, content=images(), **changes)
    assert reply.status == 422, reply.text
    [error] = reply.body["errors"]
    assert error["pointer"].rpartition("/")[2] in {*changes, "rationale", "criterion"}


def test_line_is_modified_when_a_vendor_approves_a_shorter_period(cloud: Cloud) -> None:
    less = {"line_id": "1.2", "status": "APPROVED", "approved": {"to_date": "2026-07-20"}}
    line = {**less, **REASONS, "diagnosis": "K219"}
    shown = report(cloud, content=images(), lines=[APPROVAL, line])
    assert shown.status == 200, shown.text
    one, two = cloud.read(shown.body["request_id"]).body["lines"]
    assert (one["status"], two["status"]) == ("APPROVED", "MODIFIED")
    assert two["approved"]["to_date"] == "2026-07-20"
    assert two["approved"]["code"] == two["code"]
    assert two["approved"]["units"] == 2
    assert two["adjudicated_diagnosis"] == "K219"


def test_diagnosis_is_rejected_when_the_code_set_does_not_have_it(cloud: Cloud) -> None:
    unknown = report(cloud, content=images(), lines=[{**APPROVAL, "diagnosis": "Z9999"}, DENIAL])
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
    shown = report(cloud, content=images()).body
    detail = {
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": [APPROVAL, {"line_id": "1.2", "status": "APPROVED"}],
    }
    reports.handle(event_of(detail, vendor="EVICORE-MSK"), Context())
    assert len(cloud.items("EVENT#")) == 1
    assert refusal(cloud)["code"] == "not_found"


REPORT_ID: Final = "c9a646d3-9c61-4cd9-a3b7-6c0a0f1b8d2e"
NOT_SENT: Final = "PC0000000000"


def event_of(detail: object, vendor: str = "EVICORE-RAD") -> dict[str, Any]:
    return {"source": f"precert.vendor.{vendor}", "id": REPORT_ID, "detail": detail}


def refusal(cloud: Cloud) -> dict[str, Any]:
    """The reply on the bus, which has the ids of the report."""
    [entry] = [one for one in cloud.published() if one["DetailType"] == VENDOR_REPORT_REFUSED]
    detail: dict[str, Any] = json.loads(entry["Detail"])
    assert entry["Source"] == EVENT_SOURCE
    assert detail["report_id"] == REPORT_ID
    assert detail["event_id"] == f"{REPORT_ID}.refused"
    schema = json.loads(
        (event_schemas.FOLDER / f"{VENDOR_REPORT_REFUSED}.schema.json").read_text("utf-8")
    )
    Draft202012Validator(schema).validate(
        {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail}
    )
    return detail


@pytest.mark.rule("W8")
@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"number": NOT_SENT}, None),
        ({"number": "Adams"}, {("/number", "malformed")}),
        ({"number": None}, {("/number", "wrong_type")}),
        ({"reference": ""}, {("/reference", "too_short")}),
        ({"reference": 5}, {("/reference", "wrong_type")}),
        ({"reported_at": "yesterday"}, {("/reported_at", "malformed")}),
        ({"reported_at": "2031-07-01T10:00:00Z"}, {("/reported_at", "in_future")}),
        ({"reported_at": "0001-01-01T00:00:00Z"}, {("/reported_at", "out_of_bounds")}),
        ({"version": 2}, {("/version", "not_a_choice")}),
        ({"lines": []}, {("/lines", "too_short")}),
        ({"lines": "Adams"}, {("/lines", "wrong_type")}),
        ({"lines": [APPROVAL]}, {("/lines", "line_missing")}),
        (
            {"lines": [APPROVAL, {"line_id": "9.9", "status": "APPROVED"}]},
            {("/lines", "line_missing"), ("/lines/1/line_id", "line_unknown")},
        ),
        ({"lines": [APPROVAL, {"line_id": "1.2"}]}, {("/lines/1/status", "missing")}),
        (
            {"lines": [APPROVAL, {"line_id": "1.2", "status": "Adams"}]},
            {("/lines/1/status", "not_a_choice")},
        ),
        (
            {
                "lines": [
                    APPROVAL,
                    {"line_id": "1.2", "status": "APPROVED", "approved": {"Adams": 1}},
                ]
            },
            {("/lines/1/approved", "unknown_field")},
        ),
        (
            {
                "lines": [
                    APPROVAL,
                    {"line_id": "1.2", "status": "APPROVED", "approved": {"units": "Adams"}},
                ]
            },
            {("/lines/1/approved/units", "wrong_type")},
        ),
        (
            {"lines": [APPROVAL, {"line_id": "1.2", "status": "APPROVED", "reason_code": "Adams"}]},
            {("/lines/1/reason_code", "too_long")},
        ),
        (
            {
                "reported_at": "2031-07-01T10:00:00Z",
                "lines": [{"line_id": "1.2", "status": "DENIED", "reason_code": "0F"}],
            },
            {
                ("/reported_at", "in_future"),
                ("/lines", "line_missing"),
                ("/lines/0/rationale", "missing"),
                ("/lines/0/criterion", "missing"),
                ("/reviewer", "missing"),
            },
        ),
    ],
)
def test_reply_lists_every_error_by_code_when_a_report_on_the_bus_is_refused(
    cloud: Cloud, changes: dict[str, Any], errors: set[tuple[str, str]] | None
) -> None:
    shown = report(cloud, content=images()).body
    detail = {
        "number": shown["number"],
        "reference": "RAD-1",
        "reported_at": "2026-07-01T10:00:00Z",
        "lines": [APPROVAL, {"line_id": "1.2", "status": "APPROVED"}],
    }
    reports.handle(event_of({**detail, **changes}), Context())
    refused = refusal(cloud)
    found = {(one["pointer"], one["code"]) for one in refused.get("errors", ())}
    assert refused["code"] == ("invalid_input" if errors else "not_found")
    assert found == (errors or set())
    assert refused["vendor_id"] == "EVICORE-RAD"
    sent = {**detail, **changes}["number"]
    assert refused.get("number") == (None if sent in {"Adams", None} else sent)
    assert "Adams" not in str(cloud.published())
    assert "Adams" not in cloud.log.getvalue()
    assert len(cloud.items("EVENT#")) == 1


@pytest.mark.parametrize("detail", [None, [], "Adams", {}])
def test_reply_is_published_when_a_report_is_no_report_at_all(cloud: Cloud, detail: object) -> None:
    reports.handle(event_of(detail), Context())
    assert refusal(cloud)["code"] == "invalid_input"


def test_report_is_tried_again_without_a_reply_when_the_error_is_technical(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (TransientError("again"), DamagedRecordError("damaged")):

        def failing(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(reports, "call", failing)
        detail = {
            "number": NOT_SENT,
            "reference": "RAD-1",
            "reported_at": "2026-07-01T10:00:00Z",
            "lines": [APPROVAL],
        }
        with pytest.raises(type(error)):
            reports.handle(event_of(detail), Context())
    assert cloud.published() == []


@pytest.mark.parametrize("by", [PROVIDER, {"sub": "another-user"}])
def test_caller_is_refused_when_the_channel_is_not_theirs(cloud: Cloud, by: dict[str, str]) -> None:
    for reply in (register(cloud, by=by), report(cloud, by=by, content=images())):
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
