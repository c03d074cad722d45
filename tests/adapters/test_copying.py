"""Nothing is entered twice: a request as the beginning of another, and remembered providers."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.status import handler as status
from precert.domain.content import RequestContent
from precert.domain.copying import Keep, copied
from tests.adapters.callers import FACILITY, PROVIDER, STRANGER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import content, entered, later


def copy(cloud: Cloud, request_id: str, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
    return cloud.call(status, "GET", f"/v1/requests/{request_id}/copy", query=query or None, by=by)


def requesting(cloud: Cloud, by: Mapping[str, str] = PROVIDER) -> list[Any]:
    reply = cloud.call(status, "GET", "/v1/providers/requesting", by=by)
    assert reply.status == 200, reply.text
    found: list[Any] = reply.body["providers"]
    return found


def test_draft_is_started_with_the_copy_when_its_dates_are_entered(cloud: Cloud) -> None:
    request_id = cloud.determined()
    with cloud.wire.counting() as calls:
        reply = copy(cloud, request_id)
    assert (reply.status, calls) == (200, ["GetItem"])
    body, before = reply.body, cloud.read(request_id).body
    assert (body["copied_from"], body["number"]) == (request_id, before["number"])
    assert set(body["left_out"]) >= {"/services/0/admission_date"}
    for part in ("patient", "requesting_provider", "servicing_provider"):
        assert body["content"][part] == before["content"][part]
    [service] = body["content"]["services"]
    assert service["primary_diagnosis"] == before["content"]["services"][0]["primary_diagnosis"]
    assert body["content_labels"]["/services/0/primary_diagnosis"]
    assert [one["start_date"] for one in service["procedures"]] == [None, None]
    services = later(entered()["services"], 60)
    dated = {**service, "admission_date": services[0]["admission_date"]}
    for one, other in zip(dated["procedures"], services[0]["procedures"], strict=True):
        one["start_date"] = other.get("start_date")
    assert cloud.start(services=[dated])


def test_patient_and_diagnoses_are_left_out_when_the_copy_is_for_another_patient(
    cloud: Cloud,
) -> None:
    request_id = cloud.pended()
    reply = copy(cloud, request_id, FACILITY, keep="SERVICES")
    body = reply.body
    assert reply.status == 200
    assert body["content"]["patient"] is None
    [service] = body["content"]["services"]
    assert (service["primary_diagnosis"], service["additional_diagnoses"]) == (None, [])
    assert [one["code"] for one in service["procedures"]]
    assert {"/patient", "/services/0/primary_diagnosis"} <= set(body["left_out"])
    assert not [text for text in entered()["patient"].values() if text in reply.text]


@pytest.mark.parametrize("keep", Keep)
def test_every_left_out_value_is_named_when_a_full_content_is_copied(keep: Keep) -> None:
    whole = content(
        assertion_id="CHK-202607011200-0123456789ABCDEF",
        confirmed_vendors=["EVICORE-RAD"],
    )
    result = copied(whole, keep)
    before, after = whole.model_dump(mode="json"), result.content.model_dump(mode="json")
    changed = set(differences(before, after))
    assert changed == set(result.left_out)
    assert set(RequestContent.model_fields) == before.keys()
    assert copied(result.content, keep) == type(result)(result.content, ())


def differences(before: Any, after: Any, pointer: str = "") -> list[str]:
    """Pointers of the outermost values that differ."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = {name: (before[name], after[name]) for name in before}
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = {str(at): pair for at, pair in enumerate(zip(before, after, strict=True))}
    else:
        return [pointer]
    return [
        found
        for name, (one, other) in pairs.items()
        for found in differences(one, other, f"{pointer}/{name}")
    ]


def test_draft_is_copied_when_it_has_not_expired(cloud: Cloud) -> None:
    draft_id = cloud.start()
    assert copy(cloud, draft_id).body["number"] is None
    cloud.clock.pass_by(days=8)
    assert copy(cloud, draft_id).status == 410


@pytest.mark.rule("A2")
def test_requesting_provider_is_remembered_when_requests_were_submitted(cloud: Cloud) -> None:
    assert requesting(cloud) == []
    cloud.submitted()
    cloud.clock.pass_by(minutes=1)
    other = {**entered()["requesting_provider"], "name": "Okafor, Chidi"}
    cloud.start(requesting_provider=other)
    with cloud.wire.counting() as calls:
        found = requesting(cloud)
    assert calls == ["Query", "BatchGetItem"]
    names = [one["provider"]["name"] for one in found]
    assert names == ["Okafor, Chidi", entered()["requesting_provider"]["name"]]
    assert (
        found[1]["provider"]
        == cloud.read(cloud.dashboard().body["requests"][1]["request_id"]).body["content"][
            "requesting_provider"
        ]
    )
    assert [one["provider"]["name"] for one in requesting(cloud, FACILITY)] == names[1:]
    assert requesting(cloud, STRANGER) == []
