"""The resources of a received bundle that a response returns, in a form that the profiles permit.

Elements of parties and orders that the profiles permit are returned unchanged; invalid values and
other resources are left out. The profiles of a response require elements of the patient, the insurer,
the requestor and other providers that a claim can lack, as a claim is not refused for missing optional
data. Such elements are added: the payer's own name, a member id that another resource of the claim has,
else a data-absent-reason. Nothing is added from the payer's member records, which are not disclosed to
the sender.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from precert.domain.payer import Payer
from precert.domain.values import Npi
from precert.fhir import systems
from precert.fhir.bundles import Bundle, objects, text
from precert.fhir.datatypes import members, permitted
from precert.fhir.elements import Json, absent
from precert.fhir.parties import member_identifier_of
from precert.fhir.received_parties import member_id_of
from precert.fhir.us_core import first_of_each

_PROVIDERS: Final = "Practitioner|PractitionerRole|Organization"
_HEAD: Final = "resourceType:code meta:Meta language:code"
_ORDER: Final = (
    f"{_HEAD} identifier:Identifier* status:code intent:code priority:code authoredOn:dateTime "
    f"subject:Reference(Patient) requester:Reference({_PROVIDERS}|Patient)"
)
_SHAPES: Final = {
    "Patient": f"{_HEAD} identifier:Identifier* active:boolean name:HumanName* "
    "telecom:ContactPoint* gender:Gender birthDate:fullDate address:Address* "
    "maritalStatus:CodeableConcept multipleBirthBoolean:boolean multipleBirthInteger:integer "
    f"communication:Communication* generalPractitioner:Reference({_PROVIDERS})* "
    "managingOrganization:Reference(Organization)",
    "Practitioner": f"{_HEAD} identifier:Identifier* active:boolean name:HumanName* "
    "telecom:ContactPoint* address:Address* gender:Gender birthDate:date qualification:Qualification*",
    "PractitionerRole": f"{_HEAD} identifier:Identifier* active:boolean period:Period "
    "practitioner:Reference(Practitioner) organization:Reference(Organization) "
    "code:CodeableConcept* specialty:CodeableConcept* location:Reference(Location)* "
    "healthcareService:Reference(HealthcareService)* telecom:ContactPoint* "
    "endpoint:Reference(Endpoint)*",
    "Organization": f"{_HEAD} identifier:Identifier* active:boolean type:CodeableConcept* name:string "
    "alias:string* telecom:ContactPoint* address:Address* partOf:Reference(Organization) "
    "contact:OrganizationContact*",
    "Location": f"{_HEAD} identifier:Identifier* status:LocationStatus name:string alias:string* "
    "description:string type:CodeableConcept* telecom:ContactPoint* address:Address "
    "physicalType:CodeableConcept managingOrganization:Reference(Organization)",
    "ServiceRequest": f"{_ORDER} code:CodeableConcept quantityQuantity:Quantity "
    "occurrenceDateTime:dateTime occurrencePeriod:Period occurrenceTiming:Timing",
    "DeviceRequest": f"{_ORDER} codeCodeableConcept:CodeableConcept occurrenceDateTime:dateTime "
    "occurrencePeriod:Period occurrenceTiming:Timing",
    "MedicationRequest": f"{_ORDER} medicationCodeableConcept:CodeableConcept",
    "Claim": f"{_HEAD} identifier:Identifier* type:CodeableConcept patient:Reference(Patient) "
    f"insurer:Reference(Organization) provider:Reference({_PROVIDERS}) careTeam:CareTeam* "
    "supportingInfo:SupportingInfo* item:ClaimItem*",
}
"""Elements by resource type, in the notation of :mod:`.datatypes`. Of the Claim, only elements are
returned."""
_REQUIRED: Final = {
    "ServiceRequest": {"code"},
    "DeviceRequest": {"codeCodeableConcept"},
    "MedicationRequest": {"medicationCodeableConcept", "requester"},
}
"""Elements that an order must have in addition to its subject; without them it is not returned."""
_US_CORE: Final = "http://hl7.org/fhir/us/core"
_PROFILES: Final = {
    kind: frozenset(f"{guide}/StructureDefinition/{name}" for guide, name in names)
    for kind, names in {
        "Patient": (
            (systems.PAS, "profile-beneficiary"),
            (systems.PAS, "profile-subscriber"),
            (_US_CORE, "us-core-patient"),
        ),
        "Practitioner": (
            (systems.PAS, "profile-practitioner"),
            (_US_CORE, "us-core-practitioner"),
        ),
        "PractitionerRole": (
            (systems.PAS, "profile-practitionerrole"),
            (_US_CORE, "us-core-practitionerrole"),
        ),
        "Organization": (
            (systems.PAS, "profile-insurer"),
            (systems.PAS, "profile-requestor"),
            (systems.PAS, "profile-organization"),
            (_US_CORE, "us-core-organization"),
        ),
        "Location": ((systems.PAS, "profile-location"), (_US_CORE, "us-core-location")),
        "ServiceRequest": ((systems.PAS, "profile-servicerequest"),),
        "DeviceRequest": ((systems.PAS, "profile-devicerequest"),),
        "MedicationRequest": ((systems.PAS, "profile-medicationrequest"),),
    }.items()
}
"""Profiles of HL7's guides that a returned resource conforms to, by resource type."""
_GUIDES: Final = ("http://hl7.org/fhir/us/", "http://hl7.org/fhir/uv/")
_ALWAYS_ACTIVE: Final = ("profile-insurer", "profile-requestor")
_MAX_LINES: Final = 4
"""The greatest number of address lines in US Core."""


def returnable(bundle: Bundle, payer: Payer) -> Bundle:
    """A copy of the bundle with only the resources and elements that a response can return."""
    return _Returnable(bundle, payer).all_resources()


@dataclass(frozen=True)
class _Returnable:
    bundle: Bundle
    payer: Payer

    def all_resources(self) -> Bundle:
        """The bundle. An entry whose resource is not returned is empty, so that positions stay."""
        found: dict[int, Json] = {}
        entries: list[Json] = []
        for entry in self.bundle.document["entry"]:
            sent = entry["resource"]
            valid = self._resource(sent)
            if valid is None:
                entries.append({})
                continue
            found[id(sent)] = valid
            url = permitted(entry.get("fullUrl"), "uri", self._type_of)
            entries.append({"resource": valid} | ({"fullUrl": url} if url else {}))
        identifier = permitted(self.bundle.document.get("identifier"), "Identifier", self._type_of)
        by_name = {
            name: found[id(one)] for name, one in self.bundle.entries.items() if id(one) in found
        }
        positions = {id(one): self.bundle.positions[position] for position, one in found.items()}
        document = {"identifier": identifier, "entry": entries}
        return Bundle(document, by_name, positions)

    def _type_of(self, reference: Json) -> str | None:
        found = self.bundle.target(reference)
        return found["resourceType"] if found else None

    def _resource(self, sent: Json) -> Json | None:
        kind = sent["resourceType"]
        if kind not in _SHAPES or (kind == "Claim" and sent is not self.bundle.first):
            return None
        found = members(sent, _SHAPES[kind], self._type_of)
        _limit_profiles(found, kind)
        if kind in _REQUIRED:
            is_order = found.get("intent") == "order" and found.get("status") == "active"
            has_subject = "reference" in found.get("subject", ())
            return found if is_order and has_subject and _REQUIRED[kind] <= found.keys() else None
        _COMPLETE[kind](self, found, sent)
        return {name: value for name, value in found.items() if value not in (None, [], {})}

    @cached_property
    def _roles(self) -> Mapping[int, str]:
        """The role, insurer or requestor, by the identity of the organization."""
        head = self.bundle.first
        targets = {"insurer": head.get("insurer"), "requestor": head.get("provider")}
        return {
            id(one): role
            for role, reference in targets.items()
            if (one := self.bundle.target(reference, "Organization")) is not None
        }

    # -- Elements that the profiles require ------------------------------------------------------------

    def claim(self, found: Json, _: Json) -> None:
        found["identifier"] = [
            _complete(one) for one in found.get("identifier", ()) if _has_value(one)
        ]
        # Items are looked up by their sequence.
        found["item"] = [one for one in found.get("item", ()) if "sequence" in one]
        for extension in (one for item in found["item"] for one in objects(item, "extension")):
            if "valueIdentifier" in extension:
                extension["valueIdentifier"] = _complete(extension["valueIdentifier"])

    def patient(self, found: Json, sent: Json) -> None:
        found["identifier"] = self._member_identifiers(found, sent)
        found["name"] = [_named(one) for one in found.get("name", ())] or [absent()]
        found["telecom"] = [_complete(one) for one in found.get("telecom", ())]
        found.setdefault("gender", "unknown")
        found["extension"] = list(first_of_each(found.get("extension", ())))
        found["communication"] = [
            one for one in found.get("communication", ()) if "language" in one
        ]

    def _member_identifiers(self, found: Json, sent: Json) -> list[Json]:
        """The identifiers as sent; if none has a value, with the member id of the coverage."""
        known: list[Json] = found.get("identifier", [])
        if not any(map(_has_value, known)):
            coverages = (
                self.bundle.target(one.get("coverage"), "Coverage")
                for one in objects(self.bundle.first, "insurance")
            )
            own = [
                one
                for one in coverages
                if one and self.bundle.target(one.get("beneficiary")) is sent
            ]
            values = (member_id_of(None, one) for one in own)
            if value := next((one for one in values if one), None):
                known = [*known, member_identifier_of(value)]
        return [_complete(one) for one in known] or [_complete({})]

    def practitioner(self, found: Json, _: Json) -> None:
        known = filter(_has_valid_format, found.get("identifier", ()))
        found["identifier"] = [_complete(one) for one in known] or [_complete({})]
        found["name"] = [
            one if "family" in one or "_family" in one else {**one, "_family": absent()}
            for one in found.get("name", ({},))
        ]
        found["address"] = _short(found)
        found["qualification"] = [one for one in found.get("qualification", ()) if "code" in one]

    def role(self, found: Json, _: Json) -> None:
        found.setdefault("practitioner", absent())
        found["telecom"] = [_complete(one) for one in found.get("telecom", ())]
        if not found["telecom"] and "endpoint" not in found:
            found["telecom"] = [_complete({})]

    def organization(self, found: Json, sent: Json) -> None:
        role = self._roles.get(id(sent))
        claims = {one.rpartition("/")[2].partition("|")[0] for one in _claims(found)}
        if role or claims.intersection(_ALWAYS_ACTIVE):
            # The profiles of insurer and requestor require active, and permit X12 types only.
            found["active"] = True
            found.pop("_active", None)
            found["type"] = [one for one in found.get("type", ()) if _is_of(one, systems.ENTITY)]
        elif "active" not in found:
            found.setdefault("_active", absent())
        found["identifier"] = _single([*filter(_has_valid_format, found.get("identifier", ()))])
        if "name" not in found:
            if role == "insurer":
                found["name"] = self.payer.name
                found.pop("_name", None)
            else:
                found.setdefault("_name", absent())
                found["identifier"] = found["identifier"] or [_complete({})]
        for name in ("telecom", "address"):
            # FHIR forbids the use home for organizations (org-2, org-3).
            found[name] = [
                {key: value for key, value in one.items() if (key, value) != ("use", "home")}
                for one in found.get(name, ())
            ]
        found["address"] = _short(found)

    def location(self, found: Json, _: Json) -> None:
        if "name" not in found:
            found.setdefault("_name", absent())
        found.setdefault("address", absent())


_COMPLETE: Final[Mapping[str, Callable[[_Returnable, Json, Json], None]]] = {
    "Claim": _Returnable.claim,
    "Patient": _Returnable.patient,
    "Practitioner": _Returnable.practitioner,
    "PractitionerRole": _Returnable.role,
    "Organization": _Returnable.organization,
    "Location": _Returnable.location,
}


def _complete(element: Json) -> Json:
    """An Identifier or a ContactPoint, with a data-absent-reason for a missing system or value."""
    missing = [
        f"_{name}" for name in ("system", "value") if not {name, f"_{name}"} & element.keys()
    ]
    return {**element, **{name: absent() for name in missing}}


_FORMATS: Final = {
    systems.US_NPI: TypeAdapter[str](Npi),
    "urn:oid:2.16.840.1.113883.4.7": TypeAdapter(
        Annotated[str, Field(pattern="^[0-9]{2}D[0-9]{7}$")]
    ),
    "urn:oid:2.16.840.1.113883.6.300": TypeAdapter(Annotated[str, Field(pattern="^[0-9]{5}$")]),
}
"""Formats by system of the identifiers that US Core validates: NPI, CLIA and NAIC numbers."""


def _has_valid_format(identifier: Json) -> bool:
    """Whether the value of an identifier has the format of its system; ``True`` for other systems."""
    expected, value = _FORMATS.get(identifier.get("system", "")), identifier.get("value")
    try:
        return expected is None or expected.validate_python(value) == value
    except ValidationError:
        return False


def _has_value(identifier: Json) -> bool:
    return text(identifier, "value") is not None


def _named(name: Json) -> Json:
    """A patient's name, with a data-absent-reason if it has neither family nor given name."""
    parts = {"family", "_family", "given", "_given"} & name.keys()
    others = [one for one in objects(name, "extension") if one["url"] != systems.DATA_ABSENT]
    if not parts:
        others += absent()["extension"]
    return {key: value for key, value in {**name, "extension": others}.items() if value}


def _short(party: Json) -> list[Json]:
    """The addresses of a party, with further lines joined to the fourth."""
    return [
        {**one, "line": [*lines[: _MAX_LINES - 1], ", ".join(lines[_MAX_LINES - 1 :])]}
        if len(lines := one.get("line", [])) > _MAX_LINES
        else one
        for one in party.get("address", ())
    ]


def _single(identifiers: list[Json]) -> list[Json]:
    """The identifiers of an organization without any TIN after the first."""
    tins = [one for one in identifiers if one.get("system") == systems.US_TIN]
    return [one for one in identifiers if one not in tins[1:]]


def _is_of(concept: Json, system: str) -> bool:
    return any(one.get("system") == system for one in objects(concept, "coding"))


def _claims(resource: Json) -> list[Any]:
    found: list[Any] = resource.get("meta", {}).get("profile", [])
    return found


def _limit_profiles(resource: Json, kind: str) -> None:
    """Remove ``meta.profile`` values of HL7's guides to which a returned resource may not conform."""
    if not (claimed := _claims(resource)):
        return
    known = _PROFILES.get(kind, frozenset())
    valid = [
        one for one in claimed if not one.startswith(_GUIDES) or one.partition("|")[0] in known
    ]
    resource["meta"] = {**resource["meta"], "profile": valid}
    if not valid:
        del resource["meta"]["profile"]
