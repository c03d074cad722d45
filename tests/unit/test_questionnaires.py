"""Questionnaires of the sample payer, and their agreement with its rule list."""

import json
import re
from typing import Any, Final
from uuid import uuid4

import pytest
from fhirpathpy import evaluate
from fhirpathpy.models import models
from pydantic import ValidationError

from local.sample import sample_text
from precert.domain.loading_rules import load_rule_rows
from precert.domain.questionnaires import Questionnaires, rules_without_questionnaire
from precert.fhir.capabilities import SERVED
from precert.fhir.questionnaires import (
    DTR,
    PackageRequest,
    answered_links,
    package_of,
    questionnaire,
)
from tests.fakes.clock import START
from tests.fakes.samples import DATA, payer

TEXT: Final = (DATA / "payer" / "questionnaires.json").read_text(encoding="utf-8")
SAMPLE: Final = Questionnaires.model_validate_json(TEXT)


def test_every_rule_has_a_questionnaire_when_it_requires_documents() -> None:
    rows = load_rule_rows(sample_text("rules"), None, payer())
    assert list(rules_without_questionnaire(rows, SAMPLE)) == []
    assert SAMPLE.sections.keys() == payer().required_documentation.keys()


def test_line_is_named_when_a_rule_has_no_questionnaire() -> None:
    rows = load_rule_rows(sample_text("rules"), None, payer())
    fewer = SAMPLE.model_copy(update={"families": SAMPLE.families[1:]})
    [error] = rules_without_questionnaire(rows, fewer)
    rule = next(rule for line, rule in rows if line == error.row)
    assert set(rule.required_documentation) == SAMPLE.families[0].documents
    assert error.column == "required_documentation"


def changed(**changes: Any) -> Questionnaires:
    return Questionnaires.model_validate({**json.loads(TEXT), **changes})


BROKEN: Final[dict[str, dict[str, Any]]] = {
    "two families of one name": {
        "families": [
            {"name": "a", "title": "A", "documents": ["PRESCRIPTION"]},
            {"name": "a", "title": "B", "documents": ["PHOTOGRAPHS"]},
        ]
    },
    "two families of the same documents": {
        "families": [
            {"name": "a", "title": "A", "documents": ["PRESCRIPTION"]},
            {"name": "b", "title": "B", "documents": ["PRESCRIPTION"]},
        ]
    },
    "a document without a section": {
        "families": [{"name": "a", "title": "A", "documents": ["X_RAY"]}]
    },
    "an unknown value set": {"value_sets": {}},
    "an unknown query": {
        "about": {
            "title": "A",
            "questions": [{"link_id": "q", "text": "Q", "kind": "date", "initial": "%labs.date"}],
        }
    },
    "a query of all patients": {"queries": {"visits": "Encounter?date=ge2026-01-01"}},
    "a query of another patient": {"queries": {"visits": "Encounter?patient=p2"}},
    "a query of another server": {
        "queries": {"visits": "https://x.example/Encounter?patient={{%patient.id}}"}
    },
    "a choice without codes": {
        "about": {
            "title": "A",
            "questions": [{"link_id": "q", "text": "Q", "kind": "choice"}],
        }
    },
}


@pytest.mark.parametrize("kind", BROKEN)
def test_file_is_refused_when_it_contradicts_itself(kind: str) -> None:
    with pytest.raises(ValidationError):
        changed(**BROKEN[kind])


def test_document_counts_as_answered_when_all_its_required_questions_are() -> None:
    [family] = (one for one in SAMPLE.families if one.name == "sleep-study")
    [(_, section)] = SAMPLE.sections_of(family)
    required = [one.link_id for one in section.questions if one.required]
    assert SAMPLE.answered_documents(family, required) == {"SLEEP_STUDY"}
    for one in required:
        assert not SAMPLE.answered_documents(family, {*required} - {one})


def test_links_are_answered_when_an_answer_has_a_value_at_any_depth() -> None:
    response = {
        "item": [
            {"linkId": "group", "item": [{"linkId": "a", "answer": [{"valueBoolean": False}]}]},
            {"linkId": "empty", "answer": []},
            {"linkId": "blank", "answer": [{"valueString": ""}]},
            {
                "linkId": "b",
                "answer": [
                    {
                        "valueInteger": 0,
                        "item": [{"linkId": "c", "answer": [{"valueDate": "2026-07-01"}]}],
                    }
                ],
            },
        ]
    }
    assert answered_links(response) == {"a", "b", "c"}


def forms() -> list[dict[str, Any]]:
    return [questionnaire(one, SAMPLE, "Sample Health Plan") for one in SAMPLE.families]


def items(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for group in form["item"] for one in group["item"]]


def test_no_item_is_hidden_when_a_questionnaire_is_built() -> None:
    assert len(forms()) == len(SAMPLE.families)
    for form in forms():
        audiences = [one for one in form["extension"] if one["url"].endswith("Audience")]
        assert [one["valueCode"] for one in audiences] == ["clinical"]
        assert form["effectivePeriod"]["start"]
        for one in items(form):
            assert one["text"]
            assert not {"readOnly", "enableWhen"} & one.keys()
            urls = {each["url"] for each in one.get("extension", ())}
            assert {url.rpartition("/")[2] for url in urls} <= {
                "sdc-questionnaire-initialExpression"
            }


VARIABLE: Final = "http://hl7.org/fhir/StructureDefinition/variable"


def test_expressions_read_what_they_populate_only_when_a_questionnaire_is_built() -> None:
    """Nothing of the patient is queried that no question of the same form needs."""
    with_queries = set()
    for family, form in zip(SAMPLE.families, forms(), strict=True):
        expressions = [
            each["valueExpression"] for one in items(form) for each in one.get("extension", ())
        ]
        assert {one["language"] for one in expressions} == {"text/fhirpath"}
        read = {name for one in expressions for name in re.findall(r"%(\w+)", one["expression"])}
        queries = [one["valueExpression"] for one in form["extension"] if one["url"] == VARIABLE]
        assert {one["name"] for one in queries} | {"patient"} == read
        assert {one["language"] for one in queries} <= {"application/x-fhir-query"}
        for one in queries:
            kind, parameters = one["expression"].split("?")
            assert set(re.findall(r"(\w+)=", parameters)) - {"patient"} <= US_CORE[kind]
            assert "patient={{%patient.id}}" in parameters
        if queries:
            with_queries.add(family.name)
        [launch] = (one for one in form["extension"] if one["url"].endswith("launchContext"))
        assert launch["extension"][1] == {"url": "type", "valueCode": "Patient"}
    assert {"clinical-notes", "weight-loss-surgery", "specialty-drugs"} <= with_queries
    assert "therapy" not in with_queries


US_CORE: Final = {
    "DiagnosticReport": {"category", "code", "date"},
    "Encounter": {"date"},
    "MedicationRequest": {"intent", "status", "encounter"},
    "Observation": {"category", "code", "date"},
    "Procedure": {"date"},
}
"""The search parameters that US Core 3.1 and later require of EHRs, beside the patient."""


def found(*resources: dict[str, Any]) -> dict[str, Any]:
    """The answer of an EHR to a query."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": one} for one in resources],
    }


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "effectiveDateTime": "2026-05-02T08:30:00Z", **more}


EHR: Final = {
    "patient": {"resourceType": "Patient", "id": "p1", "birthDate": "1986-01-01"},
    "visits": found(
        {"resourceType": "Encounter", "period": {"start": "2026-06-02T10:00:00Z"}},
        {"resourceType": "Encounter", "period": {"start": "2026-05-02T10:00:00Z"}},
    ),
    "imaging": found(
        {
            "resourceType": "DiagnosticReport",
            "effectiveDateTime": "2026-04-02",
            "conclusion": "No fracture.",
        }
    ),
    "laboratory": found(
        observation(
            code={"coding": [{"display": "Hemoglobin"}]},
            valueQuantity={"value": 13.1, "unit": "g/dL"},
        ),
        observation(code={"text": "Culture"}, valueCodeableConcept={"text": "negative"}),
    ),
    "procedures": found(
        {
            "resourceType": "Procedure",
            "code": {"text": "Physical therapy"},
            "performedPeriod": {"start": "2026-01-05"},
        },
        {
            "resourceType": "Procedure",
            "code": {"text": "Injection"},
            "performedDateTime": "2026-02-06T09:00:00Z",
        },
    ),
    "medications": found(
        {
            "resourceType": "MedicationRequest",
            "status": "stopped",
            "medicationCodeableConcept": {"coding": [{"display": "Ibuprofen 400 mg"}]},
        }
    ),
    "height": found(
        observation(valueQuantity={"value": 67, "code": "[in_i]"}),
        observation(valueQuantity={"value": 170, "code": "cm"}),
    ),
    "weight": found(observation(valueQuantity={"value": 110.5, "code": "kg"})),
}
"""What a sample EHR answers to the queries of the questionnaires, by their names."""
POPULATED: Final = {
    "about-birth-date": "1986-01-01",
    "clinical-notes-last-visit": "2026-06-02",
    "imaging-date": "2026-04-02",
    "imaging-findings": "No fracture.",
    "laboratory-date": "2026-05-02",
    "laboratory-findings": "Hemoglobin: 13.1 g/dL\nCulture: negative",
    "treatment-history-treatments": "Physical therapy (2026-01-05)\nInjection (2026-02-06)",
    "medication-history-medications": "Ibuprofen 400 mg (stopped)",
    "weight-history-height": "170",
    "weight-history-weight": "110.5",
}


def populated(data: dict[str, Any]) -> dict[str, str]:
    """What an EHR with these data answers, by the questions that have an expression."""
    answers = {}
    for section in (SAMPLE.about, *SAMPLE.sections.values()):
        for one in section.questions:
            if one.initial:
                values = evaluate({}, one.initial, data, models["r4"])
                answers[one.link_id] = " | ".join(str(each) for each in values)
    return answers


def test_answers_are_populated_when_the_ehr_has_the_data() -> None:
    assert populated(EHR) == POPULATED


def test_nothing_is_populated_when_the_ehr_has_no_data() -> None:
    nothing: dict[str, Any] = dict.fromkeys(EHR, found()) | {"patient": {"resourceType": "Patient"}}
    assert set(populated(nothing).values()) == {""}


def packages() -> list[dict[str, Any]]:
    """The package of every questionnaire of the sample payer."""
    coverage = {"resourceType": "Coverage", "id": "c1", "beneficiary": {"reference": "Patient/p1"}}
    request = PackageRequest(coverage, (), ("-",), None, None)
    return [
        package_of(
            one, SAMPLE, request, (), publisher="Plan", at=START, new_uuid=lambda: str(uuid4())
        )
        for one in SAMPLE.families
    ]


def test_no_form_has_cql_when_packages_are_built() -> None:
    """So that nothing of CQL and its libraries, which the guide regulates, arises."""
    for one in packages():
        text = json.dumps(one)
        for name in ("text/cql", "cqf-library", "cqf-expression", "alternativeExpression"):
            assert name not in text
        kinds = {each["resource"]["resourceType"] for each in one["entry"]}
        assert kinds <= {"Questionnaire", "QuestionnaireResponse", "ValueSet"}


def test_no_form_is_adaptive_when_packages_are_built() -> None:
    for one in packages():
        form = one["entry"][0]["resource"]
        assert form["meta"]["profile"] == [f"{DTR}/dtr-std-questionnaire"]
        assert "questionnaireAdaptive" not in json.dumps(one)
    assert "next-question" not in {one.code for one in SERVED}


def test_no_form_controls_its_flow_when_packages_are_built() -> None:
    """What is shown, and what is required, follows from no answer and from no expression."""
    for one in packages():
        text = json.dumps(one)
        for name in ("enableWhen", "calculatedExpression", "ToggleExpression", "answerExpression"):
            assert name not in text


def test_no_form_links_to_pages_when_packages_are_built() -> None:
    for one in packages():
        text = json.dumps(one)
        for name in ("supportLink", "supportHyperlink", "itemMedia", "AnswerMedia", "contained"):
            assert name not in text
        assert "Binary" not in text


def test_each_form_has_one_version_when_packages_are_built() -> None:
    forms_ = [one["entry"][0]["resource"] for one in packages()]
    assert len({one["url"] for one in forms_}) == len(forms_)
    assert {one["version"] for one in forms_} == {SAMPLE.version}
