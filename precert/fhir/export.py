"""The entered data as a Da Vinci PAS request bundle for a delegated vendor (C8).

A FHIR R4 Bundle in the form of ``profile-pas-request-bundle`` 2.2: the Claim first, then every
resource that it references, each with its own ``urn:uuid``. Data that was not entered is omitted, or
marked as unknown if the profile requires the element. In particular:

* If a check has no requesting provider, the servicing provider is the requestor, as either can submit
  (A7).
* The form has no fields for the patient's sex and the payer's national id: the sex is unknown, and the
  id is omitted.
* The patient is the subscriber (X12: a patient with a member id of their own).
* A provider's name is one text that is not split into parts.
* Revenue codes are in ``item.revenue`` and DRGs among the diagnoses, as the guide maps them to
  X12 278; ``productOrService`` is then not applicable.
* ``item.category`` has the X12 service type if the payer's form has one, and always the text.
* The guide has one admission and one discharge date: those of the first stay that was entered.
* Documents are not included; the vendor's requirements list those that it needs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from precert.domain.codes import canonical_code, code_types_of, modifier_code_type
from precert.domain.content import Procedure, Provider, RequestContent, Service
from precert.domain.coverage import Coverage
from precert.domain.dates import days_after, instant_text
from precert.domain.payer import Payer
from precert.domain.values import AuthorizationType, CodeType, ProviderKind, Purpose, Urgency
from precert.domain.wording import written_diagnosis
from precert.fhir import parties, systems
from precert.fhir.elements import (
    Json,
    concept,
    extension,
    not_applicable,
    present,
    reference,
)

USE_OF = {
    Purpose.PRECERTIFICATION: "preauthorization",
    Purpose.PREDETERMINATION: "predetermination",
}


@dataclass
class Entries:
    """The entries of a bundle in the order in which they are added."""

    new_uuid: Callable[[], str]
    resources: list[Json] = field(default_factory=list)

    def add(self, resource: Json) -> str:
        """Add a resource with a new id, and return its full URL (``urn:uuid``)."""
        identity = self.new_uuid()
        full_url = f"urn:uuid:{identity}"
        kind = {"resourceType": resource["resourceType"], "id": identity}
        self.resources.append({"fullUrl": full_url, "resource": {**kind, **resource}})
        return full_url


def request_bundle(
    content: RequestContent,
    coverage: Coverage,
    payer: Payer,
    *,
    note: str,
    at: datetime,
    new_uuid: Callable[[], str],
) -> Json:
    """The bundle of a request.

    ``content`` has only the services that one vendor decides, each with procedures. ``note`` is added
    as a free-form message: the source of the request.
    """
    created = instant_text(at, "seconds")
    claim_id = new_uuid()
    entries = Entries(new_uuid)
    patient = entries.add(parties.patient(coverage))
    insurer = entries.add(parties.insurer(payer))
    insurance = entries.add(parties.insurance(coverage, patient, insurer))
    servicing = content.servicing_provider or Provider()
    requesting = content.requesting_provider or servicing
    alone = requesting == servicing
    performer = party(entries, servicing, is_requestor=alone)
    requestor = performer if alone else party(entries, requesting, is_requestor=True)
    drugs = [_drug(entries, service, patient) for service in content.services]
    lines = _ClaimLines(content, payer, drugs)
    claim = present(
        resourceType="Claim",
        id=claim_id,
        meta=systems.profile("claim"),
        extension=_level_of_service(content),
        identifier=[{"system": systems.URI, "value": f"urn:uuid:{claim_id}"}],
        status="active",
        type=concept(f"{systems.TERMINOLOGY}/claim-type", claim_type(content)),
        use=USE_OF[content.purpose],
        patient=reference(patient),
        created=created,
        insurer=reference(insurer),
        provider=reference(requestor),
        priority=concept(f"{systems.TERMINOLOGY}/processpriority", _priority(content)),
        careTeam=[_care_team(servicing, performer)],
        supportingInfo=_supporting_info(content, note),
        diagnosis=lines.diagnoses,
        insurance=[{"sequence": 1, "focal": True, "coverage": reference(insurance)}],
        item=lines.items,
    )
    return {
        "resourceType": "Bundle",
        "meta": systems.profile("pas-request-bundle"),
        "identifier": {"system": systems.URI, "value": f"urn:uuid:{new_uuid()}"},
        "type": "collection",
        "timestamp": created,
        "entry": [{"fullUrl": f"urn:uuid:{claim_id}", "resource": claim}, *entries.resources],
    }


def party(entries: Entries, provider: Provider, *, is_requestor: bool) -> str:
    """Add a provider and return the full URL: of a role for an individual, else of an organization."""
    if provider.kind is not ProviderKind.INDIVIDUAL:
        return entries.add(parties.organization(provider, is_requestor=is_requestor))
    practitioner = entries.add(parties.practitioner(provider))
    return entries.add(parties.role(provider, practitioner))


def _drug(entries: Entries, service: Service, patient: str) -> str | None:
    """Add the MedicationRequest of a service and return its full URL; ``None`` without name and NDC."""
    drug = service.medication
    if drug is None or not (drug.name or drug.ndc):
        return None
    return entries.add(parties.medication(drug, patient))


# -- Claim header -------------------------------------------------------------------------------------


def claim_type(content: RequestContent) -> str:
    """FHIR's claim type: institutional if a service is inpatient, else professional."""
    stays = any(_is_stay(service) for service in content.services)
    return "institutional" if stays else "professional"


def _is_stay(service: Service) -> bool:
    return service.authorization_type is AuthorizationType.INPATIENT


def _urgency(content: RequestContent) -> Urgency | None:
    """The highest urgency of the services."""
    requested = {service.urgency for service in content.services}
    order = (Urgency.EMERGENCY, Urgency.EXPEDITED, Urgency.STANDARD)
    return next((urgency for urgency in order if urgency in requested), None)


def _priority(content: RequestContent) -> str:
    return "normal" if _urgency(content) in (None, Urgency.STANDARD) else "stat"


def _level_of_service(content: RequestContent) -> list[Json]:
    urgency = _urgency(content)
    if urgency is None:
        return []
    level = concept(systems.LEVEL_OF_SERVICE, systems.LEVEL_OF[urgency])
    return [extension("levelOfServiceCode", valueCodeableConcept=level)]


def _care_team(servicing: Provider, performer: str) -> Json:
    facility = servicing.kind is ProviderKind.FACILITY
    entity = systems.ENTITY_OF_KIND[ProviderKind.FACILITY] if facility else systems.SERVICE_PROVIDER
    return {
        "extension": [extension("careTeamClaimScope", valueBoolean=True)],
        "sequence": 1,
        "provider": reference(performer),
        "role": concept(systems.ENTITY, entity),
    }


def _supporting_info(content: RequestContent, note: str) -> list[Json]:
    facts = [*_dates(content), ("freeFormMessage", {"valueString": note})]
    return [
        {"sequence": number, "category": concept(systems.PAS_CODES, code), **value}
        for number, (code, value) in enumerate(facts, start=1)
    ]


def _dates(content: RequestContent) -> Iterator[tuple[str, Json]]:
    firsts = [service.first_day for service in content.services if service.first_day]
    lasts = [service.last_day for service in content.services if service.last_day]
    if firsts:
        yield "patientEvent", _timing(min(firsts), max(lasts))
    stay = next((service for service in content.services if _is_stay(service)), None)
    if stay and stay.admission_date:
        yield "admissionDates", _timing(stay.admission_date, stay.admission_date)
        if stay.requested_days:
            discharge = days_after(stay.admission_date, stay.requested_days)
            yield "dischargeDates", _timing(discharge, discharge)


def _timing(first: date, last: date) -> Json:
    if first == last:
        return {"timingDate": first.isoformat()}
    return {"timingPeriod": {"start": first.isoformat(), "end": last.isoformat()}}


# -- Diagnoses and items ------------------------------------------------------------------------------


class _ClaimLines:
    """The claim's items, and its diagnoses without repetition, to which the items refer."""

    def __init__(self, content: RequestContent, payer: Payer, drugs: Sequence[str | None]) -> None:
        """``drugs`` has the full URL of each service's MedicationRequest, or ``None``."""
        self.diagnoses: list[Json] = []
        self.items: list[Json] = []
        self._sequences: dict[tuple[str, str], int] = {}
        self._kinds = {kind.code: kind for kind in payer.form.types_of_service}
        self._places = {place.code: place for place in payer.form.places_of_service}
        for service, drug in zip(content.services, drugs, strict=True):
            own = [
                self._diagnosis(systems.ICD_10_CM, written_diagnosis(c))
                for c in _diagnoses_of(service)
            ]
            for procedure in service.procedures:
                self._add(service, procedure, own, drug)
        if content.services and (primary := content.services[0].primary_diagnosis):
            principal = self._sequences[systems.ICD_10_CM, written_diagnosis(primary)]
            kind = concept(systems.PAS_CODES, "principal")
            self.diagnoses[principal - 1]["type"] = [kind]

    def _diagnosis(self, system: str, code: str) -> int:
        """The sequence of a diagnosis, which is added if it is new."""
        if (system, code) not in self._sequences:
            sequence = self._sequences[system, code] = len(self.diagnoses) + 1
            self.diagnoses.append(
                {"sequence": sequence, "diagnosisCodeableConcept": concept(system, code)}
            )
        return self._sequences[system, code]

    def _add(
        self, service: Service, procedure: Procedure, diagnoses: list[int], drug: str | None
    ) -> None:
        code_type = procedure.code_type or code_types_of(procedure.code)[0]
        sequences = list(diagnoses)
        if code_type is CodeType.DRG:
            sequences.append(self._diagnosis(systems.MS_DRG, procedure.code))
        code = canonical_code(procedure.code, code_type)
        coded = concept(systems.CODE_SYSTEMS[code_type], code)
        is_procedure = code_type in (CodeType.CPT, CodeType.HCPCS)
        day = procedure.start_date or service.first_day
        self.items.append(
            present(
                extension=_item_extensions(service, drug),
                sequence=len(self.items) + 1,
                careTeamSequence=[1],
                diagnosisSequence=sequences,
                revenue=coded if code_type is CodeType.REVENUE else None,
                category=self._category(service),
                productOrService=coded if is_procedure else not_applicable(),
                modifier=[_modifier(one) for one in procedure.modifiers],
                servicedDate=day.isoformat() if day else None,
                locationCodeableConcept=self._place(service),
                quantity=_quantity(procedure),
            )
        )

    def _category(self, service: Service) -> Json | None:
        kind = self._kinds.get(service.type_of_service or "")
        return concept(systems.SERVICE_TYPE, kind.x12_service_type, kind.name) if kind else None

    def _place(self, service: Service) -> Json | None:
        place = self._places.get(service.place_of_service or "")
        return concept(systems.CMS_PLACE_OF_SERVICE, place.cms_code, place.name) if place else None


def _diagnoses_of(service: Service) -> list[str]:
    primary = [service.primary_diagnosis] if service.primary_diagnosis else []
    return list(dict.fromkeys([*primary, *service.additional_diagnoses]))


def _item_extensions(service: Service, drug: str | None) -> list[Json]:
    extensions = [extension("requestedService", valueReference=reference(drug))] if drug else []
    if service.authorization_type:
        code = systems.REQUEST_TYPE_OF[service.authorization_type]
        request_type = concept(systems.REQUEST_TYPE, code)
        extensions.append(extension("serviceItemRequestType", valueCodeableConcept=request_type))
    initial = concept(systems.CERTIFICATION_TYPE, systems.INITIAL)
    return [*extensions, extension("certificationType", valueCodeableConcept=initial)]


def _modifier(modifier: str) -> Json:
    return concept(systems.CODE_SYSTEMS[modifier_code_type(modifier)], modifier)


def _quantity(procedure: Procedure) -> Json | None:
    if procedure.units is None:
        return None
    return present(value=procedure.units, unit=procedure.unit_type and procedure.unit_type.lower())
