"""Resources built from the content of a request: patient, payer, coverage, providers, drugs."""

from precert.domain.content import Medication, Patient, Provider
from precert.domain.coverage import Coverage
from precert.domain.payer import Payer
from precert.domain.values import ProviderKind
from precert.fhir import systems
from precert.fhir.elements import (
    Json,
    absent,
    addresses,
    concept,
    present,
    provider_identifiers,
    reference,
    telecom,
)


def patient(coverage: Coverage | Patient) -> Json:
    """The Patient, from the coverage or as entered."""
    return {
        "resourceType": "Patient",
        "meta": systems.profile("beneficiary"),
        "identifier": [member_identifier(coverage)],
        "name": [{"family": coverage.last_name, "given": [coverage.first_name]}],
        "gender": "unknown",
        "birthDate": coverage.date_of_birth.isoformat(),
    }


def member_identifier(coverage: Coverage | Patient) -> Json:
    """The member id as an Identifier of the type MB."""
    return member_identifier_of(coverage.member_id)


def member_identifier_of(member_id: str) -> Json:
    """A member id as an Identifier of the type MB."""
    return {
        "type": concept(systems.IDENTIFIER_TYPE, "MB"),
        "system": systems.MEMBER_ID,
        "value": member_id,
    }


def insurer(payer: Payer) -> Json:
    """The payer as an Organization resource."""
    contact = payer.provider_services
    return {
        "resourceType": "Organization",
        "meta": systems.profile("insurer"),
        "active": True,
        "type": [concept(systems.ENTITY, systems.PAYER)],
        "name": payer.name,
        "telecom": [{"system": "phone", "value": contact.phone, "use": "work"}],
    }


def insurance(coverage: Coverage, beneficiary: str, payor: str) -> Json:
    """The Coverage; ``beneficiary`` and ``payor`` are full URLs.

    The relationship is self: X12 treats a patient with a member id of their own as the subscriber.
    """
    plan = coverage.plan
    classes = (
        ("group", coverage.account, coverage.account_name),
        ("plan", plan.plan_id, plan.name),
    )
    return {
        "resourceType": "Coverage",
        "meta": systems.profile("coverage"),
        "identifier": [member_identifier(coverage)],
        "status": "active",
        "type": {"text": plan.plan_type},
        "subscriberId": coverage.member_id,
        "beneficiary": reference(beneficiary),
        "relationship": {
            "coding": [
                {"system": f"{systems.TERMINOLOGY}/subscriber-relationship", "code": "self"},
                {"system": systems.RELATIONSHIP, "code": systems.SELF},
            ]
        },
        "period": present(
            start=coverage.active_from.isoformat(),
            end=coverage.active_to and coverage.active_to.isoformat(),
        ),
        "payor": [reference(payor)],
        "class": [
            {
                "type": concept(f"{systems.TERMINOLOGY}/coverage-class", kind),
                "value": value,
                "name": name,
            }
            for kind, value, name in classes
        ],
    }


def organization(provider: Provider, *, is_requestor: bool) -> Json:
    """The Organization of a facility, or of a provider without a kind.

    With ``is_requestor`` it has the profile of the requestor.
    """
    entity = systems.ENTITY_OF_KIND[provider.kind or ProviderKind.INDIVIDUAL]
    return present(
        resourceType="Organization",
        meta=systems.profile("requestor") if is_requestor else systems.US_CORE_ORGANIZATION,
        identifier=provider_identifiers(provider),
        active=True,
        type=[concept(systems.ENTITY, entity)],
        name=provider.name,
        _name=None if provider.name else absent(),
        telecom=telecom(provider),
        address=addresses(provider.address),
    )


def medication(drug: Medication, subject: str) -> Json:
    """The MedicationRequest of a drug, with NDC, name, frequency and route as entered.

    ``subject`` is the full URL of the patient.
    """
    dosage = present(
        timing=present(code=present(text=drug.frequency)), route=present(text=drug.route)
    )
    return present(
        resourceType="MedicationRequest",
        meta=systems.profile("medicationrequest"),
        status="active",
        intent="order",
        medicationCodeableConcept=concept(
            systems.NDC, drug.ndc and drug.ndc.replace("-", ""), drug.name
        ),
        subject=reference(subject),
        dosageInstruction=[dosage] if dosage else [],
    )


def practitioner(provider: Provider) -> Json:
    """The Practitioner of an individual provider, whose name is not split into parts."""
    return present(
        resourceType="Practitioner",
        meta=systems.profile("practitioner"),
        identifier=provider_identifiers(provider),
        name=[present(text=provider.name, _family=absent())],
        telecom=telecom(provider),
        address=addresses(provider.address),
    )


def role(provider: Provider, practitioner_url: str) -> Json:
    """The PractitionerRole of an individual provider; ``practitioner_url`` is a full URL."""
    return present(
        resourceType="PractitionerRole",
        meta=systems.profile("practitionerrole"),
        practitioner=reference(practitioner_url),
        telecom=telecom(provider),
    )
