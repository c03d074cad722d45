"""The orders of a CDS Hooks call, read from its context and prefetch.

Resources are read element by element, and other elements are ignored. Invalid values are treated as
missing: an order is never refused because of its content.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from precert.domain.content import Medication, Patient, Procedure, Provider
from precert.domain.dates import ServiceDate
from precert.domain.orders import Order
from precert.domain.payer import Payer
from precert.domain.values import AuthorizationType, CodeType, Diagnosis, MemberId, Urgency
from precert.fhir import systems
from precert.fhir.bundles import Bundle, code_in, codings, day_of, extension_of, objects, text
from precert.fhir.elements import Json
from precert.fhir.received_parties import patient_of, provider_of

CRD: Final = "http://hl7.org/fhir/us/davinci-crd"
BILLING_OPTIONS: Final = f"{CRD}/StructureDefinition/ext-billing-options"
REQUEST_CATEGORY: Final = f"{CRD}/StructureDefinition/ext-request-category"
ALTERNATE_REFERENCE: Final = "http://hl7.org/fhir/StructureDefinition/alternate-reference"
ORDER_TYPES: Final = frozenset(
    {
        "Appointment",
        "CommunicationRequest",
        "DeviceRequest",
        "MedicationRequest",
        "NutritionOrder",
        "ServiceRequest",
        "VisionPrescription",
    }
)
_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
_OUTPATIENT: Final = frozenset({"AMB", "HH", "VR", "FLD", "OBSENC", "SS"})
_URGENT: Final = frozenset({"urgent", "asap", "stat"})
_MAX_DEPTH: Final = 12
_BILLING: Final = {
    system.replace("http://", "https://", 1): kind
    for system, kind in (
        (systems.CPT, CodeType.CPT),
        (systems.HCPCS, CodeType.HCPCS),
        (systems.NUBC_REVENUE, CodeType.REVENUE),
    )
}
Model = TypeVar("Model")


@dataclass
class HookResources:
    """The resources in the context and prefetch of a call, indexed by reference."""

    resources: list[Json]

    def __post_init__(self) -> None:
        self._index()

    def add(self, resources: Iterable[Json]) -> None:
        """Add resources that were read from the client's FHIR server."""
        self.resources.extend(resources)
        self._index()

    def _index(self) -> None:
        by_id = {
            f"{one['resourceType']}/{one['id']}": one
            for one in self.resources
            if isinstance(one.get("id"), str)
        }
        document = {"entry": [{"resource": one} for one in self.resources or [{}]]}
        positions = {id(one): index for index, one in enumerate(self.resources)}
        self.bundle = Bundle(document, by_id, positions)

    def target(self, reference: object, holder: Json | None = None) -> Json | None:
        """The resource that a Reference names; ``holder`` is the resource that can contain it."""
        url = text(reference, "reference")
        if url is not None and url.startswith("#"):
            contained = objects(holder, "contained")
            return next((one for one in contained if one.get("id") == url[1:]), None)
        return self.bundle.target(reference)

    def of_type(self, kind: str) -> list[Json]:
        """The resources of a type."""
        return [one for one in self.resources if one["resourceType"] == kind]


def resources_in(value: object) -> Iterator[Json]:
    """The resources of a prefetched value: the resource itself, or those of a Bundle."""
    if not isinstance(value, dict):
        return
    if value.get("resourceType") == "Bundle":
        for entry in objects(value, "entry"):
            yield from resources_in(entry.get("resource"))
    elif isinstance(value.get("resourceType"), str):
        yield value


def reference_of(resource: Json) -> str:
    """The relative reference to a resource: ``Type/id``."""
    return f"{resource['resourceType']}/{resource.get('id')}"


def orders_of(appointment: Json, found: HookResources) -> list[Json]:
    """The orders in ``basedOn`` of an appointment that the call has."""
    orders: list[Json] = []
    for based_on in objects(appointment, "basedOn"):
        alternate = extension_of(based_on, ALTERNATE_REFERENCE)
        reference = alternate.get("valueReference") if alternate else based_on
        if (target := found.target(reference, appointment)) is not None:
            orders.append(target)
    return orders


def read_patient(found: HookResources, patient_id: str, coverage: Json) -> Patient | None:
    """The patient of a call; ``None`` without a valid member id, birth date, last and first name."""
    sent = patient_of(
        found.bundle,
        {"patient": {"reference": f"Patient/{patient_id}"}},
        {"coverage": {"reference": reference_of(coverage)}},
        {},
    )
    return _valid(Patient, sent)


def member_id_of(coverage: Json) -> str | None:
    """The member id of a coverage, if it is valid."""
    found = HookResources([coverage])
    insurance = {"coverage": {"reference": reference_of(coverage)}}
    sent = patient_of(found.bundle, {}, insurance, {}).get("member_id")
    return _valid(_MEMBER_ID, sent)


def read_order(
    resource: Json,
    found: HookResources,
    *,
    payer: Payer,
    performer: object = None,
    encounter: Json | None = None,
    booked: Json | None = None,
) -> Order:
    """An order as the input of a check.

    ``performer`` is a Reference to the party that the order is dispatched to, ``encounter`` the
    encounter of the call, and ``booked`` the appointment for the order.
    """
    return _OrderReader(resource, found, payer, performer, encounter, booked).read()


@dataclass
class _OrderReader:
    resource: Json
    found: HookResources
    payer: Payer
    performer: object
    encounter: Json | None
    booked: Json | None

    def read(self) -> Order:
        concepts = list(self._concepts())
        kind = self.resource["resourceType"]
        places = self._places()
        return Order(
            codes=tuple(self._codes(concepts)),
            day=self._day(),
            authorization_type=self._authorization_type(),
            types_of_service=self._types(),
            places_of_service=places,
            urgency=Urgency.EXPEDITED if self._is_urgent() else Urgency.STANDARD,
            diagnoses=tuple(self._diagnoses()),
            medication=self._medication(concepts) if kind == "MedicationRequest" else None,
            requesting_provider=self._provider("requester", "orderer", "prescriber", "sender"),
            servicing_provider=self._servicing(),
            is_drug=kind == "MedicationRequest",
            unread=tuple(dict.fromkeys(self._unread())),
        )

    def _unread(self) -> Iterator[str]:
        """Elements that were sent and cannot be read, and that an authorization would depend on."""
        one = self.resource
        if one.get("modifierExtension"):
            yield "modifierExtension"
        for name in ("reasonCode", "reasonReference"):
            for index, code in enumerate(self._reasons(name)):
                if _valid(_DIAGNOSIS, code_in(code, systems.ICD_10_CM)) is None:
                    yield f"{name}[{index}]"
        for name in ("quantityQuantity", "quantity"):
            if name in one and _whole(one[name]) is None:
                yield name
        sent = [day for resource in (self.booked, one) if resource for day in _days(resource)]
        first = next((day for day in sent if day is not None), None)
        if first is not None and _date(first) is None:
            yield "date"
        if self.performer and self._read([self.performer]) is None:
            yield "performer"

    # -- Codes ----------------------------------------------------------------------------------------

    def _concepts(self) -> Iterator[Json]:
        """The CodeableConcepts of the ordered service or product, then the billing options."""
        one = self.resource
        named = [
            one.get("code"),
            one.get("codeCodeableConcept"),
            one.get("medicationCodeableConcept"),
            one.get("serviceType"),
            *objects(one, "serviceType"),
            *objects(one, "orderDetail"),
            *(objects(one, "type") if one["resourceType"] == "Encounter" else ()),
        ]
        for reference in ("codeReference", "medicationReference"):
            target = self.found.target(one.get(reference), one)
            if target is not None:
                named += [target.get("code"), target.get("type")]
        for part in (one.get("oralDiet"), *objects(one, "supplement")):
            if isinstance(part, dict):
                named += [part.get("type"), *objects(part, "type")]
        formula = one.get("enteralFormula")
        named.append(formula.get("baseFormulaType") if isinstance(formula, dict) else None)
        for payload in objects(one, "payload"):
            named += [found.get("valueCodeableConcept") for found in objects(payload, "extension")]
        named += [lens.get("product") for lens in objects(one, "lensSpecification")]
        yield from (concept for concept in named if isinstance(concept, dict))
        yield from _billing_options(one, 0)

    def _codes(self, concepts: list[Json]) -> Iterator[Procedure]:
        units, seen = self._units(), set[tuple[str, str]]()
        for concept in concepts:
            for system, code in codings(concept):
                kind = _BILLING.get(system)
                if kind is None or (system, code) in seen:
                    continue
                seen.add((system, code))
                if kind in (CodeType.CPT, CodeType.HCPCS):
                    # As in claims, the code type depends on the format of the code.
                    kind = CodeType.HCPCS if code[:1].isalpha() else CodeType.CPT
                sent = {"code": code, "code_type": kind, "units": units, "unit_type": "UNITS"}
                if (procedure := _valid(Procedure, sent)) is not None:
                    yield procedure

    def _units(self) -> int:
        for quantity in (self.resource.get("quantityQuantity"), self.resource.get("quantity")):
            if (value := _whole(quantity)) is not None:
                return value
        return 1

    def _medication(self, concepts: list[Json]) -> Medication | None:
        dosage = next(iter(objects(self.resource, "dosageInstruction")), {})
        timing = dosage.get("timing")
        name = next((found for one in concepts if (found := text(one, "text"))), None)
        ndc = next((found for one in concepts if (found := code_in(one, systems.NDC))), None)
        if name is None and ndc is None:
            return None
        frequency = text(timing.get("code") if isinstance(timing, dict) else None, "text")
        fields = {"name": name, "frequency": frequency or text(dosage, "text")}
        fields["route"] = text(dosage.get("route"), "text")
        return _valid(Medication, {**fields, "ndc": ndc}) or _valid(Medication, fields)

    # -- Setting --------------------------------------------------------------------------------------

    def _day(self) -> date | None:
        """The first day of the service: of the appointment, if it is booked."""
        found = (day for one in (self.booked, self.resource) if one for day in _days(one))
        return next((day for one in found if (day := _date(one)) is not None), None)

    def _authorization_type(self) -> AuthorizationType | None:
        """Inpatient or outpatient, by the category of the order or the class of its encounter."""
        one = self.resource
        stated = [*objects(one, "category"), *objects(one, "serviceCategory")]
        stated += [found.get("valueCodeableConcept", {}) for found in self._categories()]
        classes = {
            code for each in stated for system, code in codings(each) if _is_act_code(system)
        }
        if one["resourceType"] == "Encounter" and isinstance(one.get("class"), dict):
            classes.add(text(one["class"], "code") or "")
        if classes & _INPATIENT:
            return AuthorizationType.INPATIENT
        if classes & _OUTPATIENT or one["resourceType"] in _OUTPATIENT_TYPES:
            return AuthorizationType.OUTPATIENT
        encounter = self.found.target(one.get("encounter"), one) or self.encounter or {}
        stay = encounter.get("class")
        code = stay.get("code") if isinstance(stay, dict) else None
        # A service ordered during a stay is inpatient. One ordered at a visit can be either.
        return AuthorizationType.INPATIENT if code in _INPATIENT else None

    def _categories(self) -> list[Json]:
        found = objects(self.resource, "extension")
        return [one for one in found if one.get("url") == REQUEST_CATEGORY]

    def _types(self) -> tuple[str, ...]:
        """The payer's types of service with an X12 service type of the order."""
        one = self.resource
        stated = [*objects(one, "category"), *objects(one, "serviceCategory")]
        stated += [found.get("valueCodeableConcept", {}) for found in self._categories()]
        codes = {code for each in stated if (code := code_in(each, systems.SERVICE_TYPE))}
        if not codes and one["resourceType"] == "DeviceRequest":
            codes = {_EQUIPMENT}
        kinds = self.payer.form.types_of_service
        return tuple(kind.code for kind in kinds if kind.x12_service_type in codes)

    def _places(self) -> tuple[str, ...]:
        """The payer's places of service with a CMS place of service code of the order."""
        codes = {
            code
            for one in objects(self.resource, "locationCode")
            if (code := code_in(one, systems.CMS_PLACE_OF_SERVICE))
        }
        return tuple(
            place.code for place in self.payer.form.places_of_service if place.cms_code in codes
        )

    def _is_urgent(self) -> bool:
        return text(self.resource, "priority") in _URGENT

    def _diagnoses(self) -> Iterator[str]:
        """ICD-10-CM codes of the reasons, each once."""
        reasons = [*self._reasons("reasonCode"), *self._reasons("reasonReference")]
        found = (code_in(one, systems.ICD_10_CM) for one in reasons)
        valid = (_valid(_DIAGNOSIS, code) for code in found if code)
        yield from dict.fromkeys(code for code in valid if code)

    def _reasons(self, name: str) -> Iterator[object]:
        """The CodeableConcept of each reason, or of its resource; ``None`` if that was not sent."""
        sent = self.resource.get(name)
        for one in sent if isinstance(sent, list) else [sent] if sent else []:
            if name == "reasonCode":
                yield one
            else:
                target = self.found.target(one, self.resource)
                yield target.get("code") if target else None

    # -- Providers ------------------------------------------------------------------------------------

    def _provider(self, *names: str) -> Provider | None:
        references = [self.resource.get(name) for name in names]
        return self._read(one for one in references if one)

    def _servicing(self) -> Provider | None:
        one = self.resource
        dispense = one.get("dispenseRequest")
        performers = one.get("performer")
        booked = objects(self.booked or one, "participant")
        actors = [each.get("actor") for each in booked if "PPRF" in _codes_of(each.get("type"))]
        references = [
            self.performer,
            *actors,
            *(performers if isinstance(performers, list) else [performers]),
            *objects(one, "recipient"),
            dispense.get("performer") if isinstance(dispense, dict) else None,
        ]
        return self._read(references)

    def _read(self, references: Iterable[object]) -> Provider | None:
        for reference in references:
            sent = provider_of(self.found.bundle, reference, "provider", "requester", {})
            if sent and (provider := _valid_parts(sent)) is not None:
                return provider
        return None


_MEMBER_ID: Final[TypeAdapter[str]] = TypeAdapter(MemberId)
_DIAGNOSIS: Final[TypeAdapter[str]] = TypeAdapter(Diagnosis)
_SERVICE_DATE: Final[TypeAdapter[date]] = TypeAdapter(ServiceDate)
_EQUIPMENT: Final = "12"
"""X12 1365: durable medical equipment, purchase."""
_OUTPATIENT_TYPES: Final = frozenset({"DeviceRequest", "MedicationRequest", "VisionPrescription"})
"""Types of orders that are outpatient unless their category states otherwise."""


def _whole(quantity: object) -> int | None:
    """The value of a Quantity; ``None`` unless it is a whole number of at least 1."""
    value = quantity.get("value") if isinstance(quantity, dict) else None
    if isinstance(value, float) and isfinite(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return None
    return value


def _is_act_code(system: str) -> bool:
    return system.endswith("/v3-ActCode")


def _codes_of(concepts: object) -> set[str]:
    found = concepts if isinstance(concepts, list) else []
    return {code for one in found for _, code in codings(one)}


def _billing_options(element: object, depth: int) -> Iterator[Json]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(element, dict):
        if element.get("url") == BILLING_OPTIONS and isinstance(
            concept := element.get("valueCodeableConcept"), dict
        ):
            yield concept
        for child in element.values():
            yield from _billing_options(child, depth + 1)
    elif isinstance(element, list):
        for child in element:
            yield from _billing_options(child, depth + 1)


def _days(one: Mapping[str, Any]) -> Iterator[object]:
    """Yield the dates of an order or appointment, most relevant first; ``None`` for absent ones."""
    period, timing = one.get("occurrencePeriod"), one.get("occurrenceTiming")
    yield one.get("occurrenceDateTime")
    yield period.get("start") if isinstance(period, dict) else None
    if isinstance(timing, dict):
        events = timing.get("event")
        yield events[0] if isinstance(events, list) and events else None
        repeat = timing.get("repeat")
        bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
        yield bounds.get("start") if isinstance(bounds, dict) else None
    yield one.get("start")
    stay = one.get("period")
    yield stay.get("start") if isinstance(stay, dict) else None
    yield from (period.get("start") for period in objects(one, "requestedPeriod"))
    yield one.get("dateTime")
    yield one.get("dateWritten")


def _date(value: object) -> date | None:
    return _valid(_SERVICE_DATE, day_of(value))


def _valid(model: "type[Model] | TypeAdapter[Model]", value: object) -> Model | None:
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def _valid_parts(sent: Json) -> Provider | None:
    """A provider without the parts that are not valid; ``None`` if the rest is not valid."""
    parts = dict(sent)
    for _ in range(len(sent)):
        try:
            return Provider.model_validate(parts)
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False):
                parts.pop(str(one["loc"][0]), None)
    return None
