"""Claim/$submit: one call stores and assesses a request, and answers as Da Vinci PAS requires."""

from datetime import datetime

import pytest

from functions.status import handler as status
from functions.submit import handler as provider_actions
from tests.adapters.callers import FACILITY, PROVIDER, STRANGER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    PACEMAKER,
    VISIT,
    actions,
    bundles,
    cancelling,
    claim,
    code_task,
    errors,
    inquire,
    inquiry,
    patient,
    resources,
    response,
    submit,
)
from tests.fakes.samples import BOWEL_SURGERY, IMAGES
from tests.unit.test_export import coding, extensions


def test_claim_is_approved_in_the_call_when_the_rules_approve(cloud: Cloud) -> None:
    answer = submit(cloud, claim(VISIT))
    assert actions(answer) == ["NA"]
    assert response(answer)["outcome"] == "complete"
    number = response(answer)["preAuthRef"]
    (row,) = cloud.call(status, "GET", "/v1/requests", by=FACILITY).body["requests"]
    assert (row["number"], row["status"], row["channel"]) == (number, "APPROVED", "API")


def test_claim_is_pended_with_number_and_deadline_when_a_reviewer_decides(cloud: Cloud) -> None:
    answer = submit(cloud, claim(BOWEL_SURGERY))
    assert actions(answer) == ["A4"]
    head = response(answer)
    (row,) = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    number = extensions(head["item"][0])["administrationReferenceNumber"]["valueString"]
    assert (row["status"], row["number"]) == ("PENDING", number)
    assert number in head["disposition"]
    assert "A decision is due by" in head["disposition"]
    assert "preAuthRef" not in head


def test_vendor_lines_are_contact_payer_when_a_delegated_vendor_decides(cloud: Cloud) -> None:
    assert actions(submit(cloud, claim(IMAGES))) == ["CT", "CT"]


def test_disposition_names_the_vendor_when_it_decides_lines(cloud: Cloud) -> None:
    whole = response(submit(cloud, claim(IMAGES)))["disposition"]
    assert "The delegated vendor EviCore by Evernorth, (866) 668-9250 or " in whole
    assert ", decides it by July " in whole
    assert "pended for review" not in whole
    part = response(submit(cloud, claim(IMAGES, BOWEL_SURGERY, identifier="2")))["disposition"]
    assert "is pended for review. A decision is due by July 16, 2026, 11:00 AM EDT. " in part
    assert ", decides the service lines with the action CT by July " in part


def test_disposition_names_the_date_of_the_provider_when_documents_are_needed(
    cloud: Cloud,
) -> None:
    """The clock of the sample plan pauses: no decision is due before the information."""
    head = response(submit(cloud, claim(PACEMAKER)))["disposition"]
    assert "Information is needed by August 15, 2026, 11:00 AM EDT: see the notes." in head
    assert "decision" not in head


def test_same_answer_is_given_when_a_claim_identifier_is_repeated(cloud: Cloud) -> None:
    first = submit(cloud, claim(BOWEL_SURGERY))
    again = submit(cloud, claim(VISIT))
    assert actions(again) == ["A4"]
    numbers = {
        extensions(response(one)["item"][0])["administrationReferenceNumber"]["valueString"]
        for one in (first, again)
    }
    assert len(numbers) == 1
    assert len(cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]) == 1


def test_claim_is_refused_when_its_identifier_is_of_another_patient(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    document = claim(VISIT)
    patient(document)["identifier"][0]["value"] = "U70019461"
    again = submit(cloud, document)
    assert errors(again) == [("33", "Claim")]
    assert "item" not in response(again)


def test_duplicate_is_named_when_another_claim_repeats_an_open_request(cloud: Cloud) -> None:
    first = submit(cloud, claim(BOWEL_SURGERY))
    number = extensions(response(first)["item"][0])["administrationReferenceNumber"]["valueString"]
    second = submit(cloud, claim(BOWEL_SURGERY, identifier="2"))
    assert errors(second) == [("33", "Claim")]
    assert number in response(second)["disposition"]


def test_request_is_void_when_all_items_are_cancelled(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    for _ in range(2):
        assert actions(submit(cloud, cancelling(document))) == ["C"]
    (row,) = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    assert row["status"] == "VOID"


@pytest.mark.parametrize("by", [PROVIDER, STRANGER], ids=["unknown", "another provider's"])
def test_reject_reason_is_returned_when_the_prior_claim_is_not_found(
    cloud: Cloud, by: dict[str, str]
) -> None:
    document = claim(BOWEL_SURGERY)
    if by is STRANGER:
        submit(cloud, document)
    reply = submit(cloud, cancelling(document), by=by)
    assert errors(reply) == [("AA", "Claim.related")]
    (error,) = response(reply)["error"]
    action = extensions(error)["errorFollowupAction"]["valueCodeableConcept"]
    assert coding(action)[1] == "C"


def test_missing_documents_are_notes_when_the_rules_require_them(cloud: Cloud) -> None:
    spine = {
        **BOWEL_SURGERY,
        "procedures": [{"code": "44120", "code_type": "CPT", "units": 1, "unit_type": "UNITS"}],
    }
    head = response(submit(cloud, claim(spine)))
    (request_id,) = [
        row["request_id"]
        for row in cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    ]
    details = cloud.call(status, "GET", f"/v1/requests/{request_id}", by=PROVIDER).body
    needed = [one["label"] for one in details["information_requests"][-1]["documents"]]
    notes = [note["text"] for note in head["processNote"] if note["text"].startswith("Needed by")]
    assert needed
    assert [text.partition(": ")[2].rstrip(".") for text in notes] == needed
    assert "Information is needed" in head["disposition"]


@pytest.mark.parametrize("inquired", [False, True], ids=["submit", "inquire"])
def test_task_and_communication_requests_ask_for_documents_when_they_have_codes(
    cloud: Cloud, inquired: bool
) -> None:
    answer = submit(cloud, claim(PACEMAKER)).body
    if inquired:
        (answer,) = bundles(inquire(cloud, inquiry()))
    task = code_task(answer)
    url, *needed = task["input"]
    assert url["valueUrl"].endswith("/fhir/r4/$submit-attachment")
    lines = [extensions(one)["serviceLineNumber"]["valuePositiveInt"] for one in needed]
    codes = [coding(one["valueCodeableConcept"]) for one in needed]
    assert lines == [1, 1]
    assert codes == [("http://loinc.org", "11506-3"), ("http://loinc.org", "18748-4")]
    (row,) = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    until = datetime.fromisoformat(task["restriction"]["period"]["end"])
    assert until == datetime.fromisoformat(row["due_at"])
    requested = resources(answer, "CommunicationRequest")
    assert [one["payload"][0]["contentString"] for one in requested] == ["11506-3", "18748-4"]
    referred = [one["reference"] for one in answer["entry"][0]["resource"]["communicationRequest"]]
    assert referred == [f"urn:uuid:{one['id']}" for one in requested]


def test_no_task_is_returned_when_the_information_was_received(cloud: Cloud) -> None:
    document = claim(PACEMAKER)
    submit(cloud, document)
    (row,) = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    details = cloud.call(status, "GET", f"/v1/requests/{row['request_id']}", by=PROVIDER).body
    rfi = details["information_requests"][-1]
    path = f"/v1/requests/{row['request_id']}/information"
    body = {"requested_at": rfi["requested_at"], "answer": "Sent by fax."}
    assert cloud.call(provider_actions, "POST", path, body, by=PROVIDER).status == 200
    assert resources(submit(cloud, document).body, "Task") == []
