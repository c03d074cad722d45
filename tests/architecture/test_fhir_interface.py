"""The FHIR interface does not break callers: each kind of breaking change is reported, and the current
interface has none.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from functions.crd import services
from precert.fhir import capabilities, questionnaires
from tools import api_changelog
from tools.fhir_interface import document
from tools.fhir_interface_changes import changes
from tools.openapi_changes import Change, Kind
from tools.openapi_files import as_json

Json = dict[str, Any]
CURRENT: Final = document()
PACKAGE: Final = "Questionnaire/$questionnaire-package"
CLAIM: Final = "POST /fhir/r4/Claim/{operation}"


def found(change: Callable[[Json], object]) -> list[Change]:
    """The changes that the comparison reports for a modified document."""
    new = copy.deepcopy(CURRENT)
    change(new)
    assert new != CURRENT
    return changes(CURRENT, new)


def kinds(result: list[Change]) -> set[Kind]:
    return {change.kind for change in result}


def resource(of: Json, kind: str) -> Json:
    (rest,) = of["capability_statement"]["rest"]
    return next(one for one in rest["resource"] if one["type"] == kind)


def service(of: Json, hook: str) -> Json:
    return next(one for one in of["cds_services"]["services"] if one["hook"] == hook)


def options(of: Json) -> list[Json]:
    listed: list[Json] = service(of, "order-sign")["extension"]["davinci-crd.configuration-options"]
    return listed


def sign_in(of: Json) -> Json:
    found_: Json = of["smart_configuration"]
    return found_


BREAKS: Final[dict[str, Callable[[Json], object]]] = {
    "an operation is removed": lambda new: resource(new, "Claim")["operation"].pop(),
    "an operation of the server is removed": lambda new: new["capability_statement"]["rest"][0][
        "operation"
    ].clear(),
    "an operation has another definition": lambda new: resource(new, "Claim")["operation"][
        0
    ].update(definition="http://example.org/another"),
    "an interaction is removed": lambda new: resource(new, "Subscription")["interaction"].pop(),
    "a search parameter is removed": lambda new: resource(new, "Subscription")["searchParam"].pop(),
    "a search parameter has another type": lambda new: resource(new, "Subscription")["searchParam"][
        0
    ].update(type="string"),
    "a profile is removed": lambda new: resource(new, "Claim")["supportedProfile"].pop(),
    "a topic is removed": lambda new: resource(new, "Subscription")["extension"].clear(),
    "a guide has another version": lambda new: new["capability_statement"][
        "implementationGuide"
    ].__setitem__(0, "http://example.org/guide|9"),
    "a format is removed": lambda new: new["capability_statement"]["format"].clear(),
    "FHIR has another version": lambda new: new["capability_statement"].update(fhirVersion="5.0.0"),
    "the token endpoint moves": lambda new: sign_in(new).update(token_endpoint="https://x.example"),
    "a scope is removed": lambda new: sign_in(new)["scopes_supported"].pop(),
    "a scope is narrower": lambda new: sign_in(new).update(
        scopes_supported=["system/Claim.cu", *sign_in(new)["scopes_supported"][1:]]
    ),
    "an algorithm is removed": lambda new: sign_in(new)[
        "token_endpoint_auth_signing_alg_values_supported"
    ].pop(),
    "a capability is removed": lambda new: sign_in(new)["capabilities"].pop(),
    "a hook is removed": lambda new: new["cds_services"]["services"].pop(0),
    "a service has another id": lambda new: service(new, "order-sign").update(id="sign"),
    "a version of CRD is removed": lambda new: service(new, "order-sign")["extension"].update(
        {"davinci-crd.version": ["3.0"]}
    ),
    "an option is removed": lambda new: options(new).pop(),
    "an option has another default": lambda new: options(new)[0].update(default=False),
    "a route is removed": lambda new: new["routes"].pop(CLAIM),
    "a route needs a token": lambda new: new["routes"]["GET /cds-services"].update(public=False),
    "a route has another status": lambda new: new["routes"][CLAIM].update(status=201),
    "an error has another status": lambda new: new["routes"][CLAIM].update(
        errors={"400": "not-found"}
    ),
    "another scope permits an operation": lambda new: new["operations"]["Claim/$submit"].update(
        scopes=["Claim.u"]
    ),
    "a parameter is removed": lambda new: new["operations"][PACKAGE]["in"].pop("context"),
    "a parameter is required": lambda new: new["operations"][PACKAGE]["in"]["order"].update(
        required=True
    ),
    "a new parameter is required": lambda new: new["operations"][PACKAGE]["in"].update(
        purpose={"required": True}
    ),
    "an answered parameter is removed": lambda new: new["operations"][PACKAGE]["out"].pop(),
    "an issue code is removed": lambda new: new["issue_codes"].remove("required"),
    "a reject reason is removed": lambda new: new["claim_errors"]["reject_reasons"].remove("67"),
    "a follow-up action is renamed": lambda new: new["claim_errors"].update(
        follow_up_actions=["C", "R"]
    ),
    "an error of the token endpoint is removed": lambda new: new["token_errors"].pop(),
}
ADDITIONS: Final[dict[str, Callable[[Json], object]]] = {
    "an operation": lambda new: resource(new, "Claim")["operation"].append(
        {"name": "more", "definition": "http://example.org/more"}
    ),
    "an operation with a required parameter": lambda new: new["operations"].update(
        {"Claim/$more": {"scopes": ["Claim.s"], "in": {"claim": {"required": True}}}}
    ),
    "a route": lambda new: new["routes"].update(
        {"GET /fhir/r4/Claim": {"public": False, "status": 200, "errors": {}}}
    ),
    "a search parameter": lambda new: resource(new, "Subscription")["searchParam"].append(
        {"name": "criteria", "type": "string"}
    ),
    "a scope": lambda new: sign_in(new)["scopes_supported"].append("system/Task.r"),
    "a hook": lambda new: new["cds_services"]["services"].append(
        {**service(new, "order-sign"), "hook": "order-review", "id": "order-review-crd"}
    ),
    "an optional parameter": lambda new: new["operations"][PACKAGE]["in"].update(
        purpose={"required": False}
    ),
    "a parameter that is no longer required": lambda new: new["operations"][PACKAGE]["in"][
        "coverage"
    ].update(required=False),
    "an issue code": lambda new: new["issue_codes"].append("too-costly"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_breaking_change_is_reported_when_the_interface_loses_something(name: str) -> None:
    assert Kind.BROKEN in kinds(found(BREAKS[name]))


@pytest.mark.parametrize("name", ADDITIONS)
def test_no_breaking_change_is_reported_when_the_interface_gains_something(name: str) -> None:
    assert kinds(found(ADDITIONS[name])) == {Kind.ADDED}


def test_no_change_is_reported_when_only_texts_and_prefetch_change() -> None:
    def reword(new: Json) -> None:
        service(new, "order-sign").update(description="Other words.", prefetch={})
        resource(new, "Claim")["operation"][0]["documentation"] = "Other words."

    assert found(reword) == []


def without_submit(patch: pytest.MonkeyPatch) -> None:
    left = tuple(one for one in capabilities.SERVED if one.code != "submit")
    for module in ("precert.fhir.capabilities", "tools.fhir_interface"):
        patch.setattr(f"{module}.SERVED", left)


def with_another_scope(patch: pytest.MonkeyPatch) -> None:
    rows = tuple(
        replace(one, scope="Claim.u") if one.code == "submit" else one
        for one in capabilities.SERVED
    )
    for module in ("precert.fhir.capabilities", "tools.fhir_interface"):
        patch.setattr(f"{module}.SERVED", rows)


def with_another_name(patch: pytest.MonkeyPatch) -> None:
    """The reader of ``$questionnaire-package`` expects another name of a parameter."""
    read = vars(questionnaires)["_texts"]

    def renamed(parameters: Any, name: str, value: str) -> Any:
        return read(parameters, {"context": "reason"}.get(name, name), value)

    patch.setattr(questionnaires, "_texts", renamed)


PLANTED: Final[dict[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "an operation is not served": without_submit,
    "an operation has another scope": with_another_scope,
    "a parameter has another name": with_another_name,
    "a hook is not served": lambda patch: patch.setattr(
        services, "SERVICES", services.SERVICES[1:]
    ),
    "an option is missing": lambda patch: patch.setattr(services, "_OPTIONS", ()),
    "a search parameter is missing": lambda patch: patch.setattr(
        capabilities, "SEARCH_PARAMETERS", {}
    ),
    "an algorithm is not accepted": lambda patch: patch.setattr(
        "functions.smart.models.ALGORITHMS", ["RS384"]
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_breaking_change_is_reported_when_the_code_has_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PLANTED[name](monkeypatch)
    assert api_changelog.fhir_breaks(document())


def test_no_caller_breaks_when_the_interface_is_compared_with_the_released_one() -> None:
    assert [str(change) for change in api_changelog.fhir_breaks(CURRENT)] == []


def test_document_is_current_when_it_is_built_from_the_code() -> None:
    assert as_json(CURRENT) == api_changelog.FHIR_DOCUMENT.read_text(encoding="utf-8")
