"""Changes of approved dates by operators, and overdue requests."""

import pytest

from functions.review import handler as review
from tests.adapters.callers import FACILITY, OPERATOR, OTHER_QUEUE, PROVIDER, REVIEWER
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import APPROVED, DENIED, MOVED, decide, pended
from tests.fakes.samples import BOWEL_SURGERIES


@pytest.mark.rule("W5")
def test_only_dates_change_when_an_operator_changes_them(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED)
    before = cloud.read(request_id).body
    reply = cloud.change_dates(request_id, MOVED)
    assert (reply.status, reply.body["allowed_actions"]) == (200, ["DETAILS", "CHANGE_DATES"])
    version = cloud.stored(request_id)["version"]
    assert cloud.change_dates(request_id, MOVED).status == 200
    assert cloud.stored(request_id)["version"] == version
    after = cloud.read(request_id).body
    line = after["lines"][0]
    period = {"from_date": "2026-07-27", "to_date": "2026-07-29"}
    assert line["approved"] == {**before["lines"][0]["approved"], **period}
    assert [one["date_change_reason"] for one in line["decisions"]] == [
        None,
        "The surgeon fell ill.",
    ]
    assert after["history"][-1]["type"] == "DatesChanged"
    for name in ("status", "content", "determined_at"):
        assert after[name] == before[name]
    assert after["lines"][1] == before["lines"][1]
    assert decide(cloud, request_id, APPROVED, DENIED).status == 200


@pytest.mark.rule("S2")
@pytest.mark.rule("T2")
def test_new_dates_are_listed_and_compared_when_an_operator_changed_them(cloud: Cloud) -> None:
    one = cloud.pended(services=[BOWEL_SURGERIES])
    assert decide(cloud, one, APPROVED, {**APPROVED, "line_id": "1.2"}).status == 200
    days = {"from_date": "2026-09-07", "to_date": "2026-09-09"}
    moved = [{"line_id": line_id, **days} for line_id in ("1.1", "1.2")]
    assert cloud.change_dates(one, *moved).status == 200
    for by in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by).body["requests"]
        assert (row["first_day"], row["last_day"]) == ("2026-09-07", "2026-09-09")
    same = [{**BOWEL_SURGERIES, "admission_date": "2026-09-08"}]
    refused = cloud.submit(cloud.start(services=same), services=same)
    assert (refused.code, refused.body["existing"]["request_id"]) == ("duplicate_request", one)
    freed = [BOWEL_SURGERIES]
    assert cloud.submit(cloud.start(services=freed), services=freed).status == 202


@pytest.mark.rule("W5")
def test_dates_do_not_change_when_the_caller_is_no_operator_or_nothing_is_approved(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    early = cloud.change_dates(request_id, MOVED)
    assert (early.status, early.body["allowed_actions"]) == (409, ["DETAILS"])
    decide(cloud, request_id, APPROVED, DENIED)
    for by in (PROVIDER, FACILITY, REVIEWER, OTHER_QUEUE):
        assert cloud.change_dates(request_id, MOVED, by=by).status == 403
    for wrong, code in (
        ({**MOVED, "line_id": "1.2"}, "not_approved"),
        ({**MOVED, "line_id": "9.9"}, "not_approved"),
        ({**MOVED, "to_date": "2026-07-26"}, "out_of_order"),
    ):
        assert cloud.change_dates(request_id, wrong).body["errors"][0]["code"] == code
    assert cloud.change_dates(request_id, MOVED, MOVED).body["errors"][0]["code"] == "duplicate"
    assert cloud.change_dates("01J1QZ8Y7N4W3V2T1S0R9Q8P7M", MOVED).status == 404
    assert cloud.change_dates(cloud.start(), MOVED).status == 404


@pytest.mark.parametrize("raw", ["{", "{}", '{"lines": 1}'])
def test_caller_is_refused_before_the_body_is_read_when_not_an_operator(
    cloud: Cloud, raw: str
) -> None:
    path = f"/v1/operations/requests/{'0' * 26}/dates"
    refused = cloud.call(review, "POST", path, raw=raw, by=REVIEWER)
    assert (refused.status, refused.code) == (403, "not_entitled")
    assert cloud.call(review, "POST", path, raw=raw, by=OPERATOR).status in {400, 422}


@pytest.mark.rule("W2")
def test_cycle_is_in_the_overdue_queue_when_its_deadline_passed(cloud: Cloud) -> None:
    late, other = pended(cloud), pended(cloud)
    assert cloud.overdue().body["cycles"] == []
    cloud.clock.pass_by(days=15)
    for _ in range(2):
        cloud.check_deadline(late)
    with cloud.wire.counting() as calls:
        [row] = cloud.overdue().body["cycles"]
    assert calls == ["Query"]
    assert (row["request_id"], row["due_at"]) == (late, "2026-07-16T15:00:00Z")
    cloud.move(late, "assign")
    assert cloud.overdue().body["cycles"][0]["assignment"]["assigned_to"] == "ANOTHER"
    assert set(cloud.deps.listings.open_cycles()) == {late, other}
    assert len(cloud.deps.listings.open_cycles()) == 2
    for by in (PROVIDER, REVIEWER):
        assert cloud.overdue(by).status == 403
    decide(cloud, late, APPROVED, DENIED)
    assert cloud.overdue().body["cycles"] == []
    cloud.check_deadline(other)
    extension = cloud.move(other, "extension", {"reason": "A specialist's opinion is awaited."})
    assert (extension.status, extension.code) == (409, "action_not_allowed")
    assert len(cloud.overdue().body["cycles"]) == 1
