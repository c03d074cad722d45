"""A QuestionnaireResponse in a claim's bundle answers the required documentation (Da Vinci DTR)."""

from typing import Any, Final

import pytest

from precert.fhir.questionnaires import questionnaire
from tests.adapters.callers import FACILITY
from tests.adapters.cloud import Cloud
from tests.adapters.test_pas import PACEMAKER, Json, claim, submit
from tests.adapters.test_pas_documents import (
    NOTES,
    attachment,
    deliver_arrivals,
    documents,
    is_task,
    only_request,
    reference,
    with_resources,
)
from tests.fakes.samples import questionnaires

BASE: Final = "https://fhir.samplehealthplan.example.com/Questionnaire"
VALUES: Final[dict[str, Json]] = {
    "attachment": {"valueAttachment": attachment(title="Report")},
    "boolean": {"valueBoolean": False},
    "choice": {"valueCoding": {"code": "CT", "display": "Computed Tomography"}},
    "date": {"valueDate": "2026-06-20"},
    "decimal": {"valueDecimal": 1.5},
    "integer": {"valueInteger": 0},
    "string": {"valueString": "Short text"},
    "text": {"valueString": "Syncope with pauses of four seconds"},
}


def answers(name: str, *left_out: str, with_files: bool = False, **changes: Any) -> Json:
    """A completed response to one of the sample payer's questionnaires."""
    data = questionnaires()
    [family] = (one for one in data.families if one.name == name)
    form = questionnaire(family, data, "Sample Health Plan")
    groups = [
        {
            "linkId": group["linkId"],
            "text": group["text"],
            "item": [
                {
                    "linkId": item["linkId"],
                    "text": item["text"],
                    "answer": [VALUES[item["type"]]],
                }
                for item in group["item"]
                if item["linkId"] not in left_out and (with_files or item["type"] != "attachment")
            ],
        }
        for group in form["item"]
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{BASE}/{name}|{data.version}",
        "status": "completed",
        "authored": "2026-06-30T12:00:00Z",
        "item": groups,
        **changes,
    }


PACEMAKERS: Final = "devices-and-hysterectomy"


def types(cloud: Cloud) -> list[str | None]:
    return sorted((one.get("document_type") for one in documents(cloud)), key=lambda one: one or "")


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


INCOMPLETE: Final[dict[str, Json]] = {
    "a required answer is missing": answers(PACEMAKERS, "imaging-findings"),
    "it is not completed": answers(PACEMAKERS, status="in-progress"),
    "its version is another": answers(PACEMAKERS, questionnaire=f"{BASE}/{PACEMAKERS}|1.0"),
    "it is another payer's": answers(PACEMAKERS, questionnaire="https://other.example.com/q"),
    "it names no questionnaire": answers(PACEMAKERS, questionnaire=None),
}


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
