"""The code lists over HTTP: every role, cached by their version (T6)."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.check import handler as check
from tests.adapters.callers import OPERATOR, PROVIDER, REVIEWER, UNENTITLED, claims
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud


def reference(cloud: Cloud, by: Mapping[str, str] = PROVIDER, if_none_match: str = "") -> Reply:
    return cloud.call(check, "GET", "/v1/reference", by=by, if_none_match=if_none_match)


def labels(reply: Reply) -> dict[str, dict[str, str]]:
    return {
        one["name"]: {code["code"]: code["label"] for code in one["codes"]}
        for one in reply.body["code_lists"]
    }


@pytest.mark.rule("T6")
@pytest.mark.parametrize(
    "by",
    [
        PROVIDER,
        REVIEWER,
        OPERATOR,
        claims("clerk", "Intake"),
        claims("vendor", "Vendor"),
        UNENTITLED,
    ],
    ids=["provider", "reviewer", "operator", "clerk", "vendor", "other"],
)
def test_lists_are_returned_when_any_role_reads_them(cloud: Cloud, by: Mapping[str, str]) -> None:
    with cloud.wire.counting() as calls:
        reply = reference(cloud, by)
    assert (reply.status, calls) == (200, [])
    found = labels(reply)
    assert found["request_statuses"]["PENDING"] == "Pending"
    assert found["review_actions"]["A6"] == "Modified"
    assert found["places_of_service"]["SURGICAL"] == "Surgical"
    assert found["cms_places_of_service"]["21"]
    assert found["denial_reasons"] == cloud.deps.payer.reason_codes


def test_body_is_left_out_when_the_caller_has_the_version(cloud: Cloud) -> None:
    first = reference(cloud)
    etag = first.headers["ETag"]
    assert etag == f'"{first.body["version"]}"'
    assert first.headers["Cache-Control"] == "private, max-age=3600"
    for sent in (etag, f"W/{etag}", f'"0", {etag}', "*"):
        reply = reference(cloud, if_none_match=sent)
        assert (reply.status, reply.text) == (304, ""), sent
        assert reply.headers["ETag"] == etag
        assert reply.headers["Cache-Control"] == "private, max-age=3600"
        assert "Content-Type" not in reply.headers


@pytest.mark.parametrize("sent", ['"0"', "nonsense", "", ","])
def test_body_is_returned_when_the_caller_has_another_version(cloud: Cloud, sent: str) -> None:
    reply = reference(cloud, if_none_match=sent)
    assert reply.status == 200
    assert reply.body["code_lists"]


def test_version_differs_when_the_payers_labels_differ(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = reference(cloud)
    reasons: dict[str, Any] = {"0F": "Not needed"}
    other = cloud.deps.payer.model_copy(update={"reason_codes": reasons})
    monkeypatch.setattr(cloud.deps, "payer", other)
    after = reference(cloud, if_none_match=before.headers["ETag"])
    assert after.status == 200
    assert labels(after)["denial_reasons"] == reasons


def test_payer_is_described_when_the_lists_are_read(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = reference(cloud)
    payer, shown = cloud.deps.payer, reply.body["payer"]
    assert (shown["name"], shown["time_zone"]) == (payer.name, "America/New_York")
    assert shown["contact"]["phone"] == payer.provider_services.phone
    assert (shown["service_days_back"], shown["service_days_ahead"]) == (15, 180)
    assert (shown["draft_hours"], shown["draft_resting_weekdays"]) == (72, [5, 6])
    assert shown["documents"]["max_bytes"] == 20 * 2**20
    assert ".pdf" in shown["documents"]["extensions"]
    monkeypatch.setattr(cloud.deps, "payer", payer.model_copy(update={"name": "Another Plan"}))
    other = reference(cloud, if_none_match=reply.headers["ETag"])
    assert (other.status, other.body["payer"]["name"]) == (200, "Another Plan")
