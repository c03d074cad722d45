"""The inbox: read and unread, counted exactly, during retention (T4, T5)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.status import handler as status
from precert.adapters.dynamodb import messages as messages_adapter
from precert.adapters.dynamodb.keys import inbox_sk
from precert.adapters.dynamodb.table import to_wire
from precert.api.parameters import message_name
from precert.domain.clocks import history_end
from precert.domain.event_types import EventType
from precert.domain.statuses import Status
from precert.usecases.messages import Message, deliver_message
from tests.adapters.callers import FACILITY, PROVIDER, REVIEWER, STRANGER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import FACILITY_TIN, NUMBER, PROVIDER_TIN, REQUEST_ID, payer


def delivered(cloud: Cloud, count: int) -> list[Message]:
    """Messages to both providers, one per minute, newest first."""
    sent = []
    for version in range(1, count + 1):
        message = Message(
            message_id=f"{REQUEST_ID}.{version:06d}",
            type=EventType.REQUEST_PENDED,
            request_id=REQUEST_ID,
            number=NUMBER,
            status=Status.PENDING,
            at=cloud.clock.at,
        )
        sent.append(message)
        deliver(cloud, message)
        cloud.clock.pass_by(minutes=1)
    return sent[::-1]


def deliver(cloud: Cloud, message: Message) -> None:
    deliver_message(message, (PROVIDER_TIN, FACILITY_TIN), inbox=cloud.deps.inbox, payer=payer())


def unread(cloud: Cloud, by: dict[str, str] = PROVIDER) -> int:
    reply = cloud.messages(by, limit="1")
    count: int = reply.body["unread"]
    shown = [m for m in cloud.messages(by, limit="100").body["messages"] if m["read_at"] is None]
    assert count == len(shown)
    return count


def test_unread_messages_are_counted_in_one_call_when_only_the_number_is_read(cloud: Cloud) -> None:
    [newest, _] = delivered(cloud, 2)
    with cloud.wire.counting() as calls:
        reply = count(cloud)
    assert (reply.body, calls) == ({"unread": 2}, ["GetItem"])
    assert count(cloud, if_none_match=reply.headers["ETag"]).status == 304
    assert cloud.mark(message_name(newest)).status == 204
    after = count(cloud, if_none_match=reply.headers["ETag"])
    assert (after.status, after.body) == (200, {"unread": 1})
    assert count(cloud, STRANGER).body == {"unread": 0}
    assert count(cloud, REVIEWER).status == 403


def count(cloud: Cloud, by: Mapping[str, str] = PROVIDER, if_none_match: str = "") -> Reply:
    path = "/v1/messages/unread"
    return cloud.call(status, "GET", path, by=by, if_none_match=if_none_match)


def names(reply: Reply) -> list[str]:
    return [message["message_id"] for message in reply.body["messages"]]


@pytest.mark.rule("T5")
def test_unread_count_follows_when_messages_arrive_and_one_is_read(cloud: Cloud) -> None:
    assert cloud.messages().body == {"messages": [], "damaged": [], "unread": 0, "cursor": None}
    sent = delivered(cloud, 3)
    assert unread(cloud) == 3
    with cloud.wire.counting() as calls:
        page = cloud.messages().body
    assert calls == ["Query"]
    assert page["messages"][0]["link"] == f"/v1/requests/{REQUEST_ID}"
    name = page["messages"][1]["message_id"]
    with cloud.wire.counting() as calls:
        assert cloud.mark(name).status == 204
    assert calls == ["TransactWriteItems"]
    marked = cloud.messages().body["messages"]
    assert [m["read_at"] is not None for m in marked] == [False, True, False]
    assert (unread(cloud), unread(cloud, FACILITY)) == (2, 3)
    deliver(cloud, sent[1])
    assert cloud.mark(name).status == 204
    assert unread(cloud) == 2


def test_all_are_read_when_they_are_marked_at_once(cloud: Cloud) -> None:
    sent = delivered(cloud, 4)
    cloud.mark(names(cloud.messages())[2])
    assert cloud.mark_all_read_by_user().body == {"unread": 0}
    assert unread(cloud) == 0
    deliver(cloud, sent[0])
    assert (unread(cloud), unread(cloud, FACILITY)) == (0, 4)
    assert cloud.mark_all_read_by_user().body == {"unread": 0}


def test_newest_are_marked_when_there_are_more_than_one_batch(cloud: Cloud) -> None:
    delivered(cloud, 5)
    inbox = cloud.deps.inbox
    assert inbox.mark_all_read(PROVIDER_TIN, most=3, now=cloud.clock.at) == 2
    read = [m["read_at"] is not None for m in cloud.messages().body["messages"]]
    assert read == [True, True, True, False, False]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query returns two messages, as it otherwise returns 1 MB."""
    monkeypatch.setattr(messages_adapter, "READ_AT_ONCE", 2)
    monkeypatch.setattr(messages_adapter, "MAY_ARRIVE_LATE", timedelta())


@pytest.mark.usefixtures("small_pages")
def test_marked_messages_are_not_read_again_when_marking_continues(cloud: Cloud) -> None:
    """In two years a hospital gets millions of messages, and marks a thousand in a call."""
    delivered(cloud, 12)
    inbox = cloud.deps.inbox
    queries = []
    for left in (10, 8, 6, 4, 2, 0):
        with cloud.wire.counting() as calls:
            assert inbox.mark_all_read(PROVIDER_TIN, most=2, now=cloud.clock.at) == left
        queries.append(calls.count("Query"))
    assert max(queries) <= 3
    delivered(cloud, 2)
    with cloud.wire.counting() as calls:
        assert inbox.mark_all_read(PROVIDER_TIN, most=2, now=cloud.clock.at) == 0
    assert calls.count("Query") <= 2
    assert unread(cloud) == 0


@pytest.mark.usefixtures("small_pages")
def test_call_ends_after_its_pages_when_all_of_them_are_read(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest message is unread behind more read ones than a call reads."""
    monkeypatch.setattr(messages_adapter, "MAX_PAGES", 2)
    sent = delivered(cloud, 9)
    inbox = cloud.deps.inbox
    for message in sent[:-1]:
        inbox.mark_read(PROVIDER_TIN, message.message_id, message.at, now=cloud.clock.at)
    left: list[int] = []
    while not left or left[-1]:
        with cloud.wire.counting() as calls:
            left.append(inbox.mark_all_read(PROVIDER_TIN, most=5, now=cloud.clock.at))
        assert calls.count("Query") <= 2
        assert len(left) <= 4
    assert unread(cloud) == 0


@pytest.mark.usefixtures("small_pages")
def test_late_message_is_marked_when_newer_ones_were_marked_before_it_arrived(
    cloud: Cloud,
) -> None:
    late, *_ = delivered(cloud, 1)
    delivered(cloud, 4)
    inbox = cloud.deps.inbox
    inbox.mark_all_read(PROVIDER_TIN, most=5, now=cloud.clock.at)
    early = late.model_copy(
        update={"message_id": f"{REQUEST_ID}.000099", "at": late.at + timedelta(seconds=90)}
    )
    deliver(cloud, early)
    calls = 0
    while inbox.mark_all_read(PROVIDER_TIN, most=5, now=cloud.clock.at):
        calls += 1
        assert calls <= 2
    assert unread(cloud) == 0


def test_count_is_correct_when_another_user_reads_one_meanwhile(cloud: Cloud) -> None:
    sent = delivered(cloud, 3)
    inbox = cloud.deps.inbox
    keys = [inbox_sk(one.at, one.message_id) for one in sent]
    inbox.mark_read(PROVIDER_TIN, sent[1].message_id, sent[1].at, now=cloud.clock.at)
    inbox._mark_chunk(PROVIDER_TIN, keys, cloud.clock.at)
    assert unread(cloud) == 0


def test_pages_continue_when_the_inbox_is_long(cloud: Cloud) -> None:
    delivered(cloud, 5)
    seen: list[str] = []
    page = cloud.messages(limit="2").body
    seen += [m["message_id"] for m in page["messages"]]
    assert page["unread"] == 5
    while page["cursor"]:
        page = cloud.messages(limit="2", cursor=page["cursor"]).body
        assert page["unread"] is None
        assert len(page["messages"]) <= 2
        seen += [m["message_id"] for m in page["messages"]]
    assert seen == names(cloud.messages())
    assert len(seen) == 5


@pytest.mark.rule("A2")
def test_message_is_not_found_when_it_is_another_tins(cloud: Cloud) -> None:
    delivered(cloud, 1)
    [name] = names(cloud.messages())
    before = cloud.items()
    theirs = cloud.mark(name, STRANGER)
    nothing = cloud.mark(name.replace(REQUEST_ID, "0" * 26), STRANGER)
    malformed = cloud.mark("anything", STRANGER)
    assert theirs.status == 404
    assert theirs.text == nothing.text == malformed.text
    assert cloud.items() == before


def deleted(cloud: Cloud, message: Message) -> dict[str, Any]:
    """DynamoDB removes a message by its TTL; return the removed item."""
    client = cloud.clients.by_name["dynamodb"]
    [item] = [
        one
        for one in cloud.items()
        if one["pk"]["S"] == f"INBOX#{PROVIDER_TIN}" and message.message_id in one["sk"]["S"]
    ]
    key = {"pk": item["pk"], "sk": item["sk"]}
    client.delete_item(TableName=cloud.requests_table, Key=key)
    return item


@pytest.mark.rule("T4")
def test_message_is_deleted_after_two_years_when_it_was_never_read(cloud: Cloud) -> None:
    oldest = delivered(cloud, 2)[-1]
    end = history_end(oldest.at, 2, payer().zone)
    ttl = [one["ttl"]["N"] for one in cloud.items(f"{oldest.at.isoformat()[:13]}")]
    assert int(min(ttl)) == end.timestamp()
    cloud.clock.at = end - timedelta(seconds=1)
    assert len(cloud.messages().body["messages"]) == 2
    cloud.clock.at = end
    assert len(cloud.messages().body["messages"]) == 1
    old = deleted(cloud, oldest)
    for _ in range(2):
        assert cloud.clean_up(old) == []
    assert unread(cloud) == 1
    assert datetime.fromisoformat(cloud.messages().body["messages"][0]["at"]) > oldest.at


def test_count_is_unchanged_when_a_read_message_expires(cloud: Cloud) -> None:
    oldest = delivered(cloud, 2)[-1]
    cloud.mark(names(cloud.messages())[-1])
    assert cloud.clean_up(deleted(cloud, oldest)) == []
    assert unread(cloud) == 1
    count = to_wire({"pk": f"INBOX#{PROVIDER_TIN}", "sk": "UNREAD", "unread": 1})
    assert cloud.clean_up(count) == []
    assert unread(cloud) == 1
