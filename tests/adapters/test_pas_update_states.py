"""Updates of a claim in every state of its request: applied whole, or refused with every reason."""

from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from functions.pas import handler as pas
from functions.submit import handler as provider_actions
from tests.adapters.callers import NURSE, PROVIDER, SECOND_REVIEWER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.interleaving import Interleaving
from tests.adapters.pas_calls import (
    PACEMAKER,
    VISIT,
    Json,
    actions,
    cancelling,
    claim,
    errors,
    response,
    submit,
)
from tests.adapters.pas_documents import NOTES, attachment, notes, reference, with_resources
from tests.adapters.pas_updates import (
    PROCEDURE,
    TWO,
    add_item,
    cancel_item,
    details,
    lines,
    only_row,
    only_row_of,
    update,
)
from tests.adapters.test_disputes import CALL, dispute
from tests.depth import pairs
from tests.fakes.samples import BOWEL_SURGERIES, BOWEL_SURGERY
from tests.unit.test_export import claim_of
from tools.fhir_validator import pas_validator

# -- States -------------------------------------------------------------------------------------------


def decide(cloud: Cloud, **statuses: str) -> None:
    decided = {"1.1" if name == "first" else "1.2": one for name, one in statuses.items()}
    assert cloud.decide(only_row_of(cloud), decided).status == 200


def denied_in_part(cloud: Cloud) -> None:
    decide(cloud, first="APPROVED", second="DENIED")


def appealed(cloud: Cloud) -> None:
    denied_in_part(cloud)
    assert cloud.appeal(only_row_of(cloud), "1.2").status == 202


def approved_on_appeal(cloud: Cloud) -> None:
    appealed(cloud)
    cloud.pend(only_row_of(cloud), 2)
    request_id = only_row_of(cloud)
    reply = cloud.decide(request_id, {"1.2": "APPROVED"}, cycle=2, by=SECOND_REVIEWER)
    assert reply.status == 200


def discussed(cloud: Cloud) -> None:
    denied_in_part(cloud)
    assert dispute(cloud, only_row_of(cloud), "peer-to-peer", CALL).status == 202


def withdrawn_in_the_portal(cloud: Cloud) -> None:
    path = f"/v1/requests/{only_row_of(cloud)}/void"
    reply = cloud.call(provider_actions, "POST", path, {"reason": "Not needed."}, by=PROVIDER)
    assert reply.status == 200


def past_its_period(cloud: Cloud) -> None:
    decide(cloud, first="APPROVED", second="APPROVED")
    cloud.clock.pass_by(days=120)


def past_retention(cloud: Cloud) -> None:
    decide(cloud, first="APPROVED", second="APPROVED")
    cloud.clock.pass_by(days=1000)


def proposed(cloud: Cloud) -> None:
    reply = cloud.decide(only_row_of(cloud), {"1.1": "DENIED", "1.2": "DENIED"}, by=NURSE)
    assert reply.status == 202


DENIED: Final = "33"
UNKNOWN: Final = "AA"
STATES: Final[dict[str, tuple[Callable[[Cloud], object], str | None]]] = {
    "pended": (lambda cloud: cloud.clock.pass_by(minutes=5), None),
    "proposed": (proposed, None),
    "approved": (lambda cloud: decide(cloud, first="APPROVED", second="APPROVED"), None),
    "approved on appeal": (approved_on_appeal, None),
    "denied": (lambda cloud: decide(cloud, first="DENIED", second="DENIED"), DENIED),
    "denied in part": (denied_in_part, DENIED),
    "appealed": (appealed, DENIED),
    "discussed": (discussed, DENIED),
    "withdrawn": (withdrawn_in_the_portal, DENIED),
    "past its period": (past_its_period, None),
    "past retention": (past_retention, UNKNOWN),
}
"""The state of a request of two items, and the reason for which it takes no update."""


def added(document: Json) -> Json:
    """With an item that can be requested 120 days later too."""
    changed = update(document)
    add_item(changed, {**PACEMAKER, "procedures": [{**PROCEDURE, "code": "33212"}]})
    claim_of(changed)["item"][-1]["servicedDate"] = "2026-10-30"
    return changed


def replaced(document: Json) -> Json:
    changed = update(document)
    claim_of(changed)["item"][0]["quantity"] = {"value": 2, "unit": "units"}
    claim_of(changed)["item"][0]["servicedDate"] = "2026-10-30"
    return changed


def cancelled(document: Json) -> Json:
    changed = update(document)
    cancel_item(changed, 0)
    return changed


def with_file(document: Json) -> Json:
    return with_resources(cancelled(document), reference(attachment(title="notes"), NOTES))


UPDATES: Final = {
    "added": added,
    "replaced": replaced,
    "cancelled": cancelled,
    "cancelled with a file": with_file,
}


@pytest.mark.parametrize(("state", "change"), pairs(STATES, UPDATES))
def test_update_is_applied_whole_or_not_at_all_when_a_request_is_in_any_state(
    cloud: Cloud, state: str, change: str
) -> None:
    document = claim(TWO)
    submit(cloud, document)
    reach, refusal = STATES[state]
    reach(cloud)
    before = cloud.items()
    sent = UPDATES[change](document)
    reply = submit(cloud, sent)
    if refusal is not None:
        assert [code for code, _ in errors(reply)] == [refusal]
        assert cloud.items() == before
        return
    expected = {"added": 3, "replaced": 2}.get(change, 2)
    assert len(actions(reply)) == expected
    assert actions(reply)[0 if change != "added" else -1] == (
        "C" if change.startswith("cancelled") else "A4"
    )
    after = cloud.items()
    assert actions(submit(cloud, sent)) == actions(reply)
    assert cloud.items() == after, "a repetition changes nothing"


@pytest.mark.parametrize("state", STATES)
def test_all_items_are_cancelled_when_a_request_takes_it(cloud: Cloud, state: str) -> None:
    document = claim(TWO)
    submit(cloud, document)
    reach, refusal = STATES[state]
    reach(cloud)
    sent = cancelling(document)
    if refusal is not None and state != "withdrawn":
        assert [code for code, _ in errors(submit(cloud, sent))] == [refusal]
        return
    for _ in range(2):
        assert actions(submit(cloud, sent)) == ["C", "C"]
    assert only_row(cloud)["status"] == "VOID"


def test_cancellation_is_stored_and_found_when_it_withdraws_a_request(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    submit(cloud, cancelling(document))
    file = cloud.deps.requests.read_file(only_row(cloud)["request_id"])
    assert file is not None
    assert len(file.updates) == 1
    assert actions(submit(cloud, update(document, "third", prior="cancel"))) == ["C", "C"]


def test_next_step_is_stated_when_a_void_request_is_updated(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    withdrawn_in_the_portal(cloud)
    refused = response(submit(cloud, added(document)))
    assert "Submit a new request" in refused["disposition"]


# -- All errors in one answer -------------------------------------------------------------------------


def other_provider(document: Json) -> None:
    for entry in document["entry"]:
        for one in entry["resource"].get("identifier", ()):
            if one.get("value") == "8001042398":
                one["value"] = "1234567893"


def test_every_error_is_named_when_values_items_and_parties_of_an_update_are_wrong(
    cloud: Cloud,
) -> None:
    document = claim(BOWEL_SURGERY, VISIT)
    submit(cloud, document)
    changed = update(document)
    claim_of(changed)["item"][0]["quantity"] = {"value": -1}
    claim_of(changed)["item"][1]["productOrService"]["coding"][0]["code"] = "9921"
    add_item(changed, {**VISIT, "service_date": "2029-01-01"})
    cancel_item(changed, 2)
    claim_of(changed)["item"][2]["sequence"] = 9
    add_item(changed, PACEMAKER)
    claim_of(changed)["item"][3]["servicedDate"] = "2029-01-01"
    other_provider(changed)
    found = {path for _, path in errors(submit(cloud, changed))}
    assert {
        "Claim.item[0].quantity.value",
        "Claim.item[1].productOrService",
        "Claim.item[2].sequence",
        "Claim.item[3].serviced",
    } < found
    assert any("Claim.careTeam" in one or "Claim.provider" in one for one in found)
    assert lines(cloud) == [("1.1", "OPEN"), ("2.1", "OPEN")]


@pytest.mark.parametrize("prior", ["none", "other patient"])
def test_every_error_is_named_when_the_earlier_claim_is_unknown_or_another_patients(
    cloud: Cloud, prior: str
) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = update(document, prior="none" if prior == "none" else "111099")
    add_item(changed, PACEMAKER)
    head = claim_of(changed)
    head["item"][0]["quantity"] = {"value": -1}
    head["item"][1]["diagnosisSequence"] = [99]
    if prior == "other patient":
        for entry in changed["entry"]:
            if entry["resource"]["resourceType"] == "Patient":
                entry["resource"]["identifier"][0]["value"] = "U70019461"
    first = (UNKNOWN, "Claim.related") if prior == "none" else ("33", "Claim")
    found = errors(submit(cloud, changed))
    assert found[0] == first
    assert sorted(found[1:]) == [
        ("33", "Claim.item[0].quantity.value"),
        ("AF", "Claim.item[1].diagnosisSequence"),
    ]


def test_only_the_refusal_is_answered_when_a_denied_request_is_updated_with_wrong_values(
    cloud: Cloud,
) -> None:
    document = claim(TWO)
    submit(cloud, document)
    denied_in_part(cloud)
    changed = added(document)
    claim_of(changed)["item"][2]["quantity"] = {"value": -1}
    assert errors(submit(cloud, changed)) == [("33", "Claim")]


def test_unchanged_items_are_not_named_when_an_added_one_of_their_service_is_wrong(
    cloud: Cloud,
) -> None:
    document = claim(TWO)
    submit(cloud, document)
    cloud.clock.pass_by(days=40)
    changed = update(document)
    add_item(changed, {**PACEMAKER, "procedures": [{**PROCEDURE, "code": "33212"}]})
    assert errors(submit(cloud, changed)) == [("62", "Claim.item[2].serviced")]


def test_update_is_accepted_when_it_has_no_contact_details_of_the_provider(cloud: Cloud) -> None:
    document = claim(TWO)
    for entry in document["entry"]:
        if entry["resource"]["resourceType"] != "PractitionerRole":
            entry["resource"].pop("telecom", None)
            entry["resource"].pop("address", None)
    submit(cloud, document)
    assert actions(submit(cloud, added(document))) == ["A4", "A4", "A4"]


@pytest.mark.parametrize("cancels", [True, False])
def test_limit_is_stated_when_an_update_has_more_items_than_a_request_takes(
    cloud: Cloud, *, cancels: bool
) -> None:
    document = claim(TWO)
    submit(cloud, document)
    changed = update(document)
    items = claim_of(changed)["item"]
    for number in range(30):
        items.append(items[0] | {"servicedDate": f"2026-07-{number % 28 + 1:02}", "sequence": 1})
    if cancels:
        for index in range(len(items)):
            if index != 1:
                cancel_item(changed, index)
        items.pop(1)
    reply = submit(cloud, changed)
    if cancels:
        assert actions(reply) == ["C", "A4"]
        return
    assert {code for code, _ in errors(reply)} == {"33"}
    assert lines(cloud) == [("1.1", "OPEN"), ("1.2", "OPEN")]


# -- Earlier claims -----------------------------------------------------------------------------------


def related(*identifiers: str) -> list[Json]:
    return [
        {"claim": {"identifier": {"system": "urn:ehr:claims", "value": one}}} for one in identifiers
    ]


def test_update_is_applied_when_it_names_the_claim_and_its_update(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    first = added(document)
    submit(cloud, first)
    second = update(first, "update-2")
    claim_of(second)["related"] = related("111099", "update")
    cancel_item(second, 1)
    assert actions(submit(cloud, second)) == ["A4", "C", "A4"]


WRONG_CLAIMS: Final = {
    "another request": ("other", "33"),
    "unknown": ("none", UNKNOWN),
}


@pytest.mark.parametrize("kind", WRONG_CLAIMS)
def test_earlier_claim_is_named_when_it_is_not_of_the_same_request(cloud: Cloud, kind: str) -> None:
    document = claim(BOWEL_SURGERIES)
    submit(cloud, document)
    submit(cloud, claim(VISIT, identifier="other"))
    value, code = WRONG_CLAIMS[kind]
    before = cloud.items()
    for changed in (update(document), cancelling(document)):
        claim_of(changed)["related"] = related("111099", value)
        claim_of(changed)["item"][0]["quantity"] = {"value": 3}
        assert (code, "Claim.related[1]") in errors(submit(cloud, changed))
    assert cloud.items() == before


def test_number_is_limited_when_very_many_earlier_claims_are_named(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    changed = added(document)
    claim_of(changed)["related"] = related(*map(str, range(500)))
    assert errors(submit(cloud, changed)) == [("33", "Claim.related")]


@pytest.mark.parametrize("identifier", ["other", "update of other"])
def test_update_is_refused_when_its_identifier_is_of_another_claim(
    cloud: Cloud, identifier: str
) -> None:
    document, other = claim(TWO), claim(VISIT, identifier="other")
    submit(cloud, document)
    submit(cloud, other)
    changed = update(other, "update of other", prior="other")
    add_item(changed, PACEMAKER)
    assert actions(submit(cloud, changed)) == ["NA", "A4"]
    before = cloud.items()
    again = added(document)
    claim_of(again)["identifier"] = [{"system": "urn:ehr:claims", "value": identifier}]
    assert errors(submit(cloud, again)) == [("33", "Claim")]
    assert cloud.items() == before


# -- Two at once --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["the same", "different", "a decision"])
def test_each_change_is_applied_once_when_two_are_sent_at_the_same_time(
    cloud: Cloud, kind: str, seed: int
) -> None:
    document = claim(TWO)
    submit(cloud, document)
    request_id = only_row_of(cloud)
    first = added(document)
    second = first
    if kind == "different":
        second = update(document, "second")
        add_item(second, {**PACEMAKER, "procedures": [{**PROCEDURE, "code": "33213"}]})
        claim_of(second)["item"][2]["sequence"] = 4
    replies: list[Reply] = []

    def send(sent: Json) -> Callable[[], None]:
        path = "/fhir/r4/Claim/$submit"
        return lambda: replies.append(cloud.call(pas, "POST", path, sent, by=PROVIDER))

    def decide_both() -> None:
        cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})

    race = Interleaving(Random(seed))
    client = cloud.clients.by_name["dynamodb"]
    race.attach(client)
    try:
        race.run([send(first), decide_both if kind == "a decision" else send(second)])
    finally:
        race.detach(client)
    for one in replies:
        assert one.status == 200
        assert pas_validator().findings(one.body) == []
        assert response(one)["outcome"] == "complete"
    found = [status for _, status in lines(cloud)]
    assert len(found) == 3 + (kind == "different")
    assert "CANCELLED" not in found
    assert details(cloud)["status"] == "PENDING"
    assert actions(submit(cloud, first))[2] == "A4"


def test_note_names_the_file_when_a_request_that_is_decided_takes_none(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    decide(cloud, first="APPROVED", second="APPROVED")
    cloud.clock.pass_by(minutes=1)
    sent = with_resources(update(document), reference(attachment(title="notes"), NOTES))
    assert any("takes no further documents now" in text for text in notes(submit(cloud, sent)))
