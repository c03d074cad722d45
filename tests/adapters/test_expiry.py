"""A draft is not accessible after its deadline, whether or not DynamoDB has removed it (D5)."""

from datetime import timedelta
from typing import Any

import pytest

from precert.adapters.dynamodb.table import to_wire
from precert.domain.event_types import MESSAGE_EVENT_TYPES
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud


def last_second_of(cloud: Cloud, draft_id: str) -> None:
    """Move the clock to one second before the draft's deadline."""
    expires_at = cloud.stored(draft_id)["expires_at"]
    cloud.clock.at = type(cloud.clock.at).fromisoformat(expires_at) - timedelta(seconds=1)


def attempts(cloud: Cloud, draft_id: str) -> dict[str, Reply]:
    return {
        "resume": cloud.resume(draft_id),
        "review": cloud.review_of(draft_id),
        "read": cloud.read(draft_id),
        "upload": cloud.offer(draft_id),
        "save": cloud.save(draft_id, 1),
        "patch": cloud.patch(draft_id, 1, services=[]),
        "submit": cloud.submit(draft_id, 1),
        "delete": cloud.delete(draft_id, 1),
    }


@pytest.mark.rule("D5")
def test_no_operation_is_possible_when_the_deadline_passed_a_second_ago(cloud: Cloud) -> None:
    draft_id = cloud.start()
    last_second_of(cloud, draft_id)
    cloud.clock.pass_by(seconds=2)
    replies = attempts(cloud, draft_id)
    found = {name: (reply.status, reply.code) for name, reply in replies.items()}
    assert found == dict.fromkeys(replies, (410, "draft_expired"))
    assert cloud.item(draft_id) is not None


@pytest.mark.rule("D5")
def test_draft_is_not_found_when_the_deadline_is_this_instant(cloud: Cloud) -> None:
    draft_id = cloud.start()
    last_second_of(cloud, draft_id)
    cloud.clock.pass_by(seconds=1)
    assert {reply.status for reply in attempts(cloud, draft_id).values()} == {410}


@pytest.mark.parametrize("name", ["resume", "read", "upload", "save", "patch", "submit", "delete"])
def test_every_operation_is_possible_when_one_second_is_left(cloud: Cloud, name: str) -> None:
    draft_id = cloud.start()
    last_second_of(cloud, draft_id)
    ways = {
        "resume": lambda: cloud.resume(draft_id),
        "read": lambda: cloud.read(draft_id),
        "upload": lambda: cloud.offer(draft_id),
        "save": lambda: cloud.save(draft_id, 1),
        "patch": lambda: cloud.patch(draft_id, 1, services=[]),
        "submit": lambda: cloud.submit(draft_id, 1),
        "delete": lambda: cloud.delete(draft_id, 1),
    }
    assert ways[name]().status in {200, 201, 202, 204}


@pytest.mark.rule("D5")
def test_only_the_events_remain_when_ttl_removed_a_draft(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = cloud.offer(draft_id, "note.pdf").body["document"]["document_id"]
    cloud.arrive(draft_id, document_id, PDF)
    key = f"documents/{draft_id}/{document_id}"
    store = cloud.clients.by_name["s3"]
    store.put_object(Bucket=cloud.bucket, Key=key, Body=b"a second version")
    store.delete_object(Bucket=cloud.bucket, Key=key)
    assert len(cloud.object_versions()) == 3
    assert cloud.expire(draft_id) == []
    assert cloud.object_versions() == []
    assert cloud.dashboard().body["requests"] == []
    left = [item["sk"]["S"] for item in cloud.items() if draft_id in item["pk"]["S"]]
    assert [sk.partition("#")[0] for sk in left] == ["EVENT"] * 3


def test_cleanup_changes_nothing_more_when_its_record_is_delivered_twice(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.offer(draft_id)
    old = cloud.item(draft_id)
    assert old is not None
    assert cloud.expire(draft_id) == []
    left = cloud.items()
    assert cloud.clean_up(old) == []
    assert cloud.items() == left


def test_documents_of_other_drafts_remain_when_a_draft_is_cleaned_up(cloud: Cloud) -> None:
    retained = cloud.start()
    document_id = cloud.offer(retained).body["document"]["document_id"]
    cloud.arrive(retained, document_id, PDF)
    removed = cloud.start()
    assert cloud.expire(removed) == []
    assert cloud.object_versions() == [f"documents/{retained}/{document_id}"]
    assert [row["request_id"] for row in cloud.dashboard().body["requests"]] == [retained]


def test_request_is_unchanged_when_a_removal_names_an_existing_id(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    item = cloud.item(request_id)
    assert item is not None
    before = cloud.items()
    assert cloud.clean_up(item) == []
    assert cloud.items() == before


def test_record_is_delivered_again_when_document_storage_does_not_respond(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    old = cloud.item(draft_id)
    assert old is not None
    cloud.wire.cut("ListObjectVersions")
    assert cloud.expire(draft_id) == ["0001"]
    assert cloud.clean_up(old) == []
    assert cloud.items("PARTY#") == []


@pytest.mark.parametrize("sk", ["DOCUMENT#1", "PARTY#463778226", "NUMBER"])
def test_removal_is_ignored_when_it_is_not_a_drafts(cloud: Cloud, sk: str) -> None:
    image = {"pk": {"S": "REQUEST#1"}, "sk": {"S": sk}, "request_id": {"S": "1"}}
    with cloud.wire.counting() as calls:
        assert cloud.clean_up(image) == []
    assert calls == []


def messages(cloud: Cloud) -> list[str]:
    """Types of the provider's messages after every event was delivered, each of them twice."""
    for _ in range(2):
        assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        if entry["DetailType"] in MESSAGE_EVENT_TYPES:
            cloud.receive(entry)
    return [message["type"] for message in cloud.messages().body["messages"]]


@pytest.mark.rule("D5")
def test_message_reports_expiration_when_ttl_removed_a_draft(cloud: Cloud) -> None:
    draft_id = cloud.start()
    old = cloud.item(draft_id)
    assert old is not None
    cloud.clock.pass_by(days=6)
    assert cloud.expire(draft_id) == []
    assert cloud.clean_up(old) == []
    assert messages(cloud) == ["DraftExpired"]
    [response] = cloud.messages().body["messages"]
    assert response["at"] == "2026-07-06T15:00:00Z"
    assert response["text"] == cloud.deps.payer.messages["DraftExpired"].format(status="Incomplete")


@pytest.mark.rule("D5")
def test_no_expiration_message_is_sent_when_a_draft_was_deleted_or_submitted(
    cloud: Cloud,
) -> None:
    deleted, submitted = cloud.start(), cloud.start()
    old = cloud.item(deleted)
    assert old is not None
    assert cloud.delete(deleted, 1).status == 204
    assert cloud.clean_up(old) == []
    assert cloud.clean_up(old) == []
    image = cloud.item(submitted)
    assert image is not None
    assert cloud.submit(submitted).status == 202
    assert cloud.clean_up(image) == []
    assert "DraftExpired" not in messages(cloud)


def test_message_is_sent_when_the_cleanup_failed_before_it(cloud: Cloud) -> None:
    draft_id = cloud.start()
    old = cloud.item(draft_id)
    assert old is not None
    cloud.wire.cut("PutItem")
    assert cloud.expire(draft_id) == ["0001"]
    assert cloud.clean_up(old) == []
    assert messages(cloud) == ["DraftExpired"]


# -- the dashboard row --------------------------------------------------------------------------------


def saved(cloud: Cloud, draft_id: str, **changes: Any) -> dict[str, Any]:
    """The stream record of a save, as the relay receives it."""
    assert cloud.save(draft_id, 1, **changes).status == 200
    item = to_wire(cloud.stored(draft_id))
    keys = {name: item[name] for name in ("pk", "sk")}
    return {
        "eventName": "MODIFY",
        "dynamodb": {"Keys": keys, "NewImage": item, "SequenceNumber": "1"},
    }


@pytest.mark.rule("D5")
def test_row_is_hidden_when_the_drafts_deadline_has_passed(cloud: Cloud) -> None:
    draft_id = cloud.start()
    last_second_of(cloud, draft_id)
    assert [row["request_id"] for row in cloud.dashboard().body["requests"]] == [draft_id]
    cloud.clock.pass_by(seconds=1)
    assert cloud.dashboard().body["requests"] == []
    assert cloud.item(draft_id) is not None


@pytest.mark.rule("D4")
def test_row_is_updated_when_the_draft_was_saved(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.clock.pass_by(hours=1)
    record = saved(cloud, draft_id, requesting_provider={"name": "Somebody Else"})
    assert cloud.relay([record]) == []
    [row] = cloud.dashboard().body["requests"]
    assert row["requesting_provider"] == "Somebody Else"
    assert row["expires_at"] == cloud.resume(draft_id).body["expires_at"]


@pytest.mark.parametrize("late", [1, 2])
def test_row_is_unchanged_when_an_older_save_is_delivered_late_or_twice(
    cloud: Cloud, late: int
) -> None:
    draft_id = cloud.start()
    cloud.clock.pass_by(hours=1)
    record = saved(cloud, draft_id, requesting_provider={"name": "Somebody Else"})
    for _ in range(late):
        assert cloud.relay([record]) == []
    assert len(cloud.dashboard().body["requests"]) == 1


def test_no_row_is_recreated_when_the_draft_was_submitted_or_deleted_meanwhile(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    cloud.clock.pass_by(hours=1)
    record = saved(cloud, draft_id)
    assert cloud.delete(draft_id, 2).status == 204
    assert cloud.relay([record]) == []
    assert cloud.dashboard().body["requests"] == []
