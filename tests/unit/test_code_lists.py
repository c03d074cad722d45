"""Code lists: a display name for every code that a person sees (T6)."""

import importlib
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel

from precert.api.labels import labels_of_content, public_codes_of
from precert.domain.code_lists import (
    ENUM_NAMES,
    LIST_OF_FIELD,
    CodeLists,
    code_lists_of,
    version_of,
)
from precert.domain.content import RequestContent
from precert.domain.form import FieldKind
from precert.domain.form_settings import Stage
from precert.domain.payer import Payer
from precert.domain.review import Channel
from precert.domain.rules import Requirement
from precert.domain.statuses import (
    DELEGATED_ACTION,
    NOT_REQUIRED_ACTION,
    Action,
    LineStatus,
    Status,
)
from precert.domain.values import Urgency
from precert.names import Entitlement
from precert.usecases.codes import get_reference
from tests.architecture.source import ROOT
from tests.fakes.code_sets import code_sets
from tests.fakes.samples import DATA, content, entered, payer

NOT_FOR_PEOPLE: Final = {
    FieldKind: "which input control a portal shows",
    Stage: "when a portal requires a field",
}


def models() -> list[type[BaseModel]]:
    """Every model of the API."""
    for folder in ("precert/api", "functions"):
        for file in sorted((ROOT / folder).rglob("[a-z]*.py")):
            name = file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            importlib.import_module(name)
    return list(_below(BaseModel))


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in model.__subclasses__():
        if child.__module__.startswith(("precert.api", "functions.")):
            yield child
        yield from _below(child)


def _enums(annotation: Any, seen: set[Any]) -> Iterator[type[StrEnum]]:
    """The enums of an annotation, and of the models in it that are not ``seen``."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield annotation
    elif (
        isinstance(annotation, type)
        and issubclass(annotation, BaseModel)
        and annotation not in seen
    ):
        seen.add(annotation)
        for field in annotation.model_fields.values():
            yield from _enums(field.annotation, seen)
    for part in get_args(annotation):
        yield from _enums(part, seen)


def exposed_enums() -> set[type[StrEnum]]:
    seen: set[Any] = set()
    return {enum for model in models() for enum in _enums(model, seen)}


def missing_names(enum: type[StrEnum]) -> list[str]:
    """The members of an enum without a display name."""
    named = {id(member) for names in ENUM_NAMES.values() for member in names}
    return [f"{enum.__name__}.{member.name}" for member in enum if id(member) not in named]


@pytest.mark.rule("T6")
def test_every_member_has_a_display_name_when_a_model_of_the_api_exposes_its_enum() -> None:
    enums = exposed_enums()
    assert {Status, Action, Requirement, Urgency, Channel, Entitlement} <= enums
    missing = [name for enum in enums - set(NOT_FOR_PEOPLE) for name in missing_names(enum)]
    assert missing == [], "add a display name to ENUM_NAMES of precert/domain/code_lists.py"


LABELED_ELSEWHERE: Final = {
    **dict.fromkeys(
        ("RequestContent", "Provider", "Service", "Procedure", "Medication"),
        "`content_labels` has the display names by JSON pointer",
    ),
    "ApprovedResponse.code": "the payer approved a code whose text is not stored with the decision",
    "ErrorItem.code": "`message` states it for a person",
    "CodeErrorResponse.code": "`message` states it for a person",
    "LineOwnerResponse.code": "`content_labels` of the draft or request has its display name",
    "PlanResponse.management_level": "the payer's data names it by its display name",
    "SuggestedInformationRequest.documents": "sent as it is; `documentation` has the labels",
}
"""Codes of responses without a display name beside them: a schema or a member, and the reason."""


def codes_without_label(document: Any) -> set[str]:
    """The codes in the responses of an OpenAPI document that have no display name beside them."""
    schemas = document["components"]["schemas"]
    not_codes = {enum.__name__ for enum in NOT_FOR_PEOPLE}
    enums = {name for name, one in schemas.items() if "enum" in one} - not_codes
    names = {"code", "codes", "diagnosis", *LIST_OF_FIELD}
    found: set[str] = set()
    for schema in sorted(_referenced(document["paths"], schemas)):
        members = schemas[schema].get("properties", {})
        for name, member in members.items():
            is_code = name in names and "string" in _types(member)
            if not is_code and not enums & {*_named(member)}:
                continue
            labels = {
                f"{name}_label",
                f"{name}_labels",
                *({"label", "name"} if name == "code" else ()),
            }
            if not labels & {*members}:
                found.add(f"{schema}.{name}")
    return {one for one in found if not {one, one.partition(".")[0]} & {*LABELED_ELSEWHERE}}


def _referenced(paths: Any, schemas: Any) -> set[str]:
    """The schemas of the responses."""
    found: set[str] = set()
    waiting = [one.get("responses") for operations in paths.values() for one in operations.values()]
    while waiting:
        new = {*_named(waiting.pop())} - found
        found |= new
        waiting += [schemas.get(name) for name in new]
    return found & {*schemas}


def _named(part: Any) -> Iterator[str]:
    """The names to which a part of the document refers."""
    if isinstance(part, list):
        for one in part:
            yield from _named(one)
    elif isinstance(part, dict):
        for key, one in part.items():
            if key == "$ref":
                yield one.rpartition("/")[2]
            else:
                yield from _named(one)


def _types(member: Any) -> set[str]:
    """The types of a member, and of its items or alternatives."""
    parts = [member, member.get("items", {}), *member.get("anyOf", ())]
    return {one["type"] for one in parts if isinstance(one.get("type"), str)}


@pytest.mark.rule("T6")
def test_code_has_its_label_beside_it_when_a_response_has_it() -> None:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert codes_without_label(document) == set()


@pytest.mark.rule("T6")
@pytest.mark.parametrize(
    "planted",
    [
        {"status": {"$ref": "#/components/schemas/Status"}},
        {"statuses": {"type": "array", "items": {"$ref": "#/components/schemas/Status"}}},
        {"line_of_business": {"type": "string"}},
        {"reason_code": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    ],
)
def test_code_is_reported_when_its_label_is_missing(planted: dict[str, Any]) -> None:
    schemas = {"Planted": {"properties": planted}, "Status": {"type": "string", "enum": ["VOID"]}}
    content = {"schema": {"$ref": "#/components/schemas/Planted"}}
    paths = {"/v1/planted": {"get": {"responses": {"200": content}}}}
    document = {"paths": paths, "components": {"schemas": schemas}}
    (name,) = planted
    assert codes_without_label(document) == {f"Planted.{name}"}
    planted[f"{name}_label"] = {"type": "string"}
    assert codes_without_label(document) == set()


def test_missing_member_is_named_when_it_has_no_display_name() -> None:
    class Planted(StrEnum):
        ONE = "ONE"

    class Model(BaseModel):
        codes: list[Planted] | None

    assert list(_enums(Model, set())) == [Planted]
    assert missing_names(Planted) == ["Planted.ONE"]


@pytest.mark.parametrize("name", ENUM_NAMES)
def test_list_has_one_enum_when_its_codes_are_members(name: str) -> None:
    assert len({type(member) for member in ENUM_NAMES[name]}) == 1


@pytest.mark.rule("T6")
def test_label_is_readable_when_it_is_a_display_name() -> None:
    for code_list in CodeLists(payer()).with_public():
        labels = [code.label for code in code_list.codes]
        assert labels, code_list.name
        assert len(set(labels)) == len(labels) or code_list.name == "types_of_service"
        for code in code_list.codes:
            assert code.label.strip() == code.label
            assert code.label.isprintable()
            assert "_" not in code.label, code


@pytest.mark.rule("T6")
@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("A1", "Certified in total"),
        ("A2", "Certified in part"),
        ("A3", "Not certified"),
        ("A4", "Pended"),
        ("A6", "Modified"),
        ("C", "Cancelled"),
        ("CT", "Contact payer"),
        ("NA", "No action required"),
    ],
)
def test_review_action_has_its_x12_name_when_shown(code: str, label: str) -> None:
    assert CodeLists(payer()).label("review_actions", code) == label


def test_every_review_action_has_a_name_when_a_status_leads_to_it() -> None:
    codes = {one.rule.review_action for one in (*Status, *LineStatus)} - {None}
    codes |= {DELEGATED_ACTION, NOT_REQUIRED_ACTION}
    lists = CodeLists(payer())
    assert [code for code in codes if not lists.label("review_actions", code)] == []


@pytest.mark.rule("T6")
def test_display_name_is_the_payers_when_the_payer_defines_the_code() -> None:
    text = (DATA / "payer" / "payer.json").read_text(encoding="utf-8")
    other = Payer.model_validate_json(text.replace('"name": "Emergency"', '"name": "Emergent"'))
    assert CodeLists(other).label_of(Urgency.EMERGENCY) == "Emergent"
    lists = CodeLists(payer())
    form = payer().form
    named = {
        "types_of_service": [(one.code, one.name) for one in form.types_of_service],
        "places_of_service": [(one.code, one.name) for one in form.places_of_service],
        "frequencies": [(one.code, one.name) for one in form.frequencies],
        "routes": [(one.code, one.name) for one in form.routes],
        "urgencies": [(one.code, one.name) for one in form.urgencies],
        "unit_types": [(one.code, one.name) for one in form.unit_types],
        "decision_reasons": payer().reason_codes.items(),
        "required_documentation": payer().required_documentation.items(),
    }
    for name, choices in named.items():
        assert [(code, lists.label(name, code)) for code, _ in choices] == list(choices)


def test_only_denial_reasons_are_listed_when_reason_codes_are_read() -> None:
    lists = {one.name: one for one in CodeLists(payer()).with_public()}
    assert [code.code for code in lists["denial_reasons"].codes] == list(payer().reason_codes)
    assert {code.code for code in lists["denial_reasons"].codes} < {
        code.code for code in lists["decision_reasons"].codes
    }


def test_line_of_business_has_a_display_name_when_the_payer_has_clocks_for_it() -> None:
    lists = CodeLists(payer())
    assert lists.label("lines_of_business", "COMMERCIAL") == "Commercial"
    assert all(lists.label("lines_of_business", name) for name in payer().review_clocks)


def test_labels_are_added_beside_codes_when_a_response_is_built() -> None:
    lists = CodeLists(payer())
    assert lists.labels(
        status=Status.PARTIALLY_APPROVED,
        line_status=LineStatus.MODIFIED,
        allowed_actions=[Action.DETAILS, Action.APPEAL],
        place_of_service="HOSPITAL_OUTPATIENT",
        review_action=None,
        reason_code="0F",
        documents=["SLEEP_STUDY"],
        route="OF_AN_EARLIER_RELEASE",
    ) == {
        "status_label": "Partially approved",
        "line_status_label": "Modified",
        "allowed_actions_labels": ["Details", "Appeal"],
        "place_of_service_label": "Hospital - Outpatient",
        "review_action_label": None,
        "reason_code_label": "Not medically necessary",
        "documents_labels": ["Sleep study report and Epworth Sleepiness Scale"],
        "route_label": None,
    }


def test_lists_are_built_once_when_the_payer_does_not_change() -> None:
    assert code_lists_of(payer()) is code_lists_of(payer())
    other = payer().model_copy(update={"reason_codes": {"0F": "Other"}})
    assert code_lists_of(other).label("decision_reasons", "0F") == "Other"
    assert code_lists_of(payer()).label("decision_reasons", "0F") != "Other"


def test_version_changes_when_the_payers_data_changes() -> None:
    lists = CodeLists(payer()).with_public()
    same = CodeLists(payer().model_copy(update={"name": "Another Plan"})).with_public()
    other = payer().model_copy(update={"required_documentation": {"PRESCRIPTION": "Prescription"}})
    assert version_of(lists) == version_of(same)
    assert version_of(lists) != version_of(CodeLists(other).with_public())


def described(entered_content: RequestContent) -> dict[str, str]:
    names = code_sets().descriptions(list(public_codes_of(entered_content)))
    words = {"1.1": "Removal of part of the small bowel, open"}
    return labels_of_content(entered_content, CodeLists(payer()), names, words)


@pytest.mark.rule("T6")
def test_each_code_of_the_content_has_its_label_when_the_content_is_complete() -> None:
    services = entered()["services"]
    services[0] |= {
        "additional_diagnoses": ["QA0.0101"],
        "medication": {"name": "Drug", "frequency": "ONCE", "route": "SUBCUTANEOUS"},
        "procedures": [
            {"code": "44120", "code_type": "CPT", "units": 1, "unit_type": "UNITS"},
            {"code": "470", "code_type": "DRG"},
            {"code": "44125"},
        ],
    }
    labels = described(content(services=services))
    assert labels["/services/0/procedures/1/code"].startswith("MAJOR HIP AND KNEE JOINT")
    del labels["/services/0/procedures/1/code"]
    assert labels == {
        "/purpose": "Precertification",
        "/servicing_provider/kind": "Facility",
        "/requesting_provider/kind": "Individual",
        "/services/0/authorization_type": "Inpatient",
        "/services/0/type_of_service": "Surgical Inpatient",
        "/services/0/place_of_service": "Surgical",
        "/services/0/urgency": CodeLists(payer()).label_of(Urgency(services[0]["urgency"])),
        "/services/0/primary_diagnosis": (
            "Intestinal adhesions [bands], unspecified as to partial versus complete obstruction"
        ),
        "/services/0/additional_diagnoses/0": "SCN2A-related neurodevelopmental disorder",
        "/services/0/medication/frequency": "Once",
        "/services/0/medication/route": "Subcutaneous",
        "/services/0/procedures/0/code": "Removal of part of the small bowel, open",
        "/services/0/procedures/0/code_type": "CPT",
        "/services/0/procedures/0/unit_type": "Units",
        "/services/0/procedures/1/code_type": "MS-DRG",
    }


def test_content_has_no_labels_when_nothing_is_entered() -> None:
    assert described(RequestContent()) == {"/purpose": "Precertification"}


@pytest.mark.rule("T6")
def test_reference_has_every_list_when_it_is_read() -> None:
    reference = get_reference(payer=payer(), code_sets=code_sets())
    lists = {one.name: {code.code: code for code in one.codes} for one in reference.code_lists}
    assert set(lists) >= {*ENUM_NAMES, "types_of_service", "places_of_service", "review_actions"}
    assert lists["cms_places_of_service"]["11"].label == "Office"
    assert lists["places_of_service"]["OFFICE"].label == "Office"
    assert reference == get_reference(payer=payer(), code_sets=code_sets())
    assert re.fullmatch("[0-9a-f]{16}", version_of(reference.code_lists))
