"""A request is retained for two years and then moved from the tables to the archive (T4)."""

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

import pytest

from precert.api.operation import Operation
from precert.domain.clocks import history_end
from precert.names import REMOVED_PREFIX, Entitlement, Env
from tests.adapters.callers import CALLERS, FACILITY, PROVIDER, SECOND_REVIEWER
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.test_intake import images, register, report
from tests.fakes.sample_calls import body_of, path_of
from tests.fakes.samples import PROVIDER_TIN, entered, later, payer
from tools.operations import OPERATIONS, ROUTES

PROVIDERS: Final = ["FLAGS", "FREQUENT", "NUMBER"]
"""What the table holds beside requests: what providers did, and assigned numbers."""


def end_of(cloud: Cloud, request_id: str) -> datetime:
    changed = datetime.fromisoformat(cloud.stored(request_id)["updated_at"])
    return history_end(changed, 2, payer().zone)


def as_streamed(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as in a stream record: bytes are text there."""

    def typed(value: Mapping[str, Any]) -> dict[str, Any]:
        [(kind, content)] = value.items()
        if kind == "B":
            return {"B": b64encode(content).decode()}
        if kind == "M":
            return {"M": {name: typed(one) for name, one in content.items()}}
        if kind == "L":
            return {"L": [typed(one) for one in content]}
        return {kind: content}

    return {name: typed(value) for name, value in item.items()}


def removed(cloud: Cloud, request_id: str) -> dict[str, Any]:
    """DynamoDB removes a request by its TTL; return the stream records."""
    item = cloud.item(request_id)
    assert item is not None
    key = {"pk": item["pk"], "sk": item["sk"]}
    cloud.clients.by_name["dynamodb"].delete_item(TableName=cloud.requests_table, Key=key)
    return as_streamed(item)


def archived(cloud: Cloud, prefix: str = "history/2026/") -> dict[str, bytes]:
    """Objects of the archive by key."""
    store, bucket = cloud.clients.by_name["s3"], cloud.deps.settings[Env.ARCHIVE_BUCKET]
    found = store.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = [one["Key"] for one in found]
    return {key: store.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def left(cloud: Cloud) -> list[str]:
    return sorted({item["pk"]["S"].partition("#")[0] for item in cloud.items()})


def with_a_document(cloud: Cloud) -> tuple[str, str]:
    """A determined request with a document, flagged by the provider."""
    request_id = cloud.pended()
    document_id = cloud.offer(request_id).body["document"]["document_id"]
    cloud.arrive(request_id, document_id, PDF)
    lines = {"1.1": "APPROVED", "1.2": "DENIED"}
    assert cloud.decide(request_id, lines).status == 200
    assert cloud.flag(request_id).status == 204
    return request_id, document_id


@pytest.mark.rule("T4")
@pytest.mark.parametrize("way", ["determined", "void"])
def test_request_is_visible_for_two_years_when_no_party_has_to_act(cloud: Cloud, way: str) -> None:
    request_id = cloud.determined() if way == "determined" else cloud.pended()
    cloud.clock.pass_by(days=3)
    if way == "void":
        assert cloud.void(request_id).status == 200
    cloud.flag(request_id)
    end = end_of(cloud, request_id)
    assert int(cloud.stored(request_id)["ttl"]) == end.timestamp()
    cloud.clock.at = end - timedelta(seconds=1)
    for by in (PROVIDER, FACILITY):
        assert cloud.read(request_id, by).status == 200
        assert len(cloud.dashboard(by).body["requests"]) == 1
    cloud.clock.at = end
    nothing = cloud.read("0" * 26)
    assert (cloud.read(request_id).status, cloud.read(request_id).text) == (404, nothing.text)
    for reply in (cloud.dashboard(), cloud.of_patient(), cloud.flagged()):
        assert reply.body["requests"] == []
    assert cloud.item(request_id) is not None


CONTENT: Final = entered(services=later(entered()["services"], 731))
"""For a day that is not past when the retention of the request ends."""


def called(cloud: Cloud, route: Operation, request_id: str) -> Reply:
    return cloud.call(
        import_module(f"functions.{route.function}.handler"),
        route.method,
        path_of(route, request_id),
        body_of(route, CONTENT),
        by=CALLERS[OPERATIONS[route.operation_id].entitlement],
        if_match='"2"',
    )


def determined_for(cloud: Cloud, entitlement: Entitlement | None) -> str:
    """A determined request that callers with this entitlement see."""
    if entitlement is not Entitlement.INTAKE:
        return cloud.determined()
    request_id = str(register(cloud).body["request_id"])
    cloud.pend(request_id)
    assert cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"}).status == 200
    return request_id


@pytest.mark.rule("T4")
@pytest.mark.parametrize("registered", [False, True], ids=["submitted", "registered"])
def test_response_is_404_when_two_years_have_passed(cloud: Cloud, registered: bool) -> None:
    """DynamoDB has not removed it yet; it may take two days."""
    entitlement = Entitlement.INTAKE if registered else None
    request_id = determined_for(cloud, entitlement)
    routes = [
        one
        for one in ROUTES
        if ("{request_id}" in one.path or "{draft_id}" in one.path)
        # Vendors read by the same use case as all others, requests that this test does not delegate.
        and OPERATIONS[one.operation_id].entitlement is not Entitlement.VENDOR
        and (OPERATIONS[one.operation_id].entitlement is Entitlement.INTAKE) is registered
    ]
    assert routes
    end = end_of(cloud, request_id)
    cloud.clock.at = end
    for route in routes:
        past, nothing = called(cloud, route, request_id), called(cloud, route, "0" * 26)
        assert (past.status, past.code) == (404, "not_found"), route.operation_id
        assert past.text == nothing.text, route.operation_id
    cloud.clock.at = end - timedelta(seconds=1)
    for route in routes:
        there, nothing = called(cloud, route, request_id), called(cloud, route, "0" * 26)
        assert there.text != nothing.text, route.operation_id


@pytest.mark.rule("T4")
def test_retention_restarts_when_an_appeal_ends_and_pauses_while_it_is_open(cloud: Cloud) -> None:
    request_id = cloud.pended()
    assert "ttl" not in cloud.stored(request_id)
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"})
    first = cloud.stored(request_id)["ttl"]
    cloud.clock.pass_by(days=20)
    assert cloud.appeal(request_id, "1.2").status == 202
    assert "ttl" not in cloud.stored(request_id)
    cloud.pend(request_id, 2)
    assert "ttl" not in cloud.stored(request_id)
    cloud.decide(request_id, {"1.2": "DENIED"}, cycle=2, by=SECOND_REVIEWER)
    assert cloud.stored(request_id)["ttl"] == first + 20 * 86400
    assert int(cloud.stored(request_id)["ttl"]) == end_of(cloud, request_id).timestamp()


@pytest.mark.rule("T4", "X2")
def test_request_is_archived_and_deleted_when_ttl_removed_it(cloud: Cloud) -> None:
    request_id, document_id = with_a_document(cloud)
    number = cloud.read(request_id).body["number"]
    before = cloud.deps.requests.read_file(request_id)
    assert before is not None
    assert cloud.clean_up(removed(cloud, request_id)) == []
    found = archived(cloud)
    folder = f"history/2026/{request_id}"
    assert set(found) == {f"{folder}.json.gz", f"{folder}/documents/{document_id}"}
    assert found[f"{folder}/documents/{document_id}"] == PDF
    response = json.loads(gzip.decompress(found[f"{folder}.json.gz"]))
    assert response["request"]["review"]["number"] == number
    assert response["request"]["content"]["patient"] == entered()["patient"]
    assert [one["event_id"] for one in response["events"]] == [e.event_id for e in before.events]
    assert [one["document_id"] for one in response["documents"]] == [document_id]
    assert all("actor" in event for event in response["events"])
    assert cloud.object_versions() == []
    assert [item["sk"]["S"] for item in cloud.items() if request_id in item["pk"]["S"]] == []
    assert left(cloud) == PROVIDERS
    for reply in (cloud.dashboard(), cloud.of_patient(FACILITY), cloud.flagged()):
        assert reply.body["requests"] == []
    assert [i.get("request_ids") for i in cloud.items("FLAGS")] == [None]
    assert '"message":"archived"' in cloud.log.getvalue()


@pytest.mark.parametrize(
    "operation",
    ["PutObject", "CopyObject", "ListObjectVersions", "DeleteObject", "GetItem", "DeleteItem"],
)
def test_archive_is_complete_when_a_run_fails_and_is_repeated(cloud: Cloud, operation: str) -> None:
    request_id, _ = with_a_document(cloud)
    events = [json.loads(item["event"]["S"])["event_id"] for item in cloud.items("EVENT#")]
    old = removed(cloud, request_id)
    cloud.wire.cut(operation)
    assert cloud.clean_up(old) == ["0001"]
    assert cloud.clean_up(old) == []
    whole = archived(cloud)
    assert len(whole) == 2
    response = json.loads(gzip.decompress(whole[f"history/2026/{request_id}.json.gz"]))
    assert sorted(one["event_id"] for one in response["events"]) == sorted(events)
    assert cloud.items("EVENT#") == []
    for _ in range(2):
        assert cloud.clean_up(old) == []
    assert archived(cloud) == whole
    assert left(cloud) == PROVIDERS


@pytest.mark.rule("T4")
@pytest.mark.parametrize("damaged", ["review", "status", "content", "version", "request_id"])
def test_removed_request_is_in_the_archive_when_it_cannot_be_read(
    cloud: Cloud, damaged: str
) -> None:
    """The stream's record is the only copy: the table does not have the request any more."""
    url, (request_id, _) = cloud.with_dead_letters(), with_a_document(cloud)
    old = removed(cloud, request_id)
    broken = {name: value for name, value in old.items() if name != damaged}
    assert cloud.clean_up(broken) == []
    [(key, text)] = archived(cloud, REMOVED_PREFIX).items()
    assert key == f"{REMOVED_PREFIX}{request_id}/0001.json.gz"
    assert json.loads(gzip.decompress(text))["image"] == broken
    assert archived(cloud) == {}
    [letter] = cloud.dead_letters(url)
    assert (letter["pk"], letter["sequence_number"]) == (f"REQUEST#{request_id}", "0001")
    assert cloud.object_versions() != []


def test_removed_request_is_delivered_again_when_it_is_not_in_the_archive(cloud: Cloud) -> None:
    url, (request_id, _) = cloud.with_dead_letters(), with_a_document(cloud)
    old = {**removed(cloud, request_id), "review": {"S": "{"}}
    cloud.wire.cut("PutObject")
    assert cloud.clean_up(old) == ["0001"]
    assert cloud.dead_letters(url) == []
    assert cloud.clean_up(old) == []
    assert len(archived(cloud, REMOVED_PREFIX)) == len(cloud.dead_letters(url)) == 1


@pytest.mark.rule("T4")
@pytest.mark.parametrize("ends", [False, True], ids=["in one run", "in two"])
def test_lock_remains_with_the_other_requests_when_one_is_archived(
    cloud: Cloud, ends: bool
) -> None:
    """Both request the same for other days, so they share a lock."""
    deleted, retained = cloud.submitted(), cloud.submitted()
    old = removed(cloud, deleted)
    if ends:
        cloud.wire.cut("UpdateItem")
        assert cloud.clean_up(old) == ["0001"]
    for _ in range(2):
        assert cloud.clean_up(old) == []
    [lock] = cloud.items("LOCK")
    assert (deleted in lock, retained in lock) == (False, True)
    assert [item["sk"]["S"] for item in cloud.items(f"REQUEST#{retained}")] == [
        f"REQUEST#{retained}"
    ]
    assert cloud.items(f"REQUEST#{deleted}") == []
    again = cloud.start()
    assert cloud.submit(again).status == 202


@pytest.mark.rule("S2")
def test_lock_is_compared_again_when_it_was_deleted_during_a_submission(cloud: Cloud) -> None:
    """Two request the same days; between their reads of the lock, the archive run deletes it."""
    deleted = cloud.submitted()
    cloud.clock.pass_by(days=1)
    moved = later(entered()["services"], 30)
    mine, theirs = cloud.start(services=moved), cloud.start(services=moved)
    old, steps = removed(cloud, deleted), [0]

    def between(**_: Any) -> None:
        steps[0] += 1
        if steps[0] == 2:
            assert cloud.clean_up(old) == []
            assert cloud.submit(theirs, services=moved).status == 202

    store = cloud.clients.by_name["dynamodb"]
    event = "provide-client-params.dynamodb.TransactWriteItems"
    store.meta.events.register(event, between)
    try:
        reply = cloud.submit(mine, services=moved)
    finally:
        store.meta.events.unregister(event, between)
    assert (reply.status, reply.code) == (409, "duplicate_request")
    assert reply.body["existing"]["request_id"] == theirs


@pytest.mark.rule("T4")
def test_nothing_remains_when_an_archived_request_was_void_or_a_vendors(cloud: Cloud) -> None:
    void = cloud.pended()
    assert cloud.void(void).status == 200
    reported = report(cloud, content=images()).body["request_id"]
    assert int(cloud.stored(reported)["ttl"]) == end_of(cloud, reported).timestamp()
    for request_id in (void, reported):
        old = removed(cloud, request_id)
        for _ in range(2):
            assert cloud.clean_up(old) == []
    assert set(left(cloud)) <= {"NUMBER", "FREQUENT"}


def test_request_is_unchanged_when_its_id_exists(cloud: Cloud) -> None:
    request_id = cloud.determined()
    item = cloud.item(request_id)
    assert item is not None
    before = cloud.items()
    assert cloud.clean_up(as_streamed(item)) == []
    assert (cloud.items(), archived(cloud)) == (before, {})


def test_other_requests_remain_when_one_is_archived(cloud: Cloud) -> None:
    deleted, _ = with_a_document(cloud)
    retained, document_id = with_a_document(cloud)
    assert cloud.clean_up(removed(cloud, deleted)) == []
    assert [row["request_id"] for row in cloud.dashboard().body["requests"]] == [retained]
    assert [row["request_id"] for row in cloud.flagged().body["requests"]] == [retained]
    assert cloud.object_versions() == [f"documents/{retained}/{document_id}"]
    assert PROVIDER_TIN in str(cloud.items("FLAGS"))
