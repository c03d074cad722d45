"""The reviewers' queue over all their plans: order, pages, filters, counts and rows."""

from typing import Any, Final

import pytest

from precert.adapters.dynamodb.packing import pack, unpack
from precert.names import ROW_ATTRIBUTE
from tests.adapters.callers import NURSE, PHYSICIAN, REVIEWER, SECOND_REVIEWER, claims
from tests.adapters.cloud import PDF, Cloud
from tests.fakes.samples import BOWEL_SURGERIES

PLANS: Final = ("HMO-BASIC", "OAP-COMPLETE", "PPO-COMPLETE")
OF_ALL: Final = claims("reviewer-of-three", PHYSICIAN, plans=" ".join(PLANS))
EXPEDITED: Final = [{**BOWEL_SURGERIES, "urgency": "EXPEDITED"}]


def listed(cloud: Cloud, by: Any = OF_ALL, **query: str) -> list[str]:
    """The ids of all pages, in their order."""
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = cloud.worklist(by, **query, **more).body
        found += [row["request_id"] for row in page["cycles"]]
        if page["cursor"] is None:
            return found
        more = {"cursor": page["cursor"]}


def plan_of(cloud: Cloud, request_id: str, plan_id: str) -> None:
    """Let the case be of another plan, as its row, key and header have it."""
    header = cloud.item(request_id)
    assert header is not None
    row = header[ROW_ATTRIBUTE]["S"].replace("OAP-COMPLETE", plan_id)
    plan = pack(unpack(header["plan"]["B"]).replace("OAP-COMPLETE", plan_id))
    moved = {
        **header,
        ROW_ATTRIBUTE: {"S": row},
        "plan": {"B": plan},
        "worklist_pk": {"S": f"PLAN#{plan_id}"},
    }
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=moved)


def cases(cloud: Cloud) -> list[str]:
    """Six cases of three plans, in the order of the queue: two of them expedited."""
    standard, expedited = [], []
    for plan_id in (*PLANS, PLANS[0]):
        standard.append(cloud.pended(services=[BOWEL_SURGERIES]))
        plan_of(cloud, standard[-1], plan_id)
        cloud.clock.pass_by(minutes=1)
    for plan_id in PLANS[1:]:
        expedited.append(cloud.pended(services=EXPEDITED))
        plan_of(cloud, expedited[-1], plan_id)
        cloud.clock.pass_by(minutes=1)
    return expedited + standard


def test_cases_of_all_plans_are_in_one_order_when_the_queue_is_read_in_pages(
    cloud: Cloud,
) -> None:
    expected = cases(cloud)
    for limit in ("1", "2", "4", "6", "100"):
        assert listed(cloud, limit=limit) == expected
    assert listed(cloud, plan_id=PLANS[0]) == [expected[2], expected[5]]
    with cloud.wire.counting() as calls:
        cloud.worklist(OF_ALL, limit="2")
    assert calls == ["Query"] * len(PLANS)
    foreign = cloud.worklist(OF_ALL, plan_id="HMO-COMPLETE")
    assert (foreign.status, foreign.body["errors"][0]["pointer"]) == (422, "/plan_id")
    first = cloud.worklist(OF_ALL, limit="2").body["cursor"]
    for query in ({"plan_id": PLANS[0]}, {"view": "EXPEDITED"}, {"mine": "true"}):
        assert cloud.worklist(OF_ALL, cursor=first, **query).status == 422
    assert cloud.worklist(REVIEWER, cursor=first).status == 422


def test_counts_are_those_of_the_views_when_the_queue_is_counted(cloud: Cloud) -> None:
    expedited, other, standard, paused, *rest = cases(cloud)
    assert cloud.move(other, "assign", by=OF_ALL).status == 200
    assert cloud.move(paused, "information", {"text": "Since when?"}, by=OF_ALL).status == 200
    document = cloud.offer(standard, "notes.pdf").body["document"]["document_id"]
    cloud.arrive(standard, document, PDF)
    cloud.clock.pass_by(days=3)
    # The assignment has ended by now, and the expedited cases are overdue.
    assert cloud.move(rest[0], "assign", by=OF_ALL).status == 200
    with cloud.wire.counting() as calls:
        counts = cloud.counts(OF_ALL).body
    assert calls == ["Query"] * len(PLANS)
    views = {one["view"]: one["count"] for one in counts["views"]}
    assert (counts["open"], counts["mine"], counts["complete"]) == (6, 1, True)
    name = cloud.sample_coverage.plan.name
    assert counts["plans"] == [
        {"plan_id": plan_id, "plan_name": name, "count": 2} for plan_id in sorted(PLANS)
    ]
    assert {one["plan_name"] for one in cloud.worklist(OF_ALL).body["cycles"]} == {name}
    assert views == {
        "EXPEDITED": 2,
        "DUE_SOON": 0,
        "OVERDUE": 2,
        "UNASSIGNED": 5,
        "WAITING_ON_PROVIDER": 1,
        "AWAITS_SIGNATURE": 0,
        "AWAITS_PHYSICIAN": 0,
        "RETURNED": 0,
        "NEW_DOCUMENTS": 1,
        "DISPUTED": 0,
    }
    for view, count in views.items():
        assert len(listed(cloud, view=view, limit="1")) == count
    assert listed(cloud, mine="true") == [rest[0]]
    assert listed(cloud, mine="true", view="EXPEDITED") == []
    assert listed(cloud, view="NEW_DOCUMENTS") == [standard]
    assert listed(cloud, view="OVERDUE", limit="1") == [expedited, other]
    assert cloud.counts(OF_ALL, plan_id=PLANS[0]).body["open"] == 2
    assert cloud.counts(OF_ALL, plan_id="HMO-COMPLETE").status == 422


def test_proposal_is_counted_for_the_physician_when_a_nurse_proposes_a_denial(
    cloud: Cloud,
) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERIES])
    assert cloud.decide(request_id, {"1.1": "DENIED", "1.2": "DENIED"}, by=NURSE).status == 202
    views = {one["view"]: one["count"] for one in cloud.counts().body["views"]}
    assert (views["AWAITS_PHYSICIAN"], views["AWAITS_SIGNATURE"]) == (1, 0)
    of_nurse = cloud.worklist(NURSE, view="AWAITS_PHYSICIAN").body["cycles"][0]
    assert of_nurse["not_decidable"] == ["NEEDS_ANOTHER_SIGNATURE"]
    of_physician = cloud.worklist(REVIEWER, view="AWAITS_PHYSICIAN").body["cycles"][0]
    assert of_physician["not_decidable"] == []
    for by, expected in ((NURSE, of_nurse), (REVIEWER, of_physician)):
        assert cloud.case(request_id, by).body["not_decidable"] == expected["not_decidable"]


@pytest.mark.rule("W7")
def test_appeal_is_marked_when_the_reviewer_made_the_decision(cloud: Cloud) -> None:
    request_id = cloud.determined()
    cloud.appeal(request_id, "1.2")
    cloud.pend(request_id, 2)
    [row] = cloud.worklist(view="DISPUTED").body["cycles"]
    assert (row["not_decidable"], row["pend_reasons"]) == (["DECIDED_EARLIER"], ["DISPUTED"])
    assert [line["line_id"] for line in row["lines"]] == ["1.2"]
    assert cloud.case(request_id).body["not_decidable"] == ["DECIDED_EARLIER"]
    [other] = cloud.worklist(SECOND_REVIEWER, view="DISPUTED").body["cycles"]
    assert other["not_decidable"] == []


@pytest.mark.rule("T6")
def test_row_has_all_columns_when_the_queue_is_read(cloud: Cloud) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERIES])
    [row] = cloud.worklist().body["cycles"]
    case = cloud.case(request_id).body
    expected = {
        "request_id": request_id,
        "number": case["number"],
        "plan_id": "OAP-COMPLETE",
        "urgency": "STANDARD",
        "urgency_label": "Standard",
        "cycle": 1,
        "submitted_at": "2026-07-01T15:00:00Z",
        "due_at": "2026-07-16T15:00:00Z",
        "warn_at": row["warn_at"],
        "waiting_on": "PAYER",
        "waiting_on_label": "Payer",
        "patient": "Allison Adams",
        "date_of_birth": "1986-01-01",
        "requesting_provider": "Jeffrey Rubinstein",
        "servicing_provider": "Cleveland Center for Digestive Health & Endoscopy LLC",
        "place_of_service": "SURGICAL",
        "place_of_service_label": "Surgical",
        "first_day": "2026-07-20",
        "last_day": "2026-07-22",
        "lines": [
            {
                "line_id": line["line_id"],
                "type_of_service": "SURGICAL_INPATIENT",
                "type_of_service_label": "Surgical Inpatient",
                "code": line["code"],
                "code_label": line["code_label"],
                "code_type": line["code_type"],
                "code_type_label": line["code_type_label"],
            }
            for line in case["lines"]
        ],
        "line_count": 2,
        "vendor_line_count": 0,
        "pend_reasons": ["NOT_AUTOMATIC"],
        "pend_reasons_labels": ["The rules do not allow an automatic approval"],
        "new_documents": [],
        "awaits_signature": False,
        "awaits_physician": False,
        "returned_proposal_of": None,
        "returned_proposal_of_label": None,
        "note_count": 0,
        "assignment": None,
        "not_decidable": [],
        "not_decidable_labels": [],
        "suspected_duplicate": False,
        "late_notification": False,
        "deemed_denial": False,
        "level": None,
        "dispute": None,
        "dispute_label": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert case["pend_reasons"] == row["pend_reasons"]
    assert all(line["code_label"] for line in row["lines"])
    assert row["warn_at"] < row["due_at"]


def test_queue_names_no_person_when_a_case_is_assigned_proposed_or_appealed(cloud: Cloud) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERIES])
    cloud.move(request_id, "assign", by=NURSE)
    cloud.decide(request_id, {"1.1": "DENIED", "1.2": "DENIED"}, by=NURSE)
    text = cloud.worklist().text
    assert NURSE["sub"] not in text
    assert "provider-user" not in text


def test_reviewer_without_plans_is_referred_when_the_queue_is_read(cloud: Cloud) -> None:
    unregistered = claims("reviewer-without-plans", "Reviewer")
    for reply in (cloud.worklist(unregistered), cloud.counts(unregistered)):
        assert (reply.status, reply.code) == (403, "not_entitled")


def test_counts_are_incomplete_when_the_queue_has_more_rows_than_calls_read(
    cloud: Cloud,
) -> None:
    cloud.pended(services=[BOWEL_SURGERIES])
    found = cloud.deps.listings.open_cycles_of(PLANS, most_calls=len(PLANS))
    assert (len(found.rows), found.complete) == (1, True)
    assert not cloud.deps.listings.open_cycles_of(PLANS, most_calls=1).complete
