"""A TIN's lists: filtered, sorted, and complete while rows change (T2, T3, S4, D4)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Final

import pytest

from functions.review import handler as review
from functions.status import handler as status
from precert.adapters.dynamodb.listings import _slice_of
from precert.domain.values import precert_number
from precert.usecases.ports.listings import ListFilters
from tests.adapters.callers import FACILITY, PROVIDER, REVIEWER, STRANGER, claims
from tests.adapters.calls import Reply, ids
from tests.adapters.cloud import Cloud
from tests.fakes.clock import START
from tests.fakes.samples import FACILITY_TIN, PATIENT, PROVIDER_TIN, STRANGER_TIN, entered

OTHER_PATIENT: Final = {
    "member_id": "U70018347",
    "date_of_birth": "1979-04-12",
    "last_name": "Okafor",
    "first_name": "Chidi",
}


def followed(
    cloud: Cloud, query: dict[str, str], between: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Ids of every page, as a portal that follows the cursors reads them."""
    seen: list[str] = []
    cursor: str | None = None
    for page in range(50):
        reply = cloud.dashboard(PROVIDER, **query, **({"cursor": cursor} if cursor else {}))
        seen += ids(reply)
        cursor = reply.body["cursor"]
        if cursor is None:
            return seen
        between(page)
    raise AssertionError("the list has no end")


def submitted(cloud: Cloud, count: int) -> list[str]:
    """Requests, one per minute, last changed first."""
    request_ids = []
    for _ in range(count):
        request_ids.append(cloud.submitted())
        cloud.clock.pass_by(minutes=1)
    return request_ids[::-1]


@pytest.mark.rule("S4")
def test_request_is_on_both_lists_when_it_was_just_submitted(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    for by in (PROVIDER, FACILITY):
        [row] = cloud.dashboard(by).body["requests"]
        assert (row["request_id"], row["status"]) == (request_id, "PROCESSING")
    assert cloud.read(request_id).body["status_reason"]


@pytest.mark.rule("D4")
def test_draft_is_incomplete_with_resume_when_a_list_is_read(cloud: Cloud) -> None:
    draft_id = cloud.start()
    for reply in (
        cloud.dashboard(),
        cloud.dashboard(status="INCOMPLETE"),
        cloud.dashboard(sort="due"),
        cloud.of_patient(),
    ):
        [row] = reply.body["requests"]
        assert (row["request_id"], row["status"]) == (draft_id, "INCOMPLETE")
        assert row["allowed_actions"][0] == "RESUME"
        assert row["due_at"] == row["expires_at"] == cloud.resume(draft_id).body["expires_at"]
    assert cloud.resume(draft_id).body["content"]["patient"] == PATIENT


@pytest.mark.rule("D5")
def test_time_left_is_without_the_weekend_when_a_draft_is_listed(cloud: Cloud) -> None:
    """Started on a Wednesday: it expires on Monday, and 12 hours of its clock are left on Friday."""
    cloud.start()
    for passed, left, soon in (
        (0, "3 days", False),
        (59, "13 hours", False),
        (60, "12 hours", True),
    ):
        cloud.clock.at = START + timedelta(hours=passed)
        for reply in (cloud.dashboard(sort="due"), cloud.of_patient()):
            [row] = reply.body["requests"]
            assert (row["time_left"], row["expires_soon"]) == (
                f"{left}, weekends not counted",
                soon,
            )


@pytest.mark.rule("T2")
def test_row_is_listed_when_its_change_was_stored_after_the_first_page_was_read(
    cloud: Cloud,
) -> None:
    """A change has the instant at which its call began: it can be stored some seconds later."""
    known, slow = submitted(cloud, 3), timedelta(seconds=3)
    late = []

    def change(page: int) -> None:
        if page == 0:
            cloud.clock.at -= slow
            late.append(cloud.submitted())
            cloud.clock.at += slow

    seen = followed(cloud, {"limit": "1"}, change)
    assert set(seen) == {*known, *late}


def test_range_is_ordered_when_it_ends_before_1970(cloud: Cloud) -> None:
    """DynamoDB rejects a range whose end is before its beginning; moto returns nothing."""
    cloud.submitted()
    requested = cloud.dashboard(changed_to="2000-01-01T07:01:33Z")
    assert ids(requested) == []
    end = datetime(1532, 8, 14, tzinfo=UTC)
    first, last = _slice_of(ListFilters(PROVIDER_TIN, changed_to=end)).between or (1, 0)
    assert first <= last


def test_row_is_on_one_list_only_when_its_status_changed(cloud: Cloud) -> None:
    request_id = cloud.pended()
    assert ids(cloud.dashboard(status="PENDING")) == [request_id]
    cloud.void(request_id)
    assert ids(cloud.dashboard(status="PENDING")) == []
    assert ids(cloud.dashboard(status="VOID")) == [request_id]
    assert ids(cloud.dashboard(sort="due")) == []


def test_next_due_is_first_when_sorted_by_due_date(cloud: Cloud) -> None:
    cloud.determined()
    later = cloud.pended()
    draft_id = cloud.start()
    urgent = cloud.submitted(services=[entered()["services"][0] | {"urgency": "EXPEDITED"}])
    cloud.clock.pass_by(minutes=1)
    cloud.pend(urgent)
    rows = cloud.dashboard(sort="due").body["requests"]
    assert [row["request_id"] for row in rows] == [urgent, draft_id, later]
    due = [row["due_at"] for row in rows]
    assert due == sorted(due)
    assert ids(cloud.dashboard(sort="due", status="PENDING")) == [urgent, later]


def test_bounds_apply_when_a_list_is_filtered_by_last_change(cloud: Cloud) -> None:
    start = cloud.clock.at
    request_ids = submitted(cloud, 4)
    second, third = (start + timedelta(minutes=n) for n in (1, 2))
    query = {"changed_from": second.isoformat(), "changed_to": third.isoformat()}
    assert ids(cloud.dashboard(PROVIDER, **query)) == [request_ids[1], request_ids[2]]
    assert ids(cloud.dashboard(PROVIDER, **{"status": "PROCESSING", **query})) == [
        request_ids[1],
        request_ids[2],
    ]
    assert followed(cloud, {"limit": "1", **query}) == [request_ids[1], request_ids[2]]


def test_dates_of_service_apply_when_a_list_is_filtered_by_them(cloud: Cloud) -> None:
    stay = cloud.submitted()
    assert ids(cloud.dashboard(service_from="2026-07-22")) == [stay]
    assert ids(cloud.dashboard(service_to="2026-07-20")) == [stay]
    assert ids(cloud.dashboard(service_from="2026-07-23")) == []
    assert ids(cloud.dashboard(service_to="2026-07-19")) == []


@pytest.mark.parametrize("name", ["changed", "service"])
def test_filter_is_rejected_when_a_range_ends_before_it_begins(cloud: Cloud, name: str) -> None:
    days = {"changed": "T00:00:00Z", "service": ""}[name]
    query = {f"{name}_from": f"2026-07-02{days}", f"{name}_to": f"2026-07-01{days}"}
    with cloud.wire.counting() as calls:
        reply = cloud.dashboard(PROVIDER, **query)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, f"/{name}_to")
    assert calls == []


@pytest.mark.rule("T3")
def test_only_the_patients_requests_are_listed_when_filtered_by_patient(cloud: Cloud) -> None:
    mine = submitted(cloud, 2)
    draft_id = cloud.start()
    cloud.start(patient=OTHER_PATIENT)
    assert ids(cloud.of_patient()) == [draft_id, *mine]
    assert ids(cloud.of_patient(FACILITY)) == mine
    assert ids(cloud.of_patient(STRANGER)) == []
    assert ids(cloud.of_patient(member_id=OTHER_PATIENT["member_id"], by=FACILITY)) == []
    assert ids(cloud.of_patient(member_id="NOBODY9")) == []
    page = cloud.of_patient(limit=1).body
    assert page["requests"][0]["request_id"] == draft_id
    assert ids(cloud.of_patient(cursor=page["cursor"])) == mine


def test_lists_are_of_the_named_tin_when_a_caller_has_several(cloud: Cloud) -> None:
    both = claims("both-user", "PatientSearch", f"{PROVIDER_TIN} {STRANGER_TIN}")
    request_id = cloud.submitted()
    for query, expected in ((PROVIDER_TIN, [request_id]), (STRANGER_TIN, [])):
        assert ids(cloud.dashboard(both, tin=query)) == expected
        assert ids(cloud.of_patient(both, tin=query)) == expected
    for reply in (
        cloud.dashboard(both),
        cloud.dashboard(both, tin=FACILITY_TIN),
        cloud.of_patient(both),
        cloud.of_patient(both, tin=FACILITY_TIN),
    ):
        assert (reply.status, reply.body["errors"][0]["code"]) == (422, "not_yours")


@pytest.mark.parametrize("moved", range(6))
def test_nothing_is_skipped_or_lost_when_a_row_moves_to_the_top(cloud: Cloud, moved: int) -> None:
    request_ids = submitted(cloud, 6)

    def move(page: int) -> None:
        if page == 0:
            cloud.pend(request_ids[moved])
            cloud.clock.pass_by(minutes=1)

    seen = followed(cloud, {"limit": "2"}, move)
    below = [one for one in request_ids if one != request_ids[moved] or request_ids.index(one) < 2]
    assert seen == [*below, request_ids[moved]]


def test_list_ends_when_rows_keep_changing(cloud: Cloud) -> None:
    request_ids = submitted(cloud, 4)

    def change(page: int) -> None:
        request_id = request_ids[page % 4]
        if cloud.item(request_id)["version"]["N"] == "2":  # type: ignore[index]
            cloud.pend(request_id)
        cloud.clock.pass_by(minutes=1)

    assert set(followed(cloud, {"limit": "1"}, change)) == set(request_ids)


def test_list_of_one_page_has_no_cursor_when_nothing_follows(cloud: Cloud) -> None:
    request_ids = submitted(cloud, 2)
    with cloud.wire.counting() as calls:
        reply = cloud.dashboard()
    assert (ids(reply), reply.body["cursor"], calls) == (request_ids, None, ["Query"])


# -- what waits on the caller, and one request by its number ------------------------------------------


def test_only_what_waits_on_the_provider_is_listed_when_it_is_selected(cloud: Cloud) -> None:
    draft_id, waiting, answered = cloud.start(), cloud.pended(), cloud.pended()
    assert cloud.answer(answered, "The note is attached.").body["waiting_on"] == "PAYER"
    with cloud.wire.counting() as calls:
        reply = cloud.dashboard(waiting_on="PROVIDER", sort="due")
    assert calls == ["Query"]
    assert ids(reply) == [draft_id, waiting]
    assert [row["due_at"] for row in reply.body["requests"]] == [
        cloud.resume(draft_id).body["expires_at"],
        cloud.read(waiting).body["due_at"],
    ]
    assert ids(cloud.of_patient(waiting_on="PROVIDER", status="PENDING")) == [waiting]
    assert ids(cloud.of_patient(service_to="2026-07-01")) == []


@pytest.mark.rule("A2")
def test_request_is_found_by_its_number_when_a_provider_of_it_searches(cloud: Cloud) -> None:
    request_id = cloud.pended()
    number = cloud.read(request_id).body["number"]
    written = f"{number[:2].lower()} {number[2:7]}-{number[7:]}"
    for by in (PROVIDER, FACILITY):
        with cloud.wire.counting() as calls:
            reply = found(cloud, written, by)
        assert (reply.status, calls) == (200, ["GetItem", "GetItem"])
        [row] = cloud.dashboard(by).body["requests"]
        assert reply.body["request"] == row
    theirs, unknown = found(cloud, number, STRANGER), found(cloud, UNKNOWN_NUMBER)
    assert (theirs.status, theirs.body) == (404, unknown.body)


def test_number_is_refused_with_a_hint_when_a_digit_was_misread(cloud: Cloud) -> None:
    reply = found(cloud, f"{UNKNOWN_NUMBER[:-1]}{(int(UNKNOWN_NUMBER[-1]) + 1) % 10}")
    assert reply.status == 422
    [error] = reply.body["errors"]
    assert (error["pointer"], error["code"]) == ("/number", "malformed")
    assert "check digit" in error["message"]


UNKNOWN_NUMBER: Final = precert_number("PC", 123456789)


def found(cloud: Cloud, number: str, by: Mapping[str, str] = PROVIDER) -> Reply:
    return cloud.call(status, "POST", "/v1/requests/search", {"number": number}, by=by)


def test_body_is_left_out_when_a_polled_response_has_not_changed(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    polled: list[tuple[ModuleType, str, Mapping[str, str]]] = [
        (status, f"/v1/requests/{request_id}", PROVIDER),
        (status, "/v1/requests", PROVIDER),
        (review, f"/v1/review/requests/{request_id}", REVIEWER),
    ]
    before = [cloud.call(function, "GET", path, by=by) for function, path, by in polled]
    for (function, path, by), first in zip(polled, before, strict=True):
        etag = first.headers["ETag"]
        again = cloud.call(function, "GET", path, by=by, if_none_match=etag)
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag)
        assert first.headers["Cache-Control"] == "no-store"
    cloud.pend(request_id)
    for (function, path, by), first in zip(polled, before, strict=True):
        reply = cloud.call(function, "GET", path, by=by, if_none_match=first.headers["ETag"])
        assert reply.status == 200, path
        assert "PENDING" in reply.text
