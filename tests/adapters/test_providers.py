"""Frequently selected providers, and manually entered ones (C2, C16)."""

from typing import Any

import pytest

from functions.status import handler as status
from functions.submit import handler as submit
from tests.adapters.callers import FACILITY, PROVIDER, UNENTITLED
from tests.adapters.cloud import Cloud
from tests.fakes.samples import ADDRESS, FACILITY_TIN, entered

# -- Frequently selected ---------------------------------------------------------------------------


def frequent(cloud: Cloud, by: Any = PROVIDER, **query: str) -> list[tuple[str, int]]:
    reply = cloud.call(status, "GET", "/v1/providers/frequent", by=by, query=query or None)
    assert reply.status == 200, reply.text
    return [(one["provider"]["name"], one["selected"]) for one in reply.body["providers"]]


def provider(name: str, provider_id: str | None) -> dict[str, Any]:
    return {**entered()["servicing_provider"], "name": name, "provider_id": provider_id}


@pytest.mark.rule("C2")
def test_most_selected_providers_come_first_when_drafts_were_started(cloud: Cloud) -> None:
    assert frequent(cloud) == []
    for name, provider_id in (("One", "P1"), ("Two", "P2"), ("Two", "P2"), ("Typed", None)):
        cloud.start(servicing_provider=provider(name, provider_id))
        cloud.clock.pass_by(minutes=1)
    assert frequent(cloud) == [("Two", 2), ("Typed", 1), ("One", 1)]


@pytest.mark.rule("C2")
@pytest.mark.parametrize("damaged", [{"S": "many"}, {"NULL": True}, {"M": {}}])
def test_draft_is_started_when_the_count_of_its_provider_is_damaged(
    cloud: Cloud, damaged: dict[str, Any]
) -> None:
    cloud.start(servicing_provider=provider("One", "P1"))
    [counted] = [one for one in cloud.items() if one["pk"]["S"].startswith("FREQUENT#")]
    cloud.clients.by_name["dynamodb"].put_item(
        TableName=cloud.requests_table, Item={**counted, "selected": damaged}
    )
    draft_id = cloud.start(servicing_provider=provider("One", "P1"))
    assert cloud.item(draft_id)
    assert frequent(cloud) == [("One", 1)]


@pytest.mark.rule("C2")
def test_selections_are_separate_per_tin_when_listed(cloud: Cloud) -> None:
    cloud.start()
    assert frequent(cloud, by=FACILITY) == []
    refused = cloud.call(
        status, "GET", "/v1/providers/frequent", by=PROVIDER, query={"tin": FACILITY_TIN}
    )
    assert refused.status == 422


def test_selection_counts_once_when_the_same_start_is_repeated(cloud: Cloud) -> None:
    for _ in range(2):
        reply = cloud.call(
            submit,
            "POST",
            "/v1/drafts",
            {"content": entered()},
            idempotency_key="the-same-start",
        )
        assert reply.status == 201, reply.text
    assert [selected for _, selected in frequent(cloud)] == [1]


def test_nothing_is_counted_when_an_incomplete_provider_was_entered(cloud: Cloud) -> None:
    cloud.start(servicing_provider={"name": "Half"})
    assert frequent(cloud) == []


def test_list_is_one_call_when_it_is_read(cloud: Cloud) -> None:
    cloud.start()
    with cloud.wire.counting() as calls:
        assert len(frequent(cloud)) == 1
    assert calls == ["Query"]


@pytest.mark.rule("A1")
def test_list_is_refused_when_the_entitlement_is_missing(cloud: Cloud) -> None:
    reply = cloud.call(status, "GET", "/v1/providers/frequent", by=UNENTITLED)
    assert reply.code == "not_entitled"


# -- Missing or wrong in the directory -------------------------------------------------------------


@pytest.mark.rule("C16")
def test_request_is_accepted_when_the_provider_was_manually_entered(cloud: Cloud) -> None:
    typed = provider("Riverside Bone and Joint", None)
    assert cloud.check(servicing_provider=typed).status == 200
    draft_id = cloud.start(servicing_provider=typed)
    assert cloud.submit(draft_id, servicing_provider=typed).status == 202


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("npi", "8001041854"),
        ("npi", "800104185"),
        ("tin", "20312983"),
        ("phone", "555-0100"),
        ("address", {**ADDRESS, "zip_code": "4412"}),
        ("address", {**ADDRESS, "state": "Ohio"}),
    ],
)
def test_field_is_named_when_a_manually_entered_provider_is_wrong(
    cloud: Cloud, field: str, typed: Any
) -> None:
    wrong = {**provider("Riverside", None), field: typed}
    reply = cloud.check(servicing_provider=wrong)
    assert reply.status == 422
    pointers = [error["pointer"] for error in reply.body["errors"]]
    assert len(pointers) == 1
    assert pointers[0].startswith(f"/content/servicing_provider/{field}")
