"""Providers that do not match the directory do not block a request; operators list them (S3)."""

from typing import Any

import pytest

from tests.adapters.callers import FACILITY, OPERATOR, PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.unmatched import (
    REQUESTING,
    SERVICING,
    listed_roles,
    manually_entered,
    unmatched_reasons,
    with_wrong_tin,
)
from tests.fakes.samples import FACILITY_TIN, STRANGER_TIN, entered


@pytest.mark.rule("S3", "S4")
def test_request_has_a_temporary_id_when_a_provider_was_manually_entered(cloud: Cloud) -> None:
    provider = manually_entered(FACILITY_TIN)
    request_id = cloud.start(servicing_provider=provider)
    with cloud.wire.counting() as calls:
        reply = cloud.submit(request_id, servicing_provider=provider)
    assert (reply.status, calls) == (202, ["BatchGetItem", "TransactWriteItems"])
    [temporary] = reply.body["temporary_providers"]
    assert (temporary["role"], temporary["reason_codes"]) == (SERVICING, ["MANUALLY_ENTERED"])
    assert temporary["temporary_id"].startswith("TMP-")
    notice = cloud.deps.payer.notices["temporary_provider"]
    for by in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by).body["requests"]
        assert (row["request_id"], row["unmatched_providers"]) == (request_id, [SERVICING])
        response = cloud.read(request_id, by).body
        assert response["temporary_providers"] == [temporary]
        assert notice in response["notices"]
        assert response["content"]["servicing_provider"]["provider_id"] is None
    cloud.pend(request_id)
    assert cloud.read(request_id).body["status"] == "PENDING"
    case = cloud.case(request_id).body
    assert case["temporary_providers"] == [temporary]
    assert "DECIDE" in case["allowed_actions"]


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    ("changes", "reason_codes"),
    [
        ({}, None),
        ({"name": "Another Name", "phone": "2165550999"}, None),
        ({"provider_id": "P99999"}, ["NOT_LISTED"]),
        ({"npi": "8001042398"}, ["NPI"]),
        ({"tin": STRANGER_TIN}, ["TIN"]),
        ({"npi": "8001042398", "tin": STRANGER_TIN}, ["NPI", "TIN"]),
        (
            {"address": {"line_1": "1 Main", "city": "Euclid", "state": "OH", "zip_code": "44123"}},
            ["ADDRESS"],
        ),
    ],
    ids=["as listed", "by another name", "not listed", "npi", "tin", "npi and tin", "address"],
)
def test_request_is_marked_unmatched_when_a_provider_differs_from_its_entry(
    cloud: Cloud, changes: dict[str, Any], reason_codes: list[str] | None
) -> None:
    provider = {**entered()["servicing_provider"], **changes}
    request_id = cloud.submitted(servicing_provider=provider)
    assert unmatched_reasons(cloud, request_id) == {}
    cloud.pend(request_id)
    assert unmatched_reasons(cloud, request_id) == (
        {SERVICING: reason_codes} if reason_codes else {}
    )
    [row] = cloud.dashboard().body["requests"]
    assert (row["status"], bool(row["unmatched_providers"])) == ("PENDING", bool(reason_codes))
    assert listed_roles(cloud) == ([(request_id, SERVICING)] if reason_codes else [])


def test_address_matches_when_it_is_spelled_differently(cloud: Cloud) -> None:
    address = {
        "line_1": "3700 PARK EAST DRIVE, 100A",
        "city": "beachwood",
        "state": "OH",
        "zip_code": "44122",
    }
    provider = {**entered()["servicing_provider"], "address": address}
    request_id = cloud.pended(servicing_provider=provider)
    assert unmatched_reasons(cloud, request_id) == {}


# -- the operators' list ------------------------------------------------------------------------------


@pytest.mark.rule("S3")
def test_each_provider_is_listed_once_when_operators_list_them(cloud: Cloud) -> None:
    requesting = {**entered()["requesting_provider"], "provider_id": None}
    both = cloud.submitted(servicing_provider=manually_entered(), requesting_provider=requesting)
    cloud.clock.pass_by(minutes=1)
    other = with_wrong_tin(cloud)
    cloud.submitted()
    cloud.pend(both)
    assert sorted(listed_roles(cloud)[:2]) == [(both, REQUESTING), (both, SERVICING)]
    assert listed_roles(cloud)[2:] == [(other, SERVICING)]
    [row] = [r for r in cloud.unmatched().body["providers"] if r["request_id"] == other]
    response = cloud.read(other).body
    assert row == {
        "request_id": other,
        "number": response["number"],
        "role": SERVICING,
        "role_label": "Servicing provider",
        "temporary_id": response["temporary_providers"][0]["temporary_id"],
        "reason_codes": ["MANUALLY_ENTERED"],
        "reason_codes_labels": ["Entered manually, not selected from the directory"],
        "provider_id": None,
        "name": "Cleveland Center for Digestive Health & Endoscopy LLC",
        "npi": "8001041853",
        "tin": STRANGER_TIN,
        "submitted": response["content"]["servicing_provider"],
        "search": {
            "kind": "FACILITY",
            "kind_label": "Facility",
            "zip_code": "44122",
            "name": "Cleveland Center for Digestive Health & Endoscopy LLC",
        },
        "submitted_at": response["submitted_at"],
    }


def test_pages_continue_when_each_is_one_query(cloud: Cloud) -> None:
    request_ids = {with_wrong_tin(cloud) for _ in range(3)}
    seen: list[str] = []
    query: dict[str, str] = {}
    while True:
        with cloud.wire.counting() as calls:
            reply = cloud.unmatched(OPERATOR, limit="2", **query)
        assert calls == ["Query"]
        seen += [row["request_id"] for row in reply.body["providers"]]
        if reply.body["cursor"] is None:
            break
        query = {"cursor": reply.body["cursor"]}
    assert (len(seen), set(seen)) == (3, request_ids)
    unrelated = cloud.overdue(cursor=query["cursor"])
    assert (unrelated.status, unrelated.code) == (422, "invalid_input")


def test_no_cycle_is_considered_open_when_only_a_provider_is_unmatched(cloud: Cloud) -> None:
    request_id = with_wrong_tin(cloud)
    cloud.void(request_id)
    assert listed_roles(cloud) == [(request_id, SERVICING)]
    assert cloud.deps.listings.open_cycles() == ()
