"""Answers to the payer's questionnaires, as EHRs send them with a claim or after it."""

from typing import Any, Final

from precert.fhir.questionnaires import questionnaire
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import Json
from tests.adapters.pas_documents import (
    attachment,
    documents,
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


INCOMPLETE: Final[dict[str, Json]] = {
    "a required answer is missing": answers(PACEMAKERS, "imaging-findings"),
    "it is not completed": answers(PACEMAKERS, status="in-progress"),
    "its version is another": answers(PACEMAKERS, questionnaire=f"{BASE}/{PACEMAKERS}|1.0"),
    "it is another payer's": answers(PACEMAKERS, questionnaire="https://other.example.com/q"),
    "it names no questionnaire": answers(PACEMAKERS, questionnaire=None),
}


def bundled(response: Json) -> Json:
    """A response as DTR conveys it."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": response}]}
