"""A QuestionnaireResponse in a claim's bundle answers the required documentation (Da Vinci DTR)."""

from typing import Final

import pytest

from functions.dtr import handler as dtr
from tests.adapters.callers import FACILITY
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import coverage
from tests.adapters.pas_calls import PACEMAKER, Json, claim, issues, resources, submit
from tests.adapters.pas_documents import (
    NOTES,
    attach,
    attachment,
    deliver_arrivals,
    documents,
    is_task,
    notes,
    only_request,
    parameters,
    reference,
    rfi_is_open,
    with_resources,
)
from tests.adapters.pas_questionnaires import BASE, INCOMPLETE, PACEMAKERS, answers, bundled, types
from tests.fakes.samples import questionnaires
from tests.unit.test_export import coding, extensions


@pytest.mark.rule("W1")
def test_nothing_is_requested_when_a_response_answers_the_required_documentation(
    cloud: Cloud,
) -> None:
    reply = submit(cloud, with_resources(claim(PACEMAKER), answers(PACEMAKERS)))
    assert types(cloud) == ["CLINICAL_NOTES", "IMAGING_REPORT"]
    assert not is_task(reply)
    deliver_arrivals(cloud)
    found = documents(cloud)
    assert {one["status"] for one in found} == {"ATTACHED"}
    [notes] = (one for one in found if one["document_type"] == "CLINICAL_NOTES")
    stored = cloud.clients.by_name["s3"].get_object(
        Bucket=cloud.bucket, Key=f"documents/{only_request(cloud)}/{notes['document_id']}"
    )
    text = stored["Body"].read().decode()
    assert "Symptoms and findings that support the request\n  Syncope with pauses" in text
    assert f"{BASE}/{PACEMAKERS}|2026.1" in text
    assert "Imaging" not in text
    assert cloud.download(only_request(cloud), notes["document_id"], FACILITY).status == 200


@pytest.mark.parametrize("kind", INCOMPLETE)
def test_documentation_is_still_requested_when_a_response_does_not_answer_it(
    cloud: Cloud, kind: str
) -> None:
    reply = submit(cloud, with_resources(claim(PACEMAKER), INCOMPLETE[kind]))
    assert is_task(reply)
    # What was answered is shown to reviewers all the same.
    assert None in types(cloud)
    assert "IMAGING_REPORT" not in types(cloud)


def test_files_of_answers_are_documents_when_a_response_has_them(cloud: Cloud) -> None:
    submit(cloud, with_resources(claim(PACEMAKER), answers(PACEMAKERS, with_files=True)))
    deliver_arrivals(cloud)
    found = documents(cloud)
    assert {one["status"] for one in found} == {"ATTACHED"}
    # Both sections have the same file.
    assert sorted(one["content_type"] for one in found) == [
        "application/pdf",
        "text/plain",
        "text/plain",
    ]


def test_file_is_one_document_when_it_is_in_two_places_of_a_bundle(cloud: Cloud) -> None:
    file = reference(attachment(title="Notes"), NOTES)
    submit(cloud, with_resources(claim(PACEMAKER), file, dict(file)))
    assert types(cloud) == ["CLINICAL_NOTES"]


def test_documents_are_the_same_when_the_claim_is_sent_again(cloud: Cloud) -> None:
    for _ in range(2):
        submit(cloud, with_resources(claim(PACEMAKER), answers(PACEMAKERS)))
    assert len(documents(cloud)) == 2


# -- Questionnaires that a pended response requests -------------------------------------------------


def requested_contexts(answer: Json) -> list[tuple[int, str]]:
    """Item number and context of each questionnaire that the Tasks of an answer request."""
    code = "attachment-request-questionnaire"
    found = [one for one in resources(answer, "Task") if coding(one["code"])[1] == code]
    return [
        (extensions(one)["serviceLineNumber"]["valuePositiveInt"], one["valueString"])
        for task in found
        for one in task["input"]
        if coding(one["type"])[1] == "questionnaire-context"
    ]


def test_questionnaire_is_requested_by_its_own_task_when_it_collects_the_documents(
    cloud: Cloud,
) -> None:
    answer = submit(cloud, claim(PACEMAKER)).body
    codes = [coding(one["code"])[1] for one in resources(answer, "Task")]
    assert codes == ["attachment-request-code", "attachment-request-questionnaire"]
    [(line, context)] = requested_contexts(answer)
    assert line == 1
    for task in resources(answer, "Task"):
        assert task["input"][0]["valueUrl"].endswith("/fhir/r4/$submit-attachment")
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "coverage", "resource": coverage()},
            {"name": "context", "valueString": context},
        ],
    }
    reply = cloud.call(dtr, "POST", "/fhir/r4/Questionnaire/$questionnaire-package", sent)
    assert reply.status == 200, reply.text
    [bundle] = (one["resource"] for one in reply.body["parameter"])
    assert bundle["entry"][0]["resource"]["url"] == f"{BASE}/{PACEMAKERS}"


def test_questionnaire_of_the_rule_is_requested_when_one_document_remains(cloud: Cloud) -> None:
    sent = with_resources(claim(PACEMAKER), reference(attachment(), NOTES))
    assert requested_contexts(submit(cloud, sent).body) == [(1, f"PAS-{PACEMAKERS}")]


def test_no_questionnaire_is_requested_when_none_collects_the_documents(cloud: Cloud) -> None:
    data = cloud.deps.questionnaires
    fewer = tuple(one for one in data.families if one.name != PACEMAKERS)
    cloud.deps.questionnaires = data.model_copy(update={"families": fewer})
    answer = submit(cloud, claim(PACEMAKER)).body
    assert is_task(submit(cloud, claim(PACEMAKER)))
    assert requested_contexts(answer) == []


@pytest.mark.rule("W1")
@pytest.mark.parametrize("form", ["alone", "bundle"])
def test_request_for_information_is_answered_when_a_response_is_attached(
    cloud: Cloud, form: str
) -> None:
    submit(cloud, claim(PACEMAKER))
    cloud.clock.pass_by(minutes=1)
    response = answers(PACEMAKERS)
    sent = parameters(
        "111099", bundled(response) if form == "bundle" else response, code="102089-0"
    )
    assert attach(cloud, sent).status == 200
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert types(cloud) == ["CLINICAL_NOTES", "IMAGING_REPORT"]
    assert not rfi_is_open(cloud)
    assert not is_task(submit(cloud, claim(PACEMAKER)))
    attach(cloud, sent)
    assert len(documents(cloud)) == 2


def test_request_for_information_stays_open_when_the_response_is_in_progress(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    cloud.clock.pass_by(minutes=1)
    assert attach(cloud, parameters("111099", answers(PACEMAKERS, status="in-progress"))).status
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert types(cloud) == [None, None]
    assert rfi_is_open(cloud)


EMPTY: Final[dict[str, Json]] = {
    "no items": answers(PACEMAKERS, item=[]),
    "no answers": answers(
        PACEMAKERS,
        *(
            one.link_id
            for section in questionnaires().sections.values()
            for one in section.questions
        ),
    ),
    "a bundle without a response": bundled({"resourceType": "Patient"}),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_place_is_named_when_an_attached_response_answers_nothing(cloud: Cloud, kind: str) -> None:
    submit(cloud, claim(PACEMAKER))
    reply = attach(cloud, parameters("111099", answers(PACEMAKERS), EMPTY[kind]))
    assert (reply.status, len(issues(reply))) == (422, 1)
    assert reply.body["issue"][0]["expression"][0].startswith("Parameters.parameter[6]")
    assert documents(cloud) == []


def test_note_says_how_to_send_answers_when_the_claim_was_received_before(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    again = submit(cloud, with_resources(claim(PACEMAKER), answers(PACEMAKERS)))
    assert documents(cloud) == []
    [note] = (one for one in notes(again) if "$submit-attachment" in one)
    assert note.startswith("Bundle.entry[")
