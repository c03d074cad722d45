"""Duplicates at submission: rejected at once, for any caller and any concurrency (S2)."""

from typing import Any, Final

import pytest

from precert.names import WorkflowTask
from tests.adapters.callers import FACILITY, OTHER_QUEUE, PROVIDER, SECOND_REVIEWER, STRANGER
from tests.adapters.cloud import Cloud
from tests.adapters.test_intake import APPROVAL, images, register, report
from tests.fakes.samples import BOWEL_SURGERY, FACILITY_TIN, IMAGES, STRANGER_TIN, entered, later

FROM_VENDOR: Final[dict[str, Any]] = {"services": [IMAGES], "confirmed_vendors": ["EVICORE-RAD"]}
"""What a vendor decides, with the confirmation that it is sent there."""


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
    assert reply.body["detail"] == cloud.deps.payer.notices["duplicate_not_visible"]
    assert cloud.deps.payer.provider_services.phone in reply.body["detail"]


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


def test_submission_is_written_twice_when_the_same_is_requested_on_other_days(cloud: Cloud) -> None:
    cloud.submit(cloud.start())
    draft_id = cloud.start(services=moved(20))
    with cloud.wire.counting() as calls:
        assert cloud.submit(draft_id, services=moved(20)).status == 202
    assert calls == ["BatchGetItem", *["TransactWriteItems"] * 2]


def mistyped(cloud: Cloud) -> str:
    """A pended request for the facility with a wrong NPI, which an operator has corrected."""
    provider = {**entered()["servicing_provider"], "provider_id": None, "npi": "1234567893"}
    request_id = cloud.pended(servicing_provider=provider)
    assert cloud.reconcile(request_id).status == 200
    cloud.clock.pass_by(minutes=1)
    return request_id


@pytest.mark.rule("S2", "W10")
def test_late_duplicate_is_voided_and_names_the_first_when_the_caller_sees_it(
    cloud: Cloud,
) -> None:
    first, second = mistyped(cloud), cloud.start()
    number = cloud.read(first).body["number"]
    assert cloud.submit(second).status == 202
    answer = cloud.task(WorkflowTask.ASSESS, second)
    assert answer["route"] == "closed"
    found = cloud.read(second).body
    assert (found["status"], found["duplicate_of"]) == ("VOID", number)
    assert cloud.deps.payer.notices["duplicate"] in found["notices"]
    assert {line["status"] for line in found["lines"]} == {"OPEN"}
    assert cloud.read(first).body["status"] == "PENDING"
    assert cloud.read(second, PROVIDER).body["history"][-1]["type"] == "RequestEndedAsDuplicate"
    assert cloud.submit(cloud.start()).status == 202, "the lock of the ended request is released"


@pytest.mark.rule("S2", "A2")
def test_caller_learns_whom_to_call_when_the_duplicate_is_not_visible(cloud: Cloud) -> None:
    first = mistyped(cloud)
    number = cloud.read(first).body["number"]
    mine = {"requesting_provider": entered()["requesting_provider"] | {"tin": STRANGER_TIN}}
    second = cloud.start(by=STRANGER, **mine)
    assert cloud.submit(second, by=STRANGER, **mine).status == 202
    cloud.task(WorkflowTask.ASSESS, second)
    found = cloud.read(second, STRANGER)
    assert (found.body["status"], found.body["duplicate_of"]) == ("VOID", None)
    assert number not in found.text
    hidden = cloud.deps.payer.notices["duplicate_not_visible"]
    assert hidden in found.body["notices"]
    assert cloud.deps.payer.provider_services.phone in hidden
    assert cloud.read(second, FACILITY).body["duplicate_of"] == number


@pytest.mark.rule("S2")
def test_request_proceeds_when_the_one_it_repeats_is_voided_during_its_assessment(
    cloud: Cloud,
) -> None:
    """Otherwise both would be void."""
    first, second = mistyped(cloud), cloud.start()
    cloud.submit(second)
    store, waiting = cloud.clients.by_name["dynamodb"], [first]

    def withdraw(**_: Any) -> None:
        if waiting:
            request = cloud.deps.requests.read(waiting.pop())
            assert request is not None
            cloud.deps.requests.record(request.void("Not needed.", "provider", cloud.clock.at))

    event = "provide-client-params.dynamodb.TransactWriteItems"
    store.meta.events.register(event, withdraw)
    try:
        cloud.task(WorkflowTask.ASSESS, second)
    finally:
        store.meta.events.unregister(event, withdraw)
    assert cloud.read(first).body["status"] == "VOID"
    assert cloud.read(second).body["status"] == "PENDING"


# -- potential duplicates -----------------------------------------------------------------------------


def with_modifier(modifier: str, **changes: Any) -> list[dict[str, Any]]:
    line = {**BOWEL_SURGERY["procedures"][0], "modifiers": [modifier]}
    return [{**BOWEL_SURGERY, "procedures": [line], **changes}]


def fingerprints(cloud: Cloud, request_id: str) -> list[str]:
    """Where the table has a fingerprint of the request."""
    return [
        item["sk"]["S"].partition("#")[0]
        for item in cloud.items()
        if request_id in item
        or (item["pk"]["S"].startswith("MEMBER#") and request_id in item["sk"]["S"])
    ]


@pytest.mark.rule("S2", "W10")
def test_reviewer_sees_both_requests_when_the_duplicate_is_potential(cloud: Cloud) -> None:
    left = cloud.pended(services=with_modifier("LT"))
    right = cloud.start(services=with_modifier("RT"))
    number = cloud.submit(right, services=with_modifier("RT")).body["number"]
    cloud.pend(right)
    rows = {row["request_id"]: row for row in cloud.worklist().body["cycles"]}
    assert rows[right]["suspected_duplicate"]
    for request_id, other_id, sides in ((right, left, "RT LT"), (left, right, "LT RT")):
        case = cloud.case(request_id).body
        [found] = case["potential_duplicates"]
        assert (found["request_id"], found["status"]) == (other_id, "PENDING")
        assert (found["reason_code"], found["visible"]) == ("other_modifiers", True)
        assert found["reason_code_label"] == "Same codes with other modifiers"
        [pair] = found["services"]
        assert [pair[side]["modifiers"] for side in ("this", "other")] == [
            [side] for side in sides.split()
        ]
        assert [pair[side]["code_label"] for side in ("this", "other")] == [
            line["code_label"] for line in 2 * case["lines"]
        ]
        assert case["lines"][0]["code_label"]
        assert cloud.case(found["request_id"]).body["number"] == found["number"]
    [recorded] = cloud.case(right).body["assessment"]["potential_duplicates"]
    assert recorded["request_id"] == left
    for request_id in (left, right):
        decided = cloud.decide(request_id, {"1.1": "APPROVED"})
        assert decided.body["status"] == "APPROVED"
    assert cloud.case(left).body["potential_duplicates"][0]["number"] == number


@pytest.mark.rule("S2", "A2")
def test_provider_learns_of_the_other_request_without_its_number_when_it_is_not_visible(
    cloud: Cloud,
) -> None:
    """The same service at another facility."""
    first = cloud.pended(services=[BOWEL_SURGERY])
    number = cloud.read(first).body["number"]
    elsewhere = {
        "servicing_provider": {
            **entered()["servicing_provider"],
            "provider_id": None,
            "npi": "1234567893",
            "tin": STRANGER_TIN,
        },
        "requesting_provider": entered()["requesting_provider"] | {"tin": STRANGER_TIN},
        "services": [BOWEL_SURGERY],
    }
    second = cloud.start(by=STRANGER, **elsewhere)
    assert cloud.submit(second, by=STRANGER, **elsewhere).status == 202
    cloud.pend(second)
    found = cloud.read(second, STRANGER)
    assert found.body["status"] == "PENDING"
    [similar] = found.body["potential_duplicates"]
    assert (similar["reason_code"], similar["number"]) == ("other_provider", None)
    assert first not in found.text
    assert number not in found.text
    hidden = cloud.deps.payer.notices["potential_duplicate_not_visible"]
    assert hidden in found.body["notices"]
    assert cloud.deps.payer.provider_services.phone in hidden
    case = cloud.case(second).body
    assert case["potential_duplicates"][0]["number"] == number


@pytest.mark.rule("S2", "A2")
def test_reviewer_learns_that_a_request_exists_when_it_is_of_another_plan(cloud: Cloud) -> None:
    cloud.pended(services=with_modifier("LT"))
    other = {"plan": {**cloud.sample_coverage.plan.model_dump(), "plan_id": "HMO-COMPLETE"}}
    cloud.cover(**other)
    second = cloud.start(services=with_modifier("RT"))
    assert cloud.submit(second, services=with_modifier("RT")).status == 202
    cloud.pend(second)
    reply = cloud.case(second, by=OTHER_QUEUE)
    [found] = reply.body["potential_duplicates"]
    assert not found["visible"]
    assert found["contact"] == "Provider Services, (800) 882-4462"
    assert (found["number"], found["services"]) == (None, [])
    [recorded] = reply.body["assessment"]["potential_duplicates"]
    assert (recorded["request_id"], recorded["number"]) == (None, None)


@pytest.mark.rule("S2")
def test_nothing_is_compared_with_a_request_when_it_was_voided(cloud: Cloud) -> None:
    first = cloud.pended(services=with_modifier("LT"))
    assert fingerprints(cloud, first) == ["LOCK", "REQUEST"]
    assert cloud.void(first).status == 200
    assert fingerprints(cloud, first) == []
    second = cloud.start(services=with_modifier("RT"))
    cloud.submit(second, services=with_modifier("RT"))
    cloud.pend(second)
    assert cloud.case(second).body["potential_duplicates"] == []
    assert cloud.read(second).body["potential_duplicates"] == []


@pytest.mark.rule("S2", "W10")
def test_request_can_be_submitted_again_when_it_was_denied(cloud: Cloud) -> None:
    first = cloud.pended(services=[BOWEL_SURGERY])
    again = cloud.start(services=[BOWEL_SURGERY])
    assert cloud.submit(again, services=[BOWEL_SURGERY]).status == 409
    assert cloud.decide(first, {"1.1": "DENIED"}).status == 200
    assert fingerprints(cloud, first) == ["REQUEST"]
    assert cloud.submit(again, services=[BOWEL_SURGERY]).status == 202
    cloud.pend(again)
    assert cloud.read(again).body["status"] == "PENDING"
    [found] = cloud.case(again).body["potential_duplicates"]
    assert (found["request_id"], found["reason_code"]) == (first, "decided_before")
    third = cloud.start(services=[BOWEL_SURGERY])
    refused = cloud.submit(third, services=[BOWEL_SURGERY])
    assert refused.body["existing"]["request_id"] == again


@pytest.mark.rule("S2")
def test_lock_holds_again_when_an_appeal_overturns_the_denial(cloud: Cloud) -> None:
    first = cloud.pended(services=[BOWEL_SURGERY])
    cloud.decide(first, {"1.1": "DENIED"})
    assert cloud.appeal(first, "1.1").status in {200, 202}
    cloud.pend(first, 2)
    assert cloud.decide(first, {"1.1": "APPROVED"}, cycle=2, by=SECOND_REVIEWER).status == 200
    again = cloud.start(services=[BOWEL_SURGERY])
    refused = cloud.submit(again, services=[BOWEL_SURGERY])
    assert (refused.status, refused.body["existing"]["request_id"]) == (409, first)


@pytest.mark.rule("S2", "S5")
def test_fax_is_compared_as_a_portal_request_is_when_it_differs_in_units(cloud: Cloud) -> None:
    first = cloud.pended(services=[BOWEL_SURGERY])
    more = {**BOWEL_SURGERY["procedures"][0], "units": 999_999}
    taken = register(cloud, content=entered(services=[{**BOWEL_SURGERY, "procedures": [more]}]))
    assert taken.status == 202, taken.text
    cloud.pend(taken.body["request_id"])
    [found] = cloud.case(taken.body["request_id"]).body["potential_duplicates"]
    assert (found["request_id"], found["reason_code"]) == (first, "other_units")
    assert found["services"][0]["this"]["units"] == 999_999


@pytest.mark.rule("S2", "W8")
def test_vendor_report_is_recorded_and_compared_when_the_same_is_requested_here(
    cloud: Cloud,
) -> None:
    """A determination of a vendor is not refused, and ends nothing."""
    first = cloud.start()
    assert cloud.submit(first, **FROM_VENDOR).status == 202
    reported = report(cloud, content=images(), lines=[APPROVAL, {**APPROVAL, "line_id": "1.2"}])
    assert reported.status in {200, 201, 202}, reported.text
    request_id = reported.body["request_id"]
    assert cloud.read(first).body["status"] == "PROCESSING"
    [found] = cloud.case(first).body["potential_duplicates"]
    assert (found["request_id"], found["status"]) == (request_id, "APPROVED")
    assert cloud.void(first).status == 200
    refused = cloud.submit(cloud.start(), **FROM_VENDOR)
    assert (refused.status, refused.body["existing"]["request_id"]) == (409, request_id)


@pytest.mark.rule("S2", "W8")
def test_request_can_be_submitted_when_a_vendor_denied_the_same(cloud: Cloud) -> None:
    reported = report(cloud, content=images()).body["request_id"]
    again = cloud.start()
    assert cloud.submit(again, **FROM_VENDOR).status == 202
    cloud.task(WorkflowTask.ASSESS, again, cycle=1)
    [found] = cloud.case(again).body["potential_duplicates"]
    assert (found["request_id"], found["reason_code"]) == (reported, "decided_before")
