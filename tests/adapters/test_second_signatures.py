"""Denials and modified lines that a second reviewer signs."""

import pytest

from precert.domain.statuses import LineStatus
from tests.adapters.callers import (
    FACILITY,
    FACILITY_SUBJECT,
    OPERATOR,
    PROVIDER,
    PROVIDER_SUBJECT,
    REVIEWER,
    SECOND_REVIEWER,
    SUBJECTS,
)
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import (
    APPROVED,
    DENIED,
    MOVED,
    THIRD_REVIEWER,
    decide,
    pended,
)


@pytest.fixture
def signing(cloud: Cloud) -> Cloud:
    """A payer that requires a second signature for denials and modified lines."""
    expected = frozenset({LineStatus.DENIED, LineStatus.MODIFIED})
    settings = cloud.deps.payer.utilization_management.model_copy(
        update={"second_signature": expected}
    )
    cloud.deps.payer = cloud.deps.payer.model_copy(update={"utilization_management": settings})
    return cloud


def test_denial_waits_when_the_payer_requires_a_second_signature(signing: Cloud) -> None:
    request_id = pended(signing)
    signing.move(request_id, "assign")
    reply = decide(signing, request_id, APPROVED, DENIED)
    assert (reply.status, reply.body["status"]) == (202, "PENDING")
    assert (reply.body["awaits_signature"], reply.body["assignment"]) == (True, None)
    assert {"DECIDE", "RETURN_PROPOSAL"} <= set(reply.body["allowed_actions"])
    assert "SIGN" not in reply.body["allowed_actions"]
    assert decide(signing, request_id, APPROVED, DENIED).status == 202
    other = decide(signing, request_id, APPROVED, DENIED, by=SECOND_REVIEWER)
    assert (other.status, other.code) == (409, "action_not_allowed")
    own = signing.move(request_id, "signature", {"cycle": 1, "accept": True})
    assert (own.status, own.code) == (409, "same_reviewer")
    [row] = signing.worklist(SECOND_REVIEWER).body["cycles"]
    assert row["awaits_signature"] is True
    case = signing.case(request_id, SECOND_REVIEWER).body
    assert case["proposal"]["proposed_by"] == "ANOTHER"
    assert "SIGN" in case["allowed_actions"]
    response = signing.read(request_id).body
    assert (response["status"], response["lines"][1]["decisions"]) == ("PENDING", [])
    assert "DecisionProposed" not in {entry["type"] for entry in response["history"]}


def test_decisions_become_the_determination_when_another_reviewer_signs(signing: Cloud) -> None:
    request_id = pended(signing)
    decide(signing, request_id, APPROVED, DENIED)
    body = {"cycle": 1, "accept": True}
    signed = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    assert (signed.status, signed.body["status"]) == (200, "PARTIALLY_APPROVED")
    again = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    assert (again.status, again.body) == (200, signed.body)
    assert decide(signing, request_id, APPROVED, DENIED).status == 200
    third = signing.move(request_id, "signature", body, by=THIRD_REVIEWER)
    assert (third.status, third.code) == (409, "action_not_allowed")


def test_cycle_is_open_again_when_the_signature_is_refused(signing: Cloud) -> None:
    request_id = pended(signing)
    decide(signing, request_id, APPROVED, DENIED)
    body = {"cycle": 1, "accept": False, "comment": "Name the criterion."}
    returned = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    assert (returned.status, returned.body["awaits_signature"]) == (200, False)
    approved = decide(signing, request_id, APPROVED, {**APPROVED, "line_id": "1.2"})
    assert (approved.status, approved.body["status"]) == (200, "APPROVED")


@pytest.mark.rule("W7")
def test_appeal_needs_two_new_reviewers_when_decisions_are_signed(signing: Cloud) -> None:
    request_id = pended(signing)
    decide(signing, request_id, APPROVED, DENIED)
    signing.move(request_id, "signature", {"cycle": 1, "accept": True}, by=SECOND_REVIEWER)
    signing.appeal(request_id, "1.2")
    signing.pend(request_id, 2)
    for by in (REVIEWER, SECOND_REVIEWER):
        for reply in (
            decide(signing, request_id, DENIED, by=by, cycle=2),
            signing.move(request_id, "assign", by=by),
        ):
            assert (reply.status, reply.code) == (409, "same_reviewer")
        assert signing.case(request_id, by).body["allowed_actions"] == ["DETAILS", "ADD_NOTE"]
    assert decide(signing, request_id, DENIED, by=THIRD_REVIEWER, cycle=2).status == 202
    for by in (REVIEWER, SECOND_REVIEWER):
        body = {"cycle": 2, "accept": True}
        assert signing.move(request_id, "signature", body, by=by).code == "same_reviewer"


@pytest.mark.rule("A3")
def test_no_user_is_named_when_a_request_went_through_every_action(signing: Cloud) -> None:
    request_id = pended(signing)
    signing.move(request_id, "assign")
    signing.move(request_id, "peer-to-peer")
    signing.move(request_id, "information", {"text": "Since when?"})
    signing.answer(request_id, "Since May.", by=FACILITY)
    signing.move(request_id, "extension", {"reason": "A specialist's opinion is awaited."})
    decide(signing, request_id, APPROVED, DENIED)
    waiting = [signing.case(request_id, by) for by in (REVIEWER, SECOND_REVIEWER)]
    body = {"cycle": 1, "accept": True}
    moved = signing.move(request_id, "signature", body, by=SECOND_REVIEWER)
    dates = signing.change_dates(request_id, MOVED)
    reads = [
        *(signing.read(request_id, by) for by in (PROVIDER, FACILITY)),
        *(signing.case(request_id, by) for by in (REVIEWER, SECOND_REVIEWER)),
        *(signing.worklist(), signing.overdue(), *waiting, moved, dates),
    ]
    people = [*SUBJECTS, OPERATOR["sub"]]
    assert {PROVIDER_SUBJECT, FACILITY_SUBJECT} <= set(people)
    for reply in reads:
        assert reply.status == 200
        assert [person for person in people if person in reply.text] == []
