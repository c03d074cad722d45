"""What a received claim has and cannot be read: errors at the place of each such value.

A missing optional value is no error. A value that was sent, and that bears on what is requested, for
whom, by whom, when or how urgently, must not be lost: another diagnosis, code, date or number of units
than the one that was sent would be decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from precert.domain.errors import FieldError
from precert.fhir import systems
from precert.fhir.attachments import ENTERED_IN_ERROR
from precert.fhir.bundles import Bundle, code_in, codings, extension_of, objects, text
from precert.fhir.claim_changes import is_cancelled_item, is_update
from precert.fhir.claim_dates import DATED, has_category, has_partial_date
from precert.fhir.elements import Json

SEQUENCES: Final = {
    "careTeamSequence": "careTeam",
    "diagnosisSequence": "diagnosis",
    "informationSequence": "supportingInfo",
    "procedureSequence": "procedure",
}
"""Elements of an item that name entries of the claim, each with the list of the entries."""
_LISTS: Final = (
    *("related", "careTeam", "supportingInfo", "diagnosis", "procedure", "insurance", "item"),
    *("extension", "modifierExtension"),
)
_LISTS_OF_ITEM: Final = ("modifier", "detail", "extension", "modifierExtension")
_OBJECTS_OF_ITEM: Final = (
    *("productOrService", "category", "revenue", "quantity", "locationCodeableConcept"),
    "servicedPeriod",
)
_SINGLE: Final = (
    *("levelOfServiceCode", "certificationType", "serviceItemRequestType", "requestedService"),
    *("authorizationNumber", "administrationReferenceNumber"),
)
_REQUESTS: Final = frozenset({"I", "R", "S", "4", systems.CANCEL})
"""X12 1322: initial, renewal, revised and extension, which are requests, and cancel."""
_REQUEST_TYPES: Final = frozenset({"AR", "HS", "IN", "SC"})
"""X12 1525: admission, health services, individual and specialty care."""
_PRIORITIES: Final = frozenset({"stat", "normal", "deferred"})
_ORDERS: Final = ("MedicationRequest", "ServiceRequest", "DeviceRequest", "NutritionOrder")
_FULL_DATE: Final = "must be a full date, YYYY-MM-DD"
_ABSENT: Final = "must refer to an entry of the bundle"
_ENCOUNTER: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Claim.encounter"


def has_no_procedure(concept: object) -> bool:
    """Whether ``productOrService`` states that the item has no procedure code.

    It is absent, ``not-applicable``, or a service type (X12 1365), which PAS permits there.
    """
    if concept in (None, {}):
        return True
    sent = objects(concept, "coding")
    service_type = systems.SERVICE_TYPE.replace("http://", "https://", 1)
    return bool(sent) and all(
        one.get("code") == "not-applicable"
        or any(system == service_type for system, _ in codings({"coding": [one]}))
        for one in sent
    )


@dataclass(frozen=True)
class ClaimChecks:
    """Finds the values of a bundle's claim that cannot be read.

    ``pointers`` has the JSON pointers of the service and of the service line of each item, ``coded``
    the code systems of procedures, and ``units`` the codes of units in upper case. ``places`` receives
    the FHIRPath of each error by its pointer.
    """

    bundle: Bundle
    pointers: Sequence[tuple[str, str | None]]
    coded: frozenset[str]
    units: frozenset[str]
    places: dict[str, str]
    expected: Mapping[str, str]

    def errors(self) -> Iterator[FieldError]:
        yield from self._of_shapes()
        yield from self._of_numbers()
        yield from self._of_claim()
        for index, item in enumerate(objects(self.bundle.first, "item")):
            # The values of an item that is cancelled are not used.
            if is_update(self.bundle) and is_cancelled_item(item):
                continue
            yield from self._of_sequences(index, item)
            yield from self._of_diagnoses(index, item)
            yield from self._of_item(index, item)

    def _error(self, pointer: str, place: str, message: str) -> FieldError:
        self.places[pointer] = place
        return FieldError(pointer, "malformed", message)

    # -- The claim ------------------------------------------------------------------------------------

    def _of_shapes(self) -> Iterator[FieldError]:
        """Lists that are no lists of objects, and objects that are none."""
        claim = self.bundle.first
        yield from self._of_lists(claim, "Claim", _LISTS)
        yield from self._of_extensions(claim, "Claim")
        for index, item in enumerate(objects(claim, "item")):
            place = f"Claim.item[{index}]"
            yield from self._of_lists(item, place, _LISTS_OF_ITEM)
            for name in _OBJECTS_OF_ITEM:
                if name in item and not isinstance(item[name], dict):
                    yield self._error(
                        f"/unread/{index}/{name}", f"{place}.{name}", "must be an object"
                    )
            yield from self._of_extensions(item, place)
            for name in SEQUENCES:
                if name in item and not isinstance(item[name], list):
                    message = "must be a list of sequences"
                    yield self._error(f"/unread/{index}/{name}", f"{place}.{name}", message)

    def _of_extensions(self, element: Json, place: str) -> Iterator[FieldError]:
        """Extensions that are read and that PAS permits once."""
        sent = [one.get("url") for one in objects(element, "extension")]
        for name in _SINGLE:
            url = systems.extension_url(name)
            if sent.count(url) > 1:
                pointer, where = f"/unread/{place}/{name}", f"{place}.extension('{url}')"
                yield self._error(pointer, where, "must occur once")

    def _of_numbers(self) -> Iterator[FieldError]:
        """Repeated sequences, which several entries of a list must not have."""
        for name in SEQUENCES.values():
            seen = set[int]()
            for index, one in enumerate(objects(self.bundle.first, name)):
                number = one.get("sequence")
                if not isinstance(number, int):
                    continue
                if number in seen:
                    place = f"Claim.{name}[{index}].sequence"
                    message = f"must be unique among the entries of Claim.{name}"
                    yield self._error(f"/unread/{place}", place, message)
                seen.add(number)

    def _of_lists(self, element: Json, place: str, names: Sequence[str]) -> Iterator[FieldError]:
        for name in names:
            value = element.get(name, [])
            if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
                pointer = f"/unread/{place}/{name}"
                yield self._error(pointer, f"{place}.{name}", "must be a list of objects")

    def _of_claim(self) -> Iterator[FieldError]:
        claim = self.bundle.first
        yield from self._of_urgency(claim)
        yield from self._of_certification(claim, "Claim")
        focal = [one.get("focal") is True for one in objects(claim, "insurance")]
        if len(focal) > 1 and focal.count(True) != 1:
            message = "exactly one insurance must have focal true: that of the payer of this claim"
            yield self._error("/unread/insurance", "Claim.insurance.focal", message)
        for index, one in enumerate(objects(claim, "insurance")):
            place = f"Claim.insurance[{index}].coverage"
            if one.get("focal") is not True and len(focal) > 1:
                yield from self._of_reference(one.get("coverage"), place, "Coverage")
        for index, one in enumerate(objects(claim, "related")):
            kinds = {text(each, "code") for each in objects(one.get("relationship"), "coding")}
            if "relationship" in one and "prior" not in kinds:
                place = f"Claim.related[{index}].relationship"
                message = "must be prior: the claim that this one updates"
                yield self._error(f"/unread/{place}", place, message)
        yield from self._of_parties(claim)
        encounter = extension_of(claim, _ENCOUNTER) or {}
        place = f"Claim.extension('{_ENCOUNTER}')"
        yield from self._of_reference(encounter.get("valueReference"), place, "Encounter")
        yield from self._of_supporting_info(claim)

    def _of_parties(self, claim: Json) -> Iterator[FieldError]:
        """Providers, and what their roles and the coverage refer to, that are not in the bundle."""
        types = ("Practitioner", "PractitionerRole", "Organization")
        members = objects(claim, "careTeam")
        for index, one in enumerate(members):
            place = f"Claim.careTeam[{index}].provider"
            yield from self._of_reference(one.get("provider"), place, *types)
        sent = [claim.get("provider"), *(one.get("provider") for one in members)]
        roles = [self.bundle.target(one, "PractitionerRole") for one in sent]
        parts = [
            *((role, name) for role in roles for name in ("practitioner", "organization")),
            *(
                (self.bundle.target(one.get("coverage"), "Coverage"), "beneficiary")
                for one in objects(claim, "insurance")
            ),
        ]
        for resource, name in parts:
            if resource is not None:
                place = f"{self.bundle.path(resource)}.{name}"
                kind = "Patient" if name == "beneficiary" else name.capitalize()
                yield from self._of_reference(resource.get(name), place, kind)

    def _of_urgency(self, claim: Json) -> Iterator[FieldError]:
        url = systems.extension_url("levelOfServiceCode")
        level = extension_of(claim, url)
        known = set(systems.LEVEL_OF.values())
        if level is not None:
            code = code_in(level.get("valueCodeableConcept"), systems.LEVEL_OF_SERVICE)
            if code not in known:
                codes = ", ".join(sorted(known))
                message = f"must be one of the codes {codes} of {systems.LEVEL_OF_SERVICE}"
                yield self._error("/unread/level", f"Claim.extension('{url}')", message)
        elif claim.get("priority") not in (None, {}):
            codes_sent = {text(one, "code") for one in objects(claim["priority"], "coding")}
            if not codes_sent & _PRIORITIES:
                message = "must be one of the codes stat, normal, deferred"
                yield self._error("/unread/priority", "Claim.priority", message)

    def _of_certification(self, element: Json, place: str) -> Iterator[FieldError]:
        """Certification types that are no request, such as an appeal, which would be read as one."""
        url = systems.extension_url("certificationType")
        found = extension_of(element, url)
        if found is None:
            return
        if code_in(found.get("valueCodeableConcept"), systems.CERTIFICATION_TYPE) in _REQUESTS:
            return
        codes = ", ".join(sorted(_REQUESTS))
        message = (
            f"must be one of the codes {codes} of {systems.CERTIFICATION_TYPE}. Appeals and "
            "reconsiderations are not submitted as claims"
        )
        yield self._error(f"/unread/{place}/certification", f"{place}.extension('{url}')", message)

    def _of_reference(self, sent: object, place: str, *types: str) -> Iterator[FieldError]:
        """A Reference to a resource that is not in the bundle, or of another type."""
        if text(sent, "reference") is None or self.bundle.target(sent, *types) is not None:
            return
        found = self.bundle.target(sent)
        message = _ABSENT
        if found is not None:
            kinds = " or ".join(types)
            message = f"must refer to an entry of the type {kinds}, not {found['resourceType']}"
        yield self._error(f"/unread/{place}", place, message)

    def _of_supporting_info(self, claim: Json) -> Iterator[FieldError]:
        infos = objects(claim, "supportingInfo")
        for category in DATED:
            found = [index for index, one in enumerate(infos) if has_category(one, category)]
            for index in found[1:]:
                place = f"Claim.supportingInfo[{index}].category"
                message = f"must be sent once: supportingInfo[{found[0]}] has {category} too"
                yield self._error(f"/unread/{place}", place, message)
            for index in found:
                if has_partial_date(infos[index], "timing"):
                    place = f"Claim.supportingInfo[{index}].timing"
                    yield self._error(f"/unread/{place}", place, _FULL_DATE)
        for index, one in enumerate(infos):
            place = f"Claim.supportingInfo[{index}].value"
            yield from self._of_reference(one.get("valueReference"), place)

    # -- Items ----------------------------------------------------------------------------------------

    def _of_sequences(self, index: int, item: Json) -> Iterator[FieldError]:
        """Sequences without an entry in the claim."""
        service, _ = self.pointers[index]
        for name, of in SEQUENCES.items():
            known = [one.get("sequence") for one in objects(self.bundle.first, of)]
            named = item.get(name)
            missing = [one for one in named if one not in known] if isinstance(named, list) else []
            if missing:
                pointer = f"/unread/{index}/{name}"
                if of == "diagnosis":
                    # After those of the diagnoses, so that the missing diagnosis is one error.
                    pointer = f"{service}/primary_diagnosis/{len(known) + index}"
                numbers = ", ".join(str(one)[:20] for one in missing[:_MOST])
                message = f"must be sequences of Claim.{of}, which has no {numbers}"
                yield self._error(pointer, f"Claim.item[{index}].{name}", message)

    def _of_diagnoses(self, index: int, item: Json) -> Iterator[FieldError]:
        """Diagnoses of the item without an ICD-10-CM code, and types of diagnoses without a code."""
        service, _ = self.pointers[index]
        numbers = item.get("diagnosisSequence")
        for at, one in enumerate(objects(self.bundle.first, "diagnosis")):
            if isinstance(numbers, list) and one.get("sequence") not in numbers:
                continue
            if message := self._wrong_diagnosis(one):
                pointer = f"{service}/primary_diagnosis/{at}"
                yield self._error(pointer, f"Claim.diagnosis[{at}]", message)
            kinds = one.get("type", [])
            is_read = isinstance(kinds, list) and all(
                any(text(each, "code") for each in objects(kind, "coding")) for kind in kinds
            )
            if not is_read:
                message = "must be a list of codes, of which principal is the primary diagnosis"
                yield self._error(
                    f"/unread/diagnosis/{at}/type", f"Claim.diagnosis[{at}].type", message
                )

    def _wrong_diagnosis(self, diagnosis: Json) -> str | None:
        """What is wrong with a diagnosis; ``None`` with an ICD-10-CM code, or with an MS-DRG alone."""
        concept = diagnosis.get("diagnosisCodeableConcept")
        if code_in(concept, systems.ICD_10_CM) or code_in(concept, systems.MS_DRG):
            return None
        message = f"must be a diagnosisCodeableConcept with a code of {systems.ICD_10_CM}"
        if "diagnosisReference" in diagnosis:
            message += ": PAS permits no diagnosisReference"
        return message

    def _of_item(self, index: int, item: Json) -> Iterator[FieldError]:
        place = f"Claim.item[{index}]"
        service, line = self.pointers[index]
        code = item.get("productOrService")
        is_coded = any(system in self.coded for system, _ in codings(code))
        if not is_coded and not has_no_procedure(code):
            # Where a revenue code or MS-DRG is the line, the code is wrong all the same.
            pointer = f"{line or service}/{'code' if line else 'procedures/0'}"
            message = self.expected[f"{service}/procedures"]
            yield self._error(pointer, f"{place}.productOrService", message)
        if isinstance(item.get("revenue"), dict) and not list(codings(item["revenue"])):
            message = f"must be a revenue code with its system, {systems.NUBC_REVENUE}"
            yield self._error(f"/unread/{index}/code", f"{place}.revenue", message)
        for at, one in enumerate(objects(item, "modifier")):
            if not any(text(each, "code") for each in objects(one, "coding")):
                message = "must have a code: a CPT or HCPCS modifier of two characters"
                pointer = f"/unread/{index}/modifiers/{at}"
                yield self._error(pointer, f"{place}.modifier[{at}]", message)
        if objects(item, "detail"):
            message = "must be absent: send each service as an item of its own"
            yield self._error(f"/unread/{index}/detail", f"{place}.detail", message)
        yield from self._of_quantity(index, item)
        yield from self._of_dates(index, item)
        yield from self._of_request_type(index, item)
        yield from self._of_certification(item, place)
        yield from self._of_order(item, place)

    def _of_quantity(self, index: int, item: Json) -> Iterator[FieldError]:
        quantity = item.get("quantity")
        if not isinstance(quantity, dict):
            return
        place = f"Claim.item[{index}].quantity"
        if quantity.get("value") is None:
            yield self._error(f"/unread/{index}/units", f"{place}.value", "must be a number")
        unit = text(quantity, "code") or text(quantity, "unit")
        if unit is not None and unit.upper() not in self.units:
            message = f"must have one of the units {', '.join(sorted(self.units))}"
            yield self._error(f"/unread/{index}/unit", place, message)
        if "comparator" in quantity:
            message = "must be absent: the requested quantity is exact"
            yield self._error(f"/unread/{index}/comparator", f"{place}.comparator", message)

    def _of_dates(self, index: int, item: Json) -> Iterator[FieldError]:
        """A date without a day, in whose place the date of the claim would be used."""
        service, line = self.pointers[index]
        if has_partial_date(item, "serviced"):
            pointer = f"{line}/start_date" if line else f"{service}/service_date"
            yield self._error(pointer, f"Claim.item[{index}].serviced", _FULL_DATE)

    def _of_request_type(self, index: int, item: Json) -> Iterator[FieldError]:
        url = systems.extension_url("serviceItemRequestType")
        found = extension_of(item, url)
        if found is None:
            return
        code = code_in(found.get("valueCodeableConcept"), systems.REQUEST_TYPE)
        if code not in _REQUEST_TYPES:
            codes = ", ".join(sorted(_REQUEST_TYPES))
            message = f"must be one of the codes {codes} of {systems.REQUEST_TYPE}"
            pointer, place = f"/unread/{index}/type", f"Claim.item[{index}].extension('{url}')"
            yield self._error(pointer, place, message)

    def _of_order(self, item: Json, place: str) -> Iterator[FieldError]:
        """The order of an item, which can have the medication."""
        url = systems.extension_url("requestedService")
        sent = (extension_of(item, url) or {}).get("valueReference")
        place = f"{place}.extension('{url}')"
        yield from self._of_reference(sent, place, *_ORDERS)
        order = self.bundle.target(sent, *_ORDERS) or {}
        if order.get("doNotPerform") is True or order.get("status") == ENTERED_IN_ERROR:
            message = "must be an order that is to be performed"
            yield self._error(f"/unread/{place}", place, message)
        yield from self._of_reference(order.get("medicationReference"), place, "Medication")


_MOST: Final = 5
"""Maximum number of wrong sequences that a message names."""
