"""Claim/$submit: one call stores and assesses a request, and answers as Da Vinci PAS requires."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

import pytest

from functions.pas import handler as pas
from functions.status import handler as status
from functions.submit import handler as provider_actions
from precert.api.operation import FHIR_JSON
from tests.adapters.callers import FACILITY, PROVIDER, STRANGER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import BOWEL_SURGERY, IMAGES, OFFICE_VISIT
from tests.unit.test_export import bundle, claim_of, coding, extensions
from tools.fhir_validator import pas_validator

Json = dict[str, Any]
PAS: Final = "http://hl7.org/fhir/us/davinci-pas"
VISIT: Final = {
    **OFFICE_VISIT,
    "procedures": [{"code": "99213", "code_type": "CPT", "units": 1, "unit_type": "UNITS"}],
}


def claim(*services: Any, identifier: str = "111099", **changes: Any) -> Json:
    """A request bundle of an EHR, with its own identifier of the claim."""
    document = bundle(services=[*services] or [VISIT])
    claim_of(document)["identifier"] = [{"system": "urn:ehr:claims", "value": identifier}]
    claim_of(document).update(changes)
    return document


def submit(cloud: Cloud, document: Any, *, by: dict[str, str] = PROVIDER) -> Reply:
    """Send a bundle; whatever is answered is valid FHIR and PAS."""
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=by)
    assert reply.headers["Content-Type"] == FHIR_JSON
    assert pas_validator().findings(reply.body) == []
    return reply


def response(reply: Reply) -> Json:
    assert reply.status == 200, reply.body
    found: Json = reply.body["entry"][0]["resource"]
    return found


def actions(reply: Reply) -> list[str]:
    found = []
    for item in response(reply)["item"]:
        (adjudication,) = item["adjudication"]
        parts = extensions(extensions(adjudication)["reviewAction"])
        found.append(coding(parts["reviewActionCode"]["valueCodeableConcept"])[1])
    return found


def errors(reply: Reply) -> list[tuple[str, str]]:
    answer = response(reply)
    assert answer["outcome"] == "error"
    return [
        (coding(one["code"])[1], extensions(one)["errorPath"]["valueString"])
        for one in answer["error"]
    ]


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
    assert "The delegated vendor EviCore by Evernorth (" in whole
    assert ") decides it by July " in whole
    assert "pended for review" not in whole
    part = response(submit(cloud, claim(IMAGES, BOWEL_SURGERY, identifier="2")))["disposition"]
    assert "is pended for review. A decision is due by July 16, 2026, 11:00 AM EDT. " in part
    assert ") decides the service lines with the action CT by July " in part


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


def cancelling(document: Json) -> Json:
    """The claim again under another identifier, with all items cancelled."""
    prior = deepcopy(claim_of(document))
    cancelled = deepcopy(document)
    head = claim_of(cancelled)
    head["identifier"] = [{"system": "urn:ehr:claims", "value": "cancel"}]
    head["related"] = [{"claim": {"identifier": prior["identifier"][0]}}]
    for item in head["item"]:
        for one in item["extension"]:
            if one["url"].endswith("certificationType"):
                one["valueCodeableConcept"]["coding"][0]["code"] = "3"
    return cancelled


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


def without_diagnosis(document: Json) -> None:
    claim_of(document).pop("diagnosis")


def of_stranger(document: Json) -> None:
    for entry in document["entry"]:
        for one in entry["resource"].get("identifier", ()):
            if one.get("system", "").endswith("USEIN"):
                one["value"] = "690121431"


def patient(document: Json) -> Json:
    found: Json = next(
        entry["resource"]
        for entry in document["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )
    return found


def of_another_patient(document: Json) -> None:
    """The coverage names another patient of the bundle."""
    other = {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000099"}
    document["entry"].append({**other, "resource": {**patient(document), "id": "other"}})
    for entry in document["entry"]:
        if entry["resource"]["resourceType"] == "Coverage":
            entry["resource"]["beneficiary"] = {"reference": other["fullUrl"]}


WRONG: dict[str, tuple[Callable[[Json], object], tuple[str, str]]] = {
    "no diagnosis": (without_diagnosis, ("AF", "Claim.item[0].diagnosisSequence")),
    "another name": (
        lambda document: patient(document)["name"][0].update(family="Other"),
        ("67", "Claim.patient"),
    ),
    "malformed birth date": (
        lambda document: patient(document).update(birthDate="1950-13-01"),
        ("58", "Bundle.entry[1].resource.birthDate"),
    ),
    "another provider": (of_stranger, ("41", "Bundle.entry[6].resource.identifier")),
    "date outside the window": (
        lambda document: claim_of(document)["item"][0].update(servicedDate="2029-01-01"),
        ("62", "Claim.item[0].serviced"),
    ),
    "unknown service type": (
        lambda document: claim_of(document)["item"][0]["category"].update(
            coding=[{"system": "https://codesystem.x12.org/005010/1365", "code": "3"}], text=None
        ),
        ("15", "Claim.item[0].category"),
    ),
    "claim for payment": (
        lambda document: claim_of(document).update(use="claim"),
        ("33", "Claim.use"),
    ),
    "cancelled claim": (
        lambda document: claim_of(document).update(status="cancelled"),
        ("33", "Claim.status"),
    ),
    "reversed period": (
        lambda document: (
            claim_of(document)["item"][0].pop("servicedDate"),
            claim_of(document)["item"][0].update(
                servicedPeriod={"start": "2026-07-20", "end": "2026-07-10"}
            ),
        ),
        ("33", "Claim.item[0].serviced"),
    ),
    "dangling coverage": (
        lambda document: claim_of(document)["insurance"][0].update(
            coverage={"reference": "urn:uuid:none"}
        ),
        ("33", "Claim.insurance.coverage"),
    ),
    "coverage of another patient": (
        of_another_patient,
        ("33", "Bundle.entry[3].resource.beneficiary"),
    ),
    "no patient": (
        lambda document: claim_of(document).update(patient={"reference": "urn:uuid:none"}),
        ("58", "Claim.patient.birthDate"),
    ),
    "number of an item": (
        lambda document: claim_of(document)["item"][0].update(sequence=0),
        ("33", "Claim.item[0].sequence"),
    ),
    "unknown code": (
        lambda document: claim_of(document)["item"][0]["productOrService"]["coding"][0].update(
            code="9921"
        ),
        ("AG", "Claim.item[0].productOrService"),
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_reason_and_place_are_answered_when_a_claim_is_wrong(cloud: Cloud, kind: str) -> None:
    change, expected = WRONG[kind]
    document = claim(VISIT)
    change(document)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER)
    assert expected in errors(reply)
    assert cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"] == []


@pytest.mark.parametrize("value", ["1950-13-01", "1950-02-30", "50", "", 1950, "1950-02", None, {}])
def test_response_can_be_read_when_values_of_the_patient_cannot(
    cloud: Cloud, value: object
) -> None:
    document = claim(VISIT)
    patient(document).update(birthDate=value, gender=value)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER)
    found = patient(reply.body)
    assert (found["gender"], "birthDate" in found) == ("unknown", False)
    assert found["identifier"] == patient(document)["identifier"]


def each_party(document: Json, element: str, **changes: Any) -> None:
    for entry in document["entry"]:
        if entry["resource"]["resourceType"] in ("Organization", "Practitioner"):
            for one in entry["resource"].get(element, ()):
                one.update(changes)


def name_at_length(document: Json) -> None:
    for one in resources(document, "Organization"):
        one["name"] = "N" * 500


def add_document(document: Json) -> None:
    file = {"data": "aGk=", "contentType": "text/plain", "title": "../\0" + "x" * 400}
    resource = {"resourceType": "DocumentReference", "content": [{"attachment": file}]}
    url = "urn:uuid:00000000-0000-4000-8000-000000000099"
    document["entry"].append({"fullUrl": url, "resource": resource})


ACCEPTED: dict[str, Callable[[Json], object]] = {
    "foreign phone": lambda document: each_party(document, "telecom", value="+49 30 1234567"),
    "state in words": lambda document: each_party(document, "address", state="Ohio"),
    "address without a street": lambda document: each_party(document, "address", line=[]),
    "foreign postal code": lambda document: each_party(document, "address", postalCode="SW1A 1AA"),
    "long name": name_at_length,
    "long identifier": lambda document: claim_of(document).update(
        identifier=[{"system": "urn:ehr:claims", "value": "7" * 3000}]
    ),
    "odd identifier of the bundle": lambda document: document.update(identifier="1"),
    "predetermination": lambda document: claim_of(document).update(use="predetermination"),
    "odd name of a document": add_document,
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_claim_is_accepted_when_an_optional_value_has_an_odd_form(cloud: Cloud, kind: str) -> None:
    """Contact details that cannot be stored are left out: the bundle has them."""
    document = claim(BOWEL_SURGERY)
    ACCEPTED[kind](document)
    assert actions(submit(cloud, document)) == ["A4"]


def test_bundle_is_refused_when_it_has_another_claim(cloud: Cloud) -> None:
    document = claim(VISIT)
    url = "urn:uuid:00000000-0000-4000-8000-000000000099"
    document["entry"].append({"fullUrl": url, "resource": {"resourceType": "Claim", "id": "other"}})
    reply = submit(cloud, document)
    assert (reply.status, issues(reply)) == (422, ["structure"])
    assert reply.body["issue"][0]["expression"] == ["Bundle.entry[7].resource"]


def test_errors_are_bounded_when_every_item_of_a_long_claim_is_wrong(cloud: Cloud) -> None:
    document = claim(VISIT)
    (item,) = claim_of(document)["item"]
    item["quantity"]["value"] = "many"
    claim_of(document)["item"] = [{**item, "sequence": at} for at in range(1, 151)]
    answer = response(cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER))
    assert len(answer["error"]) == 101
    assert answer["processNote"][-1]["text"] == "Claim: 50 more values are wrong."
    assert len(answer["disposition"]) < 100


def issues(reply: Reply) -> list[str]:
    assert reply.body["resourceType"] == "OperationOutcome"
    return [one["code"] for one in reply.body["issue"]]


UNPROCESSABLE: dict[str, tuple[Any, int, str]] = {
    "no bundle": ({"resourceType": "Patient"}, 422, "structure"),
    "empty": ({}, 422, "structure"),
    "array": ([], 422, "invalid"),
    "text": ("<Bundle/>", 422, "invalid"),
    "no claim": (
        {"resourceType": "Bundle", "type": "collection", "entry": []},
        422,
        "required",
    ),
    "large": ({"resourceType": "Bundle", "text": "x" * 4_200_000}, 413, "too-long"),
}


@pytest.mark.parametrize("kind", UNPROCESSABLE)
def test_outcome_says_why_when_a_bundle_cannot_be_processed(cloud: Cloud, kind: str) -> None:
    sent, expected, code = UNPROCESSABLE[kind]
    reply = submit(cloud, sent)
    assert (reply.status, issues(reply)) == (expected, [code])


def test_outcome_says_why_when_a_claim_is_large_without_its_documents(cloud: Cloud) -> None:
    document = claim(VISIT)
    patient(document)["text"] = {"status": "generated", "div": "<div>" + "x" * 300_000 + "</div>"}
    reply = submit(cloud, document)
    assert (reply.status, issues(reply)) == (413, ["too-long"])


def test_outcome_asks_for_json_when_xml_is_sent(cloud: Cloud) -> None:
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", raw="<Bundle/>", by=PROVIDER)
    assert (reply.status, issues(reply)) == (400, ["structure"])
    assert "JSON" in reply.body["issue"][0]["details"]["text"]


def test_nothing_is_answered_when_the_caller_is_no_provider(cloud: Cloud) -> None:
    clerk = {"sub": "clerk", "cognito:groups": "[Intake]"}
    reply = submit(cloud, claim(VISIT), by=clerk)
    assert (reply.status, issues(reply)) == (403, ["forbidden"])


def test_operation_is_unknown_when_it_is_not_submit(cloud: Cloud) -> None:
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$other", claim(), by=PROVIDER)
    assert (reply.status, issues(reply)) == (404, ["not-found"])


def test_claim_of_another_provider_is_not_found_when_its_identifier_is_used(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=STRANGER)
    assert [code for code, _ in errors(reply)] == ["41"]
    assert "PC" not in json.dumps(response(reply).get("item", []))


def inquire(cloud: Cloud, document: Any, *, by: dict[str, str] = PROVIDER) -> Reply:
    """Inquire about requests; each returned bundle is valid PAS."""
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$inquire", document, by=by)
    assert reply.status == 200, reply.body
    assert pas_validator().findings(reply.body) == []
    for one in bundles(reply):
        assert pas_validator().findings(one) == []
    return reply


def bundles(reply: Reply) -> list[Json]:
    parameters = reply.body.get("parameter", ())
    return [one["resource"] for one in parameters if one["name"] == "return"]


def inquiry(*services: Any, number: str | None = None, **changes: Any) -> Json:
    document = claim(*services, identifier="inquiry", **changes)
    document["meta"] = {
        "profile": [f"{PAS}/StructureDefinition/profile-pas-inquiry-request-bundle"]
    }
    head = claim_of(document)
    head["meta"] = {"profile": [f"{PAS}/StructureDefinition/profile-claim-inquiry"]}
    if not services:
        head["item"], head["supportingInfo"] = [], []
    if number:
        url = f"{PAS}/StructureDefinition/extension-authorizationNumber"
        head["extension"] = [{"url": url, "valueString": number}]
    return document


def heads(reply: Reply) -> list[Json]:
    return [one["entry"][0]["resource"] for one in bundles(reply)]


def numbers(reply: Reply) -> set[str]:
    found = set()
    for head in heads(reply):
        for item in head["item"]:
            extension = extensions(item).get("administrationReferenceNumber")
            found.add(extension["valueString"] if extension else head["preAuthRef"])
    return found


def test_requests_of_all_channels_are_found_when_a_member_is_named(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    cloud.submitted()
    rows = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    reply = inquire(cloud, inquiry())
    assert numbers(reply) == {row["number"] for row in rows}
    assert len(rows) == 2
    assert [one["name"] for one in reply.body["parameter"]] == ["return", "return"]


def test_item_numbers_are_those_of_the_claim_when_it_is_found_by_number(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    for item in claim_of(document)["item"]:
        item["sequence"] += 6
    head = response(submit(cloud, document))
    number = extensions(head["item"][0])["administrationReferenceNumber"]["valueString"]
    (found,) = heads(inquire(cloud, inquiry(number=number)))
    assert [item["itemSequence"] for item in found["item"]] == [7]
    assert heads(inquire(cloud, inquiry(number="PC1234567897"))) == []


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (inquiry(VISIT), 1),
        (inquiry(BOWEL_SURGERY), 0),
        (inquiry({**VISIT, "service_date": "2026-07-07"}), 0),
    ],
    ids=["same", "other code", "later"],
)
def test_only_what_fits_is_found_when_services_are_described(
    cloud: Cloud, document: Json, found: int
) -> None:
    submit(cloud, claim(VISIT))
    assert len(bundles(inquire(cloud, document))) == found


def test_warning_is_returned_when_the_caller_may_not_see_requests(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    reply = inquire(cloud, inquiry(), by=STRANGER)
    (parameter,) = reply.body["parameter"]
    assert parameter["name"] == "outcome"
    (issue,) = parameter["resource"]["issue"]
    assert (issue["severity"], issue["code"]) == ("warning", "suppressed")


def test_other_requests_are_found_when_one_is_damaged(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    other = cloud.submitted()
    assert len(bundles(inquire(cloud, inquiry()))) == 2
    header = {**(cloud.item(other) or {}), "plan": {"S": "{"}}
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=header)
    reply = inquire(cloud, inquiry())
    assert len(bundles(reply)) == 1
    (outcome,) = (one["resource"] for one in reply.body["parameter"] if one["name"] == "outcome")
    (issue,) = outcome["issue"]
    assert other in issue["details"]["text"]
    # A caller who may not see the request does not receive its id.
    assert other not in inquire(cloud, inquiry(), by=STRANGER).text


def test_nothing_is_returned_when_the_birth_date_is_of_another_person(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    document = inquiry()
    patient(document)["birthDate"] = "1986-01-02"
    assert inquire(cloud, document).body == {"resourceType": "Parameters"}


def test_outcome_names_the_patient_when_an_inquiry_has_no_member_id(cloud: Cloud) -> None:
    document = inquiry()
    for entry in document["entry"]:
        entry["resource"].pop("identifier", None)
        entry["resource"].pop("subscriberId", None)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$inquire", document, by=PROVIDER)
    assert (reply.status, issues(reply)) == (422, ["value"])
    assert reply.body["issue"][0]["expression"][0].endswith(".identifier")


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
    notes = [note["text"] for note in head["processNote"]]
    assert needed
    assert [text.partition(": ")[2].rstrip(".") for text in notes] == needed
    assert "Information is needed" in head["disposition"]


PACEMAKER: Final = {
    **VISIT,
    "type_of_service": "OUTPATIENT_SURGERY",
    "procedures": [{"code": "33206", "code_type": "CPT", "units": 1, "unit_type": "UNITS"}],
}


def resources(document: Json, kind: str) -> list[Json]:
    found = (entry["resource"] for entry in document["entry"])
    return [one for one in found if one["resourceType"] == kind]


def code_task(answer: Json) -> Json:
    """The Task that requests documents by their codes."""
    by_code = "attachment-request-code"
    (task,) = (one for one in resources(answer, "Task") if coding(one["code"])[1] == by_code)
    return task


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
