"""The home list: up to fifteen requests that a TIN has flagged (T3)."""

from typing import Any

import pytest

from precert.adapters.dynamodb.table import to_wire
from precert.usecases.ports.requests import ConcurrentChangeError
from tests.adapters.callers import FACILITY, PROVIDER, STRANGER, claims
from tests.adapters.calls import ids
from tests.adapters.cloud import Cloud
from tests.fakes.samples import FACILITY_TIN, PROVIDER_TIN, STRANGER_TIN, entered


def flagged(cloud: Cloud, count: int) -> list[str]:
    """Drafts that the provider flagged, one per minute, last flagged first."""
    draft_ids = []
    for _ in range(count):
        draft_ids.append(cloud.start())
        assert cloud.flag(draft_ids[-1]).status == 204
        cloud.clock.pass_by(minutes=1)
    return draft_ids[::-1]


def counted(cloud: Cloud, tin: str = PROVIDER_TIN) -> set[str]:
    """The number of flags counted for a TIN."""
    item = cloud.clients.by_name["dynamodb"].get_item(
        TableName=cloud.requests_table, Key=to_wire({"pk": f"FLAGS#{tin}", "sk": "FLAGS"})
    )
    return set(item.get("Item", {}).get("request_ids", {}).get("SS", []))


@pytest.mark.rule("T3")
def test_home_list_has_flagged_requests_newest_first_when_it_is_read(cloud: Cloud) -> None:
    request_id, other, draft_id = cloud.submitted(), cloud.submitted(), cloud.start()
    for one in (request_id, draft_id):
        cloud.clock.pass_by(minutes=1)
        assert cloud.flag(one).status == 204
    with cloud.wire.counting() as calls:
        assert ids(cloud.flagged()) == [draft_id, request_id]
    assert calls == ["Query"]
    assert ids(cloud.flagged(FACILITY)) == []
    shown = {row["request_id"]: row["flagged_at"] for row in cloud.dashboard().body["requests"]}
    assert shown[other] is None
    assert all(shown[one] for one in (request_id, draft_id))
    assert [row["flagged_at"] for row in cloud.dashboard(FACILITY).body["requests"]] == [None, None]


@pytest.mark.rule("T3")
def test_sixteenth_flag_is_rejected_with_the_list_when_fifteen_are_flagged(cloud: Cloud) -> None:
    draft_ids = flagged(cloud, 15)
    sixteenth = cloud.submitted()
    reply = cloud.flag(sixteenth)
    assert (reply.status, reply.code) == (409, "flag_limit")
    assert [row["request_id"] for row in reply.body["flagged"]] == draft_ids
    assert len(ids(cloud.flagged())) == 15
    assert cloud.flag(draft_ids[3]).status == 204
    assert cloud.unflag(draft_ids[0]).status == 204
    assert cloud.flag(sixteenth).status == 204
    assert ids(cloud.flagged())[0] == sixteenth
    assert cloud.flag(sixteenth, FACILITY).status == 204


def test_flag_and_unflag_change_nothing_more_when_repeated(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    assert cloud.unflag(request_id).status == 204
    assert cloud.flag(request_id).status == 204
    before = cloud.items()
    cloud.clock.pass_by(hours=1)
    assert cloud.flag(request_id).status == 204
    assert cloud.items() == before
    for _ in range(2):
        assert cloud.unflag(request_id).status == 204
    assert (ids(cloud.flagged()), counted(cloud)) == ([], set())


@pytest.mark.rule("T3")
def test_flag_remains_when_the_request_progresses(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.flag(draft_id)
    assert cloud.save(draft_id, 1).status == 200
    image = to_wire(cloud.stored(draft_id))
    cloud.clock.pass_by(hours=1)
    assert cloud.relay([{"dynamodb": {"NewImage": image, "SequenceNumber": "1"}}]) == []
    assert ids(cloud.flagged()) == [draft_id]
    assert cloud.submit(draft_id, 2).status == 202
    cloud.pend(draft_id)
    [row] = cloud.flagged().body["requests"]
    assert (row["request_id"], row["status"]) == (draft_id, "PENDING")
    assert counted(cloud) == {draft_id}
    assert cloud.unflag(draft_id).status == 204
    assert (ids(cloud.flagged()), counted(cloud)) == ([], set())


@pytest.mark.parametrize("way", ["expired", "deleted"])
def test_flag_is_not_counted_when_its_draft_was_deleted(cloud: Cloud, way: str) -> None:
    draft_id = cloud.start()
    cloud.flag(draft_id)
    if way == "expired":
        assert cloud.expire(draft_id) == []
    else:
        old = cloud.item(draft_id)
        assert old is not None
        assert cloud.delete(draft_id, 1).status == 204
        assert cloud.clean_up(old) == []
    assert (ids(cloud.flagged()), counted(cloud)) == ([], set())
    assert [item["sk"]["S"] for item in cloud.items("PARTY#")] == []


def test_count_is_corrected_when_a_counted_flag_is_on_no_list(cloud: Cloud) -> None:
    """A draft of one TIN that was submitted by two others: it left the lists of the first."""
    several = claims("several", "PatientSearch", f"{STRANGER_TIN} {PROVIDER_TIN}")
    body: dict[str, Any] = {"content": entered(), "tin": STRANGER_TIN}
    from functions.submit import handler as submit

    draft_id = cloud.call(submit, "POST", "/v1/drafts", body, by=several).body["draft_id"]
    assert cloud.flag(draft_id, several, tin=STRANGER_TIN).status == 204
    assert cloud.submit(draft_id, 1, several).status == 202
    assert counted(cloud, STRANGER_TIN) == {draft_id}
    strangers = [cloud.start(STRANGER) for _ in range(15)]
    assert {cloud.flag(one, STRANGER).status for one in strangers} == {204}
    assert counted(cloud, STRANGER_TIN) == set(strangers)


def test_row_is_flagged_again_when_the_draft_was_submitted_meanwhile(cloud: Cloud) -> None:
    """The draft was read, and its row was replaced before the flag is written."""
    draft_id = cloud.start()
    stale = cloud.deps.requests.read(draft_id)
    assert stale is not None
    assert cloud.submit(draft_id).status == 202
    reads, store = [stale], cloud.deps.requests
    real = store.read

    class Late:
        def read(self, request_id: str) -> Any:
            return reads.pop() if reads else real(request_id)

    cloud.deps.requests = Late()  # type: ignore[assignment]
    assert cloud.flag(draft_id).status == 204
    cloud.deps.requests = store
    assert ids(cloud.flagged()) == [draft_id]


def test_flag_is_refused_when_the_tin_is_not_on_the_request(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    several = claims("several", "PatientSearch", f"{STRANGER_TIN} {PROVIDER_TIN}")
    assert cloud.flag(request_id, several, tin=STRANGER_TIN).code == "not_found"
    assert cloud.flag(request_id, several, tin=FACILITY_TIN).code == "invalid_input"
    assert cloud.flag(request_id, several).code == "invalid_input"
    assert cloud.flag(request_id, several, tin=PROVIDER_TIN).status == 204
    assert ids(cloud.flagged(PROVIDER)) == [request_id]


def test_no_entry_is_created_when_the_flagged_request_is_on_no_list(cloud: Cloud) -> None:
    """Its entry was removed after the request had been read."""
    draft_id = cloud.start()
    read = cloud.deps.stored_requests.read(draft_id)
    assert read is not None
    cloud.clients.by_name["dynamodb"].delete_item(
        TableName=cloud.requests_table,
        Key=to_wire({"pk": f"REQUEST#{draft_id}", "sk": "PARTY#DRAFT"}),
    )
    with pytest.raises(ConcurrentChangeError):
        cloud.deps.flags.flag(read, PROVIDER_TIN, now=cloud.clock.at)
    assert (counted(cloud), cloud.items("PARTY#")) == (set(), [])
