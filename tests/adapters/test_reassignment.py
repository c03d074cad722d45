"""A lead assigns cases to named colleagues, and takes them back."""

import json
from typing import Any, Final

import pytest

from tests.adapters.callers import (
    FACILITY,
    LEAD,
    NURSE,
    OPERATOR,
    PROVIDER,
    PROVIDER_SUBJECT,
    REVIEWER,
    REVIEWER_SUBJECT,
    SECOND_REVIEWER,
    SECOND_REVIEWER_SUBJECT,
    claims,
)
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import pended
from tests.fakes.samples import PROVIDER_TIN

BOTH: Final = {"1.1": "APPROVED", "1.2": "APPROVED"}


def assign(cloud: Cloud, request_id: str, reviewer: str | None, by: Any = LEAD) -> Reply:
    return cloud.move(request_id, "assignment", {"reviewer": reviewer}, by=by)


def test_colleague_finds_the_case_when_a_lead_assigns_it(cloud: Cloud) -> None:
    request_id = pended(cloud)
    cloud.move(request_id, "assign", by=NURSE)
    reply = assign(cloud, request_id, REVIEWER_SUBJECT)
    assert reply.status == 200, reply.text
    expected = {"until": "2026-07-02T15:00:00Z", "by_lead": True}
    assert reply.body["assignment"] == {
        **expected,
        "assigned_to": "ANOTHER",
        "assigned_to_label": "Another reviewer",
        "reviewer": REVIEWER_SUBJECT,
    }
    [mine] = cloud.worklist(REVIEWER, mine="true").body["cycles"]
    own = {"assigned_to": "YOU", "assigned_to_label": "You", "reviewer": None}
    assert mine["assignment"] == cloud.case(request_id).body["assignment"] == {**expected, **own}
    for by in (NURSE, SECOND_REVIEWER):
        [row] = cloud.worklist(by).body["cycles"]
        assert row["not_decidable"] == ["ASSIGNED_TO_ANOTHER"]
        assert row["assignment"]["reviewer"] is None
        assert cloud.decide(request_id, BOTH, by=by).status == 409
    [led] = cloud.worklist(LEAD).body["cycles"]
    assert led["assignment"]["reviewer"] == REVIEWER_SUBJECT
    # A renewal of an hour does not shorten the lead's day.
    assert cloud.move(request_id, "assign").body["assignment"]["until"] == expected["until"]
    assert cloud.decide(request_id, BOTH).status == 200


def test_case_is_back_in_the_worklist_when_the_lead_takes_it_back(cloud: Cloud) -> None:
    request_id = pended(cloud)
    assign(cloud, request_id, REVIEWER_SUBJECT)
    for _ in range(2):
        assert assign(cloud, request_id, None).body["assignment"] is None
    assert cloud.counts(REVIEWER).body["mine"] == 0
    types = [entry["type"] for entry in cloud.case(request_id).body["history"]]
    assert types[-2:] == ["CaseReassigned", "CaseReleased"]
    assert cloud.decide(request_id, BOTH, by=SECOND_REVIEWER).status == 200


def test_assignment_is_recorded_once_with_its_lead_and_reviewer_when_it_is_repeated(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    before = [cloud.read(request_id, by).body for by in (PROVIDER, FACILITY)]
    first = assign(cloud, request_id, REVIEWER_SUBJECT)
    cloud.clock.pass_by(minutes=1)
    assert assign(cloud, request_id, REVIEWER_SUBJECT).body == first.body
    other = assign(cloud, request_id, SECOND_REVIEWER_SUBJECT)
    assert other.body["assignment"]["until"] == "2026-07-02T15:01:00Z"
    trail = [
        (entry["actor"], entry["assigned_to"])
        for entry in cloud.as_operator(request_id).body["audit_trail"]
        if entry["type"] == "CaseReassigned"
    ]
    assert trail == [
        (LEAD["sub"], REVIEWER_SUBJECT),
        (LEAD["sub"], SECOND_REVIEWER_SUBJECT),
    ]
    for by, earlier in zip((PROVIDER, FACILITY), before, strict=True):
        assert cloud.read(request_id, by).body == earlier


@pytest.mark.rule("A3")
def test_event_names_no_person_when_it_is_published(cloud: Cloud) -> None:
    request_id = pended(cloud)
    assign(cloud, request_id, REVIEWER_SUBJECT)
    cloud.relay(cloud.stream())
    sent = [entry for one in cloud.wire.sent("PutEvents") for entry in one["Entries"]]
    details = [json.loads(entry["Detail"]) for entry in sent]
    assert "CaseReassigned" in {detail["type"] for detail in details}
    for subject in (LEAD["sub"], REVIEWER_SUBJECT):
        assert subject not in json.dumps(details)


@pytest.mark.rule("W7", "W10")
def test_assignment_is_refused_when_the_colleague_may_not_decide(cloud: Cloud) -> None:
    request_id = cloud.determined()
    cloud.appeal(request_id, "1.2")
    cloud.pend(request_id, 2)
    for subject in (REVIEWER_SUBJECT, PROVIDER_SUBJECT):
        reply = assign(cloud, request_id, subject)
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/reviewer")
    assert assign(cloud, request_id, SECOND_REVIEWER_SUBJECT).status == 200


def test_assignment_is_refused_when_the_caller_is_no_lead_of_the_plan(cloud: Cloud) -> None:
    request_id = pended(cloud)
    for by in (REVIEWER, NURSE, OPERATOR, PROVIDER):
        assert assign(cloud, request_id, SECOND_REVIEWER_SUBJECT, by).status == 403
    group = "Reviewer ReviewLead"
    elsewhere = claims("lead-of-hmo", group, plans="HMO-COMPLETE")
    assert assign(cloud, request_id, SECOND_REVIEWER_SUBJECT, elsewhere).status == 404
    own = claims("lead-of-practice", group, PROVIDER_TIN, "OAP-COMPLETE")
    assert assign(cloud, request_id, SECOND_REVIEWER_SUBJECT, own).code == "own_request"
    for body in ({}, {"reviewer": ""}, {"reviewer": "x" * 121}):
        assert cloud.move(request_id, "assignment", body, by=LEAD).status == 422
    assert cloud.case(request_id).body["assignment"] is None
    closed = cloud.determined()
    assert assign(cloud, closed, REVIEWER_SUBJECT).code == "action_not_allowed"
