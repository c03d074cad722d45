"""Denials and reductions are a physician's: other reviewers propose them (W10)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from precert.domain.statuses import LineStatus
from tests.adapters.callers import (
    FACILITY,
    NURSE,
    PHYSICIAN,
    PROVIDER,
    PROVIDER_SUBJECT,
    REVIEWER,
    SECOND_REVIEWER,
    claims,
)
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import APPROVED, DENIED, decide, pended, second
from tests.fakes.samples import PROVIDER_TIN

OTHER_NURSE = claims("nurse-user-98zz", "Reviewer", plans="OAP-COMPLETE")
ALL_APPROVED = (APPROVED, {**APPROVED, "line_id": "1.2"})


def sign(cloud: Cloud, request_id: str, *, by: Mapping[str, str], accept: bool = True) -> Reply:
    return cloud.move(request_id, "signature", {"cycle": 1, "accept": accept}, by=by)


def types(cloud: Cloud, request_id: str) -> list[str]:
    return [entry["type"] for entry in cloud.case(request_id).body["history"]]


@pytest.mark.rule("W10")
@pytest.mark.parametrize("adverse", [DENIED, second(units=1)], ids=["denial", "reduction"])
def test_refusal_is_a_proposal_when_the_reviewer_is_no_physician(
    cloud: Cloud, adverse: dict[str, Any]
) -> None:
    request_id = pended(cloud)
    reply = decide(cloud, request_id, APPROVED, adverse, by=NURSE)
    assert (reply.status, reply.body["status"]) == (202, "PENDING")
    assert (reply.body["awaits_signature"], reply.body["awaits_physician"]) == (True, True)
    actions = set(reply.body["allowed_actions"])
    assert {"DECIDE", "RETURN_PROPOSAL"} <= actions
    assert "SIGN" not in actions
    assert decide(cloud, request_id, APPROVED, adverse, by=NURSE).status == 202
    assert types(cloud, request_id).count("DecisionProposed") == 1
    [row] = cloud.worklist(REVIEWER).body["cycles"]
    assert (row["awaits_signature"], row["awaits_physician"]) == (True, True)
    case = cloud.case(request_id, REVIEWER).body
    assert (case["proposal"]["proposed_by"], case["proposal"]["awaits_physician"]) == (
        "ANOTHER",
        True,
    )
    assert {"SIGN", "DECIDE", "RETURN_PROPOSAL"} <= set(case["allowed_actions"])
    for by in (PROVIDER, FACILITY):
        response = cloud.read(request_id, by)
        assert (response.body["status"], response.body["lines"][1]["decisions"]) == ("PENDING", [])
        assert "propos" not in response.text.lower()
        assert DENIED["rationale"] not in response.text


@pytest.mark.rule("W10")
def test_physician_is_who_decided_when_a_proposal_is_confirmed(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    own = sign(cloud, request_id, by=NURSE)
    assert (own.status, own.code) == (409, "same_reviewer")
    refused = sign(cloud, request_id, by=OTHER_NURSE)
    assert (refused.status, refused.code) == (403, "not_entitled")
    assert "physician" in refused.body["detail"]
    assert refused.body["entitlement"] == "PhysicianReviewer"
    assert types(cloud, request_id)[-1] == "DecisionProposed"
    confirmed = sign(cloud, request_id, by=REVIEWER)
    assert (confirmed.status, confirmed.body["status"]) == (200, "PARTIALLY_APPROVED")
    assert sign(cloud, request_id, by=REVIEWER).body == confirmed.body
    assert decide(cloud, request_id, APPROVED, DENIED, by=NURSE).status == 200
    [decision] = cloud.read(request_id).body["lines"][1]["decisions"]
    assert (decision["decided_as"], decision["decided_as_label"]) == (
        "PHYSICIAN",
        "A physician reviewer",
    )
    stored = cloud.deps.requests.read(request_id)
    assert stored is not None
    [decision] = stored.submitted.lines[1].decisions
    assert (decision.decided_by, decision.proposed_by) == (REVIEWER["sub"], NURSE["sub"])
    events = [json.loads(item["event"]["S"]) for item in cloud.items("EVENT#")]
    actors = [one["actor"] for one in events if one["type"] == "RequestDetermined"]
    assert actors == [REVIEWER["sub"]]


@pytest.mark.rule("W10")
def test_proposal_is_removed_when_it_is_replaced_withdrawn_or_decided_otherwise(
    cloud: Cloud,
) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    other = decide(cloud, request_id, APPROVED, second(units=1), by=OTHER_NURSE)
    assert (other.status, other.code) == (409, "action_not_allowed")
    assert other.body["allowed_actions"][-1:] != ["SIGN"]
    replaced = decide(cloud, request_id, APPROVED, second(units=1), by=NURSE)
    assert (replaced.status, replaced.body["awaits_physician"]) == (202, True)
    [proposed] = [
        line["decision"]["status"]
        for line in cloud.case(request_id).body["proposal"]["lines"]
        if line["line_id"] == "1.2"
    ]
    assert proposed == "MODIFIED"
    withdrawn = sign(cloud, request_id, by=NURSE, accept=False)
    assert (withdrawn.status, withdrawn.body["awaits_signature"]) == (200, False)
    assert sign(cloud, request_id, by=REVIEWER).status == 409
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    changed = decide(cloud, request_id, *ALL_APPROVED, by=REVIEWER)
    assert (changed.status, changed.body["status"]) == (200, "APPROVED")
    assert cloud.case(request_id).body["proposal"] is None
    assert types(cloud, request_id)[-5:] == [
        "DecisionProposed",
        "DecisionProposed",
        "DecisionReturned",
        "DecisionProposed",
        "RequestDetermined",
    ]


def test_case_is_decided_when_the_author_replaces_a_denial_by_approvals(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    approved = decide(cloud, request_id, *ALL_APPROVED, by=NURSE)
    assert (approved.status, approved.body["status"]) == (200, "APPROVED")


def test_nurse_denies_when_the_payers_data_does_not_require_a_physician(cloud: Cloud) -> None:
    settings = cloud.deps.payer.utilization_management.model_copy(
        update={"physician_decides_adverse": False}
    )
    cloud.deps.payer = cloud.deps.payer.model_copy(update={"utilization_management": settings})
    request_id = pended(cloud)
    assert decide(cloud, request_id, APPROVED, DENIED, by=NURSE).status == 200
    [decision] = cloud.read(request_id).body["lines"][1]["decisions"]
    assert decision["decided_as"] == "REVIEWER"


@pytest.mark.rule("W10")
def test_nurse_cannot_sign_alone_when_both_rules_apply(cloud: Cloud) -> None:
    settings = cloud.deps.payer.utilization_management.model_copy(
        update={"second_signature": frozenset({LineStatus.DENIED})}
    )
    cloud.deps.payer = cloud.deps.payer.model_copy(update={"utilization_management": settings})
    by_nurse, by_physician = pended(cloud), pended(cloud)
    decide(cloud, by_nurse, APPROVED, DENIED, by=NURSE)
    assert sign(cloud, by_nurse, by=OTHER_NURSE).status == 403
    assert sign(cloud, by_nurse, by=REVIEWER).status == 200
    assert decide(cloud, by_physician, APPROVED, DENIED, by=REVIEWER).status == 202
    assert sign(cloud, by_physician, by=NURSE).body["status"] == "PARTIALLY_APPROVED"


@pytest.mark.rule("W10")
def test_proposer_does_not_decide_the_appeal_when_a_physician_confirmed(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    sign(cloud, request_id, by=REVIEWER)
    cloud.appeal(request_id, "1.2")
    cloud.pend(request_id, 2)
    for by in (NURSE, REVIEWER):
        reply = decide(cloud, request_id, DENIED, by=by, cycle=2)
        assert (reply.status, reply.code) == (409, "same_reviewer")
    assert decide(cloud, request_id, DENIED, by=SECOND_REVIEWER, cycle=2).status == 200


@pytest.mark.rule("W2")
def test_confirmation_is_refused_when_information_was_requested_meanwhile(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    assert cloud.move(request_id, "information", {"text": "Since when?"}).status == 200
    early = sign(cloud, request_id, by=REVIEWER)
    assert (early.status, early.body["errors"][0]["pointer"]) == (422, "/before_response")
    body = {"cycle": 1, "accept": True, "before_response": True}
    assert cloud.move(request_id, "signature", body, by=REVIEWER).status == 200


# -- the reviewer's own requests ----------------------------------------------------------------------

BOTH = f"{PHYSICIAN} PatientSearch"


@pytest.mark.rule("W10")
@pytest.mark.parametrize(
    ("subject", "tins"),
    [(PROVIDER_SUBJECT, ""), ("another-user", PROVIDER_TIN)],
    ids=["submitter", "colleague"],
)
def test_reviewer_is_refused_when_the_request_is_their_own(
    cloud: Cloud, subject: str, tins: str
) -> None:
    own = claims(subject, BOTH, tins, plans="OAP-COMPLETE")
    request_id = pended(cloud)
    before = cloud.item(request_id)
    for what, body in (
        ("assign", None),
        ("information", {"text": "Since when?"}),
        ("extension", {"reason": "A specialist's opinion is awaited."}),
        ("peer-to-peer", None),
        ("decisions", {"cycle": 1, "lines": list(map(dict, ALL_APPROVED))}),
    ):
        reply = cloud.move(request_id, what, body, by=own)
        assert (reply.status, reply.code) == (403, "own_request"), what
    assert cloud.item(request_id) == before
    assert cloud.case(request_id, own).body["allowed_actions"] == ["DETAILS"]
    decide(cloud, request_id, APPROVED, DENIED, by=NURSE)
    assert sign(cloud, request_id, by=own).code == "own_request"


@pytest.mark.rule("W10")
def test_appeal_is_not_decided_when_the_reviewer_filed_it(cloud: Cloud) -> None:
    request_id = pended(cloud)
    decide(cloud, request_id, APPROVED, DENIED)
    both = claims("appellant", BOTH, PROVIDER_TIN, plans="OAP-COMPLETE")
    assert cloud.appeal(request_id, "1.2", by=both).status == 202
    cloud.pend(request_id, 2)
    later = claims("appellant", PHYSICIAN, plans="OAP-COMPLETE")
    reply = decide(cloud, request_id, {**APPROVED, "line_id": "1.2"}, by=later, cycle=2)
    assert (reply.status, reply.code) == (403, "own_request")


@pytest.mark.rule("W10")
def test_replaced_decisions_are_not_signed_when_the_physician_read_others(cloud: Cloud) -> None:
    request_id = pended(cloud)
    assert decide(cloud, request_id, APPROVED, DENIED, by=NURSE).status == 202
    read_at = cloud.case(request_id).body["proposal"]["proposed_at"]
    cloud.clock.pass_by(minutes=1)
    both = ({**DENIED, "line_id": "1.1"}, DENIED)
    assert decide(cloud, request_id, *both, by=NURSE).status == 202
    for accept in ({"accept": True}, {"accept": False, "comment": "Name the criterion."}):
        body = {"cycle": 1, "proposed_at": read_at, **accept}
        refused = cloud.move(request_id, "signature", body, by=REVIEWER)
        assert (refused.status, refused.code) == (409, "action_not_allowed"), refused.text
    assert cloud.read(request_id).body["status"] == "PENDING"
    current = cloud.case(request_id).body["proposal"]["proposed_at"]
    body = {"cycle": 1, "proposed_at": current, "accept": True}
    assert cloud.move(request_id, "signature", body, by=REVIEWER).body["status"] == "DENIED"
