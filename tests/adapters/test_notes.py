"""What reviewers write for one another: notes, and the comment on a proposal that they return."""

import pytest

from precert.domain.review import MAX_NOTES
from tests.adapters.callers import (
    FACILITY,
    NURSE,
    OPERATOR,
    OTHER_QUEUE,
    PHYSICIAN,
    PROVIDER,
    PROVIDER_SUBJECT,
    REVIEWER,
    SECOND_REVIEWER,
    claims,
)
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import APPROVED, DENIED, decide, pended
from tests.fakes.samples import PROVIDER_TIN

NOTE = "Dr. O’Hara calls back on Friday,\nsee page 3."
COMMENT = "Criterion S-310 is not met: the rationale names another one."


@pytest.mark.rule("A3")
def test_note_is_read_by_reviewers_and_operators_alone_when_it_was_added(cloud: Cloud) -> None:
    request_id = pended(cloud)
    before = [cloud.read(request_id, by).body for by in (PROVIDER, FACILITY)]
    assert cloud.move(request_id, "assign", by=SECOND_REVIEWER).status == 200
    added = cloud.move(request_id, "notes", {"text": f"  {NOTE} \r\n"})
    assert added.status == 200, added.text
    [note] = cloud.case(request_id).body["notes"]
    assert note == {
        "written_by": "YOU",
        "written_by_label": "You",
        "written_at": "2026-07-01T15:00:00Z",
        "cycle": 1,
        "text": NOTE,
    }
    [other] = cloud.case(request_id, SECOND_REVIEWER).body["notes"]
    assert (other["written_by"], other["text"]) == ("ANOTHER", NOTE)
    assert cloud.worklist(NURSE).body["cycles"][0]["note_count"] == 1
    assert cloud.case(request_id).body["history"][-1]["type"] == "NoteAdded"
    for by, earlier in zip((PROVIDER, FACILITY), before, strict=True):
        assert cloud.read(request_id, by).body == earlier
        assert "Hara" not in cloud.dashboard(by).text
    of_operator = cloud.as_operator(request_id).body
    assert [(one["written_by"], one["text"]) for one in of_operator["reviewer_notes"]] == [
        (REVIEWER["sub"], NOTE)
    ]
    assert of_operator["audit_trail"][-1]["actor"] == REVIEWER["sub"]


def test_note_is_added_once_when_its_response_was_lost(cloud: Cloud) -> None:
    request_id = pended(cloud)
    first = cloud.move(request_id, "notes", {"text": NOTE})
    cloud.clock.pass_by(minutes=1)
    again = cloud.move(request_id, "notes", {"text": NOTE})
    assert (again.status, again.body) == (200, first.body)
    cloud.move(request_id, "notes", {"text": NOTE}, by=SECOND_REVIEWER)
    cloud.move(request_id, "notes", {"text": "He called."})
    cloud.move(request_id, "notes", {"text": NOTE})
    texts = [note["text"] for note in cloud.case(request_id).body["notes"]]
    assert texts == [NOTE, NOTE, "He called.", NOTE]


def test_note_is_rejected_when_it_is_empty_too_long_or_one_too_many(cloud: Cloud) -> None:
    request_id = pended(cloud)
    for text in ("", " \n\t ", "x" * 2001):
        reply = cloud.move(request_id, "notes", {"text": text})
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/text")
    for number in range(MAX_NOTES):
        assert cloud.move(request_id, "notes", {"text": f"Note {number}."}).status == 200
    full = cloud.move(request_id, "notes", {"text": "One more."})
    assert (full.status, full.code) == (409, "action_not_allowed")
    assert str(MAX_NOTES) in full.body["detail"]


def test_note_is_added_when_the_case_is_determined(cloud: Cloud) -> None:
    request_id = cloud.determined()
    assert cloud.move(request_id, "notes", {"text": NOTE}).status == 200
    assert cloud.read(request_id).body["status"] == "PARTIALLY_APPROVED"
    assert [note["text"] for note in cloud.case(request_id).body["notes"]] == [NOTE]


@pytest.mark.rule("W10")
def test_note_is_refused_when_the_case_is_not_the_reviewers(cloud: Cloud) -> None:
    request_id = pended(cloud)
    own = (
        claims(PROVIDER_SUBJECT, PHYSICIAN, plans="OAP-COMPLETE"),
        claims("reviewer-of-practice", PHYSICIAN, PROVIDER_TIN, "OAP-COMPLETE"),
    )
    for by in own:
        assert cloud.move(request_id, "notes", {"text": NOTE}, by=by).code == "own_request"
    assert cloud.move(request_id, "notes", {"text": NOTE}, by=OTHER_QUEUE).status == 404
    for by in (PROVIDER, OPERATOR):
        assert cloud.move(request_id, "notes", {"text": NOTE}, by=by).status == 403
    assert cloud.case(request_id).body["notes"] == []


def test_author_reads_the_comment_when_a_physician_returns_a_proposal(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    silent = {"cycle": 1, "accept": False}
    refused = cloud.move(request_id, "signature", silent)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/comment")
    body = {**silent, "comment": COMMENT}
    returned = cloud.move(request_id, "signature", body)
    assert returned.status == 200, returned.text
    cloud.clock.pass_by(minutes=1)
    assert cloud.move(request_id, "signature", body).body == returned.body
    other = cloud.move(request_id, "signature", {**silent, "comment": "Another."})
    assert (other.status, other.code) == (409, "action_not_allowed")
    case = cloud.case(request_id, NURSE).body
    found = case["returned_proposal"]
    assert (found["proposed_by"], found["returned_by"], found["comment"]) == (
        "YOU",
        "ANOTHER",
        COMMENT,
    )
    assert [line["decision"]["status"] for line in found["lines"]] == ["APPROVED", "DENIED"]
    assert [note["text"] for note in case["notes"]] == [COMMENT]
    [row] = cloud.worklist(NURSE, view="RETURNED").body["cycles"]
    assert (row["request_id"], row["returned_proposal_of"]) == (request_id, "YOU")
    for by in (PROVIDER, FACILITY):
        assert COMMENT not in cloud.read(request_id, by).text
    decide(cloud, request_id, APPROVED, {**DENIED, "criterion": "MCG S-311"}, by=NURSE)
    again = cloud.case(request_id, NURSE).body
    assert again["returned_proposal"] is None
    assert [note["text"] for note in again["notes"]] == [COMMENT]
    assert cloud.worklist(NURSE, view="RETURNED").body["cycles"] == []


def test_comment_is_optional_when_the_author_withdraws_a_proposal(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    withdrawn = cloud.move(request_id, "signature", {"cycle": 1, "accept": False}, by=NURSE)
    assert withdrawn.status == 200
    found = cloud.case(request_id, NURSE).body
    assert (found["returned_proposal"]["comment"], found["notes"]) == (None, [])


def test_comment_is_rejected_when_it_comes_with_a_signature(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    reply = cloud.move(request_id, "signature", {"cycle": 1, "accept": True, "comment": "Good."})
    assert reply.status == 422
    assert cloud.case(request_id).body["proposal"] is not None
