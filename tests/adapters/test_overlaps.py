"""A decision that approves what another request approves names that request, and is confirmed (S2)."""

from datetime import date, timedelta
from random import Random
from typing import Any, Final

import pytest

from functions.intake.models import RegisteredDetails
from functions.review import handler as review
from functions.review.case_models import CaseDetails
from precert.api.details import RequestDetails
from precert.domain.caller import Caller
from precert.domain.duplicates import services_by_line
from precert.domain.overlaps import Overlap
from precert.usecases.overlaps import FoundOverlaps, errors_of_overlaps
from tests.adapters.callers import NURSE, REVIEWER, SECOND_REVIEWER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import APPROVED, DENIED, decide
from tests.adapters.interleaving import Interleaving
from tests.adapters.test_disputes import CALL, dispute
from tests.adapters.test_disputes import outcome as record_outcome
from tests.fakes.samples import BOWEL_SURGERIES, STRANGER_TIN

BOTH: Final = [APPROVED, {**APPROVED, "line_id": "1.2"}]


def requested(cloud: Cloud, service: Any = BOWEL_SURGERIES) -> str:
    """A pended request; those of a denied service are no repetition."""
    request_id = cloud.start(services=[service])
    assert cloud.submit(request_id, services=[service]).status == 202
    cloud.pend(request_id)
    return request_id


def requested_again(cloud: Cloud, service: Any = BOWEL_SURGERIES) -> tuple[str, str]:
    """A request whose second line was denied, and another one of the same services."""
    first = requested(cloud)
    assert decide(cloud, first, APPROVED, DENIED).status == 200
    cloud.clock.pass_by(minutes=1)
    return first, requested(cloud, service)


def appealed(cloud: Cloud, request_id: str) -> None:
    assert cloud.appeal(request_id, "1.2").status == 202
    cloud.pend(request_id, 2)


def number_of(cloud: Cloud, request_id: str) -> str:
    found = cloud.found(request_id)
    assert found is not None
    return found.submitted.number


def deciding(cloud: Cloud, request_id: str, cycle: int = 1, **more: Any) -> Reply:
    by = SECOND_REVIEWER if cycle > 1 else REVIEWER
    lines = BOTH if cycle == 1 else BOTH[1:]
    return cloud.move(request_id, "decisions", {"cycle": cycle, "lines": lines, **more}, by=by)


def overlap(reply: Reply) -> str:
    assert reply.status == 422, reply.body
    (error,) = reply.body["errors"]
    assert (error["pointer"], error["code"]) == ("/overlap_confirmed", "approved_elsewhere")
    return str(error["message"])


@pytest.mark.rule("S2")
def test_other_approval_is_named_when_a_denial_is_overturned_after_it(cloud: Cloud) -> None:
    first, second = requested_again(cloud)
    message = overlap(deciding(cloud, second))
    assert f"line 1.1: precertification {number_of(cloud, first)} already approves 44125" in message
    assert "1.2" not in message, "the denied line is approved once"
    assert deciding(cloud, second, overlap_confirmed=True).status == 200
    appealed(cloud, first)
    before = cloud.items()
    message = overlap(deciding(cloud, first, 2))
    assert f"line 1.2: precertification {number_of(cloud, second)} already approves" in message
    assert "confirm the overlap to approve both" in message
    assert cloud.items() == before
    for _ in range(2):
        assert deciding(cloud, first, 2, overlap_confirmed=True).status == 200
    found = cloud.found(first)
    assert found is not None
    line = found.submitted.line("1.2")
    assert line is not None
    assert [one.number for one in line.decisions[-1].approved_also_in] == [number_of(cloud, second)]


@pytest.mark.rule("S2")
def test_details_name_the_other_approval_when_it_was_confirmed(cloud: Cloud) -> None:
    first, second = requested_again(cloud)
    assert deciding(cloud, second, overlap_confirmed=True).status == 200
    other = {
        "line_id": "1.1",
        "request_id": first,
        "number": number_of(cloud, first),
        "other_line_id": "1.1",
        "first_day": "2026-07-20",
        "last_day": "2026-07-22",
    }
    for reply in (cloud.read(second), cloud.case(second), cloud.as_operator(second)):
        assert reply.body["approved_also_in"] == [other]
        assert all("approved_also_in" not in one for one in reply.body["lines"][0]["decisions"])
    assert cloud.read(first).body["approved_also_in"] == []


@pytest.mark.rule("A2")
def test_details_hide_the_other_approval_when_the_reader_cannot_read_it(cloud: Cloud) -> None:
    first, second = requested_again(cloud)
    assert deciding(cloud, second, overlap_confirmed=True).status == 200
    deps = cloud.deps
    file = deps.requests.read_file(second)
    assert file is not None
    caller = Caller(subject="reviewer", plan_ids=frozenset({"HMO"}))
    case = CaseDetails.of(
        file, caller, {}, (), payer=deps.payer, code_sets=deps.code_sets, now=cloud.clock.at
    )
    clerks = RegisteredDetails.of(
        file, payer=deps.payer, code_sets=deps.code_sets, now=cloud.clock.at
    )
    office = RequestDetails.of(
        file, {STRANGER_TIN}, payer=deps.payer, code_sets=deps.code_sets, now=cloud.clock.at
    )
    for details in (case, clerks, office):
        [hidden] = details.approved_also_in
        assert (hidden.line_id, hidden.request_id, hidden.number) == ("1.1", None, None)
        assert first not in details.model_dump_json()


@pytest.mark.parametrize(("days", "shown"), [(1, 1), (30, 0)])
def test_other_approval_is_shown_while_its_dates_overlap_when_an_operator_changes_them(
    cloud: Cloud, days: int, shown: int
) -> None:
    _, second = requested_again(cloud)
    assert deciding(cloud, second, overlap_confirmed=True).status == 200
    first_day = date(2026, 7, 20) + timedelta(days=days)
    last_day = first_day + timedelta(days=2)
    period = {"from_date": first_day.isoformat(), "to_date": last_day.isoformat()}
    lines = ({"line_id": line_id, **period} for line_id in ("1.1", "1.2"))
    assert cloud.change_dates(second, *lines).status == 200
    assert len(cloud.as_operator(second).body["approved_also_in"]) == shown


OTHERS: Final = {
    "dates": {**BOWEL_SURGERIES, "admission_date": "2026-09-20"},
    "code": {
        **BOWEL_SURGERIES,
        "procedures": [{**BOWEL_SURGERIES["procedures"][0], "code": "44140"}],
    },
}


@pytest.mark.parametrize("kind", OTHERS)
def test_nothing_is_confirmed_when_another_approval_is_of_other_dates_or_codes(
    cloud: Cloud, kind: str
) -> None:
    _, second = requested_again(cloud, OTHERS[kind])
    found = cloud.found(second)
    assert found is not None
    lines = [{**APPROVED, "line_id": one.line_id} for one in found.submitted.lines]
    assert decide(cloud, second, *lines).status == 200


def test_nothing_is_confirmed_when_the_other_request_is_denied_or_void(cloud: Cloud) -> None:
    first = requested(cloud)
    denied = [{**DENIED, "line_id": one} for one in ("1.1", "1.2")]
    assert decide(cloud, first, *denied).status == 200
    second = requested(cloud)
    assert deciding(cloud, second).status == 200


def test_other_request_is_not_named_when_its_plan_is_not_the_reviewers(cloud: Cloud) -> None:
    other = cloud.found(requested(cloud))
    assert other is not None
    found = FoundOverlaps([Overlap("1.1", other, "1.1", services_by_line(other.content)["1.1"])])
    caller = Caller(subject="reviewer", plan_ids=frozenset({"HMO"}))
    (error,) = errors_of_overlaps(found, caller, confirmed=False)
    assert "a request of another plan already approves 44125" in error.message
    assert other.submitted.number not in error.message


def test_discussion_is_confirmed_when_it_overturns_what_was_approved_again(cloud: Cloud) -> None:
    first, second = requested_again(cloud)
    assert deciding(cloud, second, overlap_confirmed=True).status == 200
    assert dispute(cloud, first, "peer-to-peer", CALL).status == 202
    cloud.pend(first, 2)
    lines = BOTH[1:]
    overlap(record_outcome(cloud, first, outcome="OVERTURNED", lines=lines))
    confirmed = record_outcome(
        cloud, first, outcome="OVERTURNED", lines=lines, overlap_confirmed=True
    )
    assert (confirmed.status, confirmed.body["status"]) == (200, "APPROVED")


def test_signature_is_confirmed_when_the_proposal_approves_what_is_approved(cloud: Cloud) -> None:
    first, second = requested_again(cloud)
    mixed = {"cycle": 1, "lines": [APPROVED, DENIED]}
    overlap(cloud.move(second, "decisions", mixed, by=NURSE))
    mixed["overlap_confirmed"] = True
    assert cloud.move(second, "decisions", mixed, by=NURSE).status == 202
    case = cloud.case(second).body
    body = {"cycle": 1, "proposed_at": case["proposal"]["proposed_at"], "accept": True}
    assert number_of(cloud, first) in overlap(cloud.move(second, "signature", body, by=REVIEWER))
    body["overlap_confirmed"] = True
    assert cloud.move(second, "signature", body, by=REVIEWER).status == 200


@pytest.mark.rule("S2")
@pytest.mark.parametrize("seed", range(6))
def test_one_of_two_is_refused_when_both_are_approved_at_the_same_time(
    cloud: Cloud, seed: int
) -> None:
    first = requested(cloud)
    denied = [{**DENIED, "line_id": one} for one in ("1.1", "1.2")]
    assert decide(cloud, first, *denied).status == 200
    cloud.clock.pass_by(minutes=1)
    second = requested(cloud)
    assert cloud.appeal(first, "1.1", "1.2").status == 202
    cloud.pend(first, 2)
    replies: list[Reply] = []
    path = "/v1/review/requests/{}/decisions"
    etags = {one: cloud.etag(one) for one in (first, second)}

    def send(request_id: str, cycle: int, by: dict[str, str]) -> None:
        body = {"cycle": cycle, "lines": BOTH}
        replies.append(
            cloud.call(
                review, "POST", path.format(request_id), body, by=by, if_match=etags[request_id]
            )
        )

    race = Interleaving(Random(seed))
    client = cloud.clients.by_name["dynamodb"]
    race.attach(client)
    try:
        race.run([lambda: send(first, 2, SECOND_REVIEWER), lambda: send(second, 1, REVIEWER)])
    finally:
        race.detach(client)
    assert sorted(int(one.status) for one in replies) == [200, 422]


def test_other_requests_are_read_once_when_a_decision_approves(cloud: Cloud) -> None:
    request_id = requested(cloud)
    with cloud.wire.counting() as calls:
        assert deciding(cloud, request_id).status == 200
    assert calls == ["GetItem", "Query", "TransactWriteItems"]
