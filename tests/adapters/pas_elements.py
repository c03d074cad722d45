"""Optional elements of PAS request bundles: each must-support element once, with a valid value.

:data:`ELEMENTS` adds elements to a request bundle without a change of what it requests, so the answer
is that of the bundle without them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from precert.fhir import systems
from tests.unit.test_export import claim_of
from tools.fhir_profiles import Node
from tools.fhir_validator import pas_validator

Json = dict[str, Any]
X12: Final = "https://codesystem.x12.org/005010"
NUBC: Final = "https://www.nubc.org/CodeSystem"
TEMPORARY: Final = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"
PROFILE: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-"


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def extended(element: Json, name: str, **value: Any) -> None:
    element.setdefault("extension", []).append({"url": systems.extension_url(name), **value})


def parts(**values: Json) -> list[Json]:
    return [{"url": url, **value} for url, value in values.items()]


def of_type(document: Json, kind: str, profile: str = "") -> Json:
    found: Json = next(
        entry["resource"]
        for entry in document["entry"]
        if entry["resource"]["resourceType"] == kind
        and any(profile in one for one in entry["resource"]["meta"]["profile"])
    )
    return found


def added(document: Json, number: int, profile: str, **members: Any) -> Json:
    """A reference to a further resource of the bundle."""
    url = f"urn:uuid:00000000-0000-4000-9000-{number:012d}"
    resource = {"id": url.removeprefix("urn:uuid:"), "meta": {"profile": [PROFILE + profile]}}
    document["entry"].append({"fullUrl": url, "resource": resource | members})
    return {"reference": url}


# -- The claim ----------------------------------------------------------------------------------------


def accident(document: Json) -> None:
    claim_of(document)["accident"] = {
        "date": "2026-06-20",
        "type": concept(f"{X12}/1362", "AA"),
        "locationAddress": {"state": "OH", "country": "US"},
    }


def identifier_parts(document: Json) -> None:
    (identifier,) = claim_of(document)["identifier"]
    extended(identifier, "identifierSubDepartment", valueString="223412")
    state = concept("https://www.usps.com/", "OH")
    extended(identifier, "identifierJurisdiction", valueCodeableConcept=state)


def transmission(document: Json) -> None:
    names = (
        "applicationSenderCode applicationReceiverCode interchangeSenderID interchangeReceiverID"
    )
    values = parts(**{name: {"valueString": "A1"} for name in names.split()})
    extended(claim_of(document), "TransmissionIdentifiers", extension=values)


def condition(document: Json) -> None:
    values = parts(
        category={"valueCodeableConcept": concept(f"{X12}/1136", "09")},
        indicator={"valueBoolean": True},
        code={"valueCodeableConcept": concept(f"{X12}/1321", "5A")},
    )
    extended(claim_of(document), "conditionCode", extension=values)


def home_health(document: Json) -> None:
    prognosis = {"valueCodeableConcept": concept(f"{X12}/923", "2")}
    values = parts(prognosis=prognosis, date={"valueDate": "2026-07-01"})
    extended(claim_of(document), "homeHealthCareInformation", extension=values)


def claim_numbers(document: Json) -> None:
    extended(claim_of(document), "authorizationNumber", valueString="AUTH0001")
    extended(claim_of(document), "administrationReferenceNumber", valueString="REF0001")


def encounter(document: Json) -> None:
    status = concept(f"{X12}/1345", "1")
    patient_status = {
        "url": systems.extension_url("patientStatus"),
        "valueCodeableConcept": concept(f"{NUBC}/PatDischargeStatus", "30"),
    }
    resident = {
        "url": systems.extension_url("nursingHomeResidentialStatus"),
        "valueCodeableConcept": status,
    }
    reference = added(
        document,
        1,
        "encounter",
        resourceType="Encounter",
        extension=[patient_status, resident],
        identifier=[{"system": "urn:ehr:encounters", "value": "E1"}],
        status="planned",
        **{
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "IMP",
            }
        },
        type=[concept(f"{NUBC}/PriorityTypeOfAdmitOrVisit", "2")],
        subject=claim_of(document)["patient"],
        period={"start": "2026-07-20", "end": "2026-07-23"},
        hospitalization={"admitSource": concept(f"{NUBC}/PointOfOrigin", "5")},
    )
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Claim.encounter"
    claim_of(document)["extension"].append({"url": url, "valueReference": reference})


def care_team(document: Json) -> None:
    claim = claim_of(document)
    (member,) = claim["careTeam"]
    taxonomy = f"{X12}/127"
    member["qualification"] = concept(taxonomy, "207Q00000X")
    claim["careTeam"].append(
        {
            "extension": [
                {"url": systems.extension_url("careTeamClaimScope"), "valueBoolean": False}
            ],
            "sequence": 2,
            "provider": claim["provider"],
            "role": concept(f"{X12}/98", "72"),
            "qualification": concept(taxonomy, "208600000X"),
        }
    )
    for item in claim["item"]:
        item["careTeamSequence"].append(2)


def recorded_diagnosis(document: Json) -> None:
    for one in claim_of(document)["diagnosis"]:
        extended(one, "diagnosisRecordedDate", valueDate="2026-06-30")


# -- Supporting information ---------------------------------------------------------------------------


def info(document: Json, category: str, **members: Any) -> Json:
    known = claim_of(document).setdefault("supportingInfo", [])
    number = max((one["sequence"] for one in known), default=0) + 1
    new = {"sequence": number, "category": concept(TEMPORARY, category), **members}
    known.append(new)
    for item in claim_of(document)["item"]:
        item.setdefault("informationSequence", []).append(number)
    return new


def message(document: Json) -> None:
    info(document, "freeFormMessage", valueString="The patient needs an interpreter.")


def observation(document: Json) -> None:
    """Structured clinical data, which is no document."""
    url = "urn:uuid:00000000-0000-4000-9000-000000000009"
    weight = {
        "resourceType": "Observation",
        "id": url.removeprefix("urn:uuid:"),
        "status": "final",
        "code": concept("http://loinc.org", "29463-7"),
        "subject": claim_of(document)["patient"],
        "valueQuantity": {"value": 71, "unit": "kg"},
    }
    document["entry"].append({"fullUrl": url, "resource": weight})
    new = info(document, "additionalInformation", valueReference={"reference": url})
    values = parts(
        reportTypeCode={"valueCodeableConcept": concept(f"{X12}/755", "OZ")},
        transmissionMethod={"valueCodeableConcept": concept(f"{X12}/756", "EL")},
        controlNumber={"valueString": "1"},
        description={"valueString": "Weight"},
    )
    extended(new, "documentInformation", extension=values)


# -- Items --------------------------------------------------------------------------------------------


def each_item(change: Callable[[Json], object]) -> Callable[[Json], None]:
    def of_all(document: Json) -> None:
        for item in claim_of(document)["item"]:
            change(item)

    return of_all


def item_numbers(item: Json) -> None:
    trace = {"system": "urn:ehr:traces", "value": f"T{item['sequence']}"}
    extended(item, "itemTraceNumber", valueIdentifier=trace)
    extended(item, "authorizationNumber", valueString="AUTH0001")
    extended(item, "administrationReferenceNumber", valueString="REF0001")


def item_details(item: Json) -> None:
    extended(item, "epsdtIndicator", valueBoolean=False)
    extended(item, "nursingHomeLevelOfCare", valueCodeableConcept=concept(f"{X12}/1337", "2"))
    status = concept(f"{X12}/1345", "1")
    extended(item, "nursingHomeResidentialStatus", valueCodeableConcept=status)
    extended(item, "revenueUnitRateLimit", valueDecimal=100.5)
    item["unitPrice"] = {"value": 100.5, "currency": "USD"}


def modifier(item: Json) -> None:
    item.setdefault("modifier", []).append(
        concept("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "RT")
    )


def item_period(item: Json) -> None:
    day = item.pop("servicedDate", None)
    if day:
        item["servicedPeriod"] = {"start": day, "end": day}


def code_range(item: Json) -> None:
    """The last code of a range; the first one is what is requested."""
    extended(item, "productOrServiceCodeEnd", valueCodeableConcept=item["productOrService"])
    item["revenue"] = concept(f"{NUBC}/RevenueCodes", "0360")


def event_period(document: Json) -> None:
    for one in claim_of(document)["supportingInfo"]:
        if "timingDate" in one and one["category"]["coding"][0]["code"] != "dischargeDates":
            day = one.pop("timingDate")
            one["timingPeriod"] = {"start": day, "end": day}


def order(document: Json) -> None:
    """The order of each item, as the EHR has it."""
    for item in claim_of(document)["item"]:
        reference = added(
            document,
            100 + item["sequence"],
            "servicerequest",
            resourceType="ServiceRequest",
            status="active",
            intent="order",
            code=item["productOrService"],
            quantityQuantity={"value": 1},
            subject=claim_of(document)["patient"],
            occurrenceTiming={"event": ["2026-07-20"]},
        )
        extended(item, "requestedService", valueReference=reference)


# -- Parties ------------------------------------------------------------------------------------------


ADDRESS: Final = {
    "line": ["1 Main Street"],
    "city": "Beachwood",
    "district": "Cuyahoga",
    "state": "OH",
    "postalCode": "44122-0001",
    "country": "US",
}


def patient_details(document: Json) -> None:
    patient = of_type(document, "Patient")
    patient["name"][0] |= {"prefix": ["Ms."], "suffix": ["Jr."]}
    patient |= {
        "gender": "female",
        "telecom": [{"system": "phone", "value": "2165550101", "use": "home"}],
        "address": [ADDRESS],
        "communication": [{"language": concept("urn:ietf:bcp:47", "en-US")}],
        "multipleBirthInteger": 1,
    }


def subscriber(document: Json) -> None:
    """The person who holds the policy, as a resource of the bundle."""
    coverage = of_type(document, "Coverage")
    patient = of_type(document, "Patient")
    coverage["subscriber"] = added(
        document,
        2,
        "subscriber",
        resourceType="Patient",
        identifier=patient["identifier"],
        name=patient["name"],
        gender="female",
        birthDate=patient["birthDate"],
        address=[ADDRESS],
    )


def insurer_details(document: Json) -> None:
    insurer = of_type(document, "Organization", "profile-insurer")
    insurer["address"] = [ADDRESS]
    kind = concept("http://terminology.hl7.org/CodeSystem/v2-0203", "NPI")
    insurer["identifier"] = [
        {"type": kind, "system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}
    ]


def role_details(document: Json) -> None:
    role = of_type(document, "PractitionerRole")
    taxonomy = "http://nucc.org/provider-taxonomy"
    role |= {"specialty": [concept(taxonomy, "207Q00000X")]}
    place = added(
        document,
        3,
        "location",
        resourceType="Location",
        identifier=[{"system": "urn:ehr:locations", "value": "L1"}],
        status="active",
        name="Main clinic",
        telecom=[{"system": "phone", "value": "2165550102"}],
        address=ADDRESS,
    )
    role["location"] = [place]


# -- What no profile has ------------------------------------------------------------------------------


def unknown_extensions(document: Json) -> None:
    """Extensions of the EHR: ignored, and stored with the bundle."""
    for entry in document["entry"]:
        known = entry["resource"].setdefault("extension", [])
        known.append({"url": "https://ehr.example/extension", "valueString": "of the EHR"})


ELEMENTS: Final[Mapping[str, Callable[[Json], None]]] = {
    one.__name__.replace("_", " "): one
    for one in (
        accident,
        identifier_parts,
        transmission,
        condition,
        home_health,
        claim_numbers,
        encounter,
        care_team,
        recorded_diagnosis,
        message,
        observation,
        event_period,
        order,
        patient_details,
        subscriber,
        insurer_details,
        role_details,
        unknown_extensions,
    )
} | {
    "item numbers": each_item(item_numbers),
    "item details": each_item(item_details),
    "modifier": each_item(modifier),
    "item period": each_item(item_period),
    "code range": each_item(code_range),
}


# -- What may be missing ------------------------------------------------------------------------------


def without(kind: str, *names: str) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        for entry in document["entry"]:
            if entry["resource"]["resourceType"] == kind:
                for name in names:
                    entry["resource"].pop(name, None)

    return change


def without_in_claim(*names: str) -> Callable[[Json], None]:
    return without("Claim", *names)


def without_care_team(document: Json) -> None:
    claim_of(document).pop("careTeam")
    for item in claim_of(document)["item"]:
        item.pop("careTeamSequence")


OMISSIONS: Final[Mapping[str, Callable[[Json], None]]] = {
    "care team": without_care_team,
    "modifiers": each_item(lambda item: item.pop("modifier", None)),
    "quantity": each_item(lambda item: item.pop("quantity", None)),
    "level of service": without_in_claim("extension"),
    "address of a practitioner": without("Practitioner", "address"),
    "telecom of a practitioner": without("Practitioner", "telecom"),
    "plan of the coverage": without("Coverage", "class", "period"),
    "kind of coverage": without("Coverage", "type"),
}
"""Elements that are optional in the profiles, and that the request does not need."""


# -- Which elements a resource has --------------------------------------------------------------------


def missing_must_support(resources: list[Json], profile: str) -> list[str]:
    """Must-support elements of a profile that no resource has; slices by what they fix."""
    url = PROFILE + profile
    validator = pas_validator()
    tree = validator.tree(url)
    assert tree is not None
    return sorted(
        one
        for one in validator.must_support(url)
        if "." in one
        and not any(list(_found(resource, tree, one.split(".")[1:])) for resource in resources)
    )


def _found(element: Any, node: Node, path: list[str]) -> Iterator[Any]:
    if not path:
        yield element
        return
    name, _, slice_name = path[0].partition(":")
    child = node.children.get(name)
    if child is None or not isinstance(element, dict):
        return
    sliced = child.slices.get(slice_name, Node()) if slice_name else child
    for value in _values(element, name):
        if not slice_name or _is_of(value, name, slice_name, sliced):
            yield from _found(value, sliced, path[1:])


def _values(element: Json, name: str) -> Iterator[Any]:
    stem = name.removesuffix("[x]")
    for key, value in element.items():
        if key == name or (name.endswith("[x]") and key.startswith(stem) and key != stem):
            yield from value if isinstance(value, list) else [value]


def _is_of(value: Any, name: str, slice_name: str, node: Node) -> bool:
    if name == "extension":
        return any(
            value.get("url") == one.partition("|")[0] for one in node.facts.get("profiles", ())
        )
    if name.endswith("[x]"):
        return True
    return all(_fits(value, part, child) for part, child in node.children.items())


def _fits(value: Any, name: str, child: Node) -> bool:
    """Whether an element of a slice has what the slice fixes."""
    if "pattern" in child.facts:
        expected = child.facts["pattern"]
        found = value.get(name)
        if isinstance(expected, dict) and "coding" in expected:
            codes = [one["code"] for one in (found or {}).get("coding", ())]
            return all(one["code"] in codes for one in expected["coding"])
        return bool(found == expected)
    if name == "extension":
        for part in child.slices.values():
            inner = part.children.get("value[x]")
            if inner is not None and "fixed" in inner.facts:
                urls = [one.partition("|")[0] for one in part.facts.get("profiles", ())]
                fixed = inner.facts["fixed"]
                if not any(
                    one["url"] in urls and one.get("valueBoolean") == fixed
                    for one in value.get("extension", ())
                ):
                    return False
    return True
