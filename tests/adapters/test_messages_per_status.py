"""The recorded events of a request, compared with the messages in both inboxes (T5)."""

import json
from itertools import pairwise

import pytest

from precert.domain.event_types import MESSAGE_EVENT_TYPES
from tests.adapters.callers import FACILITY, PROVIDER, SECOND_REVIEWER
from tests.adapters.cloud import Cloud


def completed(cloud: Cloud, way: str) -> str:
    """A request that went through this lifecycle."""
    if way == "void":
        request_id = cloud.pended()
        assert cloud.void(request_id).status == 200
        return request_id
    request_id = cloud.determined()
    cloud.clock.pass_by(days=2)
    assert cloud.appeal(request_id, "1.2").status == 202
    cloud.pend(request_id, 2)
    overturned = cloud.decide(request_id, {"1.2": "APPROVED"}, cycle=2, by=SECOND_REVIEWER)
    assert overturned.body["status"] == "APPROVED"
    return request_id


@pytest.mark.rule("T5")
@pytest.mark.parametrize("way", ["void", "appealed"])
def test_both_inboxes_have_every_status_when_a_request_went_through_its_lifecycle(
    cloud: Cloud, way: str
) -> None:
    request_id = completed(cloud, way)
    assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        if entry["DetailType"] in MESSAGE_EVENT_TYPES:
            cloud.receive(entry)
    events = [json.loads(item["event"]["S"]) for item in cloud.items("EVENT#")]
    statuses = [
        (after["event_id"], after["status"])
        for before, after in pairwise(sorted(events, key=lambda event: event["event_id"]))
        if after["status"] != before["status"]
    ]
    assert len(statuses) >= 3
    for role in (PROVIDER, FACILITY):
        response = {
            (message["message_id"].partition("-")[2], message["status"])
            for message in cloud.messages(role, limit="100").body["messages"]
        }
        assert response >= set(statuses)
        assert {one[0].partition(".")[0] for one in response} == {request_id}
