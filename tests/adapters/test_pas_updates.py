"""PAS updates: items of a claim are added, changed and cancelled under the same number."""

import pytest

from precert.domain.notices import Audience, kind_of
from precert.usecases.notice_facts import Issue, notice_facts
from tests.adapters.callers import FACILITY
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    PACEMAKER,
    VISIT,
    Json,
    actions,
    cancelling,
    claim,
    code_task,
    errors,
    response,
    submit,
)
from tests.adapters.pas_documents import (
    IMAGES as IMAGING,
)
from tests.adapters.pas_documents import (
    NOTES,
    attach,
    attachment,
    deliver_arrivals,
    notes,
    parameters,
    reference,
    with_resources,
)
from tests.adapters.pas_updates import (
    PAS,
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
from tests.fakes.code_sets import code_sets
from tests.fakes.samples import BOWEL_SURGERIES, BOWEL_SURGERY, IMAGES, notice_words, payer
from tests.unit.test_export import claim_of, extensions
from tools.fhir_validator import pas_validator


def sequences(reply: Reply) -> list[int]:
    return [item["itemSequence"] for item in response(reply)["item"]]


def messages(cloud: Cloud) -> list[str]:
    assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        cloud.receive(entry)
    return [one["type"] for one in cloud.messages().body["messages"]]


def test_request_keeps_its_number_when_an_item_is_added(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    number = only_number(submit(cloud, document))
    changed = update(document)
    add_item(changed, PACEMAKER)
    reply = submit(cloud, changed)
    assert (actions(reply), sequences(reply)) == (["A4", "A4"], [1, 2])
    assert only_number(reply) == number == only_row(cloud)["number"]
    assert lines(cloud) == [("1.1", "OPEN"), ("2.1", "OPEN")]
    again = submit(cloud, changed)
    assert (actions(again), len(details(cloud)["lines"])) == (["A4", "A4"], 2)


def only_number(reply: Reply) -> str:
    (number,) = {
        extensions(item)["administrationReferenceNumber"]["valueString"]
        for item in response(reply)["item"]
    }
    return str(number)


def test_decisions_stay_when_an_item_is_added_to_an_approved_request(cloud: Cloud) -> None:
    document = claim(VISIT)
    number = response(submit(cloud, document))["preAuthRef"]
    changed = update(document)
    add_item(changed, PACEMAKER)
    reply = submit(cloud, changed)
    assert actions(reply) == ["NA", "A4"]
    assert response(reply)["preAuthRef"] == number
    row = only_row(cloud)
    assert (row["number"], row["status"]) == (number, "PENDING")
    assert lines(cloud) == [("1.1", "APPROVED"), ("2.1", "OPEN")]
    entries = code_task(reply.body)["input"][1:]
    needed = [extensions(one)["serviceLineNumber"]["valuePositiveInt"] for one in entries]
    assert set(needed) == {2}


def test_rules_approve_in_the_call_when_the_added_item_allows_it(cloud: Cloud) -> None:
    document = claim(VISIT)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, {**VISIT, "procedures": [{**VISIT["procedures"][0], "code": "99214"}]})
    assert actions(submit(cloud, changed)) == ["NA", "NA"]
    assert only_row(cloud)["status"] == "APPROVED"


def test_only_one_line_is_cancelled_when_one_item_is(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    changed = update(document)
    cancel_item(changed, 0)
    assert actions(submit(cloud, changed)) == ["C", "A4"]
    assert lines(cloud) == [("1.1", "CANCELLED"), ("1.2", "OPEN")]
    assert only_row(cloud)["status"] == "PENDING"
    case = cloud.case(only_row(cloud)["request_id"]).body
    assert [one["line_id"] for one in case["lines"] if one["status"] == "OPEN"] == ["1.2"]
    assert "RequestAmended" in messages(cloud)
    assert actions(submit(cloud, changed)) == ["C", "A4"]


def test_changed_item_is_decided_again_when_its_quantity_differs(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERIES)
    submit(cloud, document)
    before = details(cloud)["due_at"]
    cloud.clock.pass_by(hours=5)
    changed = update(document)
    claim_of(changed)["item"][0]["quantity"]["value"] = 3
    reply = submit(cloud, changed)
    assert (actions(reply), sequences(reply)) == (["A4", "A4"], [1, 2])
    found = details(cloud)
    assert [(one["line_id"], one["status"], one["replaces"]) for one in found["lines"]] == [
        ("1.1", "CANCELLED", None),
        ("1.2", "OPEN", None),
        ("2.1", "OPEN", "1.1"),
    ]
    assert found["due_at"] == before, "the unchanged line waits for the same decision"


@pytest.mark.rule("W2")
def test_clock_starts_again_when_every_open_item_is_changed(cloud: Cloud) -> None:
    document = claim({**BOWEL_SURGERY, "procedures": [BOWEL_SURGERY["procedures"][0]]})
    submit(cloud, document)
    before = details(cloud)["due_at"]
    cloud.clock.pass_by(hours=5)
    changed = update(document)
    claim_of(changed)["item"][0]["quantity"] = {"value": 2, "unit": "units"}
    submit(cloud, changed)
    assert details(cloud)["due_at"] > before


def test_update_of_an_update_is_applied_when_it_names_the_last_claim(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    first = update(document)
    add_item(first, {**PACEMAKER, "procedures": [{**PROCEDURE, "code": "33212"}]})
    submit(cloud, first)
    second = update(first, "update-2", prior="update")
    cancel_item(second, 1)
    assert actions(submit(cloud, second)) == ["A4", "C", "A4"]


def test_request_is_void_when_every_item_of_an_approved_request_is_cancelled(cloud: Cloud) -> None:
    document = claim(VISIT)
    submit(cloud, document)
    for _ in range(2):
        assert actions(submit(cloud, cancelling(document))) == ["C"]
    assert only_row(cloud)["status"] == "VOID"


def test_whole_request_is_cancelled_when_the_claim_has_no_items(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    changed = update(document)
    head = claim_of(changed)
    head["item"] = []
    cancel = {
        "coding": [{"system": "https://codesystem.x12.org/005010/1322", "code": "3"}],
    }
    head.setdefault("extension", []).append(
        {"url": f"{PAS}/extension-certificationType", "valueCodeableConcept": cancel}
    )
    assert actions(submit(cloud, changed)) == ["C", "C"]
    assert only_row(cloud)["status"] == "VOID"


def test_vendor_hears_of_it_when_its_item_is_cancelled(cloud: Cloud) -> None:
    document = claim(IMAGES)
    assert actions(submit(cloud, document)) == ["CT", "CT"]
    request_id = only_row_of(cloud)
    changed = update(document)
    cancel_item(changed, 1)
    assert actions(submit(cloud, changed)) == ["CT", "C"]
    request = cloud.deps.requests.read(request_id)
    assert request is not None
    (delegation,) = request.submitted.delegations
    assert [one.line_id for one in request.submitted.lines_of_vendor(delegation)] == ["1.1"]
    assert cloud.relay(cloud.stream()) == []
    (event,) = [one for one in cloud.published() if one["DetailType"] == "LinesCancelled"]
    assert '"1.2"' not in event["Detail"]
    assert '"1.1"' in event["Detail"]


def test_same_services_can_be_requested_when_their_item_was_cancelled(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    assert errors(submit(cloud, claim(TWO, identifier="2"))) == [("33", "Claim")]
    changed = update(document)
    cancel_item(changed, 0)
    submit(cloud, changed)
    left = {**PACEMAKER, "procedures": [{**PROCEDURE, "code": "33208"}]}
    assert errors(submit(cloud, claim(left, identifier="3"))) == [("33", "Claim")]
    alone = {**PACEMAKER, "procedures": [PROCEDURE]}
    assert actions(submit(cloud, claim(alone, identifier="4"))) == ["A4"]


def test_update_is_refused_when_a_line_was_denied(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    request_id = only_row(cloud)["request_id"]
    cloud.decide(request_id, {"1.1": "DENIED"})
    changed = update(document)
    add_item(changed, PACEMAKER)
    refused = submit(cloud, changed)
    assert errors(refused) == [("33", "Claim")]
    assert "denied or modified" in response(refused)["disposition"]


def test_error_names_the_item_when_an_added_one_is_wrong(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    cloud.clock.pass_by(days=40)
    changed = update(document)
    add_item(changed, PACEMAKER)
    claim_of(changed)["item"][1]["servicedDate"] = "2029-01-01"
    assert errors(submit(cloud, changed)) == [("62", "Claim.item[1].serviced")]
    assert len(details(cloud)["lines"]) == 1


def test_nothing_changes_when_an_update_is_equal_to_the_claim(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    before = cloud.items()
    assert actions(submit(cloud, update(document))) == ["A4", "A4"]
    assert cloud.items() == before


def test_provider_is_not_changed_when_an_update_names_another(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, VISIT)
    for entry in changed["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] in ("Organization", "PractitionerRole", "Practitioner"):
            for one in resource.get("identifier", ()):
                if one.get("system", "").endswith("us-npi"):
                    one["value"] = "8001042398" if one["value"] != "8001042398" else "8001041853"
    found = errors(submit(cloud, changed))
    assert found
    assert len(details(cloud)["lines"]) == 2


def test_all_changes_are_in_the_history_when_a_request_was_updated(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    changed = update(document)
    cancel_item(changed, 0)
    submit(cloud, changed)
    history = [one["type"] for one in details(cloud)["history"]]
    assert history[0] == "RequestSubmitted"
    assert "RequestAmended" in history
    assert history.count("RequestPended") == 2
    file = cloud.deps.requests.read_file(only_row(cloud)["request_id"])
    assert file is not None
    assert len(file.updates) == 1
    assert pas_validator().findings(submit(cloud, changed).body) == []


def test_facility_sees_the_update_when_it_is_the_other_provider(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    changed = update(document)
    cancel_item(changed, 0)
    submit(cloud, changed)
    assert only_row(cloud, FACILITY)["number"] == only_row(cloud)["number"]


def needed(reply: Reply) -> set[str]:
    """LOINC codes of the documents that the answer asks for."""
    return {
        one["valueCodeableConcept"]["coding"][0]["code"]
        for one in code_task(reply.body)["input"][1:]
    }


def statuses_of_documents(cloud: Cloud) -> list[str]:
    return [one["status"] for one in details(cloud)["documents"]]


@pytest.mark.rule("U5", "W1")
def test_document_of_an_update_is_attached_when_an_item_is_added(cloud: Cloud) -> None:
    """As with a new claim, it is not requested again."""
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, PACEMAKER)
    changed = with_resources(changed, reference(attachment(title="notes"), NOTES))
    for _ in range(2):
        assert needed(submit(cloud, changed)) == {IMAGING}
    deliver_arrivals(cloud)
    assert statuses_of_documents(cloud) == ["ATTACHED"]


def test_document_of_an_update_is_refused_in_words_when_it_is_not_accepted(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, PACEMAKER)
    file = attachment(b"<a/>", "application/xml", title="ccd.xml")
    reply = submit(cloud, with_resources(changed, reference(file)))
    assert statuses_of_documents(cloud) == ["REFUSED"]
    assert any("Document ccd.xml: refused." in text for text in notes(reply))
    assert "DocumentRefused" in messages(cloud)


def test_document_is_attached_when_an_update_changes_no_item(cloud: Cloud) -> None:
    document = claim(PACEMAKER)
    submit(cloud, document)
    cloud.clock.pass_by(minutes=1)
    changed = with_resources(update(document), reference(attachment(title="notes"), NOTES))
    for _ in range(2):
        reply = submit(cloud, changed)
        assert not any("not attached" in text for text in notes(reply))
    deliver_arrivals(cloud)
    assert statuses_of_documents(cloud) == ["ATTACHED"]


def test_note_names_the_document_when_a_decided_request_is_updated(cloud: Cloud) -> None:
    document = claim(VISIT)
    submit(cloud, document)
    reply = submit(cloud, with_resources(update(document), reference(attachment(title="notes"))))
    assert sum("takes no further documents now" in text for text in notes(reply)) == 1
    assert statuses_of_documents(cloud) == []


def test_attachment_finds_the_request_when_it_names_the_claim_of_an_update(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, PACEMAKER)
    submit(cloud, changed)
    assert attach(cloud, parameters("update", reference(attachment()))).status == 200
    assert statuses_of_documents(cloud) == ["AWAITING_UPLOAD"]


def test_providers_hear_of_it_when_lines_are_cancelled_and_no_other_is_open(cloud: Cloud) -> None:
    document = claim(VISIT)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, PACEMAKER)
    submit(cloud, changed)
    last = update(changed, "update-2", prior="update")
    cancel_item(last, 1)
    assert actions(submit(cloud, last)) == ["NA", "C"]
    assert only_row(cloud)["status"] == "APPROVED"
    assert {"RequestAmended", "LinesCancelled"} <= set(messages(cloud))


# -- What the office, the reviewer and the member see of a cancelled line -----------------------------


def test_row_is_of_the_remaining_lines_when_the_first_one_is_cancelled(cloud: Cloud) -> None:
    document = claim(PACEMAKER, BOWEL_SURGERY)
    submit(cloud, document)
    assert only_row(cloud)["place_of_service"] == "OFFICE"
    changed = update(document)
    cancel_item(changed, 0)
    submit(cloud, changed)
    (case,) = cloud.worklist().body["cycles"]
    for row in (only_row(cloud), only_row(cloud, FACILITY), case):
        assert (row["place_of_service"], row["first_day"]) == ("SURGICAL", "2026-07-20")
    assert (case["line_count"], [one["line_id"] for one in case["lines"]]) == (1, ["2.1"])


@pytest.mark.rule("W2")
def test_clock_is_that_of_the_remaining_lines_when_expedited_ones_are_replaced(
    cloud: Cloud,
) -> None:
    document = claim({**BOWEL_SURGERY, "urgency": "EXPEDITED"})
    submit(cloud, document)
    assert details(cloud)["decision_clock"]["kind"] == "EXPEDITED"
    submit(cloud, update(claim({**BOWEL_SURGERY, "urgency": "STANDARD"})))
    assert details(cloud)["decision_clock"]["kind"] == "STANDARD"


def notice_outcomes(cloud: Cloud, cycle: int) -> list[tuple[str, str]]:
    """Each line with its outcome in the member's notice of a cycle."""
    request = cloud.found(only_row(cloud)["request_id"])
    assert request is not None
    kind = kind_of(request.submitted, cycle)
    assert kind is not None
    facts: Json = notice_facts(
        request,
        Issue(kind, cycle),
        Audience.MEMBER,
        payer(),
        notice_words(),
        member=None,
        code_sets=code_sets(),
    )
    return [(one["line"], one["outcome"]) for one in facts["lines"]]


@pytest.mark.rule("W4")
def test_notice_lists_what_was_cancelled_since_the_last_one_when_lines_are_updated(
    cloud: Cloud,
) -> None:
    document = claim(TWO)
    submit(cloud, document)
    first = update(document)
    claim_of(first)["item"][0]["quantity"] = {"value": 2, "unit": "units"}
    cancel_item(first, 1)
    submit(cloud, first)
    request_id = only_row(cloud)["request_id"]
    cloud.clock.pass_by(hours=1)
    cloud.decide(request_id, {"2.1": "APPROVED"}, cycle=2)
    assert notice_outcomes(cloud, 2) == [
        ("1.1", "Replaced by a changed line"),
        ("1.2", "Cancelled"),
        ("2.1", "Approved"),
    ]
    cloud.clock.pass_by(hours=1)
    second = update(first, "update-2", prior="update")
    add_item(second, PACEMAKER)
    cancel_item(second, 0)
    assert actions(submit(cloud, second)) == ["C", "C", "A4"]
    cloud.clock.pass_by(hours=1)
    cloud.decide(request_id, {"3.1": "APPROVED"}, cycle=3)
    # The approval that was cancelled is in the notice, and earlier cancellations are not again.
    assert notice_outcomes(cloud, 3) == [("2.1", "Cancelled"), ("3.1", "Approved")]


def test_cancelled_item_has_no_approval_when_it_was_approved(cloud: Cloud) -> None:
    document = claim(TWO)
    submit(cloud, document)
    request_id = only_row(cloud)["request_id"]
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
    changed = update(document)
    cancel_item(changed, 0)
    reply = submit(cloud, changed)
    assert actions(reply) == ["C", "A1"]
    item, other = response(reply)["item"]
    assert "itemPreAuthPeriod" not in extensions(item)
    assert "itemPreAuthPeriod" in extensions(other)
    cancelled, active = details(cloud)["lines"]
    assert (cancelled["status"], cancelled["approved"]) == ("CANCELLED", None)
    assert (active["status"], only_row(cloud)["status"]) == ("APPROVED", "APPROVED")
    assert "LinesCancelled" in messages(cloud)


def test_item_is_added_when_it_repeats_a_cancelled_one(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY, VISIT)
    submit(cloud, document)
    changed = update(document)
    cancel_item(changed, 0)
    add_item(changed, {**BOWEL_SURGERY})
    assert actions(submit(cloud, changed)) == ["C", "A4", "A4"]


def test_item_is_named_when_it_is_wrong_after_a_cancelled_one(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERIES, VISIT)
    submit(cloud, document)
    changed = update(document)
    cancel_item(changed, 0)
    claim_of(changed)["item"][1]["productOrService"]["coding"][0]["code"] = "4412"
    add_item(changed, {**VISIT, "procedures": [{**VISIT["procedures"][0], "code": "9921"}]})
    codes = [(code, path.split(".")[1]) for code, path in errors(submit(cloud, changed))]
    assert codes == [("AG", "item[1]"), ("AG", "item[3]")]
