"""Operators find and read any request; reviewers read a member's other requests."""

from typing import Any

import pytest

from tests.adapters.callers import (
    FACILITY,
    OPERATOR,
    OTHER_QUEUE,
    PROVIDER,
    PROVIDER_SUBJECT,
    REVIEWER,
    REVIEWER_SUBJECT,
    UNENTITLED,
)
from tests.adapters.calls import ids
from tests.adapters.cloud import PDF, Cloud
from tests.fakes.samples import BOWEL_SURGERIES, PATIENT, later


def test_request_is_found_by_id_number_or_member_when_an_operator_searches(cloud: Cloud) -> None:
    first = cloud.submitted()
    second = cloud.start(services=later([BOWEL_SURGERIES], days=40))
    number = cloud.read(first).body["number"]
    searches: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({"request_id": first}, [first]),
        ({"number": number}, [first]),
        ({"number": number.lower()}, [first]),
        ({"member_id": PATIENT["member_id"]}, [second, first]),
        ({"member_id": PATIENT["member_id"].lower()}, [second, first]),
        ({"member_id": "ZZ99999"}, []),
        ({"number": "PC0000000000"}, []),
        ({"request_id": "01JZ0000000000000000000000"}, []),
    )
    for search, found in searches:
        assert ids(cloud.find(**search)) == found, search
    row = cloud.find(number=number).body["requests"][0]
    assert (row["plan"]["plan_id"], row["status"]) == ("OAP-COMPLETE", "PROCESSING")
    assert row["place_of_service_label"]


def test_pages_cover_all_requests_of_a_member_when_an_operator_reads_on(cloud: Cloud) -> None:
    started = [cloud.start(services=later([BOWEL_SURGERIES], days=30 * n)) for n in range(3)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        reply = cloud.find(member_id=PATIENT["member_id"], limit=1, **more)
        seen += ids(reply)
        cursor = reply.body["cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(started)
    assert cloud.find(member_id=PATIENT["member_id"], cursor="nonsense").status == 422


@pytest.mark.parametrize(
    "search",
    [{}, {"number": "PC0123456789", "member_id": "849382930"}, {"limit": 5}],
    ids=["nothing", "two", "limit"],
)
def test_search_is_refused_when_it_does_not_name_one_thing(
    cloud: Cloud, search: dict[str, Any]
) -> None:
    reply = cloud.find(**search)
    assert reply.status == 422
    assert "exactly one of request_id, number and member_id" in reply.text


def test_expired_draft_is_not_found_when_an_operator_searches(cloud: Cloud) -> None:
    draft = cloud.start()
    assert ids(cloud.find(request_id=draft)) == [draft]
    cloud.clock.pass_by(days=10)
    searches: tuple[dict[str, Any], ...] = (
        {"request_id": draft},
        {"member_id": PATIENT["member_id"]},
    )
    for search in searches:
        assert ids(cloud.find(**search)) == []
    assert cloud.as_operator(draft).status == 404


def test_audit_trail_names_each_subject_when_an_operator_reads_a_request(cloud: Cloud) -> None:
    request_id = cloud.determined()
    reply = cloud.as_operator(request_id)
    assert reply.status == 200
    trail = {entry["type"]: entry["actor"] for entry in reply.body["audit_trail"]}
    assert trail["DraftStarted"] == PROVIDER_SUBJECT
    assert trail["RequestSubmitted"] == PROVIDER_SUBJECT
    assert trail["RequestDetermined"] == REVIEWER_SUBJECT
    assert [one["at"] for one in reply.body["audit_trail"]] == sorted(
        one["at"] for one in reply.body["audit_trail"]
    )
    assert reply.body["allowed_actions"] == ["DETAILS", "CHANGE_DATES"]
    assert reply.body["content"]["patient"]["member_id"] == PATIENT["member_id"]


@pytest.mark.rule("A3")
def test_subjects_are_shown_to_operators_only_when_a_request_is_read(cloud: Cloud) -> None:
    request_id = cloud.determined()
    for reply in (
        cloud.read(request_id),
        cloud.read(request_id, FACILITY),
        cloud.case(request_id),
        cloud.member_history(request_id),
    ):
        assert reply.status == 200
        assert PROVIDER_SUBJECT not in reply.text
        assert REVIEWER_SUBJECT not in reply.text


def test_draft_is_read_when_an_operator_helps_its_provider(cloud: Cloud) -> None:
    draft = cloud.start()
    body = cloud.as_operator(draft).body
    assert (body["status"], body["channel"], body["lines"]) == ("INCOMPLETE", None, [])
    assert body["expires_at"]


@pytest.mark.parametrize("by", [PROVIDER, FACILITY, REVIEWER, UNENTITLED])
def test_operators_reads_are_refused_when_the_caller_is_no_operator(
    cloud: Cloud, by: dict[str, str]
) -> None:
    request_id = cloud.start()
    assert cloud.find(by, request_id=request_id).status == 403
    assert cloud.as_operator(request_id, by=by).status == 403
    assert cloud.as_operator(request_id, "notices", "1-member", by=by).status == 403


def test_documents_are_downloaded_when_an_operator_answers_a_call(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = str(cloud.offer(request_id).body["document"]["document_id"])
    assert cloud.as_operator(request_id, "documents", document_id).status == 409
    cloud.arrive(request_id, document_id, PDF)
    assert cloud.as_operator(request_id, "documents", document_id).status == 200
    assert cloud.as_operator(request_id, "notices", "1-member").code == "not_found"


def test_member_history_has_other_requests_of_the_plan_when_a_reviewer_reads_it(
    cloud: Cloud,
) -> None:
    case = cloud.pended()
    other = cloud.submitted(services=later([BOWEL_SURGERIES], days=40))
    cloud.start(services=later([BOWEL_SURGERIES], days=80))
    assert ids(cloud.member_history(case)) == [other]
    assert ids(cloud.member_history(other)) == [case]
    assert cloud.member_history(case, OTHER_QUEUE).status == 404
    for by in (PROVIDER, OPERATOR):
        assert cloud.member_history(case, by).status == 403


def test_search_costs_one_read_per_page_when_counted(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    with cloud.wire.counting() as calls:
        cloud.find(member_id=PATIENT["member_id"])
        cloud.find(request_id=request_id)
        cloud.as_operator(request_id)
    assert calls == ["Query", "BatchGetItem", "GetItem", "Query"]
