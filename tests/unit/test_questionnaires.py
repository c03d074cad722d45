"""Questionnaires of the sample payer, and their agreement with its rule list."""

import json
from typing import Any, Final

import pytest
from pydantic import ValidationError

from local.sample import sample_text
from precert.domain.loading_rules import load_rule_rows
from precert.domain.questionnaires import Questionnaires, rules_without_questionnaire
from precert.fhir.questionnaires import answered_links, questionnaire
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


def test_expressions_read_the_patient_only_when_they_populate_answers() -> None:
    for form in forms():
        expressions = [
            each["valueExpression"] for one in items(form) for each in one.get("extension", ())
        ]
        assert expressions == [{"language": "text/fhirpath", "expression": "%patient.birthDate"}]
        [launch] = (one for one in form["extension"] if one["url"].endswith("launchContext"))
        assert launch["extension"][1] == {"url": "type", "valueCode": "Patient"}
