"""Da Vinci DTR: questionnaires follow from what the rule list requires as documentation."""

from typing import Any, Final

import pytest

from functions.dtr import handler as dtr
from precert.api.operation import FHIR_JSON
from tests.adapters.callers import UNENTITLED
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import call_hook, concept, coverage, hook_call, only, order

Json = dict[str, Any]
BASE: Final = "https://fhir.samplehealthplan.example.com"
PACKAGE: Final = "/fhir/r4/Questionnaire/$questionnaire-package"
ERRORS: Final = "/fhir/r4/Questionnaire/$log-questionnaire-errors"
EXPAND: Final = "/fhir/r4/ValueSet/$expand"


def parameters(*orders: Json, covered: Json | None = None, **texts: str) -> Json:
    sent: list[Json] = [{"name": "coverage", "resource": covered or coverage()}]
    sent += [{"name": "order", "resource": one} for one in orders]
    values = {
        "questionnaire": "valueCanonical",
        "context": "valueString",
        "changedsince": "valueInstant",
    }
    sent += [{"name": name, values[name]: value} for name, value in texts.items()]
    return {"resourceType": "Parameters", "parameter": sent}


def package(cloud: Cloud, document: Any, **more: Any) -> Reply:
    return cloud.call(dtr, "POST", PACKAGE, document, **more)


def named(reply: Reply, name: str) -> list[Json]:
    assert reply.status == 200, reply.text
    assert reply.headers["Content-Type"] == FHIR_JSON
    return [one["resource"] for one in reply.body["parameter"] if one["name"] == name]


def resources(bundle: Json) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for entry in bundle["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


def items(questionnaire: Json) -> dict[str, Json]:
    return {one["linkId"]: one for group in questionnaire["item"] for one in group["item"]}


BREAST: Final = order("19318", place="24", category=[])


def test_questionnaire_asks_for_the_documents_of_the_rule_when_an_order_requires_them(
    cloud: Cloud,
) -> None:
    [bundle] = named(package(cloud, parameters(BREAST)), "packagebundle")
    [first] = resources(bundle)["Questionnaire"]
    assert bundle["entry"][0]["resource"] == first
    assert [one["linkId"] for one in first["item"]] == ["about", "CLINICAL_NOTES", "PHOTOGRAPHS"]
    assert first["subjectType"] == ["Patient"]
    assert first["url"] == f"{BASE}/Questionnaire/breast-surgery"


def test_questionnaire_is_that_of_the_coverage_information_when_an_order_has_one(
    cloud: Cloud,
) -> None:
    found = only(call_hook(cloud, hook_call(BREAST)))
    [canonical] = found["questionnaire"]
    reply = package(cloud, parameters(questionnaire=canonical))
    [bundle] = named(reply, "packagebundle")
    [response] = resources(bundle)["QuestionnaireResponse"]
    assert response["questionnaire"] == canonical
    again = package(cloud, parameters(BREAST, context=found["coverage-assertion-id"]))
    [other] = named(again, "packagebundle")
    assert resources(other)["Questionnaire"] == resources(bundle)["Questionnaire"]


def test_draft_response_has_what_the_order_states_when_it_is_packaged(cloud: Cloud) -> None:
    [bundle] = named(package(cloud, parameters(BREAST)), "packagebundle")
    [draft] = resources(bundle)["QuestionnaireResponse"]
    assert draft["status"] == "in-progress"
    assert draft["subject"] == {"reference": "Patient/p1"}
    urls = [one["url"].rpartition("/")[2] for one in draft["extension"]]
    assert urls == ["qr-coverage", "qr-context", "intendedUse"]
    [about] = draft["item"]
    answers = {one["linkId"]: one["answer"][0] for one in about["item"]}
    assert answers["about-service"]["valueString"] == "19318"
    assert answers["about-date"]["valueDate"] == "2026-07-20"
    assert answers["about-diagnosis"]["valueString"] == "K5650"
    for answer in answers.values():
        [origin] = answer["extension"]
        assert origin["extension"] == [{"url": "source", "valueCode": "auto-server"}]


def test_draft_response_has_no_diagnosis_when_the_first_reason_cannot_be_read(cloud: Cloud) -> None:
    reasons = [concept("http://snomed.info/sct", "1"), *BREAST["reasonCode"]]
    sent = parameters({**BREAST, "reasonCode": reasons})
    [bundle] = named(package(cloud, sent), "packagebundle")
    [draft] = resources(bundle)["QuestionnaireResponse"]
    links = {one["linkId"] for one in draft["item"][0]["item"]}
    assert links == {"about-service", "about-date"}


def test_value_sets_are_packaged_expanded_when_a_choice_refers_to_them(cloud: Cloud) -> None:
    canonical = f"{BASE}/Questionnaire/vessels"
    [bundle] = named(package(cloud, parameters(questionnaire=canonical)), "packagebundle")
    found = resources(bundle)
    [questionnaire] = found["Questionnaire"]
    named_sets = {
        one["answerValueSet"] for one in items(questionnaire).values() if "answerValueSet" in one
    }
    sets = {f"{one['url']}|{one['version']}": one for one in found["ValueSet"]}
    assert sets.keys() == named_sets
    for one in sets.values():
        assert one["expansion"]["total"] == len(one["expansion"]["contains"]) < 40
        assert one["expansion"]["timestamp"].startswith("2026-07-01")


def texts(reply: Reply) -> list[str]:
    [outcome] = named(reply, "outcome")
    return [one["details"]["text"] for one in outcome["issue"]]


def test_warning_names_the_questionnaire_when_it_is_unknown(cloud: Cloud) -> None:
    for address in (f"{BASE}/Questionnaire/other", f"{BASE}/Questionnaire/vessels|1", "x"):
        reply = package(cloud, parameters(questionnaire=address))
        assert named(reply, "packagebundle") == []
        assert address in texts(reply)[0]


def test_package_is_returned_once_when_its_questionnaire_is_named_twice(cloud: Cloud) -> None:
    address = f"{BASE}/Questionnaire/breast-surgery"
    sent = parameters(BREAST, questionnaire=address)
    version = cloud.deps.questionnaires.version
    again = {"name": "questionnaire", "valueCanonical": f"{address}|{version}"}
    sent["parameter"].append(again)
    assert len(named(package(cloud, sent), "packagebundle")) == 1


def test_outcome_says_that_nothing_is_required_when_the_rules_require_nothing(
    cloud: Cloud,
) -> None:
    reply = package(cloud, parameters(order("99213"), context="CRD-1"))
    assert named(reply, "packagebundle") == []
    assert "require no documentation" in texts(reply)[0]


def test_package_is_left_out_when_it_has_not_changed(cloud: Cloud) -> None:
    old = package(cloud, parameters(BREAST, changedsince="2025-12-31T00:00:00Z"))
    assert len(named(old, "packagebundle")) == 1
    reply = package(cloud, parameters(BREAST, changedsince="2026-06-30T00:00:00Z"))
    assert named(reply, "packagebundle") == []
    assert "changed" in texts(reply)[0]


def with_parameter(**parameter: Any) -> Json:
    """A valid call with one parameter more."""
    sent = parameters(BREAST)
    return {**sent, "parameter": [*sent["parameter"], parameter]}


REFUSED: Final[dict[str, tuple[Any, int]]] = {
    "another resource": ({"resourceType": "Bundle"}, 422),
    "no resource": ({}, 422),
    "no coverage": (
        {"resourceType": "Parameters", "parameter": [{"name": "order", "resource": BREAST}]},
        422,
    ),
    "two coverages": (
        {
            "resourceType": "Parameters",
            "parameter": [*parameters(BREAST)["parameter"], *parameters()["parameter"]],
        },
        422,
    ),
    "nothing to document": (parameters(), 422),
    "an instant without a zone": (parameters(BREAST, changedsince="2026-07-01"), 422),
    "a questionnaire in another element": (
        with_parameter(name="questionnaire", valueUri=f"{BASE}/Questionnaire/breast-surgery"),
        422,
    ),
    "an order without a resource": (with_parameter(name="order"), 422),
    "an unknown member": (parameters(BREAST, covered=coverage(subscriberId="U99999999")), 404),
    "no member": (parameters(BREAST, covered=coverage(subscriberId=None)), 404),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_outcome_is_returned_when_a_package_cannot_be_made(cloud: Cloud, kind: str) -> None:
    sent, status = REFUSED[kind]
    reply = package(cloud, sent)
    assert reply.status == status, reply.text
    assert reply.body["resourceType"] == "OperationOutcome"


def test_member_id_is_named_when_no_member_has_it(cloud: Cloud) -> None:
    reply = package(cloud, parameters(BREAST, covered=coverage(subscriberId="U99999999")))
    text = reply.body["issue"][0]["details"]["text"]
    assert "Coverage.subscriberId" in text
    assert "date of birth" not in text


@pytest.mark.rule("A6")
def test_outcome_is_returned_when_the_coverage_has_ended(cloud: Cloud) -> None:
    cloud.cover(active_to="2026-06-30")
    reply = package(cloud, parameters(BREAST))
    assert 400 <= reply.status < 500
    assert reply.body["resourceType"] == "OperationOutcome"


@pytest.mark.rule("A1")
def test_package_is_refused_when_the_caller_lacks_the_entitlement(cloud: Cloud) -> None:
    assert package(cloud, parameters(BREAST), by=UNENTITLED).status == 403


def test_operation_is_unknown_when_it_has_another_name(cloud: Cloud) -> None:
    for path in ("/fhir/r4/Questionnaire/$other", "/fhir/r4/ValueSet/$other"):
        reply = cloud.call(dtr, "POST", path, parameters())
        assert (reply.status, reply.body["issue"][0]["code"]) == (404, "not-found")


def report(**changes: Any) -> Json:
    issue = {"severity": "error", "code": "exception", "diagnostics": "Allison Adams"}
    sent = {
        "questionnaire": {"valueCanonical": f"{BASE}/Questionnaire/vessels|2026.1"},
        "operationOutcome": {"resource": {"resourceType": "OperationOutcome", "issue": [issue]}},
        **changes,
    }
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, **value} for name, value in sent.items() if value],
    }


def test_codes_alone_are_logged_when_errors_of_a_questionnaire_are_reported(cloud: Cloud) -> None:
    reply = cloud.call(dtr, "POST", ERRORS, report())
    assert (reply.status, reply.body["issue"][0]["severity"]) == (200, "information")
    log = cloud.log.getvalue()
    assert "questionnaire_error" in log
    assert "vessels" in log
    assert "Adams" not in log


@pytest.mark.parametrize("missing", ["questionnaire", "operationOutcome"])
def test_report_is_refused_when_a_part_is_missing(cloud: Cloud, missing: str) -> None:
    reply = cloud.call(dtr, "POST", ERRORS, report(**{missing: None}))
    assert reply.status == 422
    assert missing in reply.body["issue"][0]["expression"][0]


def test_codes_are_expanded_when_a_value_set_is_named(cloud: Cloud) -> None:
    address = f"{BASE}/ValueSet/laterality"
    found = cloud.call(dtr, "GET", EXPAND, query={"url": address, "_format": "json"})
    assert [one["display"] for one in found.body["expansion"]["contains"]] == [
        "Left",
        "Right",
        "Right and left",
    ]
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": address},
            {"name": "filter", "valueString": "RIGHT"},
        ],
    }
    filtered = cloud.call(dtr, "POST", EXPAND, sent)
    assert [one["display"] for one in filtered.body["expansion"]["contains"]] == [
        "Right",
        "Right and left",
    ]


@pytest.mark.parametrize(("query", "status"), [({}, 422), ({"url": f"{BASE}/ValueSet/x"}, 404)])
def test_expansion_is_refused_when_no_value_set_is_named(
    cloud: Cloud, query: dict[str, str], status: int
) -> None:
    assert cloud.call(dtr, "GET", EXPAND, query=query).status == status
