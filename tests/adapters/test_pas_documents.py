"""Documents within a PAS bundle, and CDex $submit-attachment: documents as any upload."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

import pytest

from functions.pas import handler as pas
from tests.adapters.callers import FACILITY, PROVIDER, STRANGER
from tests.adapters.cloud import PNG, Cloud
from tests.adapters.pas_calls import (
    PACEMAKER,
    VISIT,
    Json,
    actions,
    claim,
    code_task,
    issues,
    response,
    submit,
)
from tests.adapters.pas_documents import (
    IMAGES,
    NOTES,
    attach,
    attachment,
    deliver_arrivals,
    documents,
    is_task,
    lose_files,
    notes,
    only_request,
    page,
    parameters,
    reference,
    rfi_is_open,
    with_resources,
)
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import extensions


@pytest.mark.rule("U5")
def test_document_of_the_bundle_is_attached_when_it_was_inspected(cloud: Cloud) -> None:
    file = reference(attachment(title="Visit notes"), NOTES)
    reply = submit(cloud, with_resources(claim(PACEMAKER), file))
    (document,) = documents(cloud)
    assert document["status"] == "AWAITING_UPLOAD"
    assert (document["file_name"], document["document_type"]) == (
        "Visit notes.pdf",
        "CLINICAL_NOTES",
    )
    assert "Document Visit notes.pdf: received; it is inspected before it is attached." in notes(
        reply
    )
    deliver_arrivals(cloud)
    request_id = only_request(cloud)
    (document,) = documents(cloud)
    assert document["status"] == "ATTACHED"
    assert cloud.download(request_id, document["document_id"], FACILITY).status == 200
    # Only the other document is needed, and the one that was sent with the claim is no answer to that.
    assert cloud.relay(cloud.stream()) == []
    again = submit(cloud, with_resources(claim(PACEMAKER), file))
    task = code_task(again.body)
    assert [one["valueCodeableConcept"]["coding"][0]["code"] for one in task["input"][1:]] == [
        IMAGES
    ]
    assert len(documents(cloud)) == 1


def test_document_is_checked_when_documents_are_scanned(cloud: Cloud) -> None:
    cloud.scan_documents()
    submit(cloud, with_resources(claim(BOWEL_SURGERY), reference(attachment())))
    deliver_arrivals(cloud)
    (document,) = documents(cloud)
    assert document["status"] == "CHECKING"


def test_document_is_attached_when_the_rules_approved_the_claim(cloud: Cloud) -> None:
    reply = submit(cloud, with_resources(claim(VISIT), reference(attachment())))
    assert actions(reply) == ["NA"]
    deliver_arrivals(cloud)
    (document,) = documents(cloud)
    assert document["status"] == "ATTACHED"


def test_documents_are_stored_when_the_first_call_was_interrupted(cloud: Cloud) -> None:
    document = with_resources(claim(BOWEL_SURGERY), reference(attachment()))
    submit(cloud, document)
    (key,) = cloud.object_versions()
    cloud.clients.by_name["s3"].delete_object(Bucket=cloud.bucket, Key=key)
    submit(cloud, document)
    deliver_arrivals(cloud)
    assert [one["status"] for one in documents(cloud)] == ["ATTACHED"]
    submit(cloud, document)
    assert [one["status"] for one in documents(cloud)] == ["ATTACHED"]


@pytest.mark.rule("W1", "X2")
def test_document_is_requested_again_when_the_call_ended_before_its_file_was_stored(
    cloud: Cloud,
) -> None:
    sent = with_resources(
        claim(PACEMAKER),
        reference(attachment(title="notes"), NOTES),
        reference(attachment(title="images"), IMAGES),
    )
    assert not is_task(submit(cloud, sent))
    lose_files(cloud)
    assert {(one["status"], one["refusal_code"]) for one in documents(cloud)} == {
        ("REFUSED", "not_stored")
    }
    assert cloud.relay(cloud.stream()) == []
    assert rfi_is_open(cloud)
    reply = submit(cloud, sent)
    task = code_task(reply.body)
    needed = {one["valueCodeableConcept"]["coding"][0]["code"] for one in task["input"][1:]}
    assert needed == {NOTES, IMAGES}
    assert sum("could not be stored. Send it again" in text for text in notes(reply)) == 2
    for entry in cloud.published():
        cloud.receive(entry)
    assert "DocumentRefused" in [one["type"] for one in cloud.messages().body["messages"]]


def test_same_file_is_attached_when_it_is_sent_again_after_it_was_not_stored(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    sent = parameters("111099", reference(attachment()))
    attach(cloud, sent)
    lose_files(cloud)
    for _ in range(2):
        attach(cloud, sent)
    deliver_arrivals(cloud)
    assert [one["status"] for one in documents(cloud)] == ["REFUSED", "ATTACHED"]


BINARY_URL: Final = "urn:uuid:00000051-0000-4000-8000-000000000000"
TEXT: Final = b64encode(b"Office visit notes.").decode()
FORMS: dict[str, tuple[Json, ...]] = {
    "binary of a document": (
        reference({"contentType": "text/plain", "url": BINARY_URL, "title": "Scan"}),
        {"resourceType": "Binary", "contentType": "text/plain", "data": TEXT},
    ),
    "binary alone": (
        {"resourceType": "Binary", "contentType": "text/plain; charset=utf-8", "data": TEXT},
    ),
    "report": (
        {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": IMAGES}]},
            "presentedForm": [{"contentType": "text/plain", "data": TEXT}],
        },
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_file_is_one_document_when_it_is_sent_in_another_resource(cloud: Cloud, form: str) -> None:
    submit(cloud, with_resources(claim(BOWEL_SURGERY), *FORMS[form]))
    deliver_arrivals(cloud)
    (document,) = documents(cloud)
    assert (document["status"], document["content_type"]) == ("ATTACHED", "text/plain")


REFUSED: dict[str, tuple[Json, str, str]] = {
    "not accepted": (
        attachment(b"<a/>", "application/xml", title="ccd.xml"),
        "ccd.xml",
        "type_not_accepted",
    ),
    "no base64": (attachment(title="notes") | {"data": "%%%"}, "notes.pdf", "damaged_file"),
    "empty": (attachment(b"", title="notes"), "notes.pdf", "empty_file"),
    "other content": (attachment(PNG, title="notes"), "notes.pdf", "content_mismatch"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.rule("U1")
def test_request_is_stored_with_the_refusal_when_a_document_is_refused(
    cloud: Cloud, kind: str
) -> None:
    file, name, code = REFUSED[kind]
    document = with_resources(claim(BOWEL_SURGERY), reference(file))
    assert actions(submit(cloud, document)) == ["A4"]
    deliver_arrivals(cloud)
    (found,) = documents(cloud)
    assert (found["file_name"], found["status"], found["refusal_code"]) == (name, "REFUSED", code)
    assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        cloud.receive(entry)
    assert "DocumentRefused" in [one["type"] for one in cloud.messages().body["messages"]]
    (note,) = (text for text in notes(submit(cloud, document)) if name in text)
    assert note.startswith(f"Document {name}: refused.")


@pytest.mark.rule("W1")
def test_document_is_requested_when_the_one_that_was_sent_is_refused(cloud: Cloud) -> None:
    sent = [
        reference(attachment(PNG, title="notes"), NOTES),
        reference(attachment(title="images"), IMAGES),
    ]
    assert not is_task(submit(cloud, with_resources(claim(PACEMAKER), *sent)))
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    reply = submit(cloud, with_resources(claim(PACEMAKER), *sent))
    task = code_task(reply.body)
    assert [one["valueCodeableConcept"]["coding"][0]["code"] for one in task["input"][1:]] == [
        NOTES
    ]


def test_remaining_documents_are_named_when_there_are_too_many(cloud: Cloud) -> None:
    sent = [reference(page(number)) for number in range(12)]
    reply = submit(cloud, with_resources(claim(BOWEL_SURGERY), *sent))
    assert len(documents(cloud)) == 10
    left = [text for text in notes(reply) if "A request takes 10 documents" in text]
    assert len(left) == 2


def test_document_is_not_retrieved_when_only_its_address_is_sent(cloud: Cloud) -> None:
    file = reference({"contentType": "application/pdf", "url": "https://ehr.example.org/1"})
    reply = submit(cloud, with_resources(claim(BOWEL_SURGERY), file))
    assert documents(cloud) == []
    assert any("documents are not retrieved" in text for text in notes(reply))


def test_remedy_is_named_when_a_bundle_is_too_large(cloud: Cloud) -> None:
    large = with_resources(claim(), reference(attachment(b"%PDF" + b"x" * 3_500_000)))
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", large, by=PROVIDER)
    assert (reply.status, issues(reply)) == (413, ["too-long"])
    assert "$submit-attachment" in reply.body["issue"][0]["details"]["text"]


# -- $submit-attachment ----------------------------------------------------------------------------


@pytest.mark.parametrize("by_number", [True, False], ids=["number", "claim"])
@pytest.mark.rule("W6")
def test_attachment_answers_the_request_for_information_when_it_is_attached(
    cloud: Cloud, by_number: bool
) -> None:
    head = response(submit(cloud, claim(PACEMAKER)))
    number = extensions(head["item"][0])["administrationReferenceNumber"]["valueString"]
    cloud.clock.pass_by(minutes=1)
    sent = parameters(number if by_number else "111099", reference(attachment()))
    by = FACILITY if by_number else PROVIDER
    reply = attach(cloud, sent, by=by)
    assert (reply.status, issues(reply)) == (200, ["informational"])
    assert rfi_is_open(cloud)
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert not rfi_is_open(cloud)
    (document,) = documents(cloud)
    assert (document["status"], document["document_type"]) == ("ATTACHED", "CLINICAL_NOTES")
    again = attach(cloud, sent, by=by)
    assert "is attached to precertification" in again.body["issue"][0]["details"]["text"]
    assert len(documents(cloud)) == 1


def test_request_for_information_stays_open_when_more_is_announced(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    cloud.clock.pass_by(minutes=1)
    first = parameters("111099", reference(attachment()), Final={"valueBoolean": False})
    attach(cloud, first)
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert rfi_is_open(cloud)
    last = parameters("111099", reference(attachment()))
    attach(cloud, last)
    assert not rfi_is_open(cloud)


def of_other_member(sent: Json) -> None:
    sent["parameter"][4]["valueIdentifier"] = {"value": "U70019461"}


NOT_FOUND: dict[str, tuple[Callable[[Json], object], dict[str, str]]] = {
    "unknown": (
        lambda sent: sent["parameter"][0]["valueIdentifier"].update(value="none"),
        PROVIDER,
    ),
    "another member": (of_other_member, PROVIDER),
    "another provider": (lambda _: None, STRANGER),
}


@pytest.mark.parametrize("kind", NOT_FOUND)
@pytest.mark.rule("A2")
def test_attachment_is_not_taken_when_no_request_of_the_caller_is_named(
    cloud: Cloud, kind: str
) -> None:
    head = response(submit(cloud, claim(BOWEL_SURGERY)))
    number = extensions(head["item"][0])["administrationReferenceNumber"]["valueString"]
    change, by = NOT_FOUND[kind]
    sent = parameters(number, reference(attachment()))
    change(sent)
    reply = attach(cloud, sent, by=by)
    assert (reply.status, issues(reply)) == (404, ["not-found"])
    assert number not in reply.text
    assert documents(cloud) == []


def test_attachment_is_refused_when_the_request_is_decided(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    reply = attach(cloud, parameters("111099", reference(attachment())))
    assert (reply.status, issues(reply)) == (409, ["conflict"])


WRONG: dict[str, tuple[Any, str]] = {
    "no parameters": ({"resourceType": "Bundle"}, "Parameters"),
    "no tracking id": (
        parameters("1", reference(attachment()), TrackingId=None),
        "TrackingId",
    ),
    "no sender": (parameters("1", reference(attachment()), OrganizationId=None), "OrganizationId"),
    "no member": (parameters("1", reference(attachment()), MemberId=None), "MemberId"),
    "no attachment": (parameters("1"), "Attachment"),
    "wrong use": (
        parameters("1", reference(attachment()), AttachTo={"valueCode": "x"}),
        "AttachTo",
    ),
    "no content": (parameters("1", {"resourceType": "Observation"}), "parameter[5]"),
    "address": (
        parameters("1", reference({"url": "https://ehr.example.org/1"})),
        "content[0].attachment",
    ),
    "final as text": (
        parameters("1", reference(attachment()), Final={"valueString": "true"}),
        "Final",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_place_is_named_when_a_parameter_is_wrong(cloud: Cloud, kind: str) -> None:
    sent, place = WRONG[kind]
    reply = attach(cloud, sent)
    assert reply.status == 422
    assert any(place in one["expression"][0] for one in reply.body["issue"])


def test_part_is_named_when_it_is_not_used(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    observation = {"resourceType": "Observation", "id": "o"}
    entries = [{"resource": reference(attachment())}, {"resource": observation}]
    content = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    sent = parameters("111099", content, code="11506-3")
    sent["parameter"][-1]["part"][-1]["valueCodeableConcept"] = {"text": "Notes"}
    reply = attach(cloud, sent)
    places = [one["expression"] for one in reply.body["issue"] if one["code"] == "not-supported"]
    attachment_place = "Parameters.parameter[5].part.where"
    assert places == [
        [f"{attachment_place}(name='Code')"],
        [f"{attachment_place}(name='Content').resource.entry[1].resource"],
    ]
    assert len(documents(cloud)) == 1


@pytest.mark.parametrize("kind", ["line", "type"])
def test_nothing_is_attached_when_a_part_of_an_attachment_is_wrong(cloud: Cloud, kind: str) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    good, bad = reference(attachment()), reference(attachment(b"<a/>", "application/xml"))
    sent = parameters("111099", good, *([bad] if kind == "type" else []))
    if kind == "line":
        sent["parameter"][-1]["part"][0]["valueString"] = "7"
    reply = attach(cloud, sent)
    assert (reply.status, documents(cloud)) == (422, [])


@pytest.mark.rule("U3")
def test_attachment_is_refused_when_all_slots_are_taken(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    files = [reference(page(number)) for number in range(11)]
    for file in files[:10]:
        assert attach(cloud, parameters("111099", file)).status == 200
    assert attach(cloud, parameters("111099", files[10])).status == 409
    assert len(documents(cloud)) == 10


def test_operation_is_unknown_when_it_is_not_submit_attachment(cloud: Cloud) -> None:
    reply = cloud.call(pas, "POST", "/fhir/r4/$other", {}, by=PROVIDER)
    assert (reply.status, issues(reply)) == (404, ["not-found"])
