"""Claim/$submit: a value that was sent and cannot be read is an error at its place, never left out."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from precert.fhir import systems
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    Json,
    actions,
    cancelling,
    claim,
    errors,
    issues,
    response,
    submit,
)
from tests.adapters.pas_elements import concept, of_type
from tests.adapters.pas_updates import update
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of

HERE: Final = "urn:uuid:00000000-0000-4000-8000-000000000098"
NONE: Final = {"reference": "urn:uuid:none"}


def of_claim(**members: Any) -> Callable[[Json], None]:
    return lambda document: claim_of(document).update(members)


def of_item(**members: Any) -> Callable[[Json], None]:
    return lambda document: claim_of(document)["item"][0].update(members)


def principal(**members: Any) -> Callable[[Json], None]:
    """The principal diagnosis, before another one that could be read in its place."""

    def change(document: Json) -> None:
        first, *_ = claim_of(document)["diagnosis"]
        second = {"sequence": 2, "diagnosisCodeableConcept": concept(systems.ICD_10_CM, "E11.22")}
        first.pop("diagnosisCodeableConcept")
        first.update(members)
        claim_of(document)["diagnosis"] = [first, second]
        claim_of(document)["item"][0]["diagnosisSequence"] = [1, 2]

    return change


def secondary(document: Json) -> None:
    other = {"sequence": 2, "diagnosisCodeableConcept": concept("urn:none", "E11.22")}
    claim_of(document)["diagnosis"] = [claim_of(document)["diagnosis"][0], other]
    claim_of(document)["item"][0]["diagnosisSequence"] = [1, 2]


def by_condition(document: Json) -> None:
    code = concept(systems.ICD_10_CM, "C18.9")
    condition = {"resourceType": "Condition", "id": "c", "code": code}
    document["entry"].append({"fullUrl": HERE, "resource": condition})
    principal(diagnosisReference={"reference": HERE})(document)


def extension(name: str, **value: Any) -> Json:
    return {"url": systems.extension_url(name), **value}


def item_extension(name: str, **value: Any) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        item = claim_of(document)["item"][0]
        others = [one for one in item["extension"] if one["url"] != systems.extension_url(name)]
        item["extension"] = [*others, extension(name, **value)]

    return change


def claim_extension(name: str, **value: Any) -> Callable[[Json], None]:
    return lambda document: claim_of(document).update(extension=[extension(name, **value)])


def priority(document: Json) -> None:
    claim_of(document).update(extension=[], priority={"text": "Urgent"})


def info(**members: Any) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        sent = {"sequence": 9, "category": concept(systems.PAS_CODES, "additionalInformation")}
        claim_of(document)["supportingInfo"].append(sent | members)

    return change


def second_insurance(focal: object) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        (first,) = claim_of(document)["insurance"]
        claim_of(document)["insurance"] = [
            {**first, "focal": focal},
            {**first, "sequence": 2, "focal": focal},
        ]

    return change


def other_coverage(document: Json) -> None:
    (first,) = claim_of(document)["insurance"]
    other = {"sequence": 2, "focal": False, "coverage": NONE}
    claim_of(document)["insurance"] = [{**first, "focal": True}, other]


def second_member(document: Json) -> None:
    claim_of(document)["careTeam"].append({"sequence": 2, "provider": NONE})


def drug(document: Json) -> None:
    order = {"resourceType": "MedicationRequest", "id": "m", "medicationReference": NONE}
    document["entry"].append({"fullUrl": HERE, "resource": order})
    item_extension("requestedService", valueReference={"reference": HERE})(document)


def order(**members: Any) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        sent = {"resourceType": "ServiceRequest", "id": "s", **members}
        document["entry"].append({"fullUrl": HERE, "resource": sent})
        item_extension("requestedService", valueReference={"reference": HERE})(document)

    return change


def partial_day(document: Json) -> None:
    claim_of(document)["item"][0].pop("servicedDate", None)
    claim_of(document)["item"][0]["servicedPeriod"] = {"start": "2026-07", "end": "2026-07-20"}


ITEM: Final = "Claim.item[0]"
URL: Final = systems.extension_url("")
UNREAD: Final[dict[str, tuple[Callable[[Json], object], tuple[str, str]]]] = {
    "principal diagnosis of an unknown system": (
        principal(diagnosisCodeableConcept=concept("urn:none", "C18.9")),
        ("AF", "Claim.diagnosis[0]"),
    ),
    "principal diagnosis in words": (
        principal(diagnosisCodeableConcept={"text": "Colon cancer"}),
        ("AF", "Claim.diagnosis[0]"),
    ),
    "principal diagnosis of ICD-9": (
        principal(diagnosisCodeableConcept=concept(f"{systems.TERMINOLOGY}/icd9cm", "153.9")),
        ("AF", "Claim.diagnosis[0]"),
    ),
    "dangling condition": (principal(diagnosisReference=NONE), ("AF", "Claim.diagnosis[0]")),
    "condition of the bundle": (by_condition, ("AF", "Claim.diagnosis[0]")),
    "secondary diagnosis of an unknown system": (secondary, ("AF", "Claim.diagnosis[1]")),
    "diagnosis type in words": (
        principal(
            diagnosisCodeableConcept=concept(systems.ICD_10_CM, "C18.9"),
            type=[{"text": "Principal"}],
        ),
        ("33", "Claim.diagnosis[0].type"),
    ),
    "diagnosis sequence": (of_item(diagnosisSequence=[9, 1]), ("AF", f"{ITEM}.diagnosisSequence")),
    "only a wrong diagnosis sequence": (
        of_item(diagnosisSequence=[9]),
        ("AF", f"{ITEM}.diagnosisSequence"),
    ),
    "diagnosis sequence that is no list": (
        of_item(diagnosisSequence=1),
        ("33", f"{ITEM}.diagnosisSequence"),
    ),
    "earlier claim that is no list": (of_claim(related={"claim": NONE}), ("33", "Claim.related")),
    "diagnoses of one sequence": (
        lambda document: (
            claim_of(document)["diagnosis"][1].update(sequence=1),
            claim_of(document)["item"][0].update(diagnosisSequence=[1, 3]),
        ),
        ("33", "Claim.diagnosis[1].sequence"),
    ),
    "supporting information of one sequence": (
        info(sequence=1, valueString="x"),
        ("33", "Claim.supportingInfo[4].sequence"),
    ),
    "care team sequence": (of_item(careTeamSequence=[1, 9]), ("33", f"{ITEM}.careTeamSequence")),
    "information sequence": (
        of_item(informationSequence=[99]),
        ("33", f"{ITEM}.informationSequence"),
    ),
    "procedure sequence": (of_item(procedureSequence=[1]), ("33", f"{ITEM}.procedureSequence")),
    "code of an unknown system": (
        of_item(productOrService=concept("urn:none", "44140")),
        ("AG", f"{ITEM}.productOrService"),
    ),
    "code of an unknown system beside a revenue code": (
        of_item(
            productOrService=concept("urn:none", "44140"),
            revenue=concept(systems.NUBC_REVENUE, "0360"),
        ),
        ("AG", f"{ITEM}.productOrService"),
    ),
    "code in words": (
        of_item(productOrService={"text": "Colectomy"}),
        ("AG", f"{ITEM}.productOrService"),
    ),
    "revenue code without a code": (of_item(revenue={"text": "OR"}), ("AG", f"{ITEM}.revenue")),
    "modifier in words": (of_item(modifier=[{"text": "Left"}]), ("AG", f"{ITEM}.modifier[0]")),
    "services of an item": (
        of_item(detail=[{"sequence": 1, "productOrService": concept(systems.CPT, "44141")}]),
        ("33", f"{ITEM}.detail"),
    ),
    "quantity that is no object": (of_item(quantity=3), ("33", f"{ITEM}.quantity")),
    "quantity without a value": (
        of_item(quantity={"unit": "UN"}),
        ("33", f"{ITEM}.quantity.value"),
    ),
    "quantity with a comparator": (
        of_item(quantity={"value": 3, "comparator": "<", "code": "UN"}),
        ("33", f"{ITEM}.quantity.comparator"),
    ),
    "unit of an unknown kind": (
        of_item(quantity={"value": 3, "unit": "furlongs"}),
        ("33", f"{ITEM}.quantity"),
    ),
    "date without a day": (partial_day, ("57", f"{ITEM}.serviced")),
    "request type": (
        item_extension("serviceItemRequestType", valueCodeableConcept=concept("urn:none", "AR")),
        ("33", f"{ITEM}.extension('{URL}serviceItemRequestType')"),
    ),
    "appeal": (
        item_extension(
            "certificationType", valueCodeableConcept=concept(systems.CERTIFICATION_TYPE, "1")
        ),
        ("33", f"{ITEM}.extension('{URL}certificationType')"),
    ),
    "level of service": (
        claim_extension(
            "levelOfServiceCode", valueCodeableConcept=concept(systems.LEVEL_OF_SERVICE, "X")
        ),
        ("33", f"Claim.extension('{URL}levelOfServiceCode')"),
    ),
    "priority in words": (priority, ("33", "Claim.priority")),
    "no focal insurance of two": (second_insurance(False), ("33", "Claim.insurance.focal")),
    "two focal insurances": (second_insurance(True), ("33", "Claim.insurance.focal")),
    "other coverage that is not sent": (other_coverage, ("33", "Claim.insurance[1].coverage")),
    "second member of the care team that is not sent": (
        second_member,
        ("33", "Claim.careTeam[1].provider"),
    ),
    "supporting information that is not sent": (
        info(valueReference=NONE),
        ("33", "Claim.supportingInfo[4].value"),
    ),
    "second date of admission": (
        info(category=concept(systems.PAS_CODES, "admissionDates"), timingDate="2026-07-25"),
        ("33", "Claim.supportingInfo[4].category"),
    ),
    "organization of a role that is not sent": (
        lambda document: of_type(document, "PractitionerRole").update(organization=NONE),
        ("33", "Bundle.entry[6].resource.organization"),
    ),
    "beneficiary that is not sent": (
        lambda document: of_type(document, "Coverage").update(beneficiary=NONE),
        ("33", "Bundle.entry[3].resource.beneficiary"),
    ),
    "request type twice": (
        lambda document: claim_of(document)["item"][0]["extension"].append(
            claim_of(document)["item"][0]["extension"][0]
        ),
        ("33", f"{ITEM}.extension('{URL}serviceItemRequestType')"),
    ),
    "order that is not to be performed": (
        order(doNotPerform=True),
        ("33", f"{ITEM}.extension('{URL}requestedService')"),
    ),
    "order that is entered in error": (
        order(status="entered-in-error"),
        ("33", f"{ITEM}.extension('{URL}requestedService')"),
    ),
    "order that is not sent": (
        item_extension("requestedService", valueReference=NONE),
        ("33", f"{ITEM}.extension('{URL}requestedService')"),
    ),
    "medication that is not sent": (drug, ("33", f"{ITEM}.extension('{URL}requestedService')")),
}
"""A change of a claim that is otherwise pended, and the one error of the response."""


@pytest.mark.parametrize("kind", UNREAD)
def test_place_is_named_when_a_value_cannot_be_read(cloud: Cloud, kind: str) -> None:
    change, expected = UNREAD[kind]
    document = claim(BOWEL_SURGERY)
    del claim_of(document)["item"][1:]
    change(document)
    assert errors(submit(cloud, document)) == [expected]


@pytest.mark.parametrize("cancels", [False, True], ids=["update", "cancellation"])
def test_claim_is_unchanged_when_another_one_is_only_associated_with_it(
    cloud: Cloud, cancels: bool
) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = cancelling(document) if cancels else update(document)
    related = claim_of(changed)["related"][0]
    related["relationship"] = concept("urn:x", "associated")
    assert errors(submit(cloud, changed)) == [("33", "Claim.related[0].relationship")]
    related["relationship"] = concept("urn:x", "prior")
    assert response(submit(cloud, changed))["outcome"] == "complete"


def group_beside(document: Json) -> None:
    """An MS-DRG beside the ICD-10-CM code, and another of its own."""
    first, *_ = claim_of(document)["diagnosis"]
    group = {"system": systems.MS_DRG, "code": "329"}
    first["diagnosisCodeableConcept"]["coding"].insert(0, group)
    alone = {"sequence": 2, "diagnosisCodeableConcept": {"coding": [group]}}
    claim_of(document)["diagnosis"] = [first, alone]
    claim_of(document)["item"][0]["diagnosisSequence"] = [1, 2]


def unnamed(document: Json) -> None:
    other = {"sequence": 2, "diagnosisCodeableConcept": concept("urn:none", "E11.22")}
    claim_of(document)["diagnosis"] = [claim_of(document)["diagnosis"][0], other]
    claim_of(document)["item"][0]["diagnosisSequence"] = [1]


def code_range(document: Json) -> None:
    end = concept(systems.CPT, "44130")
    item_extension("productOrServiceCodeEnd", valueCodeableConcept=end)(document)


def long_period(document: Json) -> None:
    claim_of(document)["item"][0].pop("servicedDate", None)
    period = {"start": "2026-07-20", "end": "2026-09-20"}
    claim_of(document)["item"][0]["servicedPeriod"] = period


def other_member(document: Json) -> None:
    other = {"sequence": 2, "provider": claim_of(document)["provider"]}
    claim_of(document)["careTeam"].append(other)


def observation(document: Json) -> None:
    document["entry"].append(
        {"fullUrl": HERE, "resource": {"resourceType": "Observation", "id": "o"}}
    )
    info(valueReference={"reference": HERE})(document)


NOTED: Final[dict[str, tuple[Callable[[Json], object], str]]] = {
    "MS-DRG": (group_beside, "Claim.diagnosis[1]: the MS-DRG is not evaluated"),
    "diagnosis that no item names": (unnamed, "Claim.diagnosis[1]: not evaluated, as no item"),
    "range of codes": (
        code_range,
        f"Claim.item[0].extension('{URL}productOrServiceCodeEnd'): only the first code",
    ),
    "period": (long_period, "Claim.item[0].serviced: the request begins on the first day"),
    "other member of the care team": (other_member, "Claim.careTeam[1]: a request has one"),
    "clinical data": (observation, "Claim.supportingInfo[3], Claim.supportingInfo[4]: stored"),
    "message": (of_claim(), "Claim.supportingInfo[3]: stored with the claim, and not evaluated"),
    "accident": (
        of_claim(accident={"date": "2026-06-20"}),
        "Claim.accident, Claim.supportingInfo[3]: stored",
    ),
    "body site": (
        of_item(bodySite=concept("urn:sites", "left")),
        "Claim.supportingInfo[3], Claim.item[0].bodySite: stored",
    ),
}
"""What is stored with the bundle and not evaluated: the claim is accepted, and a note names it."""


@pytest.mark.parametrize("kind", NOTED)
def test_note_names_the_element_when_it_is_not_evaluated(cloud: Cloud, kind: str) -> None:
    change, expected = NOTED[kind]
    document = claim(BOWEL_SURGERY)
    del claim_of(document)["item"][1:]
    change(document)
    reply = submit(cloud, document)
    assert actions(reply) == ["A4"]
    assert any(one["text"].startswith(expected) for one in response(reply)["processNote"])


READ: Final[dict[str, Callable[[Json], object]]] = {
    "priority without a system": lambda document: claim_of(document).update(
        extension=[], priority={"coding": [{"code": "normal"}]}
    ),
    "principal without a system": lambda document: claim_of(document)["diagnosis"][0].update(
        type=[{"coding": [{"code": "principal"}]}]
    ),
    "code of two systems": lambda document: claim_of(document)["item"][0]["productOrService"][
        "coding"
    ].insert(0, {"system": "urn:own", "code": "LAP-1"}),
    "unknown elements": lambda document: (
        claim_of(document).update(invented={"a": [1]}),
        claim_of(document)["item"][0].update(invented="x"),
    ),
    "unit of X12": of_item(quantity={"value": 1, "code": "UN"}),
    "insurer by its identifier": of_claim(insurer={"identifier": {"value": "1"}}),
    "renewal": item_extension(
        "certificationType", valueCodeableConcept=concept(systems.CERTIFICATION_TYPE, "R")
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_claim_is_pended_when_a_value_has_another_form(cloud: Cloud, kind: str) -> None:
    document = claim(BOWEL_SURGERY)
    READ[kind](document)
    assert actions(submit(cloud, document)) == ["A4"]


FLAG: Final = f"{systems.PAS}/StructureDefinition/modifierextension-infoCancelled"
FLAGGED: Final[dict[str, tuple[Callable[[Json], object], str, str]]] = {
    "diagnosis": (
        lambda document: claim_of(document)["diagnosis"][0].update(
            modifierExtension=[{"url": FLAG, "valueBoolean": True}]
        ),
        "extension",
        "Bundle.entry[0].resource.diagnosis[0].modifierExtension[0]",
    ),
    "item without a boolean": (
        of_item(modifierExtension=[{"url": FLAG, "valueString": "true"}]),
        "value",
        "Bundle.entry[0].resource.item[0].modifierExtension[0].value",
    ),
    "patient": (
        lambda document: document["entry"][1]["resource"].update(
            modifierExtension=[{"url": FLAG, "valueBoolean": True}]
        ),
        "extension",
        "Bundle.entry[1].resource.modifierExtension[0]",
    ),
}


@pytest.mark.parametrize("kind", FLAGGED)
def test_bundle_is_refused_when_a_cancellation_cannot_be_read(cloud: Cloud, kind: str) -> None:
    change, code, place = FLAGGED[kind]
    document = claim(BOWEL_SURGERY)
    change(document)
    reply = submit(cloud, document)
    assert (reply.status, issues(reply)) == (422, [code])
    assert reply.body["issue"][0]["expression"] == [place]
