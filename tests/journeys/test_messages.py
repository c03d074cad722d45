"""The inbox over HTTP: counted, read one by one or all at once, each with its request (T5)."""

import json
from typing import Final

import pytest

from local.users import FACILITY, OPERATOR, PROVIDER
from precert.domain.event_types import EventType
from tests.journeys.portal import Json, Portal, until

TYPES: Final = ["RequestSubmitted", "RequestPended", "RequestVoided"]


@pytest.mark.rule("T5")
def test_unread_count_follows_when_one_message_and_then_all_are_read(portal: Portal) -> None:
    request_id = portal.pending()
    provider, facility = (portal.deployment.caller(user) for user in (PROVIDER, FACILITY))
    void = provider.call("POST", f"/v1/requests/{request_id}/void", {"reason": "entered twice"})
    assert void.status_code == 200
    for user in (PROVIDER, FACILITY):
        portal.await_types(request_id, user, TYPES)

    def inbox() -> Json:
        page: Json = provider.call("GET", "/v1/messages", query={"limit": "100"}).json()
        return page

    def unread() -> int:
        """The unread count, once all messages have arrived."""
        page = until(
            "the count to be that of the messages",
            lambda: (
                (
                    (p := inbox())
                    and p["unread"] == sum(m["read_at"] is None for m in p["messages"])
                    and p
                )
                or None
            ),
        )
        return int(page["unread"])

    before = unread()
    [response] = [
        m
        for m in inbox()["messages"]
        if m["request_id"] == request_id and m["type"] == "RequestVoided"
    ]
    assert provider.call("GET", response["link"]).json()["status"] == "VOID"
    for _ in range(2):
        marked = provider.call("PUT", f"/v1/messages/{response['message_id']}/read")
        assert marked.status_code == 204
    assert unread() == before - 1
    assert provider.call("PUT", "/v1/messages/read").json() == {"unread": 0}
    assert unread() == 0
    assert facility.call("GET", "/v1/messages").json()["unread"] >= len(TYPES)


@pytest.mark.rule("X2")
def test_message_is_delivered_once_when_its_failed_delivery_is_sent_again(portal: Portal) -> None:
    """The function of operators reads the queues and invokes the receivers by its variables."""
    request_id = portal.pending()
    deps, operator = portal.deployment.deps, portal.deployment.caller(OPERATOR)
    portal.await_types(request_id, FACILITY, ["RequestSubmitted", "RequestPended"])
    events = deps.event_records.of_request(request_id)
    [submitted] = [one for one in events if one.type is EventType.REQUEST_SUBMITTED]
    event = {"id": "failed", "detail": submitted.model_dump(mode="json", exclude_none=True)}
    queues = json.loads(portal.deployment.outputs["Deliveries"])
    deps.sqs.send_message(QueueUrl=queues["MESSAGES"][0], MessageBody=json.dumps(event))

    def waiting() -> int:
        found = operator.call("GET", "/v1/operations/failed-deliveries").json()["deliveries"]
        assert {one["delivery"] for one in found} == set(queues)
        return next(int(one["count"]) for one in found if one["delivery"] == "MESSAGES")

    assert waiting() == 1
    sent = operator.call(
        "POST", "/v1/operations/failed-deliveries/redelivery", {"delivery": "MESSAGES", "limit": 5}
    )
    assert sent.json()["redelivered"] == 1, sent.text
    assert waiting() == 0
    assert portal.messages(request_id, FACILITY).count("RequestSubmitted") == 1
