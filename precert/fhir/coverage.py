"""The extension coverage-information of Da Vinci CRD: what the payer asserts about an order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from precert.domain.orders import (
    AuthorizationNeeded,
    CoverageAssertion,
    Covered,
    DocumentationNeeded,
    InformationNeeded,
    Reason,
)
from precert.domain.rules import DelegatedVendor
from precert.domain.values import CodeType
from precert.domain.wording import written_phone
from precert.fhir import systems
from precert.fhir.bundles import objects
from precert.fhir.elements import Json, present
from precert.fhir.orders import CRD, reference_of

COVERAGE_INFORMATION: Final = f"{CRD}/StructureDefinition/ext-coverage-information"
REASONS: Final = f"{CRD}/CodeSystem/temp"
DETAILS: Final = (f"{systems.TERMINOLOGY}/crd-coverage-detail", f"{CRD}/CodeSystem/temp")
"""The code system of coverage details, and CRD's temporary one, which earlier clients expect."""
WITH_PA: Final = "withpa"
_LIMITATION: Final = "cat-limitation"
_CODE_SYSTEM: Final = {
    CodeType.CPT: systems.CPT,
    CodeType.HCPCS: systems.HCPCS,
    CodeType.REVENUE: systems.NUBC_REVENUE,
    CodeType.DRG: systems.MS_DRG,
}


@dataclass(frozen=True)
class AssertedOrder:
    """An order or appointment of a call with its coverage assertions."""

    resource: Json
    assertion_id: str
    assertions: Sequence[CoverageAssertion]
    questionnaires: Sequence[Sequence[str]] = field(default=())
    """Canonical URLs of the questionnaires of each assertion; empty if there are none at all."""


def coverage_information(
    assertion: CoverageAssertion,
    assertion_id: str,
    coverage: Json,
    questionnaires: Sequence[str],
    on: date,
) -> Json:
    """The extension of one assertion, dated ``on``; ``questionnaires`` are canonical URLs."""
    parts: list[Json | None] = [
        {"url": "coverage", "valueReference": {"reference": reference_of(coverage)}},
        _code("covered", assertion.covered),
        _code("pa-needed", assertion.authorization),
        _code("doc-needed", assertion.documentation),
        _code("doc-purpose", WITH_PA if assertion.documentation else None),
        *(_code("info-needed", one) for one in assertion.information),
        *(_billing_code(kind, code) for kind, code in assertion.codes),
        *(_reason(one) for one in assertion.reasons),
        *(_limitation(one) for one in assertion.limitations),
        *({"url": "questionnaire", "valueCanonical": one} for one in questionnaires),
        {"url": "date", "valueDate": on.isoformat()},
        {"url": "coverage-assertion-id", "valueString": assertion_id},
    ]
    if assertion.number:
        parts.append({"url": "satisfied-pa-id", "valueString": assertion.number})
    if assertion.vendor:
        parts.append({"url": "contact", "valueContactDetail": _contact(assertion.vendor)})
    if assertion.expires_on:
        parts.append({"url": "expiry-date", "valueDate": assertion.expires_on.isoformat()})
    return {"url": COVERAGE_INFORMATION, "extension": [one for one in parts if one]}


def _code(
    url: str,
    code: Covered | AuthorizationNeeded | DocumentationNeeded | InformationNeeded | str | None,
) -> Json | None:
    return {"url": url, "valueCode": str(code)} if code else None


def _billing_code(kind: CodeType, code: str) -> Json:
    return {"url": "billingCode", "valueCoding": {"system": _CODE_SYSTEM[kind], "code": code}}


def _reason(reason: Reason) -> Json:
    coding = [{"system": REASONS, "code": reason.code.value}] if reason.code else []
    return {"url": "reason", "valueCodeableConcept": present(coding=coding, text=reason.text)}


def _limitation(words: str) -> Json:
    code = {"coding": [{"system": one, "code": "instructions"} for one in DETAILS]}
    return {
        "url": "detail",
        "extension": [
            {"url": "category", "valueCode": _LIMITATION},
            {"url": "code", "valueCodeableConcept": code},
            {"url": "value", "valueString": words},
        ],
    }


def _contact(vendor: DelegatedVendor) -> Json:
    # People read it in the EHR.
    values = (
        ("phone", vendor.phone and written_phone(vendor.phone)),
        ("fax", vendor.fax and written_phone(vendor.fax)),
        ("url", vendor.url),
    )
    telecom = [{"system": system, "value": value} for system, value in values if value]
    return {"name": vendor.name, "telecom": telecom}


def system_actions(orders: Sequence[AssertedOrder], coverage: Json, on: date) -> list[Json]:
    """An update action, of the extension only, for each order whose coverage information changed."""
    actions = (_updated(one, coverage, on) for one in orders)
    return [
        {
            "type": "update",
            "description": f"Coverage information for {reference_of(resource)}",
            "resource": resource,
        }
        for resource in actions
        if resource is not None
    ]


def _updated(order: AssertedOrder, coverage: Json, on: date) -> Json | None:
    """The order with its coverage information; ``None`` if it already has it, with any date."""
    questionnaires = order.questionnaires or [()] * len(order.assertions)
    extensions = [
        coverage_information(one, order.assertion_id, coverage, canonicals, on)
        for one, canonicals in zip(order.assertions, questionnaires, strict=True)
    ]
    sent = order.resource.get("extension")
    others, ours = list[object](), list[Json]()
    for one in sent if isinstance(sent, list) else []:
        if _is_of(one, coverage):
            ours.append(one)
        else:
            others.append(one)
    if [_without_date(one) for one in ours] == [_without_date(one) for one in extensions]:
        return None
    return {**order.resource, "extension": [*others, *extensions]}


def _is_of(extension: object, coverage: Json) -> bool:
    """Whether an extension is coverage information about this coverage."""
    if not isinstance(extension, dict) or extension.get("url") != COVERAGE_INFORMATION:
        return False
    own = reference_of(coverage)
    references = (
        one.get("valueReference", {}).get("reference")
        for one in objects(extension, "extension")
        if one.get("url") == "coverage" and isinstance(one.get("valueReference"), dict)
    )
    return any(isinstance(one, str) and one.endswith(own) for one in references)


def _without_date(extension: Json) -> list[Json]:
    return list(_dateless(extension))


def _dateless(extension: Json) -> Iterator[Json]:
    yield from (one for one in objects(extension, "extension") if one.get("url") != "date")
