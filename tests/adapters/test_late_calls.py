"""A late repeat of a call does not change a later state; a lost response is returned again."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest

from functions.review import handler as review
from tests.adapters.callers import (
    LEAD,
    NURSE,
    OPERATOR,
    REVIEWER,
    SECOND_REVIEWER,
    SECOND_REVIEWER_SUBJECT,
)
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.deciding import APPROVED, DENIED, pended
from tests.adapters.unmatched import with_wrong_tin

LINES: Final = [APPROVED, DENIED]
PROPOSED: Final = {"cycle": 1, "lines": LINES, "before_response": True}
OUTCOME: Final = {"cycle": 1, "outcome": "NO_SHOW"}
MOVED: Final = {"line_id": "1.1", "from_date": "2026-07-27", "to_date": "2026-07-29"}
MOVED_AGAIN: Final = {**MOVED, "from_date": "2026-07-28", "to_date": "2026-07-30"}

Send = Callable[[Cloud, str, int], Reply]
Meanwhile = Callable[[Cloud, str], object]


def move(what: str, body: Any = None, by: Any = REVIEWER) -> Send:
    return lambda cloud, request_id, version: cloud.move(
        request_id, what, body, by=by, version=version
    )


def operate(what: str, body: Any) -> Send:
    return lambda cloud, request_id, version: cloud.call(
        review,
        "POST",
        f"/v1/operations/requests/{request_id}/{what}",
        body,
        by=OPERATOR,
        if_match=f'"{version}"',
    )


def returned(cloud: Cloud, request_id: str) -> None:
    cloud.move(request_id, "signature", {"cycle": 1, "accept": False, "comment": "Why?"})


def replaced(cloud: Cloud, request_id: str) -> None:
    body = {**PROPOSED, "lines": [{**DENIED, "line_id": "1.1"}, DENIED]}
    cloud.move(request_id, "decisions", body, by=NURSE)


def released(cloud: Cloud, request_id: str) -> None:
    cloud.move(request_id, "release")


def reassigned(cloud: Cloud, request_id: str) -> None:
    for reviewer in (REVIEWER, SECOND_REVIEWER):
        cloud.move(request_id, "assignment", {"reviewer": reviewer["sub"]}, by=LEAD)


def assigned_again(cloud: Cloud, request_id: str) -> None:
    cloud.move(request_id, "assignment", {"reviewer": REVIEWER["sub"]}, by=LEAD)


def answered(cloud: Cloud, request_id: str) -> None:
    cloud.answer(request_id, "Since May.")


def answered_with_a_document(cloud: Cloud, request_id: str) -> None:
    document_id = cloud.offer(request_id).body["document"]["document_id"]
    cloud.arrive(request_id, document_id, PDF)
    cloud.relay(cloud.stream())


def offered_again(cloud: Cloud, request_id: str) -> None:
    cloud.move(request_id, "peer-to-peer")


def not_reached(cloud: Cloud, request_id: str) -> None:
    cloud.move(request_id, "peer-to-peer/outcome", OUTCOME)


def noted(cloud: Cloud, request_id: str) -> None:
    cloud.move(request_id, "notes", {"text": "The surgeon called back."})


def nothing(cloud: Cloud, request_id: str) -> None:
    """The case as it was pended."""


CASES: Final[dict[str, tuple[Meanwhile, Send, Meanwhile]]] = {
    "decide, returned": (nothing, move("decisions", PROPOSED, NURSE), returned),
    "decide, replaced": (nothing, move("decisions", PROPOSED, NURSE), replaced),
    "assign": (nothing, move("assign"), released),
    "release": (assigned_again, move("release"), assigned_again),
    "reassign": (
        nothing,
        move("assignment", {"reviewer": SECOND_REVIEWER_SUBJECT}, LEAD),
        assigned_again,
    ),
    "take back": (reassigned, move("assignment", {"reviewer": None}, LEAD), reassigned),
    "request information, answered": (nothing, move("information", {"text": "When?"}), answered),
    "request information, documents": (
        nothing,
        move("information", {"text": "When?"}),
        answered_with_a_document,
    ),
    "offer": (nothing, move("peer-to-peer"), not_reached),
    "record": (offered_again, move("peer-to-peer/outcome", OUTCOME), offered_again),
}


@pytest.mark.parametrize("name", CASES)
def test_late_repeat_is_refused_when_the_case_has_changed_since(cloud: Cloud, name: str) -> None:
    before, send, meanwhile = CASES[name]
    request_id = pended(cloud)
    before(cloud, request_id)
    read = cloud.version(request_id)
    first = send(cloud, request_id, read)
    assert first.status in {200, 202}, first.text
    assert first.headers["ETag"] == f'"{read + 1}"'
    again = send(cloud, request_id, read)
    assert (again.status, again.body) == (first.status, first.body)
    cloud.clock.pass_by(seconds=1)
    meanwhile(cloud, request_id)
    as_it_is = cloud.item(request_id)
    assert as_it_is is not None
    assert int(as_it_is["version"]["N"]) > read + 1
    late = send(cloud, request_id, read)
    assert (late.status, late.code) == (412, "version_mismatch"), late.text
    assert late.body["current_version"] == cloud.version(request_id)
    assert cloud.item(request_id) == as_it_is


def reminded(cloud: Cloud, request_id: str) -> None:
    """The reminder of the deadline is recorded."""
    request = cloud.found(request_id)
    assert request is not None
    warn_at = request.submitted.warn_at
    assert warn_at is not None
    cloud.clock.pass_by(seconds=(warn_at - cloud.clock.at).total_seconds())
    cloud.check_deadline(request_id)


QUIET: Final[dict[str, Meanwhile]] = {"note": noted, "reminder": reminded}


@pytest.mark.parametrize("name", QUIET)
@pytest.mark.parametrize(
    "send",
    [move("decisions", PROPOSED, REVIEWER), move("assign"), move("information", {"text": "When?"})],
    ids=["decide", "assign", "request information"],
)
def test_action_applies_when_only_a_note_or_a_reminder_was_recorded_since(
    cloud: Cloud, name: str, send: Send
) -> None:
    request_id = pended(cloud)
    read = cloud.version(request_id)
    QUIET[name](cloud, request_id)
    assert cloud.version(request_id) > read
    assert send(cloud, request_id, read - 1).status == 412
    assert send(cloud, request_id, read).status in {200, 202}


def test_note_is_added_once_when_its_call_arrives_again_after_another_note(cloud: Cloud) -> None:
    request_id = pended(cloud)
    read = cloud.version(request_id)
    send = move("notes", {"text": "The surgeon was called."})
    assert send(cloud, request_id, read).status == 200
    noted(cloud, request_id)
    as_it_is = cloud.item(request_id)
    assert send(cloud, request_id, read).status == 200
    assert cloud.item(request_id) == as_it_is
    assert send(cloud, request_id, cloud.version(request_id)).status == 200
    notes = [one["text"] for one in cloud.case(request_id).body["notes"]]
    assert notes.count("The surgeon was called.") == 2


def test_late_change_of_dates_is_refused_when_the_dates_were_changed_again(cloud: Cloud) -> None:
    request_id = cloud.determined()
    read = cloud.version(request_id)
    send = operate("dates", {"lines": [MOVED], "reason": "The surgeon fell ill."})
    first = send(cloud, request_id, read)
    assert first.status == 200, first.text
    assert send(cloud, request_id, read).body == first.body
    cloud.change_dates(request_id, MOVED_AGAIN)
    late = send(cloud, request_id, read)
    assert (late.status, late.code) == (412, "version_mismatch")
    assert cloud.read(request_id).body["lines"][0]["approved"]["from_date"] == "2026-07-28"


def test_late_choice_of_a_provider_is_refused_when_it_was_corrected(cloud: Cloud) -> None:
    request_id = with_wrong_tin(cloud)
    read = cloud.version(request_id)
    body = {"role": "SERVICING_PROVIDER", "provider_id": "P00001"}
    send = operate("providers", body)
    first = send(cloud, request_id, read)
    assert first.status == 200, first.text
    assert send(cloud, request_id, read).body == first.body
    assert cloud.reconcile(request_id, "P00002").status == 200
    corrected = cloud.item(request_id)
    late = send(cloud, request_id, read)
    assert (late.status, late.code) == (412, "version_mismatch")
    assert cloud.item(request_id) == corrected


def test_assignment_is_not_extended_when_the_same_call_arrives_again(cloud: Cloud) -> None:
    request_id = pended(cloud)
    read = cloud.version(request_id)
    first = cloud.move(request_id, "assign", version=read)
    cloud.clock.pass_by(minutes=20)
    assert cloud.move(request_id, "assign", version=read).body == first.body
    renewed = cloud.move(request_id, "assign", version=read + 1).body
    assert renewed["assignment"]["until"] > first.body["assignment"]["until"]


def test_version_of_the_row_is_accepted_when_a_case_is_assigned_from_the_queue(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    [row] = cloud.worklist().body["cycles"]
    assert cloud.move(request_id, "assign", version=row["version"]).status == 200


def test_action_is_refused_when_it_names_no_version(cloud: Cloud) -> None:
    request_id = pended(cloud)
    path = f"/v1/review/requests/{request_id}/assign"
    reply = cloud.call(review, "POST", path, by=REVIEWER)
    assert (reply.status, reply.code) == (428, "version_missing")


def test_late_answer_is_refused_when_other_information_is_requested(cloud: Cloud) -> None:
    request_id = pended(cloud)
    cloud.move(request_id, "information", {"text": "Since when?"})
    [first] = cloud.read(request_id).body["information_requests"]
    answer = partial(cloud.answer, request_id, "Since May.", requested_at=first["requested_at"])
    recorded = answer()
    assert (recorded.status, answer().body) == (200, recorded.body)
    cloud.clock.pass_by(minutes=1)
    cloud.move(request_id, "information", {"text": "Which treatment was tried?"})
    late = answer()
    assert (late.status, late.body["waiting_on"]) == (200, "PROVIDER")
    assert cloud.answer(request_id, "Exercises.", requested_at=first["requested_at"]).status == 409
    rfis = cloud.read(request_id).body["information_requests"]
    assert [one["answer"] for one in rfis] == ["Since May.", None]
    assert cloud.answer(request_id, "Exercises.").body["waiting_on"] == "PAYER"


@pytest.mark.rule("W7")
def test_late_appeal_uses_up_no_level_when_the_first_one_is_decided(cloud: Cloud) -> None:
    request_id = cloud.determined()
    first = cloud.appeal(request_id, "1.2", cycle=1)
    assert first.status == 202
    assert cloud.appeal(request_id, "1.2", cycle=1).body == first.body
    cloud.pend(request_id, cycle=2)
    upheld = cloud.decide(request_id, {"1.2": "DENIED"}, cycle=2, by=SECOND_REVIEWER)
    assert upheld.status == 200, upheld.text
    as_it_is = cloud.item(request_id)
    late = cloud.appeal(request_id, "1.2", cycle=1)
    assert (late.status, late.code) == (409, "action_not_allowed")
    assert "APPEAL" in late.body["allowed_actions"]
    assert cloud.item(request_id) == as_it_is
    assert cloud.appeal(request_id, "1.2", cycle=2).status == 202
