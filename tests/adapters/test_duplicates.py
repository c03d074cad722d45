"""Duplicates at submission: rejected at once, for any caller and any concurrency (S2)."""

from typing import Any

import pytest

from precert.names import WorkflowTask
from tests.adapters.cloud import PROVIDER, Cloud, claims
from tests.fakes.samples import FACILITY_TIN, STRANGER_TIN, entered, later

STRANGER = claims("stranger", "PatientSearch", STRANGER_TIN)


def moved(days: int) -> list[dict[str, Any]]:
    return later(entered()["services"], days)


def requests(cloud: Cloud) -> set[str]:
    return {item["pk"]["S"] for item in cloud.items("NUMBER")}


@pytest.mark.rule("S2")
def test_second_request_is_rejected_by_number_when_days_overlap(cloud: Cloud) -> None:
    first = cloud.start()
    number = cloud.submit(first).body["number"]
    second = cloud.start(services=moved(2))
    before = cloud.items()
    reply = cloud.submit(second, services=moved(2))
    assert (reply.status, reply.code) == (409, "duplicate_request")
    assert reply.body["existing"] == {"request_id": first, "number": number}
    assert reply.body["detail"] == cloud.deps.payer.notices["duplicate"]
    assert cloud.items() == before


@pytest.mark.rule("S2", "A2")
def test_existing_request_is_not_named_when_the_caller_may_not_see_it(cloud: Cloud) -> None:
    """Another provider requests the same from the same facility."""
    facility = {"servicing_provider": entered()["servicing_provider"]}
    first = cloud.start(**facility)
    assert cloud.submit(first, **facility).status == 202
    mine = {"requesting_provider": entered()["requesting_provider"] | {"tin": STRANGER_TIN}}
    second = cloud.start(by=STRANGER, **mine)
    reply = cloud.submit(second, by=STRANGER, **mine)
    assert (reply.status, reply.code) == (409, "duplicate_request")
    assert "existing" not in reply.body
    assert FACILITY_TIN not in reply.text


@pytest.mark.rule("S2")
def test_both_are_accepted_when_their_days_are_apart(cloud: Cloud) -> None:
    for days in (0, 3, 20):
        draft_id = cloud.start(services=moved(days))
        assert cloud.submit(draft_id, services=moved(days)).status == 202
    third = cloud.start(services=moved(4))
    assert cloud.submit(third, services=moved(4)).code == "duplicate_request"


@pytest.mark.rule("S2")
def test_same_request_is_accepted_again_when_the_first_was_voided(cloud: Cloud) -> None:
    first, second, third = (cloud.start() for _ in range(3))
    cloud.submit(first)
    assert cloud.submit(second).status == 409
    assert cloud.void(first).status == 200
    assert cloud.submit(second).status == 202
    assert cloud.submit(third).body["existing"]["request_id"] == second


@pytest.mark.rule("S1", "S2")
def test_response_is_the_first_one_when_a_submission_is_repeated(cloud: Cloud) -> None:
    draft_id = cloud.start()
    first = cloud.submit(draft_id)
    assert cloud.submit(draft_id).text == first.text
    cloud.void(draft_id)
    again = cloud.submit(draft_id)
    assert (again.status, again.body["number"]) == (202, first.body["number"])


def in_between(cloud: Cloud, draft_id: str, services: list[dict[str, Any]]) -> None:
    """Submit another draft just before the next transaction is sent."""
    store = cloud.clients.by_name["dynamodb"]
    waiting = [draft_id]

    def other(**_: Any) -> None:
        if waiting:
            assert cloud.submit(waiting.pop(), services=services).status == 202

    store.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", other)


@pytest.mark.rule("S2")
def test_one_request_is_created_when_two_drafts_are_submitted_at_once(cloud: Cloud) -> None:
    mine, theirs = cloud.start(), cloud.start()
    in_between(cloud, theirs, moved(0))
    reply = cloud.submit(mine)
    assert (reply.status, reply.code) == (409, "duplicate_request")
    assert reply.body["existing"]["request_id"] == theirs
    assert len(requests(cloud)) == 1


@pytest.mark.rule("S2")
def test_both_are_created_when_drafts_for_other_days_are_submitted_at_once(cloud: Cloud) -> None:
    """The lock was taken in between by a request that shares no day."""
    mine, theirs = cloud.start(), cloud.start(services=moved(20))
    in_between(cloud, theirs, moved(20))
    assert cloud.submit(mine).status == 202
    assert len(requests(cloud)) == 2
    again = cloud.start(services=moved(21))
    reply = cloud.submit(again, services=moved(21))
    assert reply.body["existing"]["request_id"] == theirs


def test_submission_is_two_calls_when_the_same_is_requested_on_other_days(cloud: Cloud) -> None:
    cloud.submit(cloud.start())
    draft_id = cloud.start(services=moved(20))
    with cloud.wire.counting() as calls:
        assert cloud.submit(draft_id, services=moved(20)).status == 202
    assert calls == ["TransactWriteItems"] * 2


@pytest.mark.rule("S2")
def test_late_duplicate_is_voided_and_names_the_first_when_both_providers_see_it(
    cloud: Cloud,
) -> None:
    first, second = cloud.start(), cloud.start(services=moved(5))
    number = cloud.submit(first).body["number"]
    cloud.submit(second, services=moved(5))
    cloud.pend(first)
    answer = cloud.task(WorkflowTask.ASSESS, second)
    assert answer["route"] == "closed"
    found = cloud.read(second).body
    assert (found["status"], found["duplicate_of"]) == ("VOID", number)
    assert cloud.read(first).body["status"] == "PENDING"
    third = cloud.start(services=moved(5))
    assert cloud.submit(third, services=moved(5)).status == 202
    assert cloud.read(second, PROVIDER).body["history"][-1]["type"] == "RequestEndedAsDuplicate"
