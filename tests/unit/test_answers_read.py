"""Every answer of a QuestionnaireResponse is a line of its document, as it was given."""

from typing import Any, Final

import pytest

from precert.fhir.answers import answered_sections, responses_of
from precert.fhir.bundles import bundle_of
from tests.adapters.pas_documents import with_resources
from tests.adapters.pas_questionnaires import PACEMAKERS, answers
from tests.fakes.samples import questionnaires
from tests.unit.test_export import bundle

Json = dict[str, Any]


def response(*given: Json, link: str = "q") -> Json:
    items = [{"linkId": link, "text": "Question", "answer": [one]} for one in given]
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}


def lines(sent: Json) -> list[str]:
    found = answered_sections(sent, "QuestionnaireResponse", questionnaires())
    return [line for section in found for line in section.lines]


GIVEN: Final[dict[str, tuple[Json, str]]] = {
    "quantity with a comparator": (
        {"valueQuantity": {"value": 5, "comparator": "<", "unit": "mg"}},
        "  <5 mg",
    ),
    "quantity without a value": ({"valueQuantity": {"unit": "mg"}}, '  {"unit": "mg"}'),
    "reference": ({"valueReference": {"display": "Dr. A"}}, '  {"display": "Dr. A"}'),
    "coding with a system only": ({"valueCoding": {"system": "urn:x"}}, '  {"system": "urn:x"}'),
    "boolean as text": ({"valueBoolean": "true"}, "  true"),
    "no": ({"valueBoolean": False}, "  No"),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_answer_is_shown_when_it_has_any_type(kind: str) -> None:
    given, line = GIVEN[kind]
    assert line in lines(response(given))


def test_each_answer_is_shown_when_a_question_is_repeated() -> None:
    sent = answers(PACEMAKERS)
    [group, *_] = [one for one in sent["item"] if one["linkId"] != "about"]
    [question] = [one for one in group["item"] if "valueString" in one["answer"][0]][:1]
    group["item"].append({**question, "answer": [{"valueString": "A second one"}]})
    found = lines(sent)
    assert "  A second one" in found
    assert f"  {question['answer'][0]['valueString']}" in found


def test_answer_is_shown_when_the_questionnaire_does_not_have_its_question() -> None:
    sent = answers(PACEMAKERS)
    sent["item"].append(response({"valueString": "Extra"}, link="unknown")["item"][0])
    assert "  Extra" in lines(sent)


def test_last_line_states_it_when_a_response_is_too_long() -> None:
    found = lines(response(*[{"valueString": str(one)} for one in range(1500)]))
    assert len(found) == 2000
    assert "further lines are in the response itself" in found[-1]


def test_response_is_read_when_it_is_in_a_bundle_of_a_claim() -> None:
    entries = [{"resource": response({"valueString": "x"})}]
    nested = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    sent = bundle_of(with_resources(bundle(), nested), first="Claim")
    [(place, found)] = responses_of(sent)
    assert found["status"] == "completed"
    assert place.endswith(".resource.entry[0].resource")
